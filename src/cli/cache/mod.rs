//! `bifold cache`: what the caches on disk hold and did, and how a location is answered from them.

pub mod args;
mod hear;
mod trace;

use self::args::Cache;
use super::Status;
use super::args::Command;
use super::context::{Context, Failure};
use super::out::Out;
use crate::runtime::log::Ear;

/// What hears of requests and caches from the beginning of the program on, where a command prints them.
pub(super) fn ear(command: &Command) -> Option<Ear> {
    matches!(command, Command::Cache(Cache::Trace(_))).then(hear::begin)
}

/// Does what was asked of the caches.
pub(super) async fn run(args: &Cache, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    match args {
        Cache::Trace(args) => trace::run(args, context, out).await,
    }
}
