//! The sources of a job: where each goes, and what is refused before anything is done.

use super::super::io::{Io, Relation, Reply};
use super::super::job::{JobKind, SourceItem, Target};
use super::super::names;
use super::tasks::Owner;
use super::{Machine, VfsError};
use crate::model::{ErrorKind, Kind, Op, Result, Uri};
use crate::vfs::Caps;

/// One source and what its place can do.
#[derive(Debug)]
pub struct Root {
    pub(super) item: SourceItem,
    pub(super) caps: Result<Caps>,
    pub(super) target: Option<Uri>,
    /// Whether nothing of it is planned yet.
    pub(super) waits: bool,
}

impl Root {
    /// Nothing of it is done, since it isn't clear what is meant.
    pub(super) fn refuse(&mut self, why: &str) {
        self.caps = Err(VfsError::new(Op::Copy, self.item.uri.clone(), ErrorKind::Invalid, why));
    }
}

/// Pairs sources with their places. A destination that can't be reached or written to fails them all,
/// and so does a source that would have to be removed and can't be.
pub fn settle(
    kind: JobKind,
    items: Vec<SourceItem>,
    sources: Vec<Result<Caps>>,
    to: Option<Result<Caps>>,
) -> (Vec<Root>, Option<Caps>) {
    let (to, refused) = match to {
        Some(Err(error)) => (None, Some(error)),
        Some(Ok(caps)) => (Some(caps), None),
        None => (None, None),
    };
    let roots = items.into_iter().zip(sources).map(|(item, caps)| {
        let caps = match &refused {
            Some(error) => Err(error.clone()),
            None => caps.and_then(|caps| writable(kind, &item.uri, caps)),
        };
        Root { item, caps, target: None, waits: true }
    });
    (roots.collect(), to)
}

fn writable(kind: JobKind, uri: &Uri, caps: Caps) -> Result<Caps> {
    if kind == JobKind::Copy || caps.write {
        return Ok(caps);
    }
    Err(read_only(Op::Remove, uri))
}

/// The refusal of a write on a read-only connection, or in an archive.
pub fn read_only(op: Op, uri: &Uri) -> VfsError {
    if let Some(at) = uri.as_archive() {
        return at.refusal(op);
    }
    VfsError::new(op, uri.clone(), ErrorKind::ReadOnly, "this connection is read-only by its settings")
}

impl Machine {
    pub(super) fn begin_roots(&mut self) {
        if self.kind == JobKind::Delete {
            return self.begin_delete();
        }
        if let (Some(Ok(from)), Some(to)) = (self.roots.first().map(|root| &root.caps), &self.to) {
            self.taken = names::Taken::new(from, to);
        }
        for root in 0..self.roots.len() {
            self.roots[root].waits = false;
            match self.root_target(root) {
                Ok(target) => {
                    let source = self.roots[root].item.uri.clone();
                    self.roots[root].target = Some(target.clone());
                    self.roots[root].waits = true;
                    self.unrelated += 1;
                    self.tasks.push(Owner::Root(root), Io::Relate { source, target });
                }
                Err(error) => self.fail_root(root, error),
            }
        }
    }

    fn root_target(&mut self, root: usize) -> Result<Uri> {
        let Root { item, caps, .. } = &self.roots[root];
        caps.as_ref().map_err(Clone::clone)?;
        place(self.kind, item, root, self.target.as_ref(), self.to.as_ref(), &mut self.taken)
    }

    pub(super) fn related(&mut self, root: usize, result: Result<Reply>) {
        self.unrelated -= 1;
        self.roots[root].waits = false;
        let item = self.roots[root].item.clone();
        let refuse = |why: &str| VfsError::new(Op::Copy, item.uri.clone(), ErrorKind::Invalid, why);
        match result {
            Ok(Reply::Relation(Relation::Same)) => {
                self.fail_root(root, refuse("the destination is the very same thing"));
            }
            Ok(Reply::Relation(Relation::Inside)) if is_dir(&item) => {
                self.fail_root(root, refuse("the destination lies inside it"));
            }
            Ok(_) => self.make_above(root),
            Err(error) => self.fail_root(root, error),
        }
    }

