//! bifold's `cp` beside whichever of s5cmd, rclone and aws is installed (and curl for one file down), against
//! one server, by turns, in both directions.
//!
//! `cargo bench --bench transfer` takes a small share of everything, once. The whole:
//!
//! ```text
//! cargo bench --bench transfer -- --full --times 3
//! cargo bench --bench transfer -- --full --latency 0 --only down:small --tools bifold,s5cmd
//! ```
//!
//! A row is printed only of what exited with 0 and left every byte where it belongs. Downloads flush, as
//! bifold does unless it is told otherwise: the others are followed by a `sync`. `bare` is without.

mod measure;
mod options;
mod race;
mod server;
mod table;
mod tools;

use std::process::ExitCode;

use clap::Parser;

use self::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    if options.serve {
        return server::serve(options.latency.first().copied().unwrap_or_default());
    }
    measure::end_with_ctrl_c();
    match race::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("transfer: {error}");
            ExitCode::FAILURE
        }
    }
}
