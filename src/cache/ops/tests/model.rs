//! Random operations, also by another client, against a simple model of the service.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What the service holds: a value for each key.
type Objects = BTreeMap<String, u64>;

/// What an answer shows: each row by its name and whether it is a directory.
type View = BTreeMap<(String, bool), u64>;

#[derive(Clone, Debug)]
enum Ask {
    List(String, bool),
    Head(String),
}

#[derive(Clone, Debug)]
enum Edit {
    Put(String),
    Delete(String),
    DeleteBelow(String),
}

#[derive(Clone, Debug)]
enum Act {
    /// Looks up, and begins a load where nothing is held.
    Get(Ask),
    /// Looks up what may be shown while it is read again.
    Stale(Ask),
    /// Looks up by what a row tells.
    Row(String),
    /// Begins a load past the cache.
    Past(Ask),
    /// The service answers a load; then it is filled in.
    Serve(usize),
    Fill(usize),
    /// A write of one's own begins, is applied, ends.
    Begin(Edit),
    Apply(usize),
    /// Its answer may tell just what it left.
    End(usize),
    /// All three at once.
    Write(Edit),
    /// A write that is given up, and applied so many seconds later.
    Lose(Edit, u64),
    Other(Edit),
    Tick(u64),
    Clear,
}

struct Load {
    ask: Ask,
    ticket: Ticket,
    begun: Moment,
    served: Option<usize>,
}

struct OpenWrite {
    edit: Edit,
    applied: Option<usize>,
}

/// The versions that the service went through, and what our own writes promise.
struct Model {
    cache: OpCache,
    s3: Arc<ConnectionId>,
    now: Moment,
    history: Vec<Objects>,
    next: u64,
    loads: Vec<Load>,
    writes: Vec<OpenWrite>,
    lost: Vec<(Edit, Moment)>,
    /// For each key: the version that our last write of it left. No answer may be older.
    floors: BTreeMap<String, usize>,
    hits: usize,
}

impl Model {
    fn new() -> Self {
        let settings = OpCacheSettings { max_entries: 5, ..OpCacheSettings::default() };
        Self {
            cache: OpCache::new(settings),
            s3: connection("s3", "aws"),
            now: at(0),
            history: vec![Objects::new()],
            next: 0,
            loads: Vec::new(),
            writes: Vec::new(),
            lost: Vec::new(),
            floors: BTreeMap::new(),
            hits: 0,
        }
    }

    fn run(&mut self, act: &Act) {
        match act {
            Act::Get(ask) => self.get(ask),
            Act::Row(key) => self.row(key),
            Act::Stale(ask) => self.stale(ask),
            Act::Past(ask) => self.begin(ask),
            Act::Serve(at) => self.serve(*at),
            Act::Fill(at) => self.fill(*at),
            Act::Begin(edit) => self.begin_write(edit),
            Act::Apply(at) => self.apply_write(*at),
            Act::End(at) => self.end_write(*at),
            Act::Write(edit) => {
                self.begin_write(edit);
                let last = self.writes.len() - 1;
                self.apply_write(last);
                self.end_write(last);
            }
            Act::Lose(edit, after) => {
                self.cache.begin_write(&touch_of(edit));
                self.cache.end_write(&touch_of(edit), Outcome::Unknown, self.now);
                self.lost.push((edit.clone(), self.now.plus(secs(*after))));
            }
            Act::Other(edit) => {
                self.apply(edit);
            }
            Act::Tick(seconds) => self.tick(*seconds),
            Act::Clear => self.cache.clear(),
        }
        assert_sound(&self.cache);
    }

    fn key(&self, ask: &Ask) -> OpKey {
        match ask {
            Ask::List(prefix, delimited) => list_in(&self.s3, "b", prefix, *delimited),
            Ask::Head(key) => head(&self.s3, key),
        }
    }

    fn get(&mut self, ask: &Ask) {
        let key = self.key(ask);
        let Some(answer) = self.cache.get(&key, self.now) else { return self.begin(ask) };
        let slot = self.cache.held.slots.peek(&key).expect("it was a hit");
        let (age, took) = (self.now.since(slot.asked), slot.took);
        let ttl = if answer.is_negative() { secs(5) } else { secs(60) };
        let least = if matches!(answer, Answer::Listing(_)) { took * 10 } else { Duration::ZERO };
        assert!(age < ttl.max(least), "a hit older than its life");
        self.check(ask, &answer);
    }

    fn stale(&mut self, ask: &Ask) {
        let key = self.key(ask);
        let Some(listing) = self.cache.get_stale(&key, self.now) else { return };
        let slot = self.cache.held.slots.peek(&key).expect("it was shown");
        let (age, took) = (self.now.since(slot.asked), slot.took);
        let most = secs(60).max(took * 10) + OpCacheSettings::default().stale;
        assert!(age < most, "shown after {age:?}");
        self.check(ask, &Answer::Listing(listing));
    }

