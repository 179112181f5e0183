//! `bifold cache`: what the caches on disk hold and did, and how a location is answered from them.

pub mod args;
mod clear;
mod hear;
mod held;
mod stats;
mod trace;
mod warm;

use std::ffi::OsStr;
use std::path::Path;

use self::args::Cache;
use super::Status;
use super::args::Command;
use super::context::{Context, Failure};
use super::out::{Out, tell};
use crate::cache::DiskCaches;
use crate::cache::disk::{Selection, Shelf};
use crate::runtime::log::Ear;

/// What hears of requests and caches from the beginning of the program on, where a command prints them.
pub(super) fn ear(command: &Command) -> Option<Ear> {
    matches!(command, Command::Cache(Cache::Trace(_))).then(hear::begin)
}

/// Does what was asked of the caches.
pub(super) async fn run(args: &Cache, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    match args {
        Cache::Stats(args) => stats::run(args, context, out).await,
        Cache::Ls(args) => held::list(args, context, out).await,
        Cache::Verify(args) => held::verify(args, context, out).await,
        Cache::Clear(args) => clear::run(args, context, out).await,
        Cache::Warm(args) => warm::run(args, context, out).await,
        Cache::Path => path(context, out).await,
        Cache::Trace(args) => trace::run(args, context, out).await,
    }
}

fn disk(context: &Context) -> &DiskCaches {
    context.services.registry.disk()
}

/// The layers that keep something, with their names.
fn layers(context: &Context) -> Result<Vec<(&'static str, Shelf)>, Failure> {
    let disk = disk(context);
    let layers = [("objects", disk.objects.shelf()), ("previews", disk.previews.shelf())];
    let layers: Vec<_> =
        layers.into_iter().filter_map(|(name, shelf)| Some((name, shelf?.clone()))).collect();
    if layers.is_empty() {
        let why = "nothing is cached on disk: [cache], [cache.objects] and [cache.previews] turn it off, or there is \
                   no state directory";
        return Err(Failure::Jobs(why.to_owned()));
    }
    Ok(layers)
}

/// The layer of objects.
fn objects(context: &Context) -> Result<Shelf, Failure> {
    let off =
        || Failure::Jobs("no object is cached on disk: [cache] or [cache.objects] turns it off".to_owned());
    disk(context).objects.shelf().cloned().ok_or_else(off)
}

/// What a prefix of the command line means: nothing said is everything.
fn selection(context: &Context, prefix: Option<&OsStr>) -> Result<Selection, Failure> {
    let Some(text) = prefix else { return Ok(Selection::default()) };
    let uri = context.typed(text)?.uri;
    let at = uri.as_s3().ok_or_else(|| {
        Failure::Usage(format!(
            "{uri} is on this disk: only objects of services are cached, as s3://BUCKET/PREFIX"
        ))
    })?;
    Ok(Selection::below(at))
}

/// The directory that all layers share; each one's own where they don't. Tells of those that were set before and
/// hold something yet.
async fn path(context: &Context, out: &mut Out) -> Result<Status, Failure> {
    use std::os::unix::ffi::OsStrExt;
    let layers = layers(context)?;
    let dirs: Vec<&Path> = layers.iter().map(|(_, shelf)| shelf.dir()).collect();
    let above = dirs[0].parent().filter(|above| dirs.iter().all(|dir| dir.parent() == Some(above)));
    let dirs = above.map_or(dirs.clone(), |above| vec![above]);
    for dir in dirs {
        out.line(dir.as_os_str().as_bytes())?;
    }
    for (_, shelf) in &layers {
        for former in shelf.former().await {
            tell(&stats::told(&former));
        }
    }
    Ok(Status::Done)
}
