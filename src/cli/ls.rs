//! `bifold ls`: a directory, a prefix, the buckets, or one thing.

use std::io::Write;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::Status;
use super::args::Ls;
use super::context::{Context, Failure, as_directory, dir_shaped};
use super::out::{Out, tell};
use super::row::{self, Row};
use crate::model::{Entry, ErrorKind, Freshness, Kind, Result as VfsResult, Uri};
use crate::vfs::DynPath;

/// How many directories are read at once.
const PARALLEL: usize = 16;

/// A directory to list, and its name below the one that was asked for, as it is printed.
struct Level {
    path: DynPath,
    prefix: Vec<u8>,
}

/// Lists what was asked for.
pub(super) async fn run(args: &Ls, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let uri = context.typed(&args.uri)?.uri;
    if let Some(entry) = not_a_directory(context, &uri).await? {
        print(args, out, &uri, b"", &entry)?;
        return Ok(Status::Done);
    }
    let path = context.path(&as_directory(&uri))?;
    if args.recursive { tree(args, path, out).await } else { one(args, &path, out).await }
}

/// The entry of a thing that isn't a directory; `None` means: list it.
async fn not_a_directory(context: &Context, uri: &Uri) -> Result<Option<Entry>, Failure> {
    if dir_shaped(uri) {
        return Ok(None);
    }
    match context.path(uri)?.stat(Freshness::Cached).await {
        Ok(entry) if entry.can_enter() => Ok(None),
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.kind == ErrorKind::NotFound && uri.as_s3().is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Prints a directory. Where every page is a request, each is printed as it arrives.
async fn one(args: &Ls, path: &DynPath, out: &mut Out) -> Result<Status, Failure> {
    if !path.caps().metered {
        return rows(args, out, path.uri(), b"", &sorted(all(path).await?));
    }
    let mut pages = path.list(Freshness::Cached);
    while let Some(page) = pages.try_next().await? {
        rows(args, out, path.uri(), b"", &sorted(page.entries.to_vec()))?;
        out.flush()?;
    }
    Ok(Status::Done)
}

/// Prints a directory and all below it, breadth first. What can't be listed is told, and the rest
/// goes on.
async fn tree(args: &Ls, top: DynPath, out: &mut Out) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut level = vec![Level { path: top, prefix: Vec::new() }];
    while !level.is_empty() {
        let mut below = Vec::new();
        let mut read = stream::iter(level)
            .map(|level| async move { (all(&level.path).await, level) })
            .buffered(PARALLEL);
        while let Some((listed, level)) = read.next().await {
            match listed.map(sorted) {
                Ok(entries) => {
                    rows(args, out, level.path.uri(), &level.prefix, &entries)?;
                    below.extend(
                        entries.iter().filter(|entry| entry.kind.is_dir()).map(|entry| child(&level, entry)),
                    );
                }
                Err(error) => {
                    tell(&error.to_string());
                    status = Status::Failed;
                }
            }
        }
        out.flush()?;
        level = below.into_iter().collect::<VfsResult<_>>()?;
    }
    Ok(status)
}

fn child(level: &Level, entry: &Entry) -> VfsResult<Level> {
    let prefix = [&level.prefix, entry.name.as_bytes(), b"/"].concat();
    Ok(Level { path: level.path.join(&entry.name, entry.kind)?, prefix })
}

async fn all(path: &DynPath) -> VfsResult<Vec<Entry>> {
    let pages: Vec<_> = path.list(Freshness::Cached).try_collect().await?;
    Ok(pages.iter().flat_map(|page| page.entries.iter().cloned()).collect())
}

/// By name, byte for byte; a directory after the file of its name.
fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    let file_first = |kind: Kind| kind.is_dir();
    entries.sort_by(|a, b| (&a.name, file_first(a.kind)).cmp(&(&b.name, file_first(b.kind))));
    entries
}

fn rows(args: &Ls, out: &mut Out, dir: &Uri, prefix: &[u8], entries: &[Entry]) -> Result<Status, Failure> {
    for entry in entries {
        print(args, out, &dir.join(&entry.name, entry.kind), prefix, entry)?;
    }
    Ok(Status::Done)
}

fn print(args: &Ls, out: &mut Out, uri: &Uri, prefix: &[u8], entry: &Entry) -> Result<(), Failure> {
    if args.json {
        let json = serde_json::to_string(&Row::new(uri, entry)).map_err(std::io::Error::from)?;
        return Ok(out.line(json.as_bytes())?);
    }
    Ok(out.line(&row::text(prefix, entry))?)
}
