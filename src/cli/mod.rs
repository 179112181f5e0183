//! The command line, on the same engine as the panes: one file per subcommand.
//!
//! Exit status: 0 only when all of it worked, 1 for failures, 2 for wrong use.

pub mod args;
mod ask;
mod cache;
mod cat;
mod config;
mod context;
mod cp;
mod edit;
mod job;
mod jobs;
mod ls;
mod mkdir;
mod obstacle;
pub mod options;
mod out;
mod pipe;
mod plan;
mod presign;
mod progress;
mod record;
mod rm;
mod row;
mod stat;
mod sync;
mod telling;
mod uploads;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;

use self::args::{Args, Command};
use self::context::{Context, Failure};
use self::out::{Out, escaped, tell};
use crate::cache::DiskCaches;
use crate::cache::ops::SharedOpCache;
use crate::config::{Env, Loaded, Overrides, load};
use crate::model::uri::UriContext;
use crate::runtime::{self, Broken, Opening, Services, log};
use crate::store::FailPoint;
use crate::transfer::{JobKind, Journal};
use crate::vfs::registry::Registry;

/// How long what nobody waits for any more may hold up the end.
const LEFTOVERS: Duration = Duration::from_millis(200);

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
            return misread(&error).into();
        }
    };
    if let (Some(_), Some(left)) = (&args.command, &args.left) {
        let left = left.to_string_lossy();
        tell(&format!(
            "{left} stands before a subcommand: panes take no subcommand (a file called like one: ./ls)"
        ));
        return Status::Usage.into();
    }
    let overrides = Overrides { file: args.config.clone(), set: args.set.clone() };
    let mut loaded = load(&env, &overrides);
    let is_config = matches!(args.command, Some(Command::Config));
    if is_config {
        // The panes alone use the keys, but what is wrong with them is to be found here, too.
        runtime::keymap(&mut loaded);
    }
    let refused = loaded.refused() && !is_config;
    if args.command.is_some() || refused {
        for problem in &loaded.problems {
            tell(&format!("this setting is not in force: {problem}"));
        }
    }
    if refused {
        tell("nothing was done: what these settings forbid would be done without them");
        return Status::Usage.into();
    }
    let ear = args.command.as_ref().and_then(cache::ear);
    let log = log::start(loaded.dirs.state.as_deref(), loaded.settings.log.level, ear);
    if let Err(error) = &log {
        tell(&format!("no log is written: {error}"));
    }
    run(args, env, loaded).into()
}

/// Tells what is wrong with the arguments, which may hold names of files; or the help that was asked for.
fn misread(error: &clap::Error) -> Status {
    if !error.use_stderr() {
        let _ = error.print();
        return Status::Done;
    }
    for line in error.render().to_string().lines() {
        let _ = writeln!(io::stderr(), "{}", escaped(line));
    }
    Status::Usage
}

fn run(args: Args, env: Env, loaded: Loaded) -> Status {
    if matches!(args.command, Some(Command::Config)) {
        let mut out = Out::new();
        let printed = config::run(&loaded, &mut out).and_then(|all| out.flush().map(|()| all));
        return match printed {
            Ok(true) => Status::Done,
            Ok(false) => Status::Failed,
            Err(error) => Failure::from(error).told(),
        };
    }
    // Before the terminal is touched: a runtime that can't be made must be heard of.
    let tokio = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(tokio) => tokio,
        Err(error) => {
            tell(&format!("can't begin: {error}"));
            return Status::Failed;
        }
    };
    let status = match args.command {
        Some(command) => tokio.block_on(subcommand(command, env, loaded)),
        None => panes(args, env, loaded, &tokio),
    };
    tokio.shutdown_timeout(LEFTOVERS);
    status
}

/// What typed locations depend on.
fn uri_context(loaded: &Loaded) -> io::Result<UriContext> {
    Ok(UriContext {
        connections: loaded.settings.connection_names(),
        base: std::env::current_dir()?,
        home: loaded.dirs.home.clone(),
    })
}

fn services(loaded: &Loaded, env: &Env) -> Services {
    let settings = &loaded.settings;
    let disk = DiskCaches::new(&settings.cache, &loaded.dirs);
    let operations = SharedOpCache::new(settings.cache.operations());
    Services::new(Registry::with_caches(settings, env, operations, disk), settings.transfer)
}

async fn subcommand(command: Command, env: Env, loaded: Loaded) -> Status {
    let mut out = Out::new();
    let ended = async {
        let uris =
            uri_context(&loaded).map_err(|error| Failure::Usage(format!("no working directory: {error}")))?;
        let services = services(&loaded, &env);
        let services =
            if command.keeps_jobs() { services.keeping(journal(&loaded, &env).await) } else { services };
        let context = Context {
            services,
            uris,
            env: env.clone(),
            state: loaded.dirs.state.clone(),
            links: loaded.settings.links,
        };
        let disk = context.services.registry.disk().clone();
        if let Some(voice) = disk.voice() {
            voice.heard_by(|text| tell(&text));
        }
        let ended = one(command, &context, &mut out).await;
        disk.settle().await;
        let status = ended?;
        out.flush()?;
        Ok::<_, Failure>(status)
    };
    ended.await.unwrap_or_else(Failure::told)
}

/// The journal of the state directory. Without one everything works but resuming, which is told.
async fn journal(loaded: &Loaded, env: &Env) -> Journal {
    let fail = FailPoint::from_env(env);
    let (journal, told) = Journal::open_with(loaded.dirs.state.as_deref(), fail).await;
    if let Some(told) = told {
        tell(&told);
    }
    journal
}

async fn one(command: Command, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    match command {
        Command::Ls(args) => ls::run(&args, context, out).await,
        Command::Cp(args) => cp::run(JobKind::Copy, &args, context, out).await,
        Command::Mv(args) => cp::run(JobKind::Move, &args, context, out).await,
        Command::Rm(args) => rm::run(&args, context, out).await,
        Command::Jobs(args) => jobs::run(&args, context, out).await,
        Command::Sync(args) => sync::run(&args, context, out).await,
        Command::Verify(args) => verify::run(&args, context, out).await,
        Command::Mkdir(args) => mkdir::run(&args.locations, context).await,
        Command::Stat(args) => stat::run(&args, context, out).await,
        Command::Cat(args) => cat::run(&args, context, out).await,
        Command::Presign(args) => presign::run(&args, context, out).await,
        Command::Uploads(args) => uploads::run(&args, context, out).await,
        Command::Cache(args) => cache::run(&args, context, out).await,
        Command::Edit(args) => edit::run(&args.location, context).await,
        Command::Config => Ok(Status::Done),
    }
}

fn panes(args: Args, env: Env, loaded: Loaded, tokio: &Runtime) -> Status {
    let uris = match uri_context(&loaded) {
        Ok(uris) => uris,
        Err(error) => return Failure::Usage(format!("no working directory: {error}")).told(),
    };
    let services = services(&loaded, &env);
    let opening = Opening { left: args.left, right: args.right, loaded, env, uris };
    match runtime::panes(opening, services, tokio) {
        Ok(()) => Status::Done,
        Err(Broken::Usage(reason)) => Failure::Usage(reason).told(),
        Err(Broken::Terminal(error)) => {
            tell(&format!("the terminal failed: {error}"));
            Status::Failed
        }
    }
}
