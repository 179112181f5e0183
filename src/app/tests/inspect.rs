//! What the caches hold: listed a part at a time, forgotten, pinned, checked; and their figures while one looks.

use super::*;
use crate::app::dialog::{
    Checked, Heard, HeldAsk, HeldAt, HeldId, HeldItem, HeldPage, HeldWhat, Inspector, Layer, WorkKind,
};

/// What is asked of the caches by these keys, the last thing first.
fn asks(cmds: Vec<Cmd>) -> Vec<(ReqId, HeldAsk)> {
    let asks = cmds.into_iter().rev().filter_map(|cmd| match cmd {
        Cmd::Held { req, ask } => Some((req, *ask)),
        _ => None,
    });
    asks.collect()
}

/// The one thing that is asked by these keys.
fn asked(state: &mut State, keys: &str) -> (ReqId, HeldAsk) {
    let mut asks = asks(press(state, keys));
    assert_eq!(asks.len(), 1, "{keys}: {asks:?}");
    asks.remove(0)
}

fn hear(state: &mut State, req: ReqId, heard: Heard) -> Vec<(ReqId, HeldAsk)> {
    asks(update(state, Msg::Held { req, heard: Box::new(heard) }, NOW))
}

fn body(at: usize) -> HeldItem {
    HeldItem {
        id: HeldId(at.to_string()),
        at: HeldAt::Uri(s3(&format!("s3://b/dir/{at}"))),
        version: None,
        bytes: 10,
        since: NOW,
        what: HeldWhat::File {
            size: 10,
            whole: true,
            used: NOW,
            validated: NOW,
            hits: 0,
            pinned: at == 1,
            tag: "t".into(),
        },
    }
}

/// So many bodies, of which a page is told.
fn part(skip: usize, most: usize, total: usize) -> Heard {
    let items = (skip..total.min(skip + most)).map(body).collect();
    Heard::Page(HeldPage { skip, items, total, bytes: 10 * total as u64, ..HeldPage::default() })
}

/// The inspector with so many bodies.
fn open(total: usize) -> State {
    let mut state = ready(&["x"]);
    let (req, ask) = asked(&mut state, "I");
    assert_eq!(ask, HeldAsk::List { layer: Layer::Objects, below: None, skip: 0, most: 200 });
    assert_eq!(hear(&mut state, req, part(0, 200, total)), []);
    state
}

#[track_caller]
fn inspector(state: &State) -> &Inspector {
    match state.dialogs.last() {
        Some(Dialog::Inspect(inspector)) => inspector,
        other => panic!("the inspector, not {other:?}"),
    }
}

fn notice(state: &State) -> &str {
    state.notice.as_ref().map_or("", |notice| &notice.text)
}

#[test]
fn all_is_checked_before_the_list_is_there_and_not_where_it_is_empty() {
    let mut state = ready(&["x"]);
    let (listing, _) = asked(&mut state, "I");
    let (req, ask) = asked(&mut state, "V");
    assert_eq!(ask, HeldAsk::VerifyAll(Layer::Objects, None));
    assert_eq!(hear(&mut state, listing, part(0, 200, 3)), [], "what is under way goes on");
    let total = Checked { entries: 3, total: 3, ..Checked::default() };
    hear(&mut state, req, Heard::Verified(total));
    assert!(notice(&state).starts_with("3 entries checked"), "{}", notice(&state));

    let mut state = open(0);
    assert_eq!(asks(press(&mut state, "V")), []);
}

#[test]
fn a_long_list_is_here_in_parts_around_the_cursor() {
    let mut state = open(10_000);
    assert_eq!(asks(press(&mut state, "jjj")), [], "what is here isn't asked for");
    let (req, ask) = asked(&mut state, "G");
    assert!(matches!(ask, HeldAsk::List { skip: 9_899, most: 200, .. }), "{ask:?}");
    assert!(inspector(&state).current().is_none());
    assert_eq!(asks(press(&mut state, "kkk")), [], "it is on its way");
    hear(&mut state, req, part(9_899, 200, 10_000));
    assert_eq!(inspector(&state).current(), Some(&body(9_996)));
    // Another part is asked for; the answer to the first is too late.
    let (first, _) = asked(&mut state, "g");
    let cmds = press(&mut state, "G");
    assert!(cmds.is_empty(), "{cmds:?}");
    assert_eq!(hear(&mut state, first, part(0, 200, 10_000)).len(), 1, "the cursor went elsewhere meanwhile");
    assert_eq!(inspector(&state).item(5), Some(&body(5)));
}

