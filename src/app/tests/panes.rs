//! Moving, going, marking, sorting, filtering.

use super::*;
use crate::model::Freshness;
use crate::model::archive::ArchiveUri;

const ROWS: &[&str] = &["b10", "b2=500", "a=7", "d/", ".h"];

#[test]
fn the_cursor_moves_and_stops_at_the_ends() {
    let at = |keys| check_cursor(keys, ready(ROWS));
    assert_eq!(at("jj"), 2);
    assert_eq!(at("<down><down><up>"), 1);
    assert_eq!(at("k"), 0);
    assert_eq!(at("G"), 5);
    assert_eq!(at("<end>j"), 5);
    assert_eq!(at("Gg"), 0);
    assert_eq!(at("<pagedown>"), 4);
    assert_eq!(at("<ctrl-f><ctrl-f>"), 5);
    assert_eq!(at("G<pageup>"), 1);
}

fn check_cursor(keys: &str, mut state: State) -> usize {
    press(&mut state, keys);
    let pane = state.active_pane();
    assert!(pane.top <= pane.cursor && pane.cursor < pane.top + 5);
    pane.cursor
}

#[test]
fn rows_are_in_natural_order_with_directories_first() {
    check("", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("N", ready(ROWS), ">.. d/ b10 b2 a .h", &[]);
    check("S", ready(ROWS), ">.. d/ b2 .h b10 a", &[]);
    check("SS", ready(ROWS), ">.. d/ a .h b10 b2", &[]);
    check("T", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("SN", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
}

#[test]
fn the_cursor_and_marks_stay_on_their_rows_when_sorted() {
    check("jjj<space>S", ready(ROWS), ".. d/ >b2 .h b10 *a", &[]);
}

#[test]
fn hidden_rows_and_markers_can_be_left_out() {
    let state = check(".", ready(&["=0", ".h", "x", "d/"]), ">.. d/ x", &[]);
    assert_eq!(state.active_pane().total(), 4);
    check("<alt-.><esc>.", ready(&["=0", ".h", "x", "d/"]), ">.. d/  .h x", &[]);
}

#[test]
fn marks_are_set_and_removed() {
    let two = check("j<space><insert>", ready(ROWS), ".. *d/ *.h >a b2 b10", &[]);
    assert_eq!((two.active_pane().rows.marks().count(), two.active_pane().rows.marks().bytes()), (2, 10));
    check("j<space>k<space>", ready(ROWS), ".. d/ >.h a b2 b10", &[]);
    check("*", ready(ROWS), ">.. *d/ *.h *a *b2 *b10", &[]);
    check("j<space>*", ready(ROWS), ".. d/ >*.h *a *b2 *b10", &[]);
    check("<ctrl-a>u", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("<space>", ready(ROWS), ".. >d/ .h a b2 b10", &[]);
}

#[test]
fn marks_by_pattern() {
    check("+<backspace>b*<enter>", ready(ROWS), ">.. d/ .h a *b2 *b10", &[]);
    check("+<backspace>B*<enter>", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("<ctrl-a>-<backspace>[ab]?<enter>", ready(ROWS), ">.. *d/ *.h *a b2 *b10", &[]);
    let wrong = check("+[<enter>", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    assert!(matches!(wrong.dialogs.last(), Some(Dialog::Prompt(prompt)) if prompt.problem.is_some()));
}

#[test]
fn a_filter_shows_what_is_typed_and_esc_shows_all() {
    let typing = check("/B", ready(&["xb", "B1", "b2"]), ">.. B1", &[]);
    assert!(typing.typing.is_some());
    check("/b<enter>j", ready(ROWS), ".. >b2 b10", &[]);
    check("/b1<backspace>", ready(ROWS), ">.. b2 b10", &[]);
    check("/b<esc>", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("/b<enter><esc>", ready(ROWS), ">.. d/ .h a b2 b10", &[]);
    check("/b<down><down>", ready(ROWS), ".. b2 >b10", &[]);
    let kept = check("/zzz<enter>", ready(ROWS), ">..", &[]);
    assert_eq!(kept.active_pane().arrangement.filter.text, "zzz");
}

#[test]
fn marks_outlive_a_filter_and_all_means_all_that_is_shown() {
    check("/b<enter><ctrl-a><esc>", ready(ROWS), ">.. d/ .h a *b2 *b10", &[]);
}

#[test]
fn search_jumps_to_what_begins_so_and_drops_what_leads_nowhere() {
    let state = check("<ctrl-s>b", ready(ROWS), ".. d/ .h a >b2 b10", &[]);
    assert!(state.typing.is_some());
    check("<ctrl-s>b<ctrl-s>", ready(ROWS), ".. d/ .h a b2 >b10", &[]);
    check("<ctrl-s>b<ctrl-s><ctrl-s>", ready(ROWS), ".. d/ .h a >b2 b10", &[]);
    check("<ctrl-s>bz1", ready(ROWS), ".. d/ .h a b2 >b10", &[]);
    check("<ctrl-s>b<enter>k", ready(ROWS), ".. d/ .h >a b2 b10", &[]);
}

#[test]
fn enter_goes_in_and_dot_dot_returns_to_the_row() {
    let list = |req, uri: &str| Cmd::List {
        req: ReqId(req),
        uri: s3(uri),
        freshness: Freshness::Stale,
        whole: false,
    };
    let inside = check("j<enter>", ready(ROWS), ">..", &[list(3, "s3://b/p/d/")]);
    let mut back = check("<enter>", inside, ">..", &[Cmd::Cancel(ReqId(3)), list(4, "s3://b/p/")]);
    arrive(&mut back, Side::Left, ROWS);
    check("", back, ".. >d/ .h a b2 b10", &[]);
}

#[test]
fn dot_dot_means_the_directory_and_not_the_file_of_its_name() {
    let mut state = check("<backspace>", ready(ROWS), ">..", &[list_of(3, s3("s3://b/"))]);
    arrive(&mut state, Side::Left, &["p", "a", "p/"]);
    check("", state, ".. >p/ a p", &[]);
}

fn list_of(req: u64, uri: Uri) -> Cmd {
    let whole = uri.as_archive().is_some();
    Cmd::List { req: ReqId(req), uri, freshness: Freshness::Stale, whole }
}

#[test]
fn the_cursor_moved_by_hand_is_not_moved_again() {
    let mut state = ready(ROWS);
    press(&mut state, "<backspace>");
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page: page(&["a", "b"]) }, NOW);
    press(&mut state, "j");
    update(&mut state, Msg::PageArrived { req, page: page(&["p/"]) }, NOW);
    check("", state, ".. p/ >a b", &[]);
}

#[test]
fn what_is_no_directory_is_not_entered() {
    let mut state = ready(&["a"]);
    let cmds = press(&mut state, "j<enter>");
    assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::List { .. })), "{cmds:?}");
    assert!(state.viewer.is_some(), "where there is no desktop a file is viewed");
    let state = check("j<enter>", ready(&["a@"]), ".. >a", &[]);
    assert_eq!(notice(&state), "this link leads nowhere");
}

#[test]
fn enter_on_an_archive_goes_in_and_dot_dot_returns_to_its_row() {
    let inside = Uri::Archive(ArchiveUri::new(object("s3", "b", "p/x.tar.gz"), b""));
    let mut state = check("jj<enter>", ready(&["a", "x.tar.gz"]), ">..", &[list_of(3, inside)]);
    arrive(&mut state, Side::Left, &["y.zip"]);
    let cmds = press(&mut state, "j<enter>");
    assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::List { .. })), "there are no archives inside archives");
    press(&mut state, "q<backspace>");
    arrive(&mut state, Side::Left, &["a", "x.tar.gz"]);
    check("", state, ".. a >x.tar.gz", &[]);
}

