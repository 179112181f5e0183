//! The viewer and the view beside the cursor.

use super::*;
use crate::app::dialog::Dialog;
use crate::app::viewer::Typed;
use crate::model::{Ask, Frame, Screenful, Seen, ViewKind, Viewed};

const ROWS: &[&str] = &["a=7", "b=500", "c=9", "d/"];

/// The view of a row of `s3://b/p/`.
fn view(id: u64, row: &str, quick: bool, frame: (u16, u16)) -> Cmd {
    let entry = entry(row);
    let uri = object("s3", "b", &format!("p/{}", entry.name.to_lossy()));
    let what = Box::new(Viewed { uri, entry, kind: None, quick });
    Cmd::View { id: ReqId(id), what, frame: Frame { columns: frame.0, rows: frame.1 }, anew: false }
}

fn full(id: u64, row: &str) -> Cmd {
    view(id, row, false, (74, 21))
}

fn beside(id: u64, row: &str) -> Cmd {
    view(id, row, true, (38, 5))
}

fn asked(id: u64, ask: Ask) -> Cmd {
    Cmd::AskView(ReqId(id), ask)
}

/// The view shows this.
fn shows(state: &mut State, id: u64, change: impl FnOnce(&mut Screenful)) {
    let mut screen = Screenful::new(ViewKind::Text);
    screen.kinds = vec![ViewKind::Text, ViewKind::Hex];
    change(&mut screen);
    let cmds = update(state, Msg::Seen(ReqId(id), Seen::Screenful(Box::new(screen))), NOW);
    let only_room = |cmd: &Cmd| matches!(cmd, Cmd::AskView(_, Ask::Resize(_)));
    assert!(cmds.iter().all(only_room), "{cmds:?}");
}

/// The file `a`, which is the second row, in the viewer.
fn viewing() -> State {
    let mut state = ready(ROWS);
    assert_eq!(press(&mut state, "jj<f3>"), [full(3, "a=7")]);
    shows(&mut state, 3, |_| {});
    state
}

fn at(state: &mut State, later: i64) -> Vec<Cmd> {
    update(state, Msg::Tick, Timestamp(NOW.0 + later))
}

#[test]
fn f3_opens_the_file_and_the_same_key_closes_it() {
    for close in ["<f3>", "q", "<esc>", "<f10>", "<ctrl-c>"] {
        let mut state = viewing();
        assert_eq!(press(&mut state, close), [Cmd::CloseView(ReqId(3))], "{close}");
        assert!(state.viewer.is_none() && !state.quitting);
    }
    check("jjv", ready(ROWS), ".. d/ >a b c", &[full(3, "a=7")]);
    check("jj<esc>3", ready(ROWS), ".. d/ >a b c", &[full(3, "a=7")]);
}

#[test]
fn what_is_no_file_says_what_it_is() {
    let refused = |keys: &str, rows: &[&str]| {
        let state = check_refused(keys, rows);
        notice(&state).to_owned()
    };
    assert!(refused("<f3>", ROWS).contains("put the cursor on a file"));
    assert!(refused("j<f3>", ROWS).contains("this is a directory"));
    assert!(refused("j<f3>", &["l@"]).contains("leads nowhere"));
}

#[test]
fn a_row_that_is_past_its_life_is_looked_at_once_more() {
    let mut state = ready(ROWS);
    state.pane_mut(Side::Left).source = Some(Source::Stale);
    let anew = |cmd: Cmd| match cmd {
        Cmd::View { id, what, frame, .. } => Cmd::View { id, what, frame, anew: true },
        other => other,
    };
    assert_eq!(press(&mut state, "jj<f3>"), [anew(full(3, "a=7"))]);
}

fn check_refused(keys: &str, rows: &[&str]) -> State {
    let mut state = ready(rows);
    assert_eq!(press(&mut state, keys), []);
    assert!(state.viewer.is_none());
    state
}