#[test]
fn each_cache_is_listed_from_its_top_and_an_answer_of_another_is_dropped() {
    let mut state = open(3);
    press(&mut state, "j");
    let (late, _) = asked(&mut state, "<tab>");
    let (req, ask) = asked(&mut state, "<right>");
    assert!(matches!(ask, HeldAsk::List { layer: Layer::Answers, skip: 0, .. }), "{ask:?}");
    hear(&mut state, late, part(0, 200, 3));
    assert_eq!((inspector(&state).total(), inspector(&state).cursor), (0, 0));
    hear(&mut state, req, part(0, 200, 2));
    assert_eq!(inspector(&state).total(), 2);
    let (_, ask) = asked(&mut state, "<left>");
    assert!(matches!(ask, HeldAsk::List { layer: Layer::Previews, .. }), "{ask:?}");
}

#[test]
fn one_is_forgotten_and_the_list_is_read_again() {
    let mut state = open(3);
    let (req, ask) = asked(&mut state, "jjd");
    assert_eq!(ask, HeldAsk::Drop(Layer::Objects, HeldId("2".into())));
    assert_eq!(asks(press(&mut state, "d")), [], "the row under the cursor is about to be another");
    let (list, _) = hear(&mut state, req, Heard::Dropped(1)).remove(0);
    assert_eq!(notice(&state), "1 entry is forgotten");
    hear(&mut state, list, part(0, 200, 2));
    assert_eq!(inspector(&state).cursor, 1, "on a line that there is");
}

#[test]
fn what_is_pinned_is_unpinned_and_answers_have_no_pins() {
    let mut state = open(3);
    let (req, ask) = asked(&mut state, "p");
    assert_eq!(ask, HeldAsk::Pin(Layer::Objects, HeldId("0".into()), true));
    hear(&mut state, req, Heard::Pinned(true));
    assert!(notice(&state).starts_with("pinned"), "{:?}", state.notice);
    let (req, ask) = asked(&mut state, "jp");
    assert_eq!(ask, HeldAsk::Pin(Layer::Objects, HeldId("1".into()), false));
    hear(&mut state, req, Heard::Pinned(false));
    assert_eq!(notice(&state), "it is gone meanwhile");
    let (req, _) = asked(&mut state, "<left>");
    let what = HeldWhat::Answer {
        operation: "ListObjectsV2".into(),
        rows: Some(3),
        negative: false,
        life: crate::app::dialog::HeldLife::Stale,
    };
    let items = vec![HeldItem { at: HeldAt::Uri(s3("s3://b/dir/")), what, ..body(0) }];
    hear(&mut state, req, Heard::Page(HeldPage { items, total: 1, ..HeldPage::default() }));
    for key in ["p", "v", "V"] {
        assert_eq!(press(&mut state, key), [], "{key}");
        assert!(notice(&state).starts_with("only what is on disk"), "{key}: {:?}", state.notice);
    }
}

#[test]
fn forgetting_below_a_location_counts_first_and_asks() {
    let mut state = open(3);
    press(&mut state, "D");
    let (req, ask) = asked(&mut state, "<enter>");
    assert_eq!(ask, HeldAsk::Count(Layer::Objects, s3("s3://b/dir/")));
    assert_eq!(hear(&mut state, req, Heard::Counted { entries: 3, bytes: 1_234_000 }), []);
    let Some(Dialog::Confirm(confirm)) = state.dialogs.last() else { panic!("{:?}", state.dialogs) };
    assert!(confirm.text.starts_with("Forget 3 entries, 1.2 MB, of the objects on disk below s3://b/dir/ ?"));
    assert!(confirm.text.contains("fetched again"), "{}", confirm.text);
    assert_eq!(asks(press(&mut state.clone(), "<enter>")), [], "the safe answer comes first");
    let (req, ask) = asked(&mut state, "f");
    assert_eq!(ask, HeldAsk::DropBelow(Layer::Objects, s3("s3://b/dir/")));
    assert_eq!(hear(&mut state, req, Heard::Dropped(3)).len(), 1);
    assert_eq!(notice(&state), "3 entries are forgotten");
}

#[test]
fn where_nothing_lies_there_is_nothing_to_ask() {
    let mut state = open(3);
    press(&mut state, "D<ctrl-a>");
    press(&mut state, &"<delete>".repeat(20));
    assert_eq!(press(&mut state, "<enter>"), [], "everything isn't forgotten by an empty line");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Prompt(prompt)) if prompt.problem.is_some()));
    press(&mut state, "/local");
    assert_eq!(press(&mut state, "<enter>"), [], "no body is of a local file");
    press(&mut state, &"<backspace>".repeat(20));
    let (req, ask) = asked(&mut state, "s3://other/x<enter>");
    assert_eq!(ask, HeldAsk::Count(Layer::Objects, s3("s3://other/x")));
    hear(&mut state, req, Heard::Counted { entries: 0, bytes: 0 });
    assert_eq!(notice(&state), "nothing is held below s3://other/x");
    inspector(&state);
}

