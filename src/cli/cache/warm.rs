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
        for (uri, size) in below(context, item.uri).await? {
            let warmed = warm(context, &shelf, &uri, size).await;
            status = worse(status, told(args.json, &uri, warmed, context, out)?);
        }
    }
    Ok(status)
}

fn worse(one: Status, other: Status) -> Status {
    if one == Status::Done { other } else { one }
}

/// The object itself, or those below a prefix, with their sizes.
async fn below(context: &Context, top: Uri) -> VfsResult<Vec<(Uri, Option<u64>)>> {
    if !dir_shaped(&top) {
        let entry = context.path(&top)?.stat(Freshness::Cached).await?;
        return Ok(vec![(top, entry.size)]);
    }
    let (mut dirs, mut found) = (vec![top], Vec::new());
    while let Some(dir) = dirs.pop() {
        let mut pages = context.path(&dir)?.list(Freshness::Cached);
        while let Some(page) = pages.try_next().await? {
            for entry in page.entries.iter() {
                let uri = dir.join(&entry.name, entry.kind);
                if entry.kind.is_dir() { dirs.push(uri) } else { found.push((uri, entry.size)) }
            }
        }
    }
    Ok(found)
}

/// The bytes that were read, and whether all of them are held. What can't be held isn't read.
async fn warm(context: &Context, shelf: &Shelf, uri: &Uri, size: Option<u64>) -> VfsResult<(u64, bool)> {
    if size.is_some_and(|size| size > disk(context).objects.largest()) {
        return Ok((0, false));
    }
    let mut body = context.path(uri)?.fetch(None, &Fetch::now()).await?.body;
    let mut bytes = 0;
    while let Some(chunk) = body.try_next().await? {
        bytes += chunk.len() as u64;
    }
    drop(body);
    shelf.settle().await;
    let is_empty = size == Some(0) && bytes == 0;
    Ok((bytes, is_empty || is_held(shelf, uri).await))
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
    let most = format::size(disk(context).objects.largest());
    tell(&match bytes {
        0 => {
            format!("{uri} wasn't read: it is larger than a quarter of max_size ({most}), and so isn't held")
        }
        _ => {
            format!("{uri} was read, but isn't held: the cache gave its place to others, or can't be written")
        }
    });
    Ok(Status::Failed)
}
