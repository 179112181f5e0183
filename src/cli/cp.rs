//! `bifold cp` and `bifold mv`: what is copied, and by which rule the destination is read.

use futures::TryStreamExt;

use super::Status;
use super::args::Cp;
use super::context::{Context, Failure, Typed, as_directory, dir_kind, dir_shaped};
use super::out::Out;
use super::telling::Telling;
use super::{cat, job, obstacle, pipe, plan};
use crate::model::archive::ArchiveUri;
use crate::model::{Entry, ErrorKind, Freshness, Kind, Op, Result as VfsResult, S3Uri, Uri};
use crate::transfer::{ConflictPolicy, JobKind, JobOptions, JobSpec, LinkPolicy, SourceItem, Target};

/// A source, and whether it is only its contents that are meant.
pub(super) struct Source {
    pub(super) item: SourceItem,
    pub(super) contents: bool,
}

/// Copies or moves.
pub(super) async fn run(
    kind: JobKind,
    args: &Cp,
    context: &Context,
    out: &mut Out,
) -> Result<Status, Failure> {
    let (target, sources) = args.locations.split_last().expect("clap asks for two at least");
    let to_stdout = target == "-";
    let from_stdin = sources.iter().any(|source| source == "-");
    if (to_stdout || from_stdin) && kind == JobKind::Move {
        return Err(Failure::Usage("a pipe can't be moved: use cp".to_owned()));
    }
    if (to_stdout || from_stdin) && args.dry.dry_run {
        return Err(Failure::Usage("a pipe can't be planned".to_owned()));
    }
    match (from_stdin, to_stdout) {
        (false, false) => transfer(kind, args, context, out).await,
        (false, true) => cat::all(sources, args.transferring.caching, context, out).await,
        (true, false) if sources.len() == 1 => {
            pipe::run(target, args.conflict, &options(args, context.services.flush)?, context).await
        }
        _ => Err(Failure::Usage("- stands for one side, alone".to_owned())),
    }
}

async fn transfer(kind: JobKind, args: &Cp, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let options = options(args, context.services.flush)?;
    let (target, sources) = args.locations.split_last().expect("clap asks for two at least");
    let target = context.typed(target)?;
    context.writable(Op::Write, &target.uri)?;
    let mut items = Vec::new();
    for text in sources {
        let typed = context.typed(text)?;
        if kind == JobKind::Move {
            context.writable(Op::Remove, &typed.uri)?;
        }
        items.push(source(context, &typed, args.recursive).await?);
    }
    let specs = specs(kind, items, &target, &options)?;
    if args.dry.dry_run {
        return plan::print(context, specs, args.transferring.working.json, out).await;
    }
    if options.conflict == ConflictPolicy::Ask && !job::can_ask() {
        obstacle::refuse(context, args.conflict.is_some(), &specs).await?;
    }
    make_receiver(context, &target).await?;
    job::run(context, specs, &mut Telling::new(args.transferring.working.json, out)).await
}

/// What the flags say of the jobs.
fn options(args: &Cp, flush: bool) -> Result<JobOptions, Failure> {
    let conflict = args.conflict.map_or(ConflictPolicy::Ask, Into::into);
    let links = args.links.map_or(LinkPolicy::Ask, Into::into);
    let options = args.transferring.options(flush).map_err(Failure::Usage)?;
    Ok(JobOptions { conflict, links, ..options })
}

/// `cp f new/` makes `new`: the slash says what it is to be.
async fn make_receiver(context: &Context, to: &Typed) -> VfsResult<()> {
    match to.uri.as_local() {
        Some(path) if to.slash && !path.exists() => context.path(&to.uri)?.mkdir().await,
        _ => Ok(()),
    }
}

/// What a location of the command line is, looked up past the cache.
pub(super) async fn source(context: &Context, typed: &Typed, recursive: bool) -> Result<Source, Failure> {
    let (uri, contents) = match exact_contents(typed) {
        Some(dir) if recursive => (dir, true),
        // The root of an archive has no name that a directory could have: what is in it is meant.
        _ if typed.uri.as_archive().is_some_and(ArchiveUri::is_root) => (typed.uri.clone(), true),
        _ => (typed.uri.clone(), typed.dot && typed.uri.as_local().is_some()),
    };
    let item = look_up(context, uri, recursive).await?;
    Ok(Source { contents: contents && item.entry.kind.is_dir(), item })
}

