//! Whatever happens in whatever order, nothing panics and the invariants hold.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::model::sort::arrange;
use crate::model::{Screenful, Seen, ViewKind};
use crate::transfer::{Counts, JobEvent, JobId, JobKind, Outcome, Plan, Question};

/// A random event. Replies go to requests that were made, current or not.
#[derive(Clone, Debug)]
enum Event {
    Key(Key),
    Page(usize, Vec<String>),
    Done(usize),
    Fail(usize, ErrorKind),
    Sorted(usize),
    Counted(usize, u64, bool),
    Job(u64, u8),
    Resize(u16),
    Wait(i64),
    Paste(String),
    Seen(usize, u8),
}

fn any_key() -> impl Strategy<Value = Key> {
    let named: Vec<Key> =
        Action::ALL.iter().flat_map(|action| Keymap::default().keys(*action).to_vec()).collect();
    let plain = ["enter", "esc", "tab", "backspace", "/", "a", "b", "*", "o", "down", "up", "ctrl-u"];
    let plain: Vec<Key> = plain.iter().map(|text| Key::parse(text).unwrap()).collect();
    prop_oneof![3 => prop::sample::select(plain), 2 => prop::sample::select(named)]
}

fn any_event() -> impl Strategy<Value = Event> {
    let kinds = vec![ErrorKind::NotFound, ErrorKind::Timeout, ErrorKind::Denied];
    prop_oneof![
        8 => any_key().prop_map(Event::Key),
        4 => (0..4_usize, prop::collection::vec("[ab.]{0,2}/?", 0..5)).prop_map(|(at, rows)| Event::Page(at, rows)),
        3 => (0..4_usize).prop_map(Event::Done),
        1 => (0..4_usize, prop::sample::select(kinds)).prop_map(|(at, kind)| Event::Fail(at, kind)),
        1 => (0..4_usize).prop_map(Event::Sorted),
        1 => (0..4_usize, 0..3_u64, any::<bool>()).prop_map(|(at, files, done)| Event::Counted(at, files, done)),
        2 => (1..4_u64, 0..5_u8).prop_map(|(id, what)| Event::Job(id, what)),
        1 => (0..9_u16).prop_map(Event::Resize),
        1 => (0..20_000_i64).prop_map(Event::Wait),
        1 => "[a/:*]{0,4}".prop_map(Event::Paste),
        2 => (0..3_usize, 0..5_u8).prop_map(|(at, what)| Event::Seen(at, what)),
    ]
}

/// What a service would do: rows of one listing are distinct.
#[derive(Default)]
struct World {
    lists: Vec<(ReqId, HashSet<String>)>,
    sorts: Vec<Cmd>,
    counts: Vec<ReqId>,
    views: Vec<ReqId>,
    now: i64,
}

impl World {
    fn take(&mut self, cmds: Vec<Cmd>) {
        for cmd in cmds {
            match cmd {
                Cmd::List { req, .. } => self.lists.push((req, HashSet::new())),
                Cmd::Sort { .. } => self.sorts.push(cmd),
                Cmd::Plan { req, .. } => self.counts.push(req),
                Cmd::View { id, .. } => self.views.push(id),
                _ => {}
            }
        }
    }

    /// One of the newest requests.
    fn nth<T>(list: &mut [T], at: usize) -> Option<&mut T> {
        let len = list.len();
        list.get_mut(len.checked_sub(at + 1)?)
    }

    fn msg(&mut self, event: Event) -> Option<Msg> {
        Some(match event {
            Event::Key(key) => Msg::Key(key),
            Event::Paste(text) => Msg::Paste(text),
            Event::Resize(rows) => Msg::Resize { columns: 80, rows, pane_rows: rows },
            Event::Wait(time) => {
                self.now += time;
                Msg::Tick
            }
            Event::Page(at, rows) => {
                let (req, seen) = Self::nth(&mut self.lists, at)?;
                let fresh = rows.iter().filter(|row| seen.insert((*row).clone()));
                let rows: Vec<&str> = fresh.map(String::as_str).collect();
                Msg::PageArrived { req: *req, page: page(&rows) }
            }
            Event::Done(at) => Msg::ListDone { req: Self::nth(&mut self.lists, at)?.0 },
            Event::Fail(at, kind) => {
                let error = VfsError::new(Op::List, s3("s3://b/"), kind, "no");
                Msg::ListFailed { req: Self::nth(&mut self.lists, at)?.0, error }
            }
            Event::Sorted(at) => match Self::nth(&mut self.sorts, at)? {
                Cmd::Sort { req, pages, arrangement } => {
                    Msg::Sorted { req: *req, order: arrange(pages, arrangement) }
                }
                _ => return None,
            },
            Event::Counted(at, files, done) => {
                let counts = Counts { files, ..Counts::default() };
                let plan = Plan { counts, known: done, ..Plan::new(JobKind::Copy) };
                Msg::Planned { req: *Self::nth(&mut self.counts, at)?, plan: Box::new(plan) }
            }
            Event::Seen(at, what) => Msg::Seen(*Self::nth(&mut self.views, at)?, seen(what)),
            Event::Job(id, what) => Msg::Job(JobId(id), job_event(what)),
        })
    }
}

fn seen(what: u8) -> Seen {
    let mut screen = Screenful::new(ViewKind::Json);
    match what {
        0 => Seen::Searching(1),
        1 => Seen::AsksToRead(100 << 20),
        2 => Seen::NotFound("no".into()),
        3 => Seen::Failed(VfsError::new(Op::Read, s3("s3://b/x"), ErrorKind::Denied, "no")),
        _ => {
            screen.cursor = Some(1);
            screen.kinds = vec![ViewKind::Json, ViewKind::Text];
            Seen::Screenful(Box::new(screen))
        }
    }
}

fn job_event(what: u8) -> JobEvent {
    match what {
        0 => JobEvent::Progress(crate::transfer::Progress::default()),
        1 => JobEvent::Asks(1, Question::Links(s3("s3://b/l"))),
        2 | 3 => JobEvent::Touched(s3("s3://b/p/")),
        _ => JobEvent::Finished(Box::<Outcome>::default()),
    }
}

fn hold(state: &State) {
    let height = state.height();
    for pane in &state.panes {
        assert!(pane.cursor < pane.len().max(1), "cursor {} of {}", pane.cursor, pane.len());
        assert!(pane.top <= pane.cursor && pane.cursor < pane.top + height);
        let rows = &pane.rows;
        let how = rows.arrangement();
        assert_eq!(
            (0..rows.shown()).map(|at| rows.number(at).unwrap()).collect::<Vec<_>>(),
            arrange(rows.pages(), how).0
        );
        let marked: Vec<&Entry> = rows.marked().collect();
        assert_eq!(marked.len(), rows.marks().count());
        assert_eq!(marked.iter().filter_map(|entry| entry.size).sum::<u64>(), rows.marks().bytes());
        let quick = state.quick.as_ref();
        assert!(quick.is_none_or(|quick| !quick.focus || quick.view.is_some()), "keys for no view");
        if pane.sorting.is_none() {
            assert_eq!(how, &pane.arrangement);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_breaks_the_invariants(events in prop::collection::vec(any_event(), 0..60)) {
        let mut state = starting("s3://b/p/", "/disk");
        let mut world = World { now: NOW.0, ..World::default() };
        for side in Side::BOTH {
            world.lists.push((request(&state, side), HashSet::new()));
        }
        for event in events {
            let Some(msg) = world.msg(event) else { continue };
            let cmds = update(&mut state, msg, Timestamp(world.now));
            world.take(cmds);
            hold(&state);
        }
    }
}