#[test]
fn up_and_in_again_at_once_is_where_one_was() {
    for up in ["h", "["] {
        let mut state = ready(ROWS);
        press(&mut state, "j<enter>");
        arrive(&mut state, Side::Left, &["x"]);
        press(&mut state, up);
        assert_eq!(state.active_pane().uri, s3("s3://b/p/"));
        press(&mut state, "l");
        assert_eq!(state.active_pane().uri, s3("s3://b/p/d/"), "after {up}, before its rows are there");
    }
    let mut state = ready(ROWS);
    press(&mut state, "hkl");
    assert_eq!(state.active_pane().uri, s3("s3://b/").parent().unwrap(), "whoever moves to `..` means it");
    let mut state = ready(ROWS);
    press(&mut state, "h");
    arrive(&mut state, Side::Left, &["other/"]);
    press(&mut state, "l");
    assert_eq!(state.active_pane().uri, s3("s3://b/").parent().unwrap(), "it is gone: the cursor is on `..`");
}

#[test]
fn a_file_that_is_typed_is_shown_in_its_directory() {
    let gone = |state: &mut State| {
        let req = request(state, Side::Left);
        let error = VfsError::new(Op::List, s3("s3://b/q/x.txt/"), ErrorKind::NotFound, "no such key");
        update(state, Msg::ListFailed { req, error }, NOW)
    };
    let mut state = ready(ROWS);
    press(&mut state, "<ctrl-l><ctrl-u>s3://b/q/x.txt<enter>");
    let cmds = gone(&mut state);
    assert!(
        cmds.iter().any(|cmd| matches!(cmd, Cmd::List { uri, .. } if *uri == s3("s3://b/q/"))),
        "{cmds:?}"
    );
    let mut nothing = state.clone();
    arrive(&mut state, Side::Left, &["a", "x.txt"]);
    assert_eq!((shown(&state).as_str(), notice(&state)), (".. a >x.txt", ""));
    arrive(&mut nothing, Side::Left, &["a"]);
    assert!(notice(&nothing).contains("no such key"), "{}", notice(&nothing));
    // A slash says that it is a directory.
    let mut state = ready(ROWS);
    press(&mut state, "<ctrl-l><ctrl-u>s3://b/q/x.txt/<enter>");
    assert!(!gone(&mut state).iter().any(|cmd| matches!(cmd, Cmd::List { .. })));
}

