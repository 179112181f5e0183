//! bifold: hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    bifold::run(std::env::args_os(), bifold::config::Env::from_process())
}
