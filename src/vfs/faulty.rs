//! A wrapper that makes any backend misbehave on purpose: [`Faulty`], directed by a [`Script`].
//!
//! It is for the tests of whatever stands on a [`VfsPath`]: a call fails before it did anything, or
//! after it did it (a lost answer), a body is cut short, a call takes long, or something else happens
//! right before it (another client changes the object).

mod cut;
mod pages;
mod sink;

use std::any::Any;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use parking_lot::Mutex;

use self::cut::cut;
use self::sink::FaultySink;
use super::{
    Attributes, Caps, CopyOptions, CreateHint, DynPath, Identity, OpenUpload, PartRecord, Placed,
    Precondition, Progress, Reading, Removal, Removed, Sink, SinkState, Terms, Version, VfsPath,
};
use crate::cache::ops::BodyTicket;
use crate::model::{
    Entry, ErrorKind, Freshness, Head, Kind, LinkAsk, Name, Op, Page, Result, SignedLink, Uri, VfsError,
};

/// The calls that can be made to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are the methods of `VfsPath` and `Sink`")]
pub enum Call {
    List,
    Stat,
    Read,
    Mkdir,
    Remove,
    Rename,
    Symlink,
    Create,
    WritePart,
    Commit,
    Abort,
    Copy,
}

/// What goes wrong.
#[derive(Clone)]
pub enum Fault {
    /// The call fails and did nothing.
    Fail(ErrorKind),
    /// The call is done, and fails all the same: its answer was lost.
    LoseAnswer(ErrorKind),
    /// The body of a read (or a listing) breaks off with `Unavailable` after so many bytes (rows).
    Cut(u64),
    /// The body of a read ends early without an error, as a defect would have it.
    Truncate(u64),
    /// The call takes so much longer.
    Delay(Duration),
    /// The call never answers.
    Hang,
    /// Something else happens first.
    Before(Arc<dyn Fn() + Send + Sync>),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail(kind) => write!(f, "Fail({kind:?})"),
            Self::LoseAnswer(kind) => write!(f, "LoseAnswer({kind:?})"),
            Self::Cut(at) => write!(f, "Cut({at})"),
            Self::Truncate(at) => write!(f, "Truncate({at})"),
            Self::Delay(time) => write!(f, "Delay({time:?})"),
            Self::Hang => f.write_str("Hang"),
            Self::Before(_) => f.write_str("Before"),
        }
    }
}

#[derive(Debug)]
struct Rule {
    call: Call,
    name: Option<String>,
    skip: usize,
    times: usize,
    fault: Fault,
}

/// What goes wrong, and when. Shared by all handles that come from one [`Script::wrap`].
#[derive(Debug, Default)]
pub struct Script {
    rules: Mutex<Vec<Rule>>,
    calls: Mutex<Vec<(Call, Uri)>>,
}

impl Script {
    /// Nothing goes wrong yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The next call of this kind goes wrong, once.
    pub fn once(&self, call: Call, fault: Fault) {
        self.add(call, None, 0, 1, fault);
    }

    /// Calls of this kind go wrong `times` times, after `skip` of them went well; with `name` only
    /// those whose location contains it.
    pub fn add(&self, call: Call, name: Option<&str>, skip: usize, times: usize, fault: Fault) {
        let name = name.map(str::to_owned);
        self.rules.lock().push(Rule { call, name, skip, times, fault });
    }

    /// The calls so far, in order.
    pub fn calls(&self) -> Vec<(Call, Uri)> {
        self.calls.lock().clone()
    }

    /// How many calls of this kind there were.
    pub fn count(&self, call: Call) -> usize {
        self.calls.lock().iter().filter(|(made, _)| *made == call).count()
    }

    /// The same path, misbehaving as this script says; so do all paths that come from it.
    pub fn wrap(self: &Arc<Self>, inner: DynPath) -> DynPath {
        Arc::new(Faulty { inner, script: self.clone() })
    }