#[test]
fn exact_keys_are_entered_as_themselves() {
    for (row, key) in [("/", "p//"), ("../", "p/../"), ("a b/", "p/a b/")] {
        let mut state = ready(&[row]);
        let cmds = press(&mut state, "j<enter>");
        assert_eq!(cmds, [list_of(3, object("s3", "b", key))]);
    }
}

#[test]
fn back_and_forward_go_through_the_history() {
    let mut state = ready(ROWS);
    press(&mut state, "j<enter>");
    arrive(&mut state, Side::Left, &["x", "y"]);
    press(&mut state, "jj");
    let uri = |state: &State| state.active_pane().uri.to_string();
    press(&mut state, "[");
    assert_eq!(uri(&state), "s3://b/p/");
    arrive(&mut state, Side::Left, ROWS);
    assert_eq!(shown(&state), ".. >d/ .h a b2 b10");
    press(&mut state, "<alt-right>");
    arrive(&mut state, Side::Left, &["x", "y"]);
    assert_eq!((uri(&state).as_str(), shown(&state).as_str()), ("s3://b/p/d/", ".. x >y"));
    assert_eq!(press(&mut state, "]"), []);
    press(&mut state, "[");
    arrive(&mut state, Side::Left, ROWS);
    press(&mut state, "<backspace>");
    assert_eq!(press(&mut state, "]"), []);
}

#[test]
fn panes_are_switched_swapped_and_brought_together() {
    let mut state = ready(ROWS);
    press(&mut state, "<tab>");
    assert_eq!(state.active, Side::Right);
    press(&mut state, "<ctrl-u>");
    assert_eq!(state.active_pane().uri, s3("s3://b/p/"));
    assert_eq!(press(&mut state, "="), [list_of(3, s3("s3://b/p/"))]);
    assert_eq!(state.pane(Side::Left).uri, s3("s3://b/p/"));
}

#[test]
fn replies_find_their_pane_after_a_swap() {
    let mut state = starting("s3://b/p/", "/disk");
    press(&mut state, "<ctrl-u>");
    arrive(&mut state, Side::Right, &["x"]);
    assert_eq!((state.pane(Side::Right).total(), state.pane(Side::Left).total()), (1, 0));
}

