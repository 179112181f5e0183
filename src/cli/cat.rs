//! `bifold cat`: the bytes of files and objects.

use std::ffi::OsString;
use std::io::Write;

use futures::TryStreamExt;

use super::Status;
use super::context::{Context, Failure};
use super::options::{Caching, Cat};
use super::out::Out;
use crate::model::Uri;
use crate::vfs::{Fetch, Trust};

/// Writes each in turn.
pub(super) async fn run(args: &Cat, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    all(&args.locations, args.caching, context, out).await
}

/// The same for whoever names locations otherwise.
pub(super) async fn all(
    locations: &[OsString],
    caching: Caching,
    context: &Context,
    out: &mut Out,
) -> Result<Status, Failure> {
    for text in locations {
        let uri = context.typed(text)?.uri;
        write(context, &uri, caching.trust(), out).await?;
    }
    Ok(Status::Done)
}

/// Writes one thing to standard output.
async fn write(context: &Context, uri: &Uri, trust: Trust, out: &mut Out) -> Result<(), Failure> {
    let mut body = context.path(uri)?.fetch(None, &Fetch { trust, ..Fetch::now() }).await?.body;
    while let Some(bytes) = body.try_next().await? {
        out.content(&bytes)?;
    }
    Ok(out.flush()?)
}
