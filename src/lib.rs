//! bifold: a two-pane terminal file manager, local disks and S3 side by side.

pub mod app;
pub mod cache;
pub mod cli;
pub mod config;
pub mod model;
pub mod runtime;
pub mod transfer;
pub mod vfs;
pub mod view;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program: `args` as a process gets them (the first is its own name), `env` in place of the
/// process's environment. Gives the exit status: 0 when all of it worked, 1 for failures, 2 for wrong
/// use.
pub fn run(args: impl IntoIterator<Item = OsString>, env: config::Env) -> ExitCode {
    cli::main(args, env)
}
