//! `bifold cp - DST`: standard input into a new file or object.

use std::ffi::OsStr;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::args::OnConflict;
use super::context::{Context, Failure};
use super::{Status, cp, job};
use crate::model::{Entry, ErrorKind, Freshness, Op, Result as VfsResult, VfsError};
use crate::transfer::JobOptions;
use crate::vfs::{CreateHint, DynPath, Precondition, Sink};

/// Writes what arrives, and makes it visible at its end. Ctrl-C leaves nothing behind.
pub(super) async fn run(
    target: &OsStr,
    policy: Option<OnConflict>,
    options: &JobOptions,
    context: &Context,
) -> Result<Status, Failure> {
    let typed = context.typed(target)?;
    if cp::receives(&typed)? {
        return Err(Failure::Usage(format!("standard input has no name: write one after {}", typed.uri)));
    }
    context.writable(Op::Write, &typed.uri)?;
    let path = context.path(&typed.uri)?;
    let Some(precondition) = precondition(&path, policy).await? else { return Ok(Status::Done) };
    let sink = path.create(hint(options)).await?;
    let stop = job::interrupted()?;
    let fed = tokio::select! {
        biased;
        () = stop => Err(VfsError::cancelled(Op::Write, typed.uri.clone())),
        fed = feed(&path, &*sink, tokio::io::stdin()) => fed,
    };
    let written = match fed {
        Ok(()) => sink.commit(precondition).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => Ok(Status::Done),
        Err(error) => {
            if let Err(left) = sink.abort().await {
                Failure::from(left).told();
            }
            Err(error.into())
        }
    }
}

fn hint(options: &JobOptions) -> CreateHint {
    CreateHint {
        attributes: options.attributes.clone(),
        part_size: options.part_size,
        no_flush: options.no_flush,
        ..CreateHint::default()
    }
}

/// What must be true of the destination; `None` means: leave it as it is.
async fn precondition(path: &DynPath, policy: Option<OnConflict>) -> Result<Option<Precondition>, Failure> {
    let there: Entry = match path.stat(Freshness::Past).await {
        Ok(entry) => entry,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Some(Precondition::Absent)),
        Err(error) => return Err(error.into()),
    };
    if there.kind.is_dir() {
        return Err(Failure::Usage(format!("{} is a directory", path.uri())));
    }
    match policy {
        Some(OnConflict::Skip) => Ok(None),
        Some(OnConflict::Overwrite | OnConflict::Newer) => {
            Ok(Some(there.tag.map_or(Precondition::None, Precondition::Matches)))
        }
        Some(OnConflict::Rename) => Err(Failure::Usage(format!(
            "{} is there already, and standard input has no other name: give one",
            path.uri()
        ))),
        None | Some(OnConflict::Ask) => Err(Failure::Usage(format!(
            "{} is there already, and standard input is no terminal to ask on: add --conflict overwrite or skip",
            path.uri()
        ))),
    }
}

async fn feed(path: &DynPath, sink: &dyn Sink, mut input: impl AsyncRead + Unpin) -> VfsResult<()> {
    let size = usize::try_from(sink.layout().part_size).unwrap_or(8 << 20);
    let mut offset = 0;
    loop {
        let part = fill(&mut input, size)
            .await
            .map_err(|error| VfsError::io(Op::Write, path.uri().clone(), error))?;
        let (len, last) = (part.len() as u64, part.len() < size);
        if len > 0 || offset == 0 {
            sink.write_part(offset, len, futures::stream::once(async { Ok(part) }).boxed()).await?;
        }
        if last {
            return Ok(());
        }
        offset += len;
    }
}

/// The next `size` bytes; fewer only at the end.
async fn fill(input: &mut (impl AsyncRead + Unpin), size: usize) -> std::io::Result<Bytes> {
    let mut buffer = BytesMut::new();
    while buffer.len() < size {
        let most = (size - buffer.len()) as u64;
        if (&mut *input).take(most).read_buf(&mut buffer).await? == 0 {
            break;
        }
    }
    Ok(buffer.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn parts_are_full_but_the_last() {
        let mut input = &b"abcdefg"[..];
        assert_eq!(fill(&mut input, 3).await.unwrap(), "abc");
        assert_eq!(fill(&mut input, 3).await.unwrap(), "def");
        assert_eq!(fill(&mut input, 3).await.unwrap(), "g");
        assert_eq!(fill(&mut input, 3).await.unwrap(), "");
    }
}