#[test]
fn a_filter_shows_what_begins_so_until_nothing_is_typed() {
    let mut state = open(3);
    let (req, ask) = asked(&mut state, "/s3://b/di<enter>");
    assert_eq!(
        ask,
        HeldAsk::List { layer: Layer::Objects, below: Some(s3("s3://b/di")), skip: 0, most: 200 }
    );
    hear(&mut state, req, part(0, 200, 1));
    let (_, ask) = asked(&mut state, "V");
    assert_eq!(ask, HeldAsk::VerifyAll(Layer::Objects, Some(s3("s3://b/di"))), "all that is listed");
    press(&mut state, "<esc>/");
    press(&mut state, &"<backspace>".repeat(20));
    let (_, ask) = asked(&mut state, "<enter>");
    assert!(matches!(ask, HeldAsk::List { below: None, .. }), "{ask:?}");
}

#[test]
fn checking_all_tells_how_far_it_is_and_esc_stops_it_first() {
    let mut state = open(300);
    let (req, ask) = asked(&mut state, "V");
    assert_eq!(ask, HeldAsk::VerifyAll(Layer::Objects, None));
    let so_far = Checked { entries: 30, total: 300, bytes: 3_000, damaged: 0 };
    hear(&mut state, req, Heard::Verifying(so_far));
    let work = inspector(&state).work.as_ref().map(|work| &work.kind);
    assert_eq!(work, Some(&WorkKind::VerifyAll(so_far)));
    assert_eq!(press(&mut state, "d"), [], "nothing else meanwhile");
    let cmds = press(&mut state, "<esc>");
    assert!(cmds.contains(&Cmd::Cancel(req)), "{cmds:?}");
    assert_eq!(notice(&state), "stopped: 30 of 300 entries checked, 3.0 kB, nothing is damaged");
    let late = Checked { entries: 300, total: 300, ..so_far };
    assert_eq!(hear(&mut state, req, Heard::Verified(late)), [], "nobody waits for it");
    press(&mut state, "<esc>");
    assert!(state.dialogs.is_empty());
}

#[test]
fn damage_is_bad_news() {
    let mut state = open(1);
    let (req, ask) = asked(&mut state, "v");
    assert_eq!(ask, HeldAsk::Verify(Layer::Objects, HeldId("0".into())));
    let found = Checked { entries: 1, total: 1, bytes: 0, damaged: 1 };
    assert_eq!(hear(&mut state, req, Heard::Verified(found)).len(), 1, "it may be gone");
    assert!(
        state.notice.as_ref().is_some_and(|notice| notice.tone == crate::app::state::Tone::Bad),
        "{:?}",
        state.notice
    );
    assert_eq!(notice(&state), "1 entry checked, 0 B, 1 damaged piece was forgotten");
}

#[test]
fn enter_goes_to_where_it_is() {
    let mut state = ready(&["x"]);
    press(&mut state, "i");
    let (req, _) = asked(&mut state, "I");
    hear(&mut state, req, part(0, 200, 3));
    let cmds = press(&mut state, "j<enter>");
    assert!(state.dialogs.is_empty(), "the statistics go, too");
    assert!(
        cmds.iter().any(|cmd| matches!(cmd, Cmd::List { uri, .. } if *uri == s3("s3://b/dir/"))),
        "{cmds:?}"
    );
    arrive(&mut state, Side::Left, &["0", "1", "2"]);
    assert_eq!(
        state.active_pane().current().map(|entry| entry.name.to_lossy().into_owned()),
        Some("1".into())
    );
}

#[test]
fn the_indexes_are_read_while_one_looks_and_once_a_second() {
    let mut state = ready(&["x"]);
    let samples = |cmds: Vec<Cmd>| {
        let reqs = cmds.into_iter().filter_map(|cmd| match cmd {
            Cmd::SampleCaches { req } => Some(req),
            _ => None,
        });
        reqs.collect::<Vec<_>>()
    };
    let later = |state: &mut State, millis: i64| update(state, Msg::Tick, Timestamp(NOW.0 + millis));
    assert_eq!(samples(later(&mut state, 0)), []);
    let first = samples(press(&mut state, "i"));
    assert_eq!(first.len(), 1);
    assert!(state.next_tick() <= 1_000);
    assert_eq!(samples(later(&mut state, 5_000)), [], "one at a time");
    let msg = Msg::Sampled { req: first[0] };
    assert_eq!(
        samples(update(&mut state, msg, Timestamp(NOW.0 + 500))),
        [],
        "not sooner than after a second"
    );
    assert_eq!(samples(later(&mut state, 1_000)).len(), 1);
    update(&mut state, Msg::Key(Key::from(Code::Esc)), Timestamp(NOW.0 + 1_100));
    assert_eq!(samples(later(&mut state, 9_000)), [], "nobody looks any more");
}