#[test]
fn each_key_asks_for_its_own() {
    let frames = [
        ("j", Ask::Lines(1)),
        ("<up>", Ask::Lines(-1)),
        ("<space>", Ask::Pages(1)),
        ("b", Ask::Pages(-1)),
        ("<pagedown>", Ask::Pages(1)),
        ("g", Ask::Top),
        ("<end>", Ask::Bottom),
        ("<right>", Ask::Columns(8)),
        ("<left>", Ask::Columns(-8)),
        ("w", Ask::Wrap(true)),
        ("f", Ask::Follow(true)),
        ("e", Ask::Encoding),
        ("n", Ask::Next { back: false }),
        ("N", Ask::Next { back: true }),
        ("<f4>", Ask::Show(ViewKind::Hex)),
        ("t", Ask::Show(ViewKind::Hex)),
        (":120<enter>", Ask::Line(120)),
        ("<f5>50%<enter>", Ask::Percent(50)),
        (":0x100<enter>", Ask::Offset(256)),
        ("/ab+<enter>", Ask::Search { pattern: "ab+".into(), up: false }),
        ("?ab<enter>", Ask::Search { pattern: "ab".into(), up: true }),
    ];
    for (keys, wanted) in frames {
        let mut state = viewing();
        assert_eq!(press(&mut state, keys), [asked(3, wanted)], "{keys}");
    }
}

#[test]
fn space_folds_where_there_is_a_cursor() {
    let mut state = viewing();
    assert_eq!(press(&mut state, "<enter>z"), []);
    assert!(notice(&state).contains("means nothing"));
    shows(&mut state, 3, |screen| screen.cursor = Some(2));
    assert_eq!(
        press(&mut state, "<space><enter>z"),
        [asked(3, Ask::Fold), asked(3, Ask::Fold), asked(3, Ask::FoldAll)]
    );
}

#[test]
fn hex_leads_back_to_the_kind_before() {
    let mut state = viewing();
    shows(&mut state, 3, |screen| screen.kind = ViewKind::Table);
    assert_eq!(press(&mut state, "x"), [asked(3, Ask::Show(ViewKind::Hex))]);
    shows(&mut state, 3, |screen| screen.kind = ViewKind::Hex);
    assert_eq!(press(&mut state, "x"), [asked(3, Ask::Show(ViewKind::Table))]);
}

#[test]
fn line_numbers_get_their_room_and_keep_it() {
    let numbered = |kind, number| {
        move |screen: &mut Screenful| {
            screen.kind = kind;
            screen.lines = vec![crate::model::StyledLine { number, ..Default::default() }];
        }
    };
    let mut state = viewing();
    let heard = |state: &mut State, kind, number| {
        let mut screen = Screenful::new(kind);
        numbered(kind, number)(&mut screen);
        update(state, Msg::Seen(ReqId(3), Seen::Screenful(Box::new(screen))), NOW)
    };
    let frame = |columns| asked(3, Ask::Resize(Frame { columns, rows: 21 }));
    assert_eq!(heard(&mut state, ViewKind::Text, Some(7)), []);
    assert_eq!(heard(&mut state, ViewKind::Text, Some(99_999)), []);
    assert_eq!(heard(&mut state, ViewKind::Text, Some(1_000_000)), [frame(72)]);
    assert_eq!(heard(&mut state, ViewKind::Text, None), []);
    assert_eq!(heard(&mut state, ViewKind::Hex, None), [frame(80)]);
    // What is no text by its name has the whole width from the beginning.
    let mut state = ready(&["a.png"]);
    assert_eq!(press(&mut state, "jv"), [view(3, "a.png", false, (80, 21))]);
}

