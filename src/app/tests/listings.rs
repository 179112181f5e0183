//! Listings that arrive, fail, come late or again.

use super::*;
use crate::model::{Freshness, Order};
use crate::transfer::{JobEvent, JobId};

fn list(req: u64, uri: &str, freshness: Freshness) -> Cmd {
    Cmd::List { req: ReqId(req), uri: s3(uri), freshness }
}

#[test]
fn the_first_listings_are_asked_for_at_the_start() {
    let mut state = starting("s3://b/p/", "/disk");
    state.panes = [pane::Pane::new(s3("s3://"), Arrangement::default()), state.panes[1].clone()];
    let cmds = begin(&mut state, NOW);
    assert!(matches!(&cmds[0], Cmd::List { uri, .. } if *uri == s3("s3://")));
}

#[test]
fn rows_arrive_around_the_cursor() {
    let mut state = starting("s3://b/p/", "/disk");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page: page(&["m", "n"]) }, NOW);
    press(&mut state, "jj");
    update(&mut state, Msg::PageArrived { req, page: page(&["a", "z", "d/"]) }, NOW);
    assert_eq!(shown(&state), ".. d/ a m >n z");
    assert!(state.active_pane().is_loading());
    update(&mut state, Msg::ListDone { req }, NOW);
    assert!(!state.active_pane().is_loading());
    assert_eq!(state.active_pane().read_at, Some(NOW));
}

#[test]
fn a_late_reply_is_dropped() {
    let mut state = ready(&["d/", "x"]);
    press(&mut state, "j<enter>");
    let old = request(&state, Side::Left);
    press(&mut state, "<backspace>");
    let before = state.clone();
    for msg in [
        Msg::PageArrived { req: old, page: page(&["wrong"]) },
        Msg::ListDone { req: old },
        Msg::ListFailed { req: old, error: denied(s3("s3://b/p/d/")) },
        Msg::Sorted { req: old, order: Order(vec![7]) },
        Msg::Completed { req: old, candidates: Vec::new() },
        Msg::Probed { req: old, is_dir: true },
        Msg::MadeDir { req: old, result: Ok(()) },
    ] {
        assert_eq!(update(&mut state, msg, NOW), []);
    }
    assert_eq!(state, before);
}

#[test]
fn a_failure_stays_where_it_happened() {
    let mut state = starting("s3://b/p/", "/disk");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page: page(&["a"]) }, NOW);
    update(&mut state, Msg::ListFailed { req, error: denied(s3("s3://b/p/")) }, NOW);
    assert_eq!(state.active_pane().uri, s3("s3://b/p/"));
    assert_eq!(state.active_pane().error.as_ref().map(|error| error.kind), Some(ErrorKind::Denied));
    assert_eq!(shown(&state), ">.. a");
    press(&mut state, "e");
    let Some(Dialog::Text(view)) = state.dialogs.last() else { panic!("no text") };
    assert!(view.text.contains("s3://b/p/") && view.text.contains("allow s3:ListBucket"), "{}", view.text);
    press(&mut state, "<esc>");
    assert!(state.dialogs.is_empty());
}

#[test]
fn a_refresh_goes_past_the_cache_and_nothing_jumps_meanwhile() {
    let state = ready(&["a", "b", "c"]);
    let mut state = check("jj<space>", state, ".. a *b >c", &[]);
    assert_eq!(press(&mut state, "<ctrl-r>"), [list(3, "s3://b/p/", Freshness::Past)]);
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page: page(&["c", "b=3", "0"]) }, NOW);
    assert_eq!(shown(&state), ".. a *b >c");
    assert_eq!(state.active_pane().total(), 3);
    update(&mut state, Msg::ListDone { req }, NOW);
    assert_eq!(shown(&state), ".. 0 *b >c");
    assert_eq!(state.active_pane().rows.marks().bytes(), 3);
}

#[test]
fn a_refresh_that_fails_keeps_what_can_still_be_true() {
    let fails = |kind| {
        let mut state = ready(&["a"]);
        press(&mut state, "<ctrl-r>");
        let req = request(&state, Side::Left);
        let error = VfsError::new(Op::List, s3("s3://b/p/"), kind, "no");
        update(&mut state, Msg::ListFailed { req, error }, NOW);
        assert!(state.active_pane().error.is_some());
        shown(&state)
    };
    assert_eq!(fails(ErrorKind::Timeout), ">.. a");
    assert_eq!(fails(ErrorKind::NotFound), ">..");
}

#[test]
fn a_row_that_is_gone_leaves_the_cursor_near() {
    let mut state = check("jj", ready(&["a", "b", "c"]), ".. a >b c", &[]);
    press(&mut state, "<ctrl-r>");
    arrive(&mut state, Side::Left, &["a", "c"]);
    assert_eq!(shown(&state), ".. a >c");
}

