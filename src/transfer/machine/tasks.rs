//! What waits, what is under way and what is tried again later: [`Tasks`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::super::io::{Action, DirId, Io, IoId, ItemId};
use super::Limits;
use super::window::Window;
use crate::model::ErrorKind;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A source, before it is planned.
    Root(usize),
    /// A file.
    Item(ItemId),
    /// A directory.
    Dir(DirId),
    /// A batch of removals.
    Batch(u64),
}

/// One piece of work and how often it was tried.
#[derive(Clone, Debug)]
pub struct Task {
    /// Whose.
    pub owner: Owner,
    /// What.
    pub io: Io,
    /// How often it failed so far.
    pub failed: u32,
}

/// The queues. Follow-ups of what was begun come first, then listings, then parts of large files.
#[derive(Debug)]
pub struct Tasks {
    limits: Limits,
    window: Window,
    rng: fastrand::Rng,
    next: IoId,
    urgent: VecDeque<Task>,
    lists: VecDeque<Task>,
    parts: VecDeque<Task>,
    later: BTreeMap<(Duration, IoId), Task>,
    flying: HashMap<IoId, Task>,
    flying_lists: usize,
    flying_parts: usize,
    flying_waits: usize,
}

/// How many commits may wait for a flush beside what is under way: each holds a file open.
pub const WAITS: usize = 128;

fn waits(io: &Io) -> bool {
    matches!(io, Io::Commit { waits: true, .. })
}

fn is_list(io: &Io) -> bool {
    matches!(io, Io::Page { .. })
}

fn is_part(io: &Io) -> bool {
    matches!(io, Io::Part { whole: false, .. } | Io::CopyPart { .. })
}

impl Tasks {
    /// Empty queues; `seed` shakes the waits before a retry.
    pub fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            window: Window::new(limits.small),
            rng: fastrand::Rng::with_seed(seed),
            next: 0,
            urgent: VecDeque::new(),
            lists: VecDeque::new(),
            parts: VecDeque::new(),
            later: BTreeMap::new(),
            flying: HashMap::new(),
            flying_lists: 0,
            flying_parts: 0,
            flying_waits: 0,
        }
    }

    /// Adds new work.
    pub fn push(&mut self, owner: Owner, io: Io) {
        self.enqueue(Task { owner, io, failed: 0 });
    }

    fn enqueue(&mut self, task: Task) {
        let queue = match &task.io {
            io if is_list(io) => &mut self.lists,
            io if is_part(io) => &mut self.parts,
            _ => &mut self.urgent,
        };
        queue.push_back(task);
    }

    /// Whether a failure of this task is worth another try; if so it is queued for later.
    pub fn retry(&mut self, task: &Task, kind: ErrorKind, now: Duration) -> bool {
        let tries = if kind == ErrorKind::Throttled { 2 * self.limits.tries } else { self.limits.tries };
        if !kind.retryable() || !task.io.repeatable(kind) || task.failed + 1 >= tries {
            return false;
        }
        self.again(task, now);
        true
    }

    /// Queues a task for another try, after a wait that doubles with each failure.
    pub fn again(&mut self, task: &Task, now: Duration) {
        let wait = Duration::from_millis(200) * 2u32.pow(task.failed.min(5));
        let wait = wait.mul_f64(0.5 + self.rng.f64() / 2.0);
        self.next += 1;
        let task = Task { failed: task.failed + 1, ..task.clone() };
        self.later.insert((now + wait, self.next), task);
    }

    /// The service asks to slow down.
    pub fn slow_down(&mut self, now: Duration) {
        self.window.slow_down(now);
    }

    /// Begins as much as may be under way, and tells it. `list` says whether the plan may grow.
    pub fn begin(&mut self, now: Duration, list: bool, actions: &mut Vec<Action>) {
        self.window.tick(now);
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now) {
            let task = entry.remove();
            self.enqueue(task);
        }
        while let Some(task) = self.pick(list) {
            self.next += 1;
            self.flying_lists += usize::from(is_list(&task.io));
            self.flying_parts += usize::from(is_part(&task.io));
            self.flying_waits += usize::from(waits(&task.io));
            actions.push(Action::Do(self.next, task.io.clone()));
            self.flying.insert(self.next, task);
        }
    }

    fn pick(&mut self, list: bool) -> Option<Task> {
        if list && self.flying_lists < self.limits.lists && !self.lists.is_empty() {
            return self.lists.pop_front();
        }
        if !self.has_room() {
            return None;
        }
        if let Some(task) = self.urgent.pop_front() {
            return Some(task);
        }
        let most = self.limits.requests.min(self.window.size());
        if self.flying_parts < most { self.parts.pop_front() } else { None }
    }

    fn has_room(&self) -> bool {
        let free = self.flying_lists + self.flying_waits.min(WAITS);
        self.flying.len() - free < self.window.size()
    }

    /// Whether another file may be begun: nothing that was begun waits for room.
    pub fn is_idle(&self) -> bool {
        self.urgent.is_empty() && self.has_room()
    }

    /// Takes a piece of work that ended.
    pub fn end(&mut self, id: IoId) -> Option<Task> {
        let task = self.flying.remove(&id)?;
        self.flying_lists -= usize::from(is_list(&task.io));
        self.flying_parts -= usize::from(is_part(&task.io));
        self.flying_waits -= usize::from(waits(&task.io));
        Some(task)
    }

    /// Forgets the waiting work of a file, and tells how many pieces that was.
    pub fn forget(&mut self, item: ItemId) -> usize {
        let own = |task: &Task| task.owner == Owner::Item(item);
        let before = self.waiting();
        self.parts.retain(|task| !own(task));
        self.urgent.retain(|task| !own(task));
        self.later.retain(|_, task| !own(task));
        before - self.waiting()
    }

    /// Forgets all that waits.
    pub fn clear(&mut self) {
        self.urgent.clear();
        self.lists.clear();
        self.parts.clear();
        self.later.clear();
    }

    fn waiting(&self) -> usize {
        self.urgent.len() + self.lists.len() + self.parts.len() + self.later.len()
    }

    /// Whether nothing waits and nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.waiting() == 0
    }

    /// When something changes by itself.
    pub fn wake(&self) -> Option<Duration> {
        let retry = self.later.keys().next().map(|(at, _)| *at);
        let blocked = !self.urgent.is_empty() || !self.parts.is_empty();
        let grows = self.window.grows_at().filter(|_| blocked);
        [retry, grows].into_iter().flatten().min()
    }
}