    fn next(&self, call: Call, uri: &Uri) -> Option<Fault> {
        self.calls.lock().push((call, uri.clone()));
        let text = uri.to_string();
        let mut rules = self.rules.lock();
        let meant =
            |rule: &&mut Rule| rule.call == call && rule.name.as_ref().is_none_or(|name| text.contains(name));
        for rule in rules.iter_mut().filter(meant) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }

    /// What happens before a call is made: `Ok(true)` means that its answer gets lost.
    async fn before(&self, call: Call, op: Op, uri: &Uri) -> Result<Fate> {
        match self.next(call, uri) {
            None => Ok(Fate::Well),
            Some(Fault::Fail(kind)) => Err(failure(op, uri, kind)),
            Some(Fault::LoseAnswer(kind)) => Ok(Fate::Lost(failure(op, uri, kind))),
            Some(Fault::Cut(at)) => Ok(Fate::Cut(at, Some(failure(op, uri, ErrorKind::Unavailable)))),
            Some(Fault::Truncate(at)) => Ok(Fate::Cut(at, None)),
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(Fate::Well)
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Before(act)) => {
                act();
                Ok(Fate::Well)
            }
        }
    }
}

fn failure(op: Op, uri: &Uri, kind: ErrorKind) -> VfsError {
    VfsError::new(op, uri.clone(), kind, "a scripted fault")
}

/// How a call goes on.
enum Fate {
    Well,
    Lost(VfsError),
    Cut(u64, Option<VfsError>),
}

impl Fate {
    fn answer<T>(self, answer: Result<T>) -> Result<T> {
        match self {
            Self::Lost(error) => answer.and(Err(error)),
            _ => answer,
        }
    }
}

/// A path that misbehaves. Made by [`Script::wrap`].
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: DynPath,
    script: Arc<Script>,
}

impl Faulty {
    async fn before(&self, call: Call, op: Op) -> Result<Fate> {
        self.script.before(call, op, self.inner.uri()).await
    }
}

/// The path behind a wrapper, so that a backend knows its own kind.
fn inner(path: &dyn VfsPath) -> &dyn VfsPath {
    path.as_any().downcast_ref::<Faulty>().map_or(path, |faulty| &*faulty.inner)
}

#[async_trait]
impl VfsPath for Faulty {
    fn uri(&self) -> &Uri {
        self.inner.uri()
    }

    fn name(&self) -> Name {
        self.inner.name()
    }

    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath> {
        self.inner.join(name, kind).map(|path| self.script.wrap(path))
    }

    fn parent(&self) -> Option<DynPath> {
        self.inner.parent().map(|path| self.script.wrap(path))
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn list(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        self.faulty_pages(self.inner.list(freshness))
    }

    fn flat(&self) -> Option<BoxStream<'static, Result<Page>>> {
        Some(self.faulty_pages(self.inner.flat()?))
    }

    async fn stat(&self, freshness: Freshness) -> Result<Entry> {
        let fate = self.before(Call::Stat, Op::Stat).await?;
        fate.answer(self.inner.stat(freshness).await)
    }

    async fn head(&self) -> Result<Head> {
        let fate = self.before(Call::Stat, Op::Stat).await?;
        fate.answer(self.inner.head().await)
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        let fate = self.before(Call::Read, Op::Read).await?;
        let Reading { body, head, held, right } = self.inner.open(range, precondition).await?;
        let body = match fate {
            Fate::Cut(at, error) => {
                cut(body, at, error, |chunk| chunk.len() as u64, |chunk, len| chunk.slice(..len as usize))
            }
            fate => fate.answer(Ok(body))?,
        };
        Ok(Reading { body, head, held, right })
    }

    async fn keep_copy(&self, head: &Head, right: &BodyTicket, file: File, parts: &[PartRecord]) {
        self.inner.keep_copy(head, right, file, parts).await;
    }