/// More rows than are sorted on the loop.
fn large() -> State {
    let mut state = starting("s3://b/p/", "/disk");
    let rows: Vec<String> = (0..20_001).map(|at| format!("f{at}={}", 30_000 - at)).collect();
    arrive(&mut state, Side::Left, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    state
}

#[test]
fn a_large_listing_is_sorted_elsewhere_and_goes_on_to_arrive() {
    let mut state = large();
    press(&mut state, "jj");
    let before = state.active_pane().current().cloned();
    let cmds = press(&mut state, "S");
    let [Cmd::Sort { req, pages, arrangement }] = cmds.as_slice() else { panic!("{cmds:?}") };
    assert_eq!(state.active_pane().current().cloned(), before);
    let order = crate::model::sort::arrange(pages, arrangement);
    update(&mut state, Msg::Sorted { req: *req, order }, NOW);
    assert_eq!(state.active_pane().current().cloned(), before);
    let first = state.active_pane().rows.entry(0).map(|entry| entry.size.unwrap());
    assert_eq!(first, Some(30_000));
    assert_eq!(state.active_pane().rows.arrangement(), &state.active_pane().arrangement);
}

#[test]
fn a_sort_that_is_overtaken_is_given_up() {
    let mut state = large();
    let first = press(&mut state, "S");
    let Cmd::Sort { req, pages, arrangement } = &first[0] else { panic!("{first:?}") };
    let second = press(&mut state, "S");
    assert!(matches!(second.as_slice(), [Cmd::Cancel(old), Cmd::Sort { .. }] if old == req));
    let order = crate::model::sort::arrange(pages, arrangement);
    let before = state.clone();
    update(&mut state, Msg::Sorted { req: *req, order }, NOW);
    assert_eq!(state, before);
    assert_eq!(press(&mut state, "S").len(), 2);
    press(&mut state, "N");
    assert_eq!(state.active_pane().sorting, None);
}

fn touched(state: &mut State, after: i64) -> Vec<Cmd> {
    let event = JobEvent::Touched(s3("s3://b/p/"));
    update(state, Msg::Job(JobId(1), event), Timestamp(NOW.0 + after))
}

fn with_job(rows: &[&str]) -> State {
    let mut state = ready(rows);
    press(&mut state, "<tab>");
    arrive_job(&mut state);
    state
}

/// A job that copies from the right pane to the left.
fn arrive_job(state: &mut State) {
    press(state, "<ctrl-r>");
    arrive(state, Side::Right, &["x"]);
    let cmds = press(state, "jc<enter>");
    let started = matches!(cmds.as_slice(), [Cmd::Plan { .. }, Cmd::Cancel(_), Cmd::StartJob(JobId(1), _)]);
    assert!(started, "{cmds:?}");
}

#[test]
fn a_pane_that_a_job_writes_into_is_listed_now_and_then_and_at_the_end() {
    let mut state = with_job(&["a"]);
    for after in [0, 100, 4_000, 4_999] {
        assert_eq!(touched(&mut state, after), [], "{after}");
    }
    let cmds = update(&mut state, Msg::Tick, Timestamp(NOW.0 + 5_000));
    assert!(matches!(cmds.as_slice(), [Cmd::List { uri, .. }] if *uri == s3("s3://b/p/")), "{cmds:?}");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::ListDone { req }, Timestamp(NOW.0 + 6_000));
    assert_eq!(touched(&mut state, 6_100), []);
    assert_eq!(update(&mut state, Msg::Tick, Timestamp(NOW.0 + 15_999)), []);
    let event = JobEvent::Finished(Box::default());
    let cmds = update(&mut state, Msg::Job(JobId(1), event), Timestamp(NOW.0 + 15_999));
    let lists = cmds.iter().filter(|cmd| matches!(cmd, Cmd::List { .. })).count();
    assert_eq!(lists, 1, "{cmds:?}");
}

#[test]
fn panes_that_a_job_has_nothing_to_do_with_stay() {
    let mut state = with_job(&["a"]);
    let event = JobEvent::Touched(s3("s3://other/p/"));
    update(&mut state, Msg::Job(JobId(1), event), Timestamp(NOW.0 + 60_000));
    assert_eq!(update(&mut state, Msg::Tick, Timestamp(NOW.0 + 90_000)), []);
}

#[test]
fn a_smaller_screen_keeps_the_cursor_in_sight() {
    let mut state = check("G", ready(&["a", "b", "c", "d", "e", "f"]), ".. a b c d e >f", &[]);
    update(&mut state, Msg::Resize { columns: 1, rows: 1, pane_rows: 0 }, NOW);
    assert_eq!(state.active_pane().top, 6);
    update(&mut state, Msg::Resize { columns: 80, rows: 60, pane_rows: 50 }, NOW);
    assert_eq!(state.active_pane().top, 0);
}
