//! The command line, on the same engine as the panes: one file per subcommand.
//!
//! Exit status: 0 only when all of it worked, 1 for failures, 2 for wrong use.

pub mod args;
mod config;
mod out;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use self::args::{Args, Command};
use self::out::{Out, tell};
use crate::config::{Env, Loaded, Overrides, load};
use crate::runtime::log;

/// How a run ended, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// All of it worked.
    Done = 0,
    /// Some of it failed.
    Failed = 1,
    /// It was asked for wrongly; nothing was done.
    Usage = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Reads the arguments and the settings, and does what they say.
pub fn main(args: impl IntoIterator<Item = OsString>, env: Env) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Status::Usage.into() } else { Status::Done.into() };
        }
    };
    let overrides = Overrides { file: args.config.clone(), set: args.set.clone() };
    let loaded = load(&env, &overrides);
    for problem in &loaded.problems {
        tell(&format!("this setting is not in force: {problem}"));
    }
    let log = log::start(loaded.dirs.state.as_deref(), loaded.settings.log.level);
    if let Err(error) = &log {
        tell(&format!("no log is written: {error}"));
    }
    dispatch(&args, &loaded).into()
}

fn dispatch(args: &Args, loaded: &Loaded) -> Status {
    match &args.command {
        Some(Command::Config) => printed(|out| config::run(loaded, out)),
        _ => Status::Usage,
    }
}

/// Runs what only prints. A reader that went away ends it quietly; it didn't get all of it.
fn printed(print: impl FnOnce(&mut Out) -> io::Result<bool>) -> Status {
    let mut out = Out::new();
    match print(&mut out).and_then(|all| out.flush().map(|()| all)) {
        Ok(true) => Status::Done,
        Ok(false) => Status::Failed,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                tell(&format!("could not write to standard output: {error}"));
            }
            Status::Failed
        }
    }
}