    fn row(&mut self, key: &str) {
        let ask = Ask::Head(key.to_owned());
        if let Some(answer) = self.cache.get_row(&self.key(&ask), self.now) {
            self.check(&ask, &answer);
        }
    }

    /// Whatever is shown of a key that we have written is what the service had at or after that.
    fn check(&mut self, ask: &Ask, answer: &Answer) {
        self.hits += 1;
        let patched = matches!(answer, Answer::Listing(listing) if listing.is_patched());
        let shown = &shown(answer);
        for (key, floor) in &self.floors {
            let Some(row) = row_of(ask, key) else { continue };
            let right =
                self.history[*floor..].iter().any(|objects| view(ask, objects).get(&row) == shown.get(&row));
            assert!(
                right,
                "{ask:?} shows {:?} for {key:?}, which is older than our own write",
                shown.get(&row)
            );
        }
        let was = |objects: &Objects, row, value| view(ask, objects).get(row) == Some(value);
        let known = |objects: &Objects| shown.iter().all(|(row, value)| was(objects, row, value));
        // What we wrote is newer than the rows beside it: each was once right, but not all at once.
        let each = || shown.iter().all(|(row, value)| self.history.iter().any(|it| was(it, row, value)));
        let right = if patched { each() } else { self.history.iter().any(known) };
        assert!(right, "{ask:?} shows {shown:?} together, as the service never did");
    }

    fn begin(&mut self, ask: &Ask) {
        let ticket = self.cache.begin(&self.key(ask), self.now);
        self.loads.push(Load { ask: ask.clone(), ticket, begun: self.now, served: None });
    }

    fn serve(&mut self, at: usize) {
        let version = self.history.len() - 1;
        if let Some(at) = at.checked_rem(self.loads.len()) {
            self.loads[at].served.get_or_insert(version);
        }
    }

    fn fill(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.loads.len()) else { return };
        let load = self.loads.swap_remove(at);
        let Some(version) = load.served else { return self.cache.abandon(&load.ticket) };
        let answer = answer(&load.ask, &self.history[version]);
        let key = self.key(&load.ask);
        if self.cache.fill(&load.ticket, answer, self.now) {
            let slot = self.cache.held.slots.peek(&key).expect("the newest is kept");
            assert_eq!(slot.asked, load.begun, "age counts from the first request");
        }
    }

    fn begin_write(&mut self, edit: &Edit) {
        match edit {
            Edit::Put(_) | Edit::Delete(_) => self.cache.begin_exact(&touch_of(edit)),
            Edit::DeleteBelow(_) => self.cache.begin_write(&touch_of(edit)),
        }
        self.writes.push(OpenWrite { edit: edit.clone(), applied: None });
    }

    fn apply_write(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.writes.len()) else { return };
        if self.writes[at].applied.is_none() {
            let edit = self.writes[at].edit.clone();
            self.writes[at].applied = Some(self.apply(&edit));
        }
    }

    fn end_write(&mut self, at: usize) {
        let Some(at) = at.checked_rem(self.writes.len()) else { return };
        let write = self.writes.swap_remove(at);
        match write.applied.and_then(|version| self.left(&write.edit, version)) {
            Some(left) => self.cache.end_exact(&touch_of(&write.edit), &[left], &self.s3),
            None => self.cache.end_write(&touch_of(&write.edit), Outcome::Known, self.now),
        }
        if let Some(version) = write.applied {
            self.promise(&write.edit, version);
        }
    }

    /// What the answer to a write tells of its key.
    fn left(&self, edit: &Edit, version: usize) -> Option<Patch> {
        match edit {
            Edit::Put(key) => {
                let size = self.history[version].get(key).copied();
                let row = Entry { size, ..Entry::new("".into(), Kind::File) };
                Some(Patch::object(&key.as_str().into(), row))
            }
            Edit::Delete(key) => Some(Patch::gone(&key.as_str().into())),
            Edit::DeleteBelow(_) => None,
        }
    }

    fn tick(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now.plus(secs(1));
            let (due, later) = self.lost.drain(..).partition(|(_, due)| *due <= self.now);
            self.lost = later;
            let due: Vec<(Edit, Moment)> = due;
            for (edit, _) in due {
                let version = self.apply(&edit);
                self.promise(&edit, version);
            }
        }
    }

    fn apply(&mut self, edit: &Edit) -> usize {
        let mut objects = self.history.last().expect("never empty").clone();
        self.next += 1;
        match edit {
            Edit::Put(key) => objects.extend([(key.clone(), self.next)]),
            Edit::Delete(key) => objects.retain(|held, _| held != key),
            Edit::DeleteBelow(prefix) => objects.retain(|key, _| !key.starts_with(prefix.as_str())),
        }
        self.history.push(objects);
        self.history.len() - 1
    }

    fn promise(&mut self, edit: &Edit, version: usize) {
        let keys: Vec<String> = match edit {
            Edit::Put(key) | Edit::Delete(key) => vec![key.clone()],
            Edit::DeleteBelow(prefix) => {
                let before = self.history[version - 1].keys();
                before.filter(|key| key.starts_with(prefix.as_str())).cloned().collect()
            }
        };
        for key in keys {
            let floor = self.floors.entry(key).or_default();
            *floor = version.max(*floor);
        }
    }
}

