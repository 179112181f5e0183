//! The requests of the panes, one function each: what they ask of the backends, and how the answers
//! become messages. Nobody waits for one that is dropped.

use std::os::unix::ffi::OsStrExt;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::Sender;

use crate::app::msg::Candidate;
use crate::app::{Msg, ReqId};
use crate::model::{Arrangement, Entry, Freshness, Kind, LinkAsk, Name, Order, Pages, Result, Uri, sort};
use crate::transfer::{Engine, JobSpec, Resolver};
use crate::vfs::DynPath;
use crate::vfs::archive::ArchivePath;

/// The most names that complete what is typed.
const CANDIDATES: usize = 500;
/// How many links are signed at a time.
const SIGNED_AT_ONCE: usize = 16;

/// Lists a directory, a page at a time. `whole` says that a large archive may be read for it.
pub(super) async fn list(
    resolve: Resolver,
    req: ReqId,
    (uri, whole): (Uri, bool),
    freshness: Freshness,
    out: Sender<Msg>,
) {
    let end = match pages(&resolve, req, (&uri, whole), freshness, &out).await {
        Ok(()) => Msg::ListDone { req },
        Err(error) => Msg::ListFailed { req, error },
    };
    let _ = out.send(end).await;
}

async fn pages(
    resolve: &Resolver,
    req: ReqId,
    (uri, whole): (&Uri, bool),
    freshness: Freshness,
    out: &Sender<Msg>,
) -> Result<()> {
    let dir = resolve(uri)?;
    if !whole {
        check_unasked(&dir).await?;
    }
    let mut pages = dir.list(freshness);
    while let Some(page) = pages.try_next().await? {
        if out.send(Msg::PageArrived { req, page }).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// That this reads no large archive.
async fn check_unasked(dir: &DynPath) -> Result<()> {
    match dir.as_any().downcast_ref::<ArchivePath>() {
        Some(inside) => inside.check_unasked().await,
        None => Ok(()),
    }
}

/// Sorts and filters on a thread that may block.
pub(super) async fn arrange(req: ReqId, pages: Pages, arrangement: Arrangement, out: Sender<Msg>) {
    let sorted = tokio::task::spawn_blocking(move || sort::arrange(&pages, &arrangement)).await;
    let order: Order = sorted.unwrap_or_default();
    let _ = out.send(Msg::Sorted { req, order }).await;
}

/// Signs links, several at a time, in order.
pub(super) async fn presign(resolve: Resolver, req: ReqId, uris: Vec<Uri>, ask: LinkAsk, out: Sender<Msg>) {
    let sign = |uri: Uri| {
        let path = resolve(&uri);
        let ask = &ask;
        async move { path?.presign(ask).await }
    };
    let links = stream::iter(uris).map(sign).buffered(SIGNED_AT_ONCE).collect().await;
    let _ = out.send(Msg::Presigned { req, links }).await;
}

/// Plans a job, past the cache.
pub(super) async fn plan(engine: Engine, req: ReqId, spec: JobSpec, out: Sender<Msg>) {
    let mut plans = engine.plan(spec);
    loop {
        let msg = match plans.try_next().await {
            Ok(Some(plan)) => Msg::Planned { req, plan: Box::new(plan) },
            Ok(None) => return,
            Err(error) => Msg::PlanFailed { req, error },
        };
        if out.send(msg).await.is_err() {
            return;
        }
    }
}

/// Finds the names that begin so; a directory that can't be listed has none.
pub(super) async fn complete(resolve: Resolver, req: ReqId, dir: Uri, prefix: String, out: Sender<Msg>) {
    let candidates = names(&resolve, &dir, &prefix).await.unwrap_or_default();
    let _ = out.send(Msg::Completed { req, candidates }).await;
}

async fn names(resolve: &Resolver, dir: &Uri, prefix: &str) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    let dir = resolve(dir)?;
    check_unasked(&dir).await?;
    let mut pages = dir.list(Freshness::Cached);
    while let Some(page) = pages.try_next().await? {
        let begins =
            |entry: &&Entry| !entry.name.is_empty() && entry.name.as_bytes().starts_with(prefix.as_bytes());
        found.extend(page.entries.iter().filter(begins).map(candidate));
        if found.len() >= CANDIDATES {
            break;
        }
    }
    found.sort_by(|a: &Candidate, b| a.name.cmp(&b.name));
    found.truncate(CANDIDATES);
    Ok(found)
}

fn candidate(entry: &Entry) -> Candidate {
    let kind = if entry.can_enter() && entry.kind == Kind::Symlink { Kind::Dir } else { entry.kind };
    Candidate { name: Name::clone(&entry.name), kind }
}

/// Tells whether a location is a local directory, links followed.
pub(super) async fn probe(req: ReqId, uri: Uri, out: Sender<Msg>) {
    let is_dir = match uri.as_local() {
        Some(path) if !path.as_os_str().as_bytes().is_empty() => {
            tokio::fs::metadata(path).await.is_ok_and(|meta| meta.is_dir())
        }
        _ => false,
    };
    let _ = out.send(Msg::Probed { req, is_dir }).await;
}

/// Makes a directory or a bucket.
pub(super) async fn mkdir(resolve: Resolver, req: ReqId, uri: Uri, out: Sender<Msg>) {
    let result = async { resolve(&uri)?.mkdir().await }.await;
    let _ = out.send(Msg::MadeDir { req, result }).await;
}
