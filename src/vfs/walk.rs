//! A whole tree in the order of its paths: [`walk`].
//!
//! A disk has no such order of its own. Names are sorted with `/` after those of directories, which makes
//! a walk, depth first, tell paths byte by byte as a service orders its keys: `a-b` before `a/b`. So two
//! trees can be compared side by side, whatever they are on. What is held is one directory per level.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::TryStreamExt;
use futures::stream::{self, BoxStream, StreamExt};

use super::DynPath;
use crate::model::{Entry, Freshness, Name, Result, VfsError};

/// Whether to enter a directory, by its path below the top.
pub type Enters = Arc<dyn Fn(&Name) -> bool + Send + Sync>;

/// Rows on a step of a walk.
const ROWS: usize = 1_000;

/// What a walk tells next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Rows in order: everything but directories, each named by its whole path below the top.
    Rows(Vec<Entry>),
    /// The directory of this path (which ends in `/`) couldn't be read; the walk goes on behind it.
    Closed(Name, VfsError),
}

/// All that lies below a directory, past every cache. An error ends it: what it told so far isn't all.
/// Links aren't followed.
pub fn walk(top: DynPath, enters: Enters) -> BoxStream<'static, Result<Step>> {
    if let Some(pages) = top.flat() {
        let rows = |page: crate::model::Page| Step::Rows(Arc::unwrap_or_clone(page.entries));
        return pages.map_ok(rows).boxed();
    }
    let start = Walk { top: Some(top), levels: Vec::new(), enters };
    stream::try_unfold(start, |mut walk| async move { Ok(walk.step().await?.map(|step| (step, walk))) })
        .boxed()
}

/// One directory, as far as it was told.
struct Level {
    dir: DynPath,
    /// Its path below the top, with its `/`.
    path: Vec<u8>,
    rows: VecDeque<Entry>,
}

struct Walk {
    /// The top, until it is read.
    top: Option<DynPath>,
    levels: Vec<Level>,
    enters: Enters,
}

impl Walk {
    async fn step(&mut self) -> Result<Option<Step>> {
        if let Some(top) = self.top.take() {
            let rows = sorted(&top).await?;
            self.levels.push(Level { dir: top, path: Vec::new(), rows });
        }
        let mut told = Vec::new();
        while told.len() < ROWS
            && let Some(level) = self.levels.last_mut()
        {
            let Some(mut entry) = level.rows.pop_front() else {
                self.levels.pop();
                continue;
            };
            let mut path = level.path.clone();
            path.extend_from_slice(entry.name.as_bytes());
            if !entry.kind.is_dir() {
                entry.name = Name::from(&path[..]);
                told.push(entry);
            } else if (self.enters)(&Name::from(&path[..])) {
                let dir = level.dir.join(&entry.name, entry.kind);
                if !told.is_empty() {
                    // A closed directory is told in its place: what comes before it first.
                    level.rows.push_front(entry);
                    break;
                }
                if let Some(closed) = self.enter(dir, path).await {
                    return Ok(Some(closed));
                }
            }
        }
        Ok((!told.is_empty()).then_some(Step::Rows(told)))
    }

    async fn enter(&mut self, dir: Result<DynPath>, mut path: Vec<u8>) -> Option<Step> {
        path.push(b'/');
        let read = async {
            let dir = dir?;
            Ok((sorted(&dir).await?, dir))
        };
        match read.await {
            Ok((rows, dir)) => self.levels.push(Level { dir, path, rows }),
            Err(error) => return Some(Step::Closed(Name::from(&path[..]), error)),
        }
        None
    }
}

/// The rows of a directory in the order of their keys.
async fn sorted(dir: &DynPath) -> Result<VecDeque<Entry>> {
    let pages: Vec<_> = dir.list(Freshness::Past).try_collect().await?;
    let mut rows: Vec<Entry> =
        pages.into_iter().flat_map(|page| Arc::unwrap_or_clone(page.entries)).collect();
    rows.sort_by(|one, other| key(one).cmp(key(other)));
    Ok(rows.into())
}

/// The bytes of a row's key.
fn key(entry: &Entry) -> impl Iterator<Item = u8> + '_ {
    let slash = entry.kind.is_dir().then_some(b'/');
    entry.name.as_bytes().iter().copied().chain(slash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vfs::local::LocalPath;

    async fn told(top: DynPath, enters: Enters) -> (Vec<String>, Vec<String>) {
        let (mut rows, mut closed) = (Vec::new(), Vec::new());
        let steps: Vec<Step> = walk(top, enters).try_collect().await.expect("a tree");
        for step in steps {
            match step {
                Step::Rows(more) => rows.extend(more.iter().map(|row| row.name.to_lossy().into_owned())),
                Step::Closed(path, _) => closed.push(path.to_lossy().into_owned()),
            }
        }
        (rows, closed)
    }

    fn all() -> Enters {
        Arc::new(|_| true)
    }

    fn tree(paths: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in paths {
            let at = dir.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, path).unwrap();
        }
        dir
    }

    #[tokio::test]
    async fn paths_come_in_the_order_of_keys() {
        let dir = tree(&["a/b", "a-b", "a0", "a/c/d", "z", "a.txt"]);
        let (rows, _) = told(LocalPath::at(dir.path()), all()).await;
        assert_eq!(rows, ["a-b", "a.txt", "a/b", "a/c/d", "a0", "z"]);
    }

    #[tokio::test]
    async fn what_is_not_entered_is_not_read() {
        let dir = tree(&["a/b", "c/d"]);
        let (rows, closed) = told(LocalPath::at(dir.path()), Arc::new(|path| path.as_bytes() != b"a")).await;
        assert_eq!((rows, closed), (vec!["c/d".to_owned()], vec![]));
    }

    #[tokio::test]
    async fn links_are_rows_and_a_directory_that_cannot_be_read_is_told_in_its_place() {
        let dir = tree(&["a/b", "c/d", "e"]);
        std::os::unix::fs::symlink(dir.path().join("c"), dir.path().join("d")).unwrap();
        let script = crate::vfs::faulty::Script::new();
        // By its whole path: the name of a temporary directory has any letter.
        let closed = dir.path().join("c");
        script.add(
            crate::vfs::faulty::Call::List,
            closed.to_str(),
            0,
            1,
            crate::vfs::faulty::Fault::Fail(crate::model::ErrorKind::Denied),
        );
        let (rows, closed) = told(script.wrap(LocalPath::at(dir.path())), all()).await;
        assert_eq!((rows, closed), (vec!["a/b".into(), "d".into(), "e".into()], vec!["c/".to_owned()]));
    }

    #[tokio::test]
    async fn a_top_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let steps: Vec<_> = walk(LocalPath::at(dir.path().join("gone")), all()).collect().await;
        assert!(
            matches!(&steps[..], [Err(error)] if error.kind == crate::model::ErrorKind::NotFound),
            "{steps:?}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn every_tree_is_told_whole_and_in_order(
            paths in proptest::collection::btree_set("[ab!0-]{1,2}(/[ab!0-]{1,2}){0,2}", 0..12)
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut kept = Vec::new();
            for path in &paths {
                let at = dir.path().join(path);
                let parents = std::fs::create_dir_all(at.parent().unwrap());
                if parents.is_ok() && !at.exists() && std::fs::write(&at, "").is_ok() {
                    kept.push(path.clone());
                }
            }
            kept.sort_unstable_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let (rows, closed) = runtime.block_on(told(LocalPath::at(dir.path()), all()));
            prop_assert_eq!(rows, kept);
            prop_assert!(closed.is_empty());
        }
    }
}
