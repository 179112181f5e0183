//! Undoing the deletions and overwrites of a job on buckets that keep versions: [`Engine::undo`].
//!
//! A marker, or a version that the job wrote, is removed only while it is the newest of its key: then what
//! was there before shows again. What somebody wrote since is left, and said.
//!
//! It costs one deletion for each key, and the look at what is newest: one request for each key, or, where
//! many keys lie together, the pages of their common listing as far as these are fewer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::super::io::Event;
use super::super::job::{Failure, JobEvent, JobId, JobKind, JobSpec, Outcome, Progress, SourceItem};
use super::super::journal::{JobRecord, JobState, Journal, JournalError, Ownership, Undo, UndoKind};
use super::{Engine, JobHandle, Resolver, ResumeError, Start, prepare};
use crate::model::{Entry, ErrorKind, Kind, Op, Result, S3Uri, Uri, VfsError};
use crate::vfs::Version;

/// Rows of the journal that are dealt with at a time.
const PAGE: usize = 1000;
/// Requests at once.
const AT_ONCE: usize = 32;
/// So many keys of one prefix are looked up together.
const TOGETHER: usize = 4;

/// The newest version of each key that was looked up.
type Newest = HashMap<Uri, Version>;

impl Engine {
    /// Undoes what a finished job deleted and overwrote, as far as it is still the newest of its key. The
    /// handle tells of it as of a job; cancelling it leaves the rest for another time.
    ///
    /// # Errors
    /// Why nothing can be undone: there is no such job, it runs, or a connection isn't what it was.
    pub async fn undo(&self, id: JobId, number: u64) -> std::result::Result<JobHandle, ResumeError> {
        let job = self.journal.job(number).await?.ok_or(JournalError::Unknown(number))?;
        if job.state == JobState::Running {
            let pid = match job.owner {
                Ownership::Other { pid, .. } => Some(pid),
                Ownership::This | Ownership::Nobody => None,
            };
            return Err(JournalError::Owned { number, pid }.into());
        }
        let now = self.identities(&job.spec);
        if now != job.identities {
            return Err(ResumeError::Identity { number, was: job.identities, now });
        }
        let options = super::super::job::JobOptions::default();
        let spec = JobSpec { kind: JobKind::Delete, sources: Vec::new(), target: None, options };
        let (start, handle) = prepare(id, &spec);
        tokio::spawn(run(self.resolve.clone(), self.journal.clone(), job, start));
        Ok(handle)
    }
}

/// What is under way, as its tasks share it.
struct Undoing {
    resolve: Resolver,
    events: UnboundedSender<JobEvent>,
    told: Mutex<(Progress, Vec<Failure>)>,
    stop: CancellationToken,
}

async fn run(resolve: Resolver, journal: Journal, job: JobRecord, start: Start) {
    let Start { events, mut commands, .. } = start;
    let mut progress = Progress { total_known: true, ..Progress::default() };
    progress.total.files = job.undoable;
    let stop = CancellationToken::new();
    let undoing = Undoing { resolve, events, told: Mutex::new((progress, Vec::new())), stop: stop.clone() };
    let all = undoing.all(&journal, job.number);
    tokio::pin!(all);
    let ended = loop {
        tokio::select! {
            ended = &mut all => break ended,
            command = commands.recv(), if !stop.is_cancelled() => match command {
                Some(Event::Cancel | Event::Suspend) => stop.cancel(),
                Some(_) => {}
                // Nobody can steer it any more: it goes on to its end.
                None => break all.await,
            },
        }
    };
    undoing.finish(&stop, job.number, &ended);
}

impl Undoing {
    fn tell(&self, event: JobEvent) {
        // Nobody may be listening any more; it goes on.
        drop(self.events.send(event));
    }

    fn finish(&self, stop: &CancellationToken, number: u64, ended: &std::result::Result<(), JournalError>) {
        if let Err(error) = ended {
            self.tell(JobEvent::Note(format!("not all could be undone: {error}")));
        }
        let (progress, failures) = std::mem::take(&mut *self.told.lock());
        let left = progress.total.files.saturating_sub(progress.done.files);
        let cancelled = stop.is_cancelled() || ended.is_err();
        let number = Some(number);
        let outcome = Outcome { progress, failures, cancelled, number, undoable: left, ..Outcome::default() };
        self.tell(JobEvent::Finished(Box::new(outcome)));
    }

    /// Everything, page by page. What is undone leaves the journal; what failed stays there.
    async fn all(&self, journal: &Journal, number: u64) -> std::result::Result<(), JournalError> {
        let mut after = 0;
        while !self.stop.is_cancelled() {
            let mut page = journal.undo_page(number, after, PAGE).await?;
            first_of_each(&mut page);
            let Some((last, _)) = page.last() else { break };
            after = *last;
            journal.undone(number, self.page(&page).await).await?;
            self.touch(&page);
        }
        Ok(())
    }

    /// The rows of a page that are undone.
    async fn page(&self, page: &[(u64, Undo)]) -> Vec<u64> {
        let newest = self.look_together(page).await;
        let one = |(row, undo): &(u64, Undo)| {
            let (row, undo, known) = (*row, undo.clone(), newest.get(&undo.uri).cloned());
            async move {
                if self.stop.is_cancelled() {
                    return None;
                }
                let ended = self.one(&undo, known).await;
                self.count(&undo, ended).then_some(row)
            }
        };
        let tasks: Vec<_> = page.iter().map(one).collect();
        let rows: Vec<_> = stream::iter(tasks).buffer_unordered(AT_ONCE).collect().await;
        rows.into_iter().flatten().collect()
    }