/// `s3://b/p/.`: the prefix whose contents are meant, since a key may end in a dot as well.
fn exact_contents(typed: &Typed) -> Option<Uri> {
    let s3 = typed.uri.as_s3().filter(|_| typed.dot)?;
    let prefix = s3.key.strip_suffix('.')?;
    Some(Uri::S3(S3Uri { key: prefix.into(), ..s3.clone() }))
}

fn directory(uri: &Uri) -> Result<SourceItem, Failure> {
    if uri.as_s3().is_some_and(|s3| s3.bucket.is_none()) {
        return Err(Failure::Usage(format!("{uri} is the list of all buckets: name one")));
    }
    let kind = if dir_kind(uri) == Kind::Bucket { Kind::Bucket } else { Kind::Dir };
    Ok(SourceItem { uri: uri.clone(), entry: Entry::new(uri.name(), kind) })
}

/// A directory-shaped location, or what is exactly there.
pub(super) async fn exactly(context: &Context, uri: &Uri, recursive: bool) -> Result<SourceItem, Failure> {
    if dir_shaped(uri) {
        let item = directory(uri)?;
        return need_recursive(&item, recursive).map(|()| item);
    }
    let entry = context.path(uri)?.stat(Freshness::Past).await?;
    let item = SourceItem { uri: uri.clone(), entry };
    need_recursive(&item, recursive).map(|()| item)
}

fn need_recursive(item: &SourceItem, recursive: bool) -> Result<(), Failure> {
    if recursive || !item.entry.kind.is_dir() {
        return Ok(());
    }
    Err(Failure::Usage(format!("{} is a directory: -r means it with all that lies below", item.uri)))
}

/// What is exactly there; with --recursive also a prefix that was typed without its `/`.
async fn look_up(context: &Context, uri: Uri, recursive: bool) -> Result<SourceItem, Failure> {
    let prefix = as_directory(&uri);
    match exactly(context, &uri, recursive).await {
        Err(Failure::Vfs(absent)) if absent.kind == ErrorKind::NotFound && recursive && prefix != uri => {
            if any_below(context, &prefix).await? {
                directory(&prefix)
            } else {
                Err(absent.into())
            }
        }
        found => found,
    }
}

/// Whether anything lies below a prefix.
pub(super) async fn any_below(context: &Context, prefix: &Uri) -> VfsResult<bool> {
    let mut pages = context.path(prefix)?.list(Freshness::Past);
    loop {
        match pages.try_next().await {
            Ok(Some(page)) if page.entries.is_empty() => {}
            Ok(page) => return Ok(page.is_some()),
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// The jobs that a command line means: one for what goes under its own name, one for each `dir/.`.
fn specs(
    kind: JobKind,
    items: Vec<Source>,
    to: &Typed,
    options: &JobOptions,
) -> Result<Vec<JobSpec>, Failure> {
    let (contents, named): (Vec<_>, Vec<_>) = items.into_iter().partition(|source| source.contents);
    let spec = |sources: Vec<Source>, target| JobSpec {
        kind,
        sources: sources.into_iter().map(|source| source.item).collect(),
        target: Some(target),
        options: options.clone(),
    };
    let mut specs = Vec::new();
    if !named.is_empty() {
        let target = target(&named, contents.is_empty(), to)?;
        specs.push(spec(named, target));
    }
    let into = as_directory(&to.uri);
    specs.extend(contents.into_iter().map(|source| spec(vec![source], Target::ContentsInto(into.clone()))));
    Ok(specs)
}

/// Where sources go that keep a name: into what receives, else to the new name of the only one.
fn target(named: &[Source], alone: bool, to: &Typed) -> Result<Target, Failure> {
    if receives(to)? {
        return Ok(Target::Into(as_directory(&to.uri)));
    }
    match named {
        [only] if alone && only.item.entry.kind.is_dir() => Ok(Target::As(as_directory(&to.uri))),
        [_] if alone => Ok(Target::As(to.uri.clone())),
        _ => Err(Failure::Usage(format!("several sources need a directory to go to: {}/", to.uri))),
    }
}

/// Whether a destination takes things below it: it ends in `/`, is a bucket, or is a local directory.
pub(super) fn receives(to: &Typed) -> Result<bool, Failure> {
    match &to.uri {
        Uri::Local(path) => Ok(to.slash || path.is_dir()),
        Uri::S3(s3) if s3.bucket.is_none() => {
            Err(Failure::Usage(format!("{s3} is the list of all buckets: name one as the destination")))
        }
        Uri::S3(s3) => Ok(s3.is_dir_shaped()),
        Uri::Archive(at) => Ok(at.is_dir_shaped()),
    }
}