#[test]
fn what_is_typed_wrongly_stays_to_be_mended() {
    let mut state = viewing();
    assert_eq!(press(&mut state, ":12x<enter>"), []);
    assert!(notice(&state).contains("50%"));
    assert!(
        matches!(&state.viewer.as_ref().unwrap().typing, Some(Typed::GoTo(input)) if input.text() == "12x")
    );
    assert_eq!(press(&mut state, "<backspace><enter>"), [asked(3, Ask::Line(12))]);
    // Esc leaves the line, not the viewer; so does a backspace in an empty one.
    assert_eq!(press(&mut state, "/x<esc>/<backspace>"), []);
    assert!(state.viewer.as_ref().is_some_and(|viewer| viewer.typing.is_none()));
}

#[test]
fn an_empty_search_is_the_last_one_and_esc_stops_it() {
    let mut state = viewing();
    assert_eq!(press(&mut state, "/<enter>"), []);
    press(&mut state, "/ab<enter>");
    let again = Ask::Search { pattern: "ab".into(), up: false };
    assert_eq!(press(&mut state, "/<enter>"), [asked(3, again)]);
    assert_eq!(press(&mut state, "<esc>"), [asked(3, Ask::Stop)]);
    assert!(state.viewer.is_some());
    update(&mut state, Msg::Seen(ReqId(3), Seen::NotFound("\"ab\" isn't there".into())), NOW);
    assert_eq!(notice(&state), "\"ab\" isn't there");
    update(&mut state, Msg::Paste("in".into()), NOW);
    press(&mut state, "/");
    update(&mut state, Msg::Paste("pas\nted".into()), NOW);
    assert_eq!(press(&mut state, "<enter>"), [asked(3, Ask::Search { pattern: "pasted".into(), up: false })]);
}

#[test]
fn much_is_read_only_when_agreed_and_the_safe_answer_comes_first() {
    let much = |state: &mut State| {
        update(state, Msg::Seen(ReqId(3), Seen::AsksToRead(100 << 20)), NOW);
        match state.dialogs.last() {
            Some(Dialog::ReadOn(question)) => (question.requests, question.cost),
            other => panic!("no question: {other:?}"),
        }
    };
    let mut state = viewing();
    assert_eq!(much(&mut state), (25, None));
    assert_eq!(press(&mut state, "<enter>"), [asked(3, Ask::Stop)]);
    state.priced.insert("s3".into());
    let (_, cost) = much(&mut state);
    // A tenth of a GiB that leaves, and 25 requests.
    assert_eq!(cost, Some(8_789_062 + 25 * 400));
    assert_eq!(press(&mut state, "r"), [asked(3, Ask::ReadOn)]);
    much(&mut state);
    assert_eq!(press(&mut state, "<esc>"), [asked(3, Ask::Stop)]);
    assert!(state.dialogs.is_empty() && state.viewer.is_some());
}

#[test]
fn brackets_go_to_the_files_beside_and_directories_are_passed() {
    let mut state = ready(&["a", "b", "c", "d/", "l@"]);
    press(&mut state, "jj<f3>");
    assert_eq!(press(&mut state, "]"), [Cmd::CloseView(ReqId(3)), full(4, "b")]);
    assert_eq!(press(&mut state, "["), [Cmd::CloseView(ReqId(4)), full(5, "a")]);
    assert_eq!(press(&mut state, "["), []);
    assert_eq!(notice(&state), "this is the first file here");
    press(&mut state, "]]");
    assert_eq!(press(&mut state, "]"), []);
    assert_eq!(notice(&state), "this is the last file here");
    assert_eq!(shown(&state), ".. d/ a b >c l");
}

#[test]
fn what_a_closed_view_tells_is_dropped() {
    let mut state = viewing();
    press(&mut state, "q");
    let failed = VfsError::new(Op::Read, s3("s3://b/p/a"), ErrorKind::Denied, "no");
    assert_eq!(update(&mut state, Msg::Seen(ReqId(3), Seen::Failed(failed.clone())), NOW), []);
    assert!(state.viewer.is_none() && state.last_error.is_none());
    press(&mut state, "v");
    update(&mut state, Msg::Seen(ReqId(4), Seen::Failed(failed.clone())), NOW);
    assert_eq!(state.viewer.as_ref().unwrap().error, Some(failed));
    // Anew: the same once more, past what is known of it.
    let cmds = press(&mut state, "<ctrl-r>");
    assert!(matches!(&cmds[..], [Cmd::CloseView(ReqId(4)), Cmd::View { id: ReqId(5), anew: true, .. }]));
}

