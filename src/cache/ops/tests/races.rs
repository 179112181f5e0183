//! Every order in which a few readers, writers and the clock can meet.

use super::*;

/// The three steps of each actor.
#[derive(Clone, Copy)]
enum Actor {
    /// Looks up and joins or begins; reads the service; fills.
    Reader,
    /// Fences; is applied; fences again.
    Writer,
    /// Fences; gives up; is applied all the same.
    LostWriter,
    /// Lets five seconds pass, thrice.
    Tick,
    /// Another client's write, which nobody here hears of; then nothing.
    Stranger,
}

struct Load {
    ticket: Ticket,
    seen: Option<u32>,
    joined: Option<usize>,
    /// The value that the reader must not be told less than.
    floor: u32,
}

struct World {
    cache: OpCache,
    question: OpKey,
    touch: Touch,
    now: Moment,
    /// What the service has: each write adds one.
    value: u32,
    /// What the last own write that is over has left.
    settled: u32,
    writing: usize,
    stored: usize,
    loads: Vec<Option<Load>>,
}

impl World {
    fn new(question: OpKey, touch: Touch, actors: usize) -> Self {
        let cache = OpCache::new(OpCacheSettings::default());
        let loads = std::iter::repeat_with(|| None).take(actors).collect();
        Self { cache, question, touch, now: at(0), value: 0, settled: 0, writing: 0, stored: 0, loads }
    }

    fn step(&mut self, who: usize, actor: Actor, step: usize) {
        match (actor, step) {
            (Actor::Reader, 0) => self.look(who),
            (Actor::Reader, 1) => self.read(who),
            (Actor::Reader, _) => self.fill(who),
            (Actor::Writer | Actor::LostWriter, 0) => {
                self.cache.begin_write(&self.touch);
                self.writing += 1;
            }
            (Actor::Writer, 1) | (Actor::Stranger, 0) => self.value += 1,
            (Actor::Writer, _) => self.end(Outcome::Known),
            (Actor::LostWriter, 1) => self.end(Outcome::Unknown),
            (Actor::LostWriter, _) => {
                self.value += 1;
                self.settled = self.value;
            }
            (Actor::Tick, _) => self.now = self.now.plus(secs(5)),
            (Actor::Stranger, _) => {}
        }
    }

    fn end(&mut self, outcome: Outcome) {
        let touch = self.touch.clone();
        self.cache.end_write(&touch, outcome, self.now);
        self.writing -= 1;
        if outcome == Outcome::Known {
            self.settled = self.value;
        }
    }

    fn look(&mut self, who: usize) {
        if let Some(answer) = self.cache.get(&self.question, self.now) {
            assert!(value_in(&answer) >= self.settled, "a hit older than the last own write");
            return;
        }
        let live = |load: &Load| load.joined.is_none() && self.cache.is_live(&load.ticket);
        let joined = self.loads.iter().position(|load| load.as_ref().is_some_and(live));
        let ticket = match joined {
            Some(at) => self.loads[at].as_ref().expect("it was found there").ticket.clone(),
            None => self.cache.begin(&self.question, self.now),
        };
        self.loads[who] = Some(Load { ticket, seen: None, joined, floor: self.settled });
    }

    fn read(&mut self, who: usize) {
        let value = self.value;
        if let Some(load) = self.loads[who].as_mut().filter(|load| load.joined.is_none()) {
            load.seen = Some(value);
            let told: Vec<_> = self.loads.iter().flatten().filter(|load| load.joined == Some(who)).collect();
            assert!(told.iter().all(|reader| reader.floor <= value));
        }
    }

    fn fill(&mut self, who: usize) {
        let Some(load) = self.loads[who].take() else { return };
        let Some(seen) = load.seen else { return };
        let told: Vec<_> = self.loads.iter().flatten().filter(|reader| reader.joined == Some(who)).collect();
        assert!(
            told.iter().all(|reader| reader.floor <= seen),
            "joined a load older than the last own write"
        );
        self.stored += usize::from(self.cache.fill(&load.ticket, answer(&self.question, seen), self.now));
    }

    fn check(&self) {
        assert_sound(&self.cache);
        if self.writing == 0
            && let Some(slot) = self.cache.held.peek(&self.question, self.now)
        {
            assert!(value_in(&slot.answer) >= self.settled, "held: older than the last own write");
        }
    }
}

/// The value is told by the row's size.
fn answer(question: &OpKey, value: u32) -> Answer {
    let entry = Entry { size: Some(value.into()), ..row("k", "t") };
    match question.query {
        Query::Head { .. } => Answer::Head(Arc::new(head_of_row(&entry, "k"))),
        _ => Answer::Listing(Arc::new(Listing::new(vec![Arc::new(vec![entry])], Timestamp(0)))),
    }
}

fn value_in(answer: &Answer) -> u32 {
    let size = match answer {
        Answer::Head(head) => head.entry.size,
        Answer::Listing(listing) => listing.pages[0][0].size,
        _ => None,
    };
    size.and_then(|size| u32::try_from(size).ok()).expect("a value")
}

/// Calls `run` with each order of the actors' steps, and tells how many there are.
fn orders(left: &mut [usize], order: &mut Vec<usize>, run: &mut impl FnMut(&[usize])) -> usize {
    if left.iter().all(|steps| *steps == 0) {
        run(order);
        return 1;
    }
    let mut count = 0;
    for who in 0..left.len() {
        if left[who] > 0 {
            left[who] -= 1;
            order.push(who);
            count += orders(left, order, run);
            order.pop();
            left[who] += 1;
        }
    }
    count
}

fn walk(actors: &[Actor]) {
    let s3 = connection("s3", "aws");
    let mut stored = 0;
    for question in [head(&s3, "a/k"), list(&s3, "a/"), list_in(&s3, "b", "", false)] {
        for change in [Change::Added, Change::Other] {
            let touch = touch(&"aws".into(), &"b".into(), Extent::Key("a/k".into(), change));
            let mut left = vec![3; actors.len()];
            let count = orders(&mut left, &mut Vec::new(), &mut |order| {
                let mut world = World::new(question.clone(), touch.clone(), actors.len());
                let mut steps = vec![0; actors.len()];
                for &who in order {
                    world.step(who, actors[who], steps[who]);
                    steps[who] += 1;
                    world.check();
                }
                stored += world.stored;
            });
            assert!(count > 1);
        }
    }
    assert!(stored > 0, "a walk on which nothing is ever stored proves nothing");
}

#[test]
fn a_reader_and_a_writer() {
    walk(&[Actor::Reader, Actor::Writer]);
}

#[test]
fn two_readers_and_a_writer() {
    walk(&[Actor::Reader, Actor::Reader, Actor::Writer]);
}

#[test]
fn a_reader_and_two_writers() {
    walk(&[Actor::Reader, Actor::Writer, Actor::Writer]);
}

#[test]
fn two_readers_and_a_write_that_is_applied_after_it_was_given_up() {
    walk(&[Actor::Reader, Actor::Reader, Actor::LostWriter]);
}

#[test]
fn a_reader_a_write_that_was_given_up_and_the_clock() {
    walk(&[Actor::Reader, Actor::LostWriter, Actor::Tick]);
}

#[test]
fn a_reader_a_writer_and_another_client() {
    walk(&[Actor::Reader, Actor::Writer, Actor::Stranger]);
}
