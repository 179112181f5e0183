//! Decides what a job does next, without doing any of it: [`Machine`].
//!
//! `on(event, now)` gives the actions that follow. The machine owns the plan (which streams: a large
//! tree is planned while it is transferred), the order (a directory before its contents, its removal
//! after them), conflicts and questions, retries, cancelling, partial failure and how much is under way.
//! It does no I/O and reads no clock; its randomness is a seed. So every order of events can be tried,
//! a journal can record what passes here, and pausing is to hand out no more actions. A job that goes on
//! after an interruption plans anew, and asks for each file what the journal knows of it.
//!
//! **What it never does.** It never commits but under a precondition: `Absent`, or the tag of what a
//! person agreed to replace. It never removes a source before its copy was committed, and then only the
//! version that was copied. It never ends with a sink open, but for those that a suspended job keeps.

mod ask;
mod copy;
mod delete;
mod file;
mod look;
mod renames;
mod report;
mod resume;
mod roots;
mod stop;
mod tasks;
#[cfg(test)]
mod tests;
mod tree;
mod window;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::Matcher;
use super::io::{Action, DirId, Event, Io, IoId, ItemId, Reply};
use super::job::{FileEnd, JobKind, JobOptions, JobSpec, Outcome, Progress, Target};
use crate::model::{ErrorKind, Result, Timestamp, Uri, VfsError};
use crate::vfs::Caps;
use ask::Questions;
use delete::Batch;
pub(super) use delete::batch_dir;
use file::Item;
use report::Failed;
pub use resume::same_version;
use roots::Root;
pub(super) use roots::{is_marker, place, read_only};
use tasks::{Owner, Tasks};
use tree::Dir;

/// How much a job does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Parts of one file.
    pub parts: usize,
    /// Parts of all files.
    pub requests: usize,
    /// Small files, and the most of anything but listings.
    pub small: usize,
    /// Large files.
    pub large: usize,
    /// Listings.
    pub lists: usize,
    /// From how many bytes on a file is large.
    pub large_from: u64,
    /// How many planned files may wait before the plan waits for them.
    pub ahead: usize,
    /// How often one piece of work is tried.
    pub tries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parts: 8,
            requests: 32,
            small: 64,
            large: 8,
            lists: 16,
            large_from: 16 << 20,
            ahead: 8192,
            tries: 6,
        }
    }
}

impl Limits {
    /// The same within what a person asked for.
    #[must_use]
    pub fn of(self, options: &JobOptions) -> Self {
        let most = options.at_once.unwrap_or(usize::MAX).max(1);
        let part = options.part_size.map_or(u64::MAX, |part| part.saturating_add(1));
        Self {
            parts: self.parts.min(most),
            requests: self.requests.min(most),
            small: self.small.min(most),
            large: self.large.min(most),
            lists: self.lists.min(most),
            large_from: self.large_from.min(part),
            ..self
        }
    }
}

/// A job being decided.
#[derive(Debug)]
pub struct Machine {
    kind: JobKind,
    options: JobOptions,
    target: Option<Target>,
    roots: Vec<Root>,
    to: Option<Caps>,
    limits: Limits,
    tasks: Tasks,
    items: HashMap<ItemId, Item>,
    dirs: HashMap<DirId, Dir>,
    batches: HashMap<u64, Batch>,
    small: VecDeque<ItemId>,
    large: VecDeque<ItemId>,
    active_small: usize,
    active_large: usize,
    next: u64,
    questions: Questions,
    taken: super::names::Taken,
    /// Which of the names below directories it is about.
    matcher: Matcher,
    no_rename: bool,
    /// Whether the job is given up or left.
    stopping: bool,
    /// Whether it is left, to be resumed.
    suspended: bool,
    paused: bool,
    /// Whether a journal keeps it, so that it can be left.
    recorded: bool,
    /// Whether an earlier attempt may have done some of it.
    resumed: bool,
    /// When the job was begun first: a deletion that goes on leaves what came since.
    begun: Option<Timestamp>,
    tells_files: bool,
    finished: bool,
    progress: Progress,
    proofs: [u64; 4],
    undoable: u64,
    /// The directories above exact places that are known to be there.
    made: BTreeSet<Uri>,
    failures: Vec<Failed>,
    touched: BTreeSet<Uri>,
    unlisted: usize,
    unrelated: usize,
    actions: Vec<Action>,
}

impl Machine {
    /// A job; `sources` tells for each source of the spec, in order, what its place can do or why it
    /// can't be reached, `to` the same of the destination. `seed` shakes the waits before retries.
    pub fn new(
        spec: JobSpec,
        sources: Vec<Result<Caps>>,
        to: Option<Result<Caps>>,
        limits: Limits,
        seed: u64,
    ) -> Self {
        let limits = limits.of(&spec.options);
        let (mut roots, to) = roots::settle(spec.kind, spec.sources, sources, to);
        let matcher = spec.options.selection.compile();
        if let Err(why) = &matcher {
            for root in &mut roots {
                root.refuse(why);
            }
        }
        Self {
            kind: spec.kind,
            options: spec.options,
            target: spec.target,
            roots,
            to,
            limits,
            tasks: Tasks::new(limits, seed),
            items: HashMap::new(),
            dirs: HashMap::new(),
            batches: HashMap::new(),
            small: VecDeque::new(),
            large: VecDeque::new(),
            active_small: 0,
            active_large: 0,
            next: 0,
            questions: Questions::default(),
            taken: super::names::Taken::default(),
            matcher: matcher.unwrap_or_default(),
            no_rename: false,
            stopping: false,
            suspended: false,
            paused: false,
            recorded: false,
            resumed: false,
            begun: None,
            tells_files: false,
            finished: false,
            progress: Progress::default(),
            proofs: [0; 4],
            undoable: 0,
            made: BTreeSet::new(),
            failures: Vec::new(),
            touched: BTreeSet::new(),
            unlisted: 0,
            unrelated: 0,
            actions: Vec::new(),
        }
    }