#[test]
fn another_size_is_told_to_the_views() {
    let mut state = viewing();
    let resize = |columns, rows| Msg::Resize { columns, rows, pane_rows: rows.saturating_sub(5) };
    let frame = |columns, rows| Ask::Resize(Frame { columns, rows });
    assert_eq!(update(&mut state, resize(100, 40), NOW), [asked(3, frame(94, 37))]);
    assert_eq!(update(&mut state, resize(100, 40), NOW), []);
    assert_eq!(update(&mut state, resize(1, 1), NOW), [asked(3, frame(1, 1))]);
}

#[test]
fn the_bar_and_the_help_are_those_of_the_viewer() {
    let mut state = viewing();
    let titles =
        |state: &State| bar::bar(state).iter().map(super::super::bar::BarItem::title).collect::<Vec<_>>();
    assert_eq!(
        titles(&state),
        ["Help", "Wrap", "Hex", "Go to", "Search", "Kind", "Follow", "Encoding", "Close"]
    );
    press(&mut state, "<f1>");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Help { top: 1.., .. })));
    press(&mut state, "<esc>");
    assert!(state.viewer.is_some());
}

#[test]
fn the_quick_view_follows_once_the_cursor_rests() {
    let mut state = ready(ROWS);
    assert_eq!(press(&mut state, "jj<ctrl-q>"), [beside(3, "a=7")]);
    // Moving on gives up what is left behind at once; the next is opened a moment later.
    assert_eq!(press(&mut state, "j"), [Cmd::CloseView(ReqId(3))]);
    assert_eq!(at(&mut state, 20), []);
    assert!(state.next_tick() <= 160);
    assert_eq!(at(&mut state, 160), [beside(4, "b=500")]);
    assert_eq!(at(&mut state, 5_000), []);
    assert_eq!(press(&mut state, "<ctrl-q>"), [Cmd::CloseView(ReqId(4))]);
    assert!(state.quick.is_none());
}

#[test]
fn a_held_key_opens_nothing_on_its_way() {
    let rows: Vec<String> = (0..1_000).map(|at| format!("f{at:04}")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut state = ready(&rows);
    press(&mut state, "<ctrl-q>");
    let mut opened = 0;
    let mut now = NOW;
    for _ in 0..1_000 {
        now.0 += 33;
        let cmds = update(&mut state, Msg::Key(Key::from(Code::Down)), now);
        let ticked = update(&mut state, Msg::Tick, Timestamp(now.0 + 30));
        opened += cmds.iter().chain(&ticked).filter(|cmd| matches!(cmd, Cmd::View { .. })).count();
    }
    now.0 += 200;
    let cmds = update(&mut state, Msg::Tick, now);
    assert!(matches!(&cmds[..], [Cmd::View { .. }]), "{cmds:?}");
    assert!(opened <= 1, "{opened}");
}

#[test]
fn directories_are_told_of_without_asking() {
    let mut state = ready(ROWS);
    assert_eq!(press(&mut state, "j<ctrl-q>"), []);
    let of = state.quick.as_ref().unwrap().of.as_ref().unwrap();
    assert_eq!(of.entry.name.as_str(), Some("d"));
    assert_eq!(at(&mut state, 5_000), []);
}

#[test]
fn tab_goes_into_the_quick_view_and_out_again() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-q>");
    shows(&mut state, 3, |_| {});
    assert_eq!(
        press(&mut state, "<tab>j/x<enter>"),
        [asked(3, Ask::Lines(1)), asked(3, Ask::Search { pattern: "x".into(), up: false })]
    );
    assert_eq!(state.active, Side::Left);
    press(&mut state, "<tab>");
    assert_eq!(press(&mut state, "k"), [Cmd::CloseView(ReqId(3))]);
    // On a directory there is nothing to go into.
    press(&mut state, "<tab>");
    assert!(notice(&state).contains("no file to move in"));
    assert_eq!(state.active, Side::Left);
}