    async fn mkdir(&self) -> Result<()> {
        let fate = self.before(Call::Mkdir, Op::Mkdir).await?;
        fate.answer(self.inner.mkdir().await)
    }

    async fn remove(&self, precondition: Precondition) -> Result<Removed> {
        let fate = self.before(Call::Remove, Op::Remove).await?;
        fate.answer(self.inner.remove(precondition).await)
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        match self.before(Call::Remove, Op::Remove).await {
            Err(error) => removals.iter().map(|_| Err(error.clone())).collect(),
            Ok(Fate::Lost(error)) => {
                self.inner.remove_many(removals).await;
                removals.iter().map(|_| Err(error.clone())).collect()
            }
            Ok(_) => self.inner.remove_many(removals).await,
        }
    }

    async fn rename(&self, to: &dyn VfsPath, precondition: Precondition) -> Result<()> {
        let fate = self.before(Call::Rename, Op::Rename).await?;
        fate.answer(self.inner.rename(inner(to), precondition).await)
    }

    async fn follow(&self) -> Result<DynPath> {
        self.inner.follow().await.map(|path| self.script.wrap(path))
    }

    async fn symlink(&self, target: &Name) -> Result<()> {
        let fate = self.before(Call::Symlink, Op::Create).await?;
        fate.answer(self.inner.symlink(target).await)
    }

    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>> {
        let fate = self.before(Call::Create, Op::Create).await?;
        let sink = fate.answer(self.inner.create(hint).await)?;
        Ok(Box::new(FaultySink { inner: sink, path: self.clone() }))
    }

    async fn resume(&self, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
        let fate = self.before(Call::Create, Op::Create).await?;
        let sink = fate.answer(self.inner.resume(state, hint).await)?;
        Ok(Box::new(FaultySink { inner: sink, path: self.clone() }))
    }

    async fn remove_version(&self, version: &str) -> Result<()> {
        let fate = self.before(Call::Remove, Op::Remove).await?;
        fate.answer(self.inner.remove_version(version).await)
    }

    async fn sweep(&self, job: u32, keep: &[String]) -> Result<u64> {
        self.inner.sweep(job, keep).await
    }

    async fn dress(&self, attributes: &Attributes) -> Result<()> {
        self.inner.dress(attributes).await
    }

    fn versions(&self) -> BoxStream<'static, Result<Vec<Version>>> {
        self.inner.versions()
    }

    async fn uploads(&self) -> Result<Vec<OpenUpload>> {
        self.inner.uploads().await
    }

    async fn upload_size(&self, id: &str) -> Result<(u64, u64)> {
        self.inner.upload_size(id).await
    }

    async fn abort_upload(&self, id: &str) -> Result<()> {
        let fate = self.before(Call::Abort, Op::Write).await?;
        fate.answer(self.inner.abort_upload(id).await)
    }

    fn terms(&self) -> Option<Terms> {
        self.inner.terms()
    }

    fn outer_terms(&self) -> Option<Terms> {
        self.inner.outer_terms()
    }

    async fn room(&self) -> Result<Option<u64>> {
        self.inner.room().await
    }

    fn copies_to(&self, to: &dyn VfsPath) -> bool {
        self.inner.copies_to(inner(to))
    }

    async fn carried(&self) -> Result<Attributes> {
        let fate = self.before(Call::Stat, Op::Stat).await?;
        fate.answer(self.inner.carried().await)
    }

    async fn presign(&self, ask: &LinkAsk) -> Result<SignedLink> {
        self.inner.presign(ask).await
    }

    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>> {
        let fate = tokio::select! {
            fate = self.before(Call::Copy, Op::Copy) => fate?,
            () = options.cancel.cancelled() => {
                return Err(VfsError::cancelled(Op::Copy, self.uri().clone()));
            }
        };
        fate.answer(self.inner.copy_native(inner(to), options, progress).await)
    }

    async fn identity(&self) -> Result<Identity> {
        self.inner.identity().await
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
