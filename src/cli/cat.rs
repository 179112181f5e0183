//! `bifold cat`: the bytes of files and objects.

use std::ffi::OsString;
use std::io::Write;

use futures::TryStreamExt;

use super::Status;
use super::context::{Context, Failure};
use super::out::Out;
use crate::model::Uri;
use crate::vfs::Precondition;

/// Writes each in turn.
pub(super) async fn run(locations: &[OsString], context: &Context, out: &mut Out) -> Result<Status, Failure> {
    for text in locations {
        let uri = context.typed(text)?.uri;
        write(context, &uri, out).await?;
    }
    Ok(Status::Done)
}

/// Writes one thing to standard output.
pub(super) async fn write(context: &Context, uri: &Uri, out: &mut Out) -> Result<(), Failure> {
    let mut body = context.path(uri)?.read(None, Precondition::None).await?;
    while let Some(bytes) = body.try_next().await? {
        out.content(&bytes)?;
    }
    Ok(out.flush()?)
}