    /// Sees to it that the directory of an exact place is there, where directories are real.
    fn make_above(&mut self, root: usize) {
        let exact = matches!(self.target, Some(Target::Each { .. }));
        let real = self.to.is_some_and(|caps| caps.real_dirs);
        let above = self.roots[root].target.as_ref().and_then(Uri::parent);
        match above.filter(|above| exact && real && !self.made.contains(above)) {
            None => self.begin_copy(root),
            Some(at) => {
                self.unrelated += 1;
                self.roots[root].waits = true;
                self.tasks.push(Owner::Root(root), Io::MakeDir { at, follow: true, above: true });
            }
        }
    }

    /// The directory of an exact place is there, or can't be.
    pub(super) fn made_above(&mut self, root: usize, at: &Uri, result: Result<Reply>) {
        self.unrelated -= 1;
        self.roots[root].waits = false;
        match result {
            Ok(_) => {
                self.made.insert(at.clone());
                self.begin_copy(root);
            }
            Err(error) => self.fail_root(root, error),
        }
    }
}

/// Where source number `root` of a copy or move goes, exactly.
///
/// # Errors
/// Why it mustn't.
pub fn place(
    kind: JobKind,
    item: &SourceItem,
    root: usize,
    target: Option<&Target>,
    to: Option<&Caps>,
    taken: &mut names::Taken,
) -> Result<Uri> {
    let refuse = |uri: &Uri, why: &str| VfsError::new(Op::Copy, uri.clone(), ErrorKind::Invalid, why);
    let (Some(target), Some(to)) = (target, to) else {
        return Err(refuse(&item.uri, "there is no destination"));
    };
    let place = target.place();
    if !to.write {
        return Err(read_only(Op::Write, place));
    }
    if item.entry.kind == Kind::Bucket && kind == JobKind::Move {
        return Err(refuse(&item.uri, "a bucket can't be moved: copy it, then delete it"));
    }
    let exact = match target {
        Target::Each { targets, .. } => targets.get(root).cloned().map(Target::As),
        _ => None,
    };
    let at = destination(item, exact.as_ref().unwrap_or(target)).ok_or_else(|| {
        refuse(&item.uri, "only the contents of a directory can be copied without its name")
    })?;
    if at.as_s3().is_some_and(|s3| s3.bucket.is_none() || (s3.key.is_empty() && !is_dir(item))) {
        return Err(refuse(&at, "a bucket has to be named as the destination"));
    }
    if matches!(target, Target::Into(_))
        && at.parent().is_some_and(|parent| parent.as_s3().is_some_and(|s3| s3.bucket.is_none()))
    {
        return Err(refuse(place, "files and directories go into a bucket, not beside the buckets"));
    }
    if !matches!(target, Target::ContentsInto(_)) {
        // Its own name, where it keeps one: in a key, bytes that aren't UTF-8 are replaced already.
        let name = if matches!(target, Target::Into(_)) { item.uri.name() } else { at.name() };
        if let Some(why) = names::refusal(&name, &at, to) {
            return Err(refuse(&item.uri, &why).with_hint("copy it under another name"));
        }
        if exact.is_none() && !taken.take(&name) {
            return Err(refuse(&item.uri, "another source has the same name at the destination"));
        }
    }
    Ok(at)
}

/// Whether a source is a directory: by its kind; a marker alone has the kind of a file.
fn is_dir(item: &SourceItem) -> bool {
    item.entry.kind.is_dir()
}

/// Whether this is the marker object of a prefix, chosen by itself.
pub fn is_marker(item: &SourceItem) -> bool {
    item.entry.kind == Kind::File && item.uri.as_s3().is_some_and(|s3| s3.key.ends_with('/'))
}

/// Where a source goes, exactly; `None` where the target wants a directory.
fn destination(item: &SourceItem, target: &Target) -> Option<Uri> {
    let shape = if is_marker(item) { Kind::Dir } else { item.entry.kind };
    match target {
        Target::Into(dir) => Some(dir.join(&item.uri.name(), shape)),
        Target::As(uri) if shape.is_dir() => Some(uri.as_dir()),
        Target::As(uri) => Some(uri.clone()),
        // Resolved to the one place of this source before.
        Target::Each { .. } => None,
        Target::ContentsInto(dir) => is_dir(item).then(|| dir.as_dir()),
    }
}