#[test]
fn brackets_in_the_quick_view_keep_the_keys() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-q><tab>");
    assert_eq!(press(&mut state, "]"), [Cmd::CloseView(ReqId(3)), beside(4, "b=500")]);
    assert_eq!(
        press(&mut state, "]j"),
        [Cmd::CloseView(ReqId(4)), beside(5, "c=9"), asked(5, Ask::Lines(1))]
    );
    assert_eq!(at(&mut state, 1_000), []);
}

#[test]
fn f3_in_the_quick_view_is_the_whole_screen() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-q><tab>");
    assert_eq!(press(&mut state, "<f3>"), [full(4, "a=7")]);
    // The file beside waits until one is back.
    assert_eq!(press(&mut state, "]"), [Cmd::CloseView(ReqId(4)), full(5, "b=500")]);
    let back = press(&mut state, "q");
    assert_eq!(back, [Cmd::CloseView(ReqId(5)), Cmd::CloseView(ReqId(3))]);
    assert_eq!(at(&mut state, 500), [beside(6, "b=500")]);
}

#[test]
fn a_narrow_screen_has_no_room_beside() {
    let mut state = ready(ROWS);
    update(&mut state, Msg::Resize { columns: 59, rows: 24, pane_rows: 18 }, NOW);
    assert_eq!(press(&mut state, "jj<ctrl-q>"), []);
    assert!(state.quick.is_none() && notice(&state).contains("no room"));
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-q><tab>");
    update(&mut state, Msg::Resize { columns: 59, rows: 24, pane_rows: 18 }, NOW);
    assert_eq!(press(&mut state, "j"), [Cmd::CloseView(ReqId(3))]);
    assert_eq!(at(&mut state, 1_000), []);
    let wide = Msg::Resize { columns: 80, rows: 24, pane_rows: 18 };
    assert_eq!(update(&mut state, wide, NOW), [view(4, "b=500", true, (38, 18))]);
}

#[test]
fn the_bar_beside_tells_the_keys_that_lead_out() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-q><tab>");
    shows(&mut state, 3, |_| {});
    let bar = bar::bar(&state);
    let keys = |title| {
        let item = bar.iter().find(|item| item.title() == title)?;
        Some((item.key.to_string(), item.twin.map(|twin| twin.to_string())))
    };
    assert_eq!(keys("Kind"), Some(("t".into(), None)), "Tab leads to the panes");
    assert_eq!(keys("Other pane"), Some(("Tab".into(), None)));
    assert_eq!(keys("Close"), Some(("F10".into(), Some("q".into()))), "F3 shows it over both panes");
}

/// `l`, a link to `d/a.txt`, in the archive `s3://b/x.zip`, and the cursor on it.
fn linked_in_archive() -> State {
    let mut state = ready_at("s3://b/", &["x.zip"]);
    press(&mut state, "jj<enter>");
    let target = crate::model::Link { target: "d/a.txt".into(), leads_to: None };
    let row = Entry { link: Some(Box::new(target)), ..Entry::new("l".into(), Kind::Symlink) };
    let req = request(&state, Side::Left);
    let page = Page { entries: Arc::new(vec![row]), read_at: NOW, source: Source::Backend };
    update(&mut state, Msg::PageArrived { req, page }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    assert!(state.active_pane().uri.as_archive().is_some());
    press(&mut state, "<end>");
    state
}

#[test]
fn a_link_in_an_archive_says_that_it_is_not_followed() {
    for key in ["<f3>", "<enter>"] {
        let mut state = linked_in_archive();
        assert_eq!(press(&mut state, key), [], "{key}");
        assert_eq!(notice(&state), "links in archives aren't followed: this one names d/a.txt", "{key}");
    }
}