    /// What follows from `event` at `now`, the time since the job began.
    pub fn on(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::Start => self.begin_roots(),
            Event::Tick => {}
            Event::Done(id, result) => self.ended(id, result, now),
            Event::Answer(question, answer) => self.answered(question, answer),
            Event::Cancel => self.cancel(),
            Event::Pause => self.paused = !self.stopping,
            Event::Continue => self.paused = false,
            Event::Suspend => self.suspend(),
            Event::TellFiles(on) => self.tells_files = on,
        }
        if self.stopping && self.tasks.is_empty() {
            self.abort_open_sinks();
        }
        self.pump(now);
        self.progress.total_known = self.unlisted + self.unrelated == 0;
        self.finish_if_over();
        std::mem::take(&mut self.actions)
    }

    /// The same job, kept by a journal: it can be left and resumed. `resumed` says that an earlier attempt
    /// may have done some of it.
    #[must_use]
    pub fn recorded(self, resumed: bool) -> Self {
        Self { recorded: true, resumed, ..self }
    }

    /// The same job, which goes on and was begun first at that time.
    #[must_use]
    pub fn begun(self, at: Option<Timestamp>) -> Self {
        Self { begun: at, ..self }
    }

    /// When an [`Event::Tick`] is due.
    pub fn wake(&self) -> Option<Duration> {
        self.tasks.wake().filter(|_| !self.paused)
    }

    /// Whether it hands out nothing for now.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether it ends to be resumed.
    pub fn is_left(&self) -> bool {
        self.suspended
    }

    /// How far it is, without the bytes of what is under way.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The directories that were written into or removed from since the last call.
    pub fn take_touched(&mut self) -> BTreeSet<Uri> {
        std::mem::take(&mut self.touched)
    }

    /// Whether [`Self::take_touched`] has something to tell.
    pub fn has_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    fn new_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn pump(&mut self, now: Duration) {
        while !self.paused {
            let list = self.small.len() + self.large.len() < self.limits.ahead;
            self.tasks.begin(now, list, &mut self.actions);
            if self.stopping || !self.tasks.is_idle() || !self.begin_next() {
                return;
            }
        }
    }

    fn begin_next(&mut self) -> bool {
        if self.active_large < self.limits.large
            && let Some(id) = self.large.pop_front()
        {
            self.begin_item(id);
            return true;
        }
        if self.active_small < self.limits.small
            && let Some(id) = self.small.pop_front()
        {
            self.begin_item(id);
            return true;
        }
        false
    }

    fn ended(&mut self, id: IoId, result: Result<Reply>, now: Duration) {
        let Some(task) = self.tasks.end(id) else { return };
        if let Err(error) = &result {
            if error.kind == ErrorKind::Throttled {
                self.tasks.slow_down(now);
            }
            let live = !self.stopping || matches!(task.io, Io::Abort { .. });
            if live && self.tasks.retry(&task, error.kind, now) {
                return;
            }
        }
        match task.owner {
            Owner::Root(root) if matches!(task.io, Io::Remove { .. }) => self.removed_alone(root, result),
            Owner::Root(root) if !self.stopping && matches!(task.io, Io::MakeDir { .. }) => {
                self.made_above(root, task.io.place(), result);
            }
            Owner::Root(root) if !self.stopping => self.related(root, result),
            Owner::Dir(dir) if !self.stopping => self.dir_ended(dir, &task, result),
            Owner::Batch(batch) => self.batch_ended(batch, &task, result, now),
            Owner::Item(item) => self.item_ended(item, &task, result, now),
            Owner::Root(_) | Owner::Dir(_) => {}
        }
    }

    fn finish_if_over(&mut self) {
        let busy = !self.tasks.is_empty();
        let over = self.stopping || (self.items.is_empty() && self.dirs.is_empty());
        if self.finished || busy || !over {
            return;
        }
        self.finished = true;
        self.progress.total_known &= !self.stopping;
        self.progress.current = None;
        let outcome = self.outcome();
        self.actions.push(Action::Finish(Box::new(outcome)));
    }

    fn outcome(&mut self) -> Outcome {
        let left = if self.stopping && !self.suspended { self.left() } else { Vec::new() };
        let failed = std::mem::take(&mut self.failures);
        let (failures, retry) = report::failures(self.kind, &self.options, failed, &left);
        Outcome {
            progress: self.progress.clone(),
            failures,
            cancelled: self.stopping && !self.suspended,
            suspended: self.suspended,
            proofs: self.proofs,
            undoable: self.undoable,
            retry,
            ..Outcome::default()
        }
    }

    fn fail_root(&mut self, root: usize, error: VfsError) {
        let item = self.roots[root].item.clone();
        self.progress.failed += 1;
        self.tell_over(&item.uri, None, 0, || FileEnd::Failed(error.clone()));
        self.failures.push(Failed { item, target: None, error });
    }

    fn touch(&mut self, changed: &Uri) {
        if let Some(dir) = changed.parent() {
            self.touched.insert(dir);
        }
    }
}
