//! Listings that arrive, fail, come late or again.

use super::*;
use crate::model::{Freshness, Order, Source};
use crate::transfer::{JobEvent, JobId};

fn list(req: u64, uri: &str, freshness: Freshness) -> Cmd {
    Cmd::List { req: ReqId(req), uri: s3(uri), freshness, whole: false }
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

/// Answers that nothing is held.
fn nothing_held(state: &mut State, after: i64) {
    let req = request(state, Side::Left);
    assert_eq!(update(state, Msg::ListDone { req }, Timestamp(NOW.0 + after)), []);
}

#[test]
fn a_pane_that_a_job_writes_into_is_listed_now_and_then_and_at_the_end() {
    let mut state = with_job(&["a"]);
    // What is held costs nothing to show: at once, and twice a second at most.
    let look = |cmds: &[Cmd]| matches!(cmds, [Cmd::List { freshness: Freshness::Held, .. }]);
    assert!(look(&touched(&mut state, 0)));
    nothing_held(&mut state, 0);
    assert_eq!(state.pane(Side::Left).rows.total(), 1, "what is shown stays");
    for after in [100, 499] {
        assert_eq!(touched(&mut state, after), [], "{after}");
    }
    assert!(look(&touched(&mut state, 500)));
    nothing_held(&mut state, 600);
    let cmds = update(&mut state, Msg::Tick, Timestamp(NOW.0 + 5_000));
    assert!(matches!(cmds.as_slice(), [Cmd::List { uri, .. }] if *uri == s3("s3://b/p/")), "{cmds:?}");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::ListDone { req }, Timestamp(NOW.0 + 6_000));
    assert!(look(&touched(&mut state, 6_100)));
    nothing_held(&mut state, 6_100);
    assert_eq!(update(&mut state, Msg::Tick, Timestamp(NOW.0 + 15_999)), []);
    let event = JobEvent::Finished(Box::default());
    let cmds = update(&mut state, Msg::Job(JobId(1), event), Timestamp(NOW.0 + 15_999));
    let lists = cmds.iter().filter(|cmd| matches!(cmd, Cmd::List { .. })).count();
    assert_eq!(lists, 1, "{cmds:?}");
}

#[test]
fn what_is_held_comes_in_as_a_job_writes_and_the_next_listing_stays_due() {
    let mut state = with_job(&["a"]);
    touched(&mut state, 0);
    let req = request(&state, Side::Left);
    let held = Page { source: Source::Cache, read_at: Timestamp(1), ..page(&["a", "new"]) };
    update(&mut state, Msg::PageArrived { req, page: held }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    let pane = state.pane(Side::Left);
    assert_eq!((pane.rows.total(), pane.read_at), (2, Some(Timestamp(1))), "it is as old as it was read");
    let cmds = update(&mut state, Msg::Tick, Timestamp(NOW.0 + 5_000));
    assert!(matches!(cmds.as_slice(), [Cmd::List { freshness: Freshness::Cached, .. }]), "{cmds:?}");
}

#[test]
fn a_stale_listing_is_shown_at_once_and_read_again_and_nothing_jumps() {
    let mut state = starting("s3://b/p/", "/disk");
    let asks = |cmd: &Cmd| matches!(cmd, Cmd::List { freshness: Freshness::Stale, .. });
    assert!(begin(&mut state.clone(), NOW).iter().any(asks));
    let req = request(&state, Side::Left);
    let stale = |names: &[&str]| Page { source: Source::Stale, read_at: Timestamp(1), ..page(names) };
    update(&mut state, Msg::PageArrived { req, page: stale(&["a", "b", "c"]) }, NOW);
    let cmds = update(&mut state, Msg::ListDone { req }, NOW);
    let again = request(&state, Side::Left);
    assert_eq!(cmds, [list(again.0, "s3://b/p/", Freshness::Cached)]);
    assert_eq!(state.active_pane().source, Some(Source::Stale));
    press(&mut state, "jj<space>");
    assert_eq!(shown(&state), ".. a *b >c");
    update(&mut state, Msg::PageArrived { req: again, page: page(&["0", "b=3", "c"]) }, NOW);
    assert_eq!(shown(&state), ".. a *b >c", "until all of it has come");
    assert_eq!(update(&mut state, Msg::ListDone { req: again }, NOW), []);
    assert_eq!(shown(&state), ".. 0 *b >c");
    let pane = state.active_pane();
    assert_eq!((pane.source, pane.read_at), (Some(Source::Backend), Some(NOW)));
}

#[test]
fn the_row_that_the_cursor_waits_for_may_come_with_the_fresh_rows() {
    let mut state = ready(&["d/", "x"]);
    press(&mut state, "j<enter>");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::ListDone { req }, NOW);
    press(&mut state, "<backspace>");
    let req = request(&state, Side::Left);
    let stale = Page { source: Source::Stale, ..page(&["x"]) };
    update(&mut state, Msg::PageArrived { req, page: stale }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page: page(&["x", "d/"]) }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    assert_eq!(shown(&state), ".. >d/ x");
}

#[test]
fn a_refresh_that_fails_leaves_the_stale_rows_and_says_why() {
    let mut state = starting("s3://b/p/", "/disk");
    let req = request(&state, Side::Left);
    let stale = Page { source: Source::Stale, ..page(&["a"]) };
    update(&mut state, Msg::PageArrived { req, page: stale }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    let req = request(&state, Side::Left);
    let error = VfsError::new(Op::List, s3("s3://b/p/"), ErrorKind::Timeout, "no");
    assert_eq!(update(&mut state, Msg::ListFailed { req, error }, NOW), []);
    assert_eq!(shown(&state), ">.. a");
    assert_eq!(state.active_pane().source, Some(Source::Stale));
    assert!(state.active_pane().error.is_some());
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
