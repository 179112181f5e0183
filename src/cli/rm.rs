//! `bifold rm`: files, objects, markers, links, empty buckets; whole trees with `--recursive`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::Status;
use super::args::Rm;
use super::context::{Context, Failure, Typed, as_directory, dir_shaped};
use super::out::Out;
use super::telling::Telling;
use super::{cp, job, plan};
use crate::model::{Entry, ErrorKind, Kind, Name, Op, Uri, VfsError};
use crate::transfer::{JobKind, JobOptions, JobSpec, SourceItem};
use crate::vfs::Precondition;

/// Deletes what was named, after all of it was looked up.
pub(super) async fn run(args: &Rm, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let options = options(args)?;
    let (mut sources, mut buckets) = (Vec::new(), Vec::new());
    for text in &args.locations {
        let typed = context.typed(text)?;
        refuse_upward(text, &typed)?;
        context.writable(Op::Remove, &typed.uri)?;
        if is_bucket(&typed.uri) {
            buckets.push(bucket(&typed, args.recursive)?);
        } else {
            sources.push(source(context, &typed, args.recursive).await?);
        }
    }
    let json = args.working.json;
    if args.dry.dry_run {
        plan::print_buckets(&buckets, json, out)?;
        let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options };
        let specs = if spec.sources.is_empty() { Vec::new() } else { vec![spec] };
        return plan::print(context, specs, json, out).await;
    }
    let mut status = Status::Done;
    if !sources.is_empty() {
        let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options };
        status = job::run(context, vec![spec], &mut Telling::new(json, out)).await?;
    }
    for uri in buckets {
        let removed = async { context.path(&uri)?.remove(Precondition::None).await };
        if let Err(error) = removed.await {
            status = Failure::from(error).told();
        }
    }
    Ok(status)
}

fn options(args: &Rm) -> Result<JobOptions, Failure> {
    let selection = args.selecting.selection().map_err(Failure::Usage)?;
    let at_once = args.working.concurrency.map(usize::from);
    Ok(JobOptions { selection, at_once, ..JobOptions::default() })
}

/// A slip of a dot must not delete the directory that one stands in, or the whole disk.
fn refuse_upward(text: &OsStr, typed: &Typed) -> Result<(), Failure> {
    let Some(path) = typed.uri.as_local() else { return Ok(()) };
    let bytes = text.as_bytes();
    let bytes = bytes.strip_suffix(b"/").unwrap_or(bytes);
    if path.parent().is_none() || bytes == b".." || bytes.ends_with(b"/..") {
        return Err(Failure::Usage(format!("{} is not deleted: name what is in it", typed.uri)));
    }
    Ok(())
}

fn is_bucket(uri: &Uri) -> bool {
    uri.as_s3().is_some_and(|s3| s3.key.is_empty())
}

/// Only an empty bucket can be deleted: what is in it has to be named first.
fn bucket(typed: &Typed, recursive: bool) -> Result<Uri, Failure> {
    let named = typed.uri.as_s3().is_some_and(|s3| s3.bucket.is_some());
    match (named, recursive) {
        (true, false) => Ok(typed.uri.clone()),
        (true, true) => Err(Failure::Usage(format!(
            "{}: a bucket is deleted only when it is empty: delete what is in it first",
            typed.uri
        ))),
        (false, _) => Err(Failure::Usage(format!("{} is the list of all buckets: name one", typed.uri))),
    }
}

/// Without --recursive `s3://b/a/` is the marker of exactly that key, and nothing below it.
async fn source(context: &Context, typed: &Typed, recursive: bool) -> Result<SourceItem, Failure> {
    if dir_shaped(&typed.uri) && !recursive {
        let entry = Entry::new(Name::default(), Kind::File);
        return Ok(SourceItem { uri: typed.uri.clone(), entry });
    }
    if recursive && typed.dot {
        return Err(Failure::Usage(format!("{} names no one thing: delete it by its name", typed.uri)));
    }
    match cp::exactly(context, &typed.uri, recursive).await {
        Err(Failure::Vfs(absent)) if recursive && absent.kind == ErrorKind::NotFound => {
            Err(hinted(context, absent).await)
        }
        found => found,
    }
}

/// What isn't there may be a prefix without its slash, which is nothing to guess at before a deletion.
async fn hinted(context: &Context, absent: VfsError) -> Failure {
    let prefix = as_directory(&absent.uri);
    if prefix != absent.uri && cp::any_below(context, &prefix).await.unwrap_or(false) {
        return absent.with_hint(format!("it is a prefix: name it with its slash, {prefix}")).into();
    }
    absent.into()
}
