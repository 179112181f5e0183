//! Without a terminal nothing can be asked: whether anything stands in the way is found out before
//! anything is written.

use std::collections::HashSet;

use futures::TryStreamExt;

use super::context::{Context, Failure};
use crate::model::{Entry, ErrorKind, Freshness, Kind, Name, Result as VfsResult, Uri};
use crate::transfer::{JobSpec, SourceItem, Target};

const HOW: &str = "and there is no terminal to ask on: add --conflict overwrite, skip, rename or newer";

/// Fails where a question would have to be asked, or where asking itself was asked for.
pub(super) async fn refuse(context: &Context, explicit: bool, specs: &[JobSpec]) -> Result<(), Failure> {
    if explicit {
        return Err(Failure::Usage(format!("--conflict ask was given, {HOW}")));
    }
    for spec in specs {
        for source in &spec.sources {
            if let Some(uri) = first(context, source, spec.target.as_ref()).await? {
                return Err(Failure::Usage(format!("{uri} is there already, {HOW}")));
            }
        }
    }
    Ok(())
}

/// The first thing that stands where a source goes.
async fn first(context: &Context, source: &SourceItem, target: Option<&Target>) -> VfsResult<Option<Uri>> {
    let to = match target {
        Some(Target::Into(dir)) => dir.join(&source.uri.name(), as_dir(source.entry.kind)),
        Some(Target::As(uri) | Target::ContentsInto(uri)) => uri.clone(),
        // What compares both sides itself makes these.
        Some(Target::Each { .. }) | None => return Ok(None),
    };
    let mut open = vec![(source.uri.clone(), source.entry.kind, to)];
    while let Some((from, kind, to)) = open.pop() {
        if !kind.is_dir() {
            if is_there(context, &to).await? {
                return Ok(Some(to));
            }
            continue;
        }
        let Some(there) = rows(context, &to).await? else { return Ok(Some(to)) };
        if there.is_empty() {
            continue;
        }
        let there = Names::new(&there, context.path(&to)?.caps().file_beside_dir);
        for entry in rows(context, &from).await?.unwrap_or_default() {
            match there.meets(&entry) {
                Meeting::Nothing => {}
                Meeting::Directories => {
                    let below = |dir: &Uri| dir.join(&entry.name, Kind::Dir);
                    open.push((below(&from), Kind::Dir, below(&to)));
                }
                Meeting::Obstacle => return Ok(Some(to.join(&entry.name, as_dir(entry.kind)))),
            }
        }
    }
    Ok(None)
}

/// A bucket is copied as a directory of its name.
fn as_dir(kind: Kind) -> Kind {
    if kind.is_dir() { Kind::Dir } else { kind }
}

async fn is_there(context: &Context, uri: &Uri) -> VfsResult<bool> {
    match context.path(uri)?.stat(Freshness::Past).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a directory holds: nothing where it doesn't exist, `None` where it is none.
async fn rows(context: &Context, dir: &Uri) -> VfsResult<Option<Vec<Entry>>> {
    let pages: VfsResult<Vec<_>> = context.path(dir)?.list(Freshness::Past).try_collect().await;
    match pages {
        Ok(pages) => Ok(Some(pages.iter().flat_map(|page| page.entries.iter().cloned()).collect())),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Some(Vec::new())),
        Err(error) if error.kind == ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

/// What stands where an entry goes.
#[derive(Debug, PartialEq, Eq)]
enum Meeting {
    Nothing,
    /// Both are directories, and merge.
    Directories,
    Obstacle,
}

/// The names of a directory, and as what each is there.
struct Names {
    files: HashSet<Name>,
    dirs: HashSet<Name>,
    file_beside_dir: bool,
}

impl Names {
    fn new(entries: &[Entry], file_beside_dir: bool) -> Self {
        let named = |dirs: bool| {
            entries
                .iter()
                .filter(|entry| entry.kind.is_dir() == dirs)
                .map(|entry| entry.name.clone())
                .collect()
        };
        Self { files: named(false), dirs: named(true), file_beside_dir }
    }

    fn meets(&self, entry: &Entry) -> Meeting {
        let (own, other) =
            if entry.kind.is_dir() { (&self.dirs, &self.files) } else { (&self.files, &self.dirs) };
        if own.contains(&entry.name) {
            return if entry.kind.is_dir() { Meeting::Directories } else { Meeting::Obstacle };
        }
        if other.contains(&entry.name) && !self.file_beside_dir {
            Meeting::Obstacle
        } else {
            Meeting::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_merge_and_files_stand_in_the_way() {
        let entry = |name: &str, kind| Entry::new(name.into(), kind);
        let there = [entry("a", Kind::File), entry("d", Kind::Dir)];
        let local = Names::new(&there, false);
        assert_eq!(local.meets(&entry("a", Kind::File)), Meeting::Obstacle);
        assert_eq!(local.meets(&entry("a", Kind::Dir)), Meeting::Obstacle);
        assert_eq!(local.meets(&entry("d", Kind::Dir)), Meeting::Directories);
        assert_eq!(local.meets(&entry("d", Kind::Symlink)), Meeting::Obstacle);
        assert_eq!(local.meets(&entry("b", Kind::File)), Meeting::Nothing);
        let s3 = Names::new(&there, true);
        assert_eq!(s3.meets(&entry("a", Kind::Dir)), Meeting::Nothing);
    }
}
