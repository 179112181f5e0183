//! `bifold sync`: makes the second tree what the first is.
//!
//! Both are listed side by side and compared as they come; what differs is copied by jobs of some thousand
//! files, two at a time. What only the second has waits on disk: it is deleted after all else went well, and
//! not at all where anything failed, since what couldn't be listed isn't absent.

mod chunk;
mod paths;
mod plan;
mod prune;
mod remember;
mod run;
mod spool;

use super::Status;
use super::args::Sync;
use super::context::{Context, Failure, as_directory};
use super::options::Selecting;
use super::out::Out;
use crate::model::{Op, Uri};
use crate::transfer::compare::By;
use crate::transfer::{Comparing, Matcher};

/// Compares, copies, deletes.
pub(super) async fn run(args: &Sync, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let (here, there) = trees(context, &args.source, &args.destination).await?;
    context.writable(Op::Write, &there)?;
    let by = if args.checksum { By::Content } else { By::Time };
    let comparing = Comparing {
        by,
        selection: matcher(&args.transferring.selecting)?,
        remembered: context.remembered().await,
        may_be_missing: true,
    };
    run::Run::new(args, context, out, here, there, comparing)?.run().await
}

/// The two directories, which must lie apart.
pub(super) async fn trees(
    context: &Context,
    here: &std::ffi::OsStr,
    there: &std::ffi::OsStr,
) -> Result<(Uri, Uri), Failure> {
    let (here, there) = (tree(context, here)?, tree(context, there)?);
    let (one, other) = (context.path(&here)?.identity().await?, context.path(&there)?.identity().await?);
    if one == other {
        return Err(Failure::Usage(format!("{here} and {there} are the very same place")));
    }
    if one.is_inside(&other) || other.is_inside(&one) {
        return Err(Failure::Usage(format!("one of {here} and {there} lies inside the other")));
    }
    Ok((here, there))
}

fn tree(context: &Context, text: &std::ffi::OsStr) -> Result<Uri, Failure> {
    let typed = context.typed(text)?;
    if typed.uri.as_s3().is_some_and(|s3| s3.bucket.is_none()) {
        return Err(Failure::Usage(format!("{} is the list of all buckets: name one", typed.uri)));
    }
    Ok(as_directory(&typed.uri))
}

/// The globs of a command line, made ready.
pub(super) fn matcher(selecting: &Selecting) -> Result<Matcher, Failure> {
    selecting.selection().and_then(|selection| selection.compile()).map_err(Failure::Usage)
}