fn touch_of(edit: &Edit) -> Touch {
    let extent = match edit {
        Edit::Put(key) => Extent::Key(key.as_str().into(), Change::Added),
        Edit::Delete(key) => Extent::Key(key.as_str().into(), Change::Other),
        Edit::DeleteBelow(prefix) => Extent::Prefix(prefix.as_str().into()),
    };
    touch(&"aws".into(), &"b".into(), extent)
}

/// The row that stands for a key in an answer.
fn row_of(ask: &Ask, key: &str) -> Option<(String, bool)> {
    match ask {
        Ask::Head(asked) => (asked == key).then(|| (String::new(), false)),
        Ask::List(prefix, delimited) => {
            let rest = key.strip_prefix(prefix.as_str())?;
            match rest.split_once('/') {
                Some((child, _)) if *delimited => Some((child.to_owned(), true)),
                _ => Some((rest.to_owned(), false)),
            }
        }
    }
}

fn view(ask: &Ask, objects: &Objects) -> View {
    let rows = objects.iter().filter_map(|(key, value)| Some((row_of(ask, key)?, *value)));
    rows.map(|((name, dir), value)| ((name, dir), if dir { 0 } else { value })).collect()
}

fn answer(ask: &Ask, objects: &Objects) -> Answer {
    let view = view(ask, objects);
    let mut entries = view.iter().map(|((name, dir), value)| {
        let kind = if *dir { Kind::Dir } else { Kind::File };
        Entry { size: Some(*value), ..Entry::new(name.as_str().into(), kind) }
    });
    match ask {
        Ask::List(..) => {
            let pages = entries.collect::<Vec<_>>().chunks(2).map(|page| Arc::new(page.to_vec())).collect();
            Answer::Listing(Arc::new(Listing::new(pages, Timestamp(0))))
        }
        Ask::Head(_) => {
            entries.next_back().map_or_else(absent, |row| Answer::Head(Arc::new(head_of_row(&row, ""))))
        }
    }
}

fn shown(answer: &Answer) -> View {
    let row = |entry: &Entry| {
        let name = entry.name.as_str().expect("text").to_owned();
        ((name, entry.kind == Kind::Dir), entry.size.unwrap_or_default())
    };
    match answer {
        Answer::Listing(listing) => listing.pages.iter().flat_map(|page| page.iter()).map(row).collect(),
        Answer::Head(head) => View::from([((String::new(), false), row(&head.entry).1)]),
        Answer::Absent(_) | Answer::Region(_) => View::new(),
    }
}

fn key() -> impl Strategy<Value = String> {
    "[ab/]{1,4}"
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        ("[ab/]{0,3}", any::<bool>()).prop_map(|(prefix, by)| Ask::List(prefix, by)),
        key().prop_map(Ask::Head)
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => key().prop_map(Edit::Put),
        2 => key().prop_map(Edit::Delete),
        1 => "[ab/]{0,2}".prop_map(Edit::DeleteBelow),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => ask().prop_map(Act::Get),
        3 => key().prop_map(Act::Row),
        3 => ask().prop_map(Act::Stale),
        1 => ask().prop_map(Act::Past),
        8 => any::<usize>().prop_map(Act::Serve),
        8 => any::<usize>().prop_map(Act::Fill),
        1 => edit().prop_map(Act::Begin),
        1 => any::<usize>().prop_map(Act::Apply),
        1 => any::<usize>().prop_map(Act::End),
        3 => edit().prop_map(Act::Write),
        1 => (edit(), 0..30u64).prop_map(|(edit, after)| Act::Lose(edit, after)),
        2 => edit().prop_map(Act::Other),
        2 => (1..20u64).prop_map(Act::Tick),
        1 => (60..600u64).prop_map(Act::Tick),
        1 => Just(Act::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_is_never_older_than_our_own_writes(acts in prop::collection::vec(act(), 1..80)) {
        let mut model = Model::new();
        for act in &acts {
            model.run(act);
        }
    }
}

#[test]
fn the_model_sees_hits() {
    let mut model = Model::new();
    let ask = Ask::List("a/".into(), true);
    model.run(&Act::Write(Edit::Put("a/b".into())));
    for act in [Act::Get(ask.clone()), Act::Serve(0), Act::Fill(0), Act::Get(ask), Act::Row("a/b".into())] {
        model.run(&act);
    }
    assert_eq!(model.hits, 2);
    let ask = Ask::List("a/".into(), true);
    for act in [Act::Write(Edit::Put("a/c".into())), Act::Get(ask.clone()), Act::Tick(60), Act::Stale(ask)] {
        model.run(&act);
    }
    assert_eq!(model.hits, 4, "patched, and shown past its life");
}
