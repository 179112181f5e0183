//! A sync under way: [`Run`].

use futures::stream::{BoxStream, StreamExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::super::Status;
use super::super::args::Sync;
use super::super::context::{Context, Failure};
use super::super::job::interrupted;
use super::super::out::{Out, tell};
use super::super::progress::Line;
use super::chunk::{self, Copy, Ended, Heard};
use super::paths::{below, item, locate};
use super::plan::{Counts, Teller};
use super::spool::Spool;
use super::{prune, remember};
use crate::model::{Entry, Kind, Name, Result as VfsResult, Uri};
use crate::transfer::compare::{Difference, Why};
use crate::transfer::job::Selection;
use crate::transfer::{
    Comparing, JobControl, JobEvent, JobId, JobKind, JobOptions, JobSpec, Outcome, SourceItem,
};

/// The most files of one job.
const CHUNK: usize = 10_000;

/// Jobs that copy at once.
const JOBS: usize = 2;

/// A sync under way.
pub(super) struct Run<'a> {
    args: &'a Sync,
    context: &'a Context,
    tell: Teller<'a>,
    line: Line,
    here: Uri,
    there: Uri,
    comparing: Comparing,
    options: JobOptions,
    /// How many jobs copy at once.
    at_once: usize,
    counts: Counts,
    /// What is to be copied, but is in no job yet.
    waiting: Vec<Copy>,
    running: JoinSet<Ended>,
    controls: Vec<JobControl>,
    jobs: u64,
    heard: (UnboundedSender<Heard>, UnboundedReceiver<Heard>),
    spool: Spool,
    /// Whether both trees were told to their ends.
    complete: bool,
    stopping: bool,
}

type Differences = BoxStream<'static, VfsResult<Vec<Difference>>>;

impl<'a> Run<'a> {
    pub(super) fn new(
        args: &'a Sync,
        context: &'a Context,
        out: &'a mut Out,
        here: Uri,
        there: Uri,
        comparing: Comparing,
    ) -> Result<Self, Failure> {
        // What isn't selected isn't told by the comparison.
        let options = args.transferring.options(context.services.flush).map_err(Failure::Usage)?;
        let options = JobOptions { selection: Selection::default(), ..options };
        // Two jobs would have twice what was allowed.
        let at_once = if options.rate.is_some() || options.at_once.is_some() { 1 } else { JOBS };
        Ok(Self {
            args,
            context,
            tell: Teller { out, json: args.transferring.working.json, dry: args.dry_run },
            line: Line::new(),
            here,
            there,
            comparing,
            options,
            at_once,
            counts: Counts::default(),
            waiting: Vec::new(),
            running: JoinSet::new(),
            controls: Vec::new(),
            jobs: 0,
            heard: unbounded_channel(),
            spool: Spool::new().map_err(Failure::Out)?,
            complete: false,
            stopping: false,
        })
    }

    /// Runs it to its end.
    pub(super) async fn run(mut self) -> Result<Status, Failure> {
        let engine = &self.context.services.engine;
        let differences = engine.compare(&self.here, &self.there, self.comparing.clone());
        if !self.copy(differences).await? {
            return Ok(Status::Failed);
        }
        self.line.clear();
        let well = self.complete && !self.stopping && self.counts.failed == 0;
        let allowed = well && self.may_delete();
        if self.args.delete && allowed {
            self.delete().await?;
        } else if self.args.delete && !well {
            tell("nothing was deleted: that needs both listings whole and every copy made");
        }
        self.line.clear();
        let done = well && self.counts.failed == 0 && (allowed || !self.args.delete) && !self.stopping;
        self.tell.end(&self.counts, self.complete)?;
        Ok(if done { Status::Done } else { Status::Failed })
    }

    /// Compares and copies. `false` when the person won't wait for its end.
    async fn copy(&mut self, mut differences: Differences) -> Result<bool, Failure> {
        let mut stop = interrupted()?;
        let mut over = false;
        loop {
            self.begin_jobs(over || self.stopping).await;
            if self.running.is_empty() && (self.stopping || (over && self.waiting.is_empty())) {
                return Ok(true);
            }
            let reads = !over && !self.stopping && self.waiting.len() < CHUNK;
            tokio::select! {
                biased;
                () = &mut stop => {
                    if std::mem::replace(&mut self.stopping, true) {
                        return Ok(false);
                    }
                    self.stop();
                    stop = interrupted()?;
                }
                Some(heard) = self.heard.1.recv() => self.hear(heard),
                Some(ended) = self.running.join_next() => self.ended(ended).await?,
                batch = differences.next(), if reads => match batch {
                    Some(Ok(batch)) => self.take(batch)?,
                    Some(Err(error)) => {
                        over = true;
                        self.fail(None, &error)?;
                    }
                    None => (over, self.complete) = (true, true),
                },
            }
        }
    }

