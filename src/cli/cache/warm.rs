//! `bifold cache warm`: objects are held, whole and as they are now.

use futures::TryStreamExt;
use serde_json::json;

use super::super::Status;
use super::super::context::{Context, Failure, dir_shaped};
use super::super::cp;
use super::super::out::{Out, tell};
use super::args::Warm;
use super::{disk, objects};
use crate::cache::disk::{Selection, Shelf};
use crate::model::{Freshness, Result as VfsResult, Uri};
use crate::vfs::Fetch;
use crate::view::format;

/// Reads each object through the cache, and tells whether it is held now.
pub(super) async fn run(args: &Warm, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let shelf = objects(context)?;
    let mut status = Status::Done;
    for text in &args.locations {
        let uri = context.typed(text)?.uri;
        if uri.as_s3().is_none() {
            return Err(Failure::Usage(format!(
                "{uri} is on this disk: only objects of services are cached"
            )));
        }
        let item = cp::exactly(context, &uri, args.recursive).await?;
        for uri in below(context, item.uri).await? {
            let warmed = warm(context, &shelf, &uri).await;
            status = worse(status, told(args.json, &uri, warmed, context, out)?);
        }
    }
    Ok(status)
}

fn worse(one: Status, other: Status) -> Status {
    if one == Status::Done { other } else { one }
}

/// The object itself, or those below a prefix.
async fn below(context: &Context, top: Uri) -> VfsResult<Vec<Uri>> {
    if !dir_shaped(&top) {
        return Ok(vec![top]);
    }
    let (mut dirs, mut found) = (vec![top], Vec::new());
    while let Some(dir) = dirs.pop() {
        let mut pages = context.path(&dir)?.list(Freshness::Cached);
        while let Some(page) = pages.try_next().await? {
            for entry in page.entries.iter() {
                let uri = dir.join(&entry.name, entry.kind);
                if entry.kind.is_dir() { dirs.push(uri) } else { found.push(uri) }
            }
        }
    }
    Ok(found)
}

/// The bytes that were read, and whether all of them are held.
async fn warm(context: &Context, shelf: &Shelf, uri: &Uri) -> VfsResult<(u64, bool)> {
    let mut body = context.path(uri)?.fetch(None, &Fetch::now()).await?.body;
    let mut bytes = 0;
    while let Some(chunk) = body.try_next().await? {
        bytes += chunk.len() as u64;
    }
    drop(body);
    shelf.settle().await;
    Ok((bytes, bytes == 0 || is_held(shelf, uri).await))
}

async fn is_held(shelf: &Shelf, uri: &Uri) -> bool {
    let Some(at) = uri.as_s3() else { return false };
    let held = shelf.list(&Selection::below(at), 0, 16).await;
    held.iter().any(|entry| entry.whole && entry.location.as_ref() == Some(at))
}

fn told(
    json: bool,
    uri: &Uri,
    warmed: VfsResult<(u64, bool)>,
    context: &Context,
    out: &mut Out,
) -> Result<Status, Failure> {
    let (bytes, held) = match warmed {
        Ok(warmed) => warmed,
        Err(error) => return Ok(Failure::from(error).told()),
    };
    if json {
        let line = json!({ "uri": uri.to_string(), "bytes": bytes, "held": held });
        out.line(line.to_string().as_bytes())?;
    } else if held {
        out.line(format!("{bytes:>15}  {uri}").as_bytes())?;
    }
    if held {
        return Ok(Status::Done);
    }
    let most = disk(context).objects.largest();
    let why = if bytes > most {
        format!("it is larger than a quarter of max_size ({})", format::size(most))
    } else {
        "the cache gave its place to others, or can't be written".to_owned()
    };
    tell(&format!("{uri} was read, but isn't held: {why}"));
    Ok(Status::Failed)
}