#[test]
fn esc_and_then_a_digit_is_an_f_key() {
    let mut state = ready(ROWS);
    press(&mut state, "j<esc>8");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Delete(_))));
    let mut late = ready(ROWS);
    press(&mut late, "j<esc>");
    update(&mut late, Msg::Key(Key::parse("8").unwrap()), Timestamp(NOW.0 + 5_000));
    assert!(late.dialogs.is_empty());
    // A letter means something by itself.
    let mut letter = ready(ROWS);
    press(&mut letter, "j<esc>");
    update(&mut letter, Msg::Key(Key::parse("i").unwrap()), Timestamp(NOW.0 + 600));
    assert!(matches!(letter.dialogs.last(), Some(Dialog::Stats { .. })));
}

#[test]
fn the_location_goes_to_the_clipboard() {
    check("jy", ready(ROWS), ".. >d/ .h a b2 b10", &[Cmd::CopyToClipboard("s3://b/p/d/".into())]);
    check("y", ready(ROWS), ">.. d/ .h a b2 b10", &[Cmd::CopyToClipboard("s3://b/p/".into())]);
}

#[test]
fn the_bar_shows_only_what_applies() {
    let titles = |state: &State| {
        bar::bar(state).iter().map(|item| format!("{} {}", item.key, item.title())).collect::<Vec<_>>()
    };
    let none = titles(&ready(&[]));
    assert_eq!(none, ["F1 Help", "F2 Menu", "F7 Mkdir", "F9 Jobs", "F10 Quit"]);
    let mut state = ready(&["a"]);
    press(&mut state, "j");
    assert!(
        ["F5 Copy", "F6 Move", "F8 Delete"].iter().all(|title| titles(&state).iter().any(|t| t == title))
    );
    let mut read_only = ready_at("ro://b/", &["a"]);
    press(&mut read_only, "j");
    assert!(titles(&read_only).contains(&"F5 Copy".to_owned()));
    assert!(!titles(&read_only).iter().any(|title| title.contains("Delete") || title.contains("Mkdir")));
    assert!(bar::bar(&state).iter().all(|item| item.twin.is_some()));
}

#[test]
fn entering_a_large_packed_tar_on_a_service_is_asked_first() {
    let rows = ["x.tar.zst=100000000", "y.zip=100000000"];
    let mut state = ready(&rows);
    state.priced.insert("s3".into());
    assert_eq!(press(&mut state, "j<enter>"), [], "nothing is read");
    let Some(Dialog::Confirm(confirm)) = state.dialogs.last() else { panic!("no question") };
    let says = |part: &str| assert!(confirm.text.contains(part), "{}", confirm.text);
    ["100 MB", "s3://b/p/x.tar.zst", "12 requests", "about $0.0083"].into_iter().for_each(says);
    let lists = |cmds: &[Cmd], inside: &str| {
        cmds.iter().any(|cmd| matches!(cmd, Cmd::List { uri, whole: true, .. } if *uri == s3(inside)))
    };
    assert_eq!(press(&mut state, "<enter>"), [], "the safe answer comes first");
    press(&mut state, "<enter>");
    assert!(lists(&press(&mut state, "f"), "s3://b/p/x.tar.zst!/"));
    for (keys, inside) in [("jj<enter>", "s3://b/p/y.zip!/"), ("j<enter>", "s3://b/p/x.tar.zst!/")] {
        // A zip tells by its end; and so small a tar is read without asking.
        let rows = if keys == "j<enter>" { ["x.tar.zst=50000000", "y.zip"] } else { rows };
        assert!(lists(&press(&mut ready(&rows), keys), inside));
    }
    // Typed, nobody was asked.
    let cmds = press(&mut ready(&rows), "<ctrl-l><ctrl-u>s3://b/p/x.tar.zst!/<enter>");
    let unasked =
        |cmd: &Cmd| matches!(cmd, Cmd::List { uri, whole: false, .. } if *uri == s3("s3://b/p/x.tar.zst!/"));
    assert!(cmds.iter().any(unasked), "{cmds:?}");
    let cmds = press(&mut ready_at("/disk/x", &rows), "j<enter>");
    assert!(cmds.iter().any(|cmd| matches!(cmd, Cmd::List { .. })), "a disk costs nothing: {cmds:?}");
}