    fn count(&self, undo: &Undo, ended: Result<()>) -> bool {
        let mut told = self.told.lock();
        let done = ended.is_ok();
        match ended {
            Ok(()) => told.0.done.files += 1,
            Err(error) => {
                told.0.failed += 1;
                let entry = Entry::new(undo.uri.name(), Kind::File);
                told.1.push(Failure { item: SourceItem { uri: undo.uri.clone(), entry }, error });
            }
        }
        told.0.current = Some(undo.uri.clone());
        let progress = told.0.clone();
        drop(told);
        if done {
            self.tell(JobEvent::Progress(progress));
        }
        done
    }

    fn touch(&self, page: &[(u64, Undo)]) {
        let dirs: HashSet<Uri> = page.iter().filter_map(|(_, undo)| undo.uri.parent()).collect();
        for dir in dirs {
            self.tell(JobEvent::Touched(dir));
        }
    }

    async fn one(&self, undo: &Undo, known: Option<Version>) -> Result<()> {
        let path = (self.resolve)(&undo.uri)?;
        if !known.is_some_and(|newest| is(undo, &newest)) {
            match self.look(undo).await? {
                Standing::Newest => {}
                Standing::Gone => return Ok(()),
                Standing::Older => return Err(written_since(undo)),
            }
        }
        path.remove_version(&undo.version).await
    }

    /// How what is to be removed stands among the versions of its key.
    async fn look(&self, undo: &Undo) -> Result<Standing> {
        let mut pages = (self.resolve)(&undo.uri)?.versions();
        let mut newest = true;
        while let Some(page) = pages.try_next().await? {
            for version in &page {
                if version.uri != undo.uri {
                    return Ok(Standing::Gone);
                }
                if is(undo, version) {
                    return Ok(if newest && version.latest { Standing::Newest } else { Standing::Older });
                }
                newest = false;
            }
        }
        Ok(Standing::Gone)
    }

    /// The newest versions of keys that lie together. A failure leaves them to be looked up one by one.
    async fn look_together(&self, page: &[(u64, Undo)]) -> Newest {
        let mut dirs: BTreeMap<Uri, Vec<&Uri>> = BTreeMap::new();
        for (_, undo) in page {
            if let Some(dir) = undo.uri.parent() {
                dirs.entry(dir).or_default().push(&undo.uri);
            }
        }
        let together = dirs.into_values().filter(|keys| keys.len() >= TOGETHER);
        let looks: Vec<_> = together.map(|keys| self.newest_of(keys)).collect();
        let found: Vec<Newest> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        found.into_iter().flatten().collect()
    }

    async fn newest_of(&self, keys: Vec<&Uri>) -> Newest {
        let mut missing: HashSet<&Uri> = keys.iter().copied().collect();
        let mut newest = Newest::new();
        let Some(Ok(path)) = common(&keys).map(|prefix| (self.resolve)(&prefix)) else { return newest };
        // From there on it would be cheaper to ask for each.
        let mut pages = path.versions().take(keys.len());
        while let Some(Ok(page)) = pages.next().await {
            for version in page.into_iter().filter(|version| version.latest) {
                if missing.remove(&version.uri) {
                    newest.insert(version.uri.clone(), version);
                }
            }
            if missing.is_empty() || self.stop.is_cancelled() {
                break;
            }
        }
        newest
    }
}

/// How a version stands among those of its key.
enum Standing {
    /// Nothing was written since.
    Newest,
    /// Something was.
    Older,
    /// It is no longer there: it was undone before.
    Gone,
}

/// A key that comes twice is undone in order: the second time belongs to a page of its own.
fn first_of_each(page: &mut Vec<(u64, Undo)>) {
    let mut seen = HashSet::new();
    let again = page.iter().position(|(_, undo)| !seen.insert(undo.uri.clone()));
    page.truncate(again.unwrap_or(page.len()));
}

fn is(undo: &Undo, version: &Version) -> bool {
    *version.id == *undo.version && version.marker == (undo.kind == UndoKind::Marker)
}

fn written_since(undo: &Undo) -> VfsError {
    let why = "somebody wrote it since, so it stays as it is";
    let error = VfsError::new(Op::Remove, undo.uri.clone(), ErrorKind::Conflict, why);
    error.with_hint("the versions before are there still; look at them before removing any")
}

/// What all these keys begin with.
fn common(keys: &[&Uri]) -> Option<Uri> {
    let first = keys.first()?.as_s3()?;
    let mut prefix: &str = &first.key;
    for key in keys {
        let key: Arc<str> = key.as_s3()?.key.clone();
        let same = prefix.char_indices().zip(key.chars()).take_while(|((_, a), b)| a == b);
        let end = same.last().map_or(0, |((at, c), _)| at + c.len_utf8());
        prefix = &prefix[..end];
    }
    Some(Uri::S3(S3Uri::new(&first.connection, first.bucket.as_deref()?, prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(key: &str) -> Uri {
        Uri::S3(S3Uri::new("s3", "b", key))
    }

    #[test]
    fn keys_begin_with_what_they_share() {
        let common = |keys: &[&str]| {
            let keys: Vec<Uri> = keys.iter().map(|key| at(key)).collect();
            common(&keys.iter().collect::<Vec<_>>())
        };
        assert_eq!(common(&["a/b1", "a/b2"]), Some(at("a/b")));
        assert_eq!(common(&["a/ü", "a/ö"]), Some(at("a/")));
        assert_eq!(common(&["x", "y"]), Some(at("")));
        assert_eq!(common(&[]), None);
    }

    #[test]
    fn a_key_that_comes_twice_waits_for_its_turn() {
        let undo = |key: &str| Undo { uri: at(key), version: "v".into(), kind: UndoKind::Marker };
        let mut page = vec![(1, undo("a")), (2, undo("b")), (3, undo("a")), (4, undo("c"))];
        first_of_each(&mut page);
        assert_eq!(page.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 2]);
    }
}