    fn stop(&mut self) {
        self.line.clear();
        tell(
            "stopping: `bifold jobs resume` goes on with the files under way, then the same sync with the rest",
        );
        self.waiting.clear();
        for control in &self.controls {
            control.suspend();
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Progress(progress) => self.line.show(&progress),
            Heard::Note(text) => {
                self.line.clear();
                tell(&text);
            }
        }
    }

    fn fail(&mut self, path: Option<&Name>, error: &crate::model::VfsError) -> Result<(), Failure> {
        self.line.clear();
        self.counts.failed += 1;
        Ok(self.tell.failed(path, error)?)
    }

    fn take(&mut self, batch: Vec<Difference>) -> Result<(), Failure> {
        for difference in batch {
            match difference {
                Difference::Same(..) => {
                    self.counts.source += 1;
                    self.counts.same += 1;
                }
                Difference::OnlyHere(entry) => self.plan(entry, None, "new")?,
                Difference::Differs(both, Why::Kind) => self.in_the_way(&both.1)?,
                Difference::Differs(both, why) => {
                    let (here, there) = *both;
                    self.plan(here, Some(there), &why.to_string())?;
                }
                Difference::OnlyThere(entry) if self.args.delete => {
                    self.spool.add(&item(&self.there, entry)).map_err(Failure::Out)?;
                }
                Difference::OnlyThere(_) => {}
                Difference::LeftOut(entry, _) => self.leave_out(&entry)?,
                Difference::Failed(path, error) => {
                    self.counts.source += 1;
                    self.fail(Some(&path), &error)?;
                }
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.counts.left_out += 1;
        let what =
            if entry.kind == Kind::Symlink { "a symbolic link" } else { "a pipe, a socket or a device" };
        if !self.tell.json {
            self.line.clear();
            tell(&format!("{} is {what}: it was left out", entry.name.to_lossy()));
        }
        Ok(self.tell.step("left_out", &entry.name, Some(what))?)
    }

    fn in_the_way(&mut self, there: &Entry) -> Result<(), Failure> {
        use crate::model::{ErrorKind, Op, VfsError};
        let why = "a link or a device is in the way, which is never written through";
        self.counts.source += 1;
        let at = locate(&self.there, &there.name);
        self.fail(Some(&there.name), &VfsError::new(Op::Write, at, ErrorKind::Conflict, why))
    }

    fn plan(&mut self, here: Entry, there: Option<Entry>, why: &str) -> Result<(), Failure> {
        self.counts.source += 1;
        if self.args.dry_run {
            self.counts.copied += 1;
            self.counts.bytes += here.size.unwrap_or(0);
            return Ok(self.tell.step("copy", &here.name, Some(why))?);
        }
        let target = locate(&self.there, &here.name);
        self.waiting.push(Copy { source: item(&self.here, here), target, listed: there });
        Ok(())
    }

    /// Begins what may begin: a full job, or what there is while none runs or nothing more comes.
    async fn begin_jobs(&mut self, over: bool) {
        while self.running.len() < self.at_once
            && !self.waiting.is_empty()
            && (over || self.running.is_empty() || self.waiting.len() >= CHUNK)
        {
            if self.jobs == 0 {
                self.make_top().await;
            }
            self.jobs += 1;
            let rest = self.waiting.split_off(self.waiting.len().min(CHUNK));
            let copies = std::mem::replace(&mut self.waiting, rest);
            let spec = chunk::spec(&copies, &self.there, &self.options);
            let job = self.context.services.engine.start(JobId(self.jobs), spec);
            self.controls.push(job.control());
            self.running.spawn(chunk::drive(job, copies, self.heard.0.clone()));
        }
    }

    /// A destination on a disk that isn't there yet. Why it can't be made is told by the copies.
    async fn make_top(&self) {
        if self.there.as_local().is_some_and(|path| !path.exists())
            && let Ok(path) = self.context.path(&self.there)
        {
            let _ = path.mkdir().await;
        }
    }

    async fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Result<(), Failure> {
        let Ok(ended) = ended else {
            self.counts.failed += 1;
            tell("a defect in bifold; see the log");
            return Ok(());
        };
        if self.running.is_empty() {
            self.controls.clear();
        }
        remember::learnt(self.context, self.comparing.remembered.as_ref(), &ended).await;
        if ended.outcome.cancelled || ended.outcome.suspended {
            // Somebody stopped it from elsewhere: what waits behind it isn't begun either.
            self.stopping = true;
            self.waiting.clear();
            self.counts.copied += ended.outcome.progress.done.files;
            return Ok(());
        }
        let failures = ended.failures();
        for copy in &ended.copies {
            let path = below(&self.here, &copy.source.uri);
            if let Some(error) = failures.get(&copy.target) {
                self.fail(Some(&path), error)?;
                continue;
            }
            self.counts.copied += 1;
            self.counts.bytes += copy.source.entry.size.unwrap_or(0);
            self.tell.step("copy", &path, None)?;
        }
        Ok(())
    }

    /// Whether what only the destination has may go.
    fn may_delete(&self) -> bool {
        if self.args.delete && self.counts.source == 0 && !self.args.allow_empty {
            tell("nothing was deleted: the source holds no file, and that may be a mistake (--allow-empty)");
            return false;
        }
        match self.args.max_delete {
            Some(most) if self.spool.count() > most => {
                let count = self.spool.count();
                tell(&format!("nothing was deleted: {count} files would go, and --max-delete is {most}"));
                false
            }
            _ => true,
        }
    }

    async fn delete(&mut self) -> Result<(), Failure> {
        let spool = std::mem::replace(&mut self.spool, Spool::new().map_err(Failure::Out)?);
        for chunk in spool.read(CHUNK).map_err(Failure::Out)? {
            let items = chunk.map_err(Failure::Out)?;
            if self.args.dry_run {
                self.would_delete(&items)?;
                continue;
            }
            let options = JobOptions { at_once: self.options.at_once, ..JobOptions::default() };
            let spec = JobSpec { kind: JobKind::Delete, sources: items.clone(), target: None, options };
            let outcome = self.drive(spec).await?;
            self.deleted(&items, &outcome)?;
            prune::emptied(&items, &self.here, &self.there);
            if outcome.cancelled || outcome.suspended {
                self.stopping = true;
                break;
            }
        }
        Ok(())
    }

    fn would_delete(&mut self, items: &[SourceItem]) -> Result<(), Failure> {
        self.counts.deleted += items.len() as u64;
        for item in items {
            self.tell.step("delete", &below(&self.there, &item.uri), None)?;
        }
        Ok(())
    }

    fn deleted(&mut self, items: &[SourceItem], outcome: &Outcome) -> Result<(), Failure> {
        let failed: std::collections::HashSet<&Uri> =
            outcome.failures.iter().map(|it| &it.item.uri).collect();
        for failure in &outcome.failures {
            self.fail(Some(&below(&self.there, &failure.item.uri)), &failure.error)?;
        }
        if outcome.cancelled || outcome.suspended {
            self.counts.deleted += outcome.progress.done.files;
            return Ok(());
        }
        for item in items.iter().filter(|item| !failed.contains(&item.uri)) {
            self.counts.deleted += 1;
            self.tell.step("delete", &below(&self.there, &item.uri), None)?;
        }
        Ok(())
    }

    async fn drive(&mut self, spec: JobSpec) -> Result<Outcome, Failure> {
        self.jobs += 1;
        let mut job = self.context.services.engine.start(JobId(self.jobs), spec);
        let mut stop = interrupted()?;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => {
                    if std::mem::replace(&mut self.stopping, true) {
                        return Ok(Outcome { cancelled: true, ..Outcome::default() });
                    }
                    job.control().suspend();
                    stop = interrupted()?;
                }
                event = job.next() => match event {
                    Some(JobEvent::Progress(progress)) => self.line.show(&progress),
                    Some(JobEvent::Finished(outcome)) => return Ok(*outcome),
                    Some(_) => {}
                    None => return Ok(Outcome { cancelled: true, ..Outcome::default() }),
                },
            }
        }
    }
}
