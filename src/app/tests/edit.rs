//! Editing in the terminal's editor.

use std::path::PathBuf;

use super::*;
use crate::app::edit::{EditId, SaveHow, Saved};
use crate::app::state::Tone;

/// F4 on the row of the cursor; its copy is on the way.
fn begin(state: &mut State) -> EditId {
    let cmds = press(state, "<f4>");
    let [Cmd::FetchDraft { id, .. }] = cmds[..] else { panic!("{cmds:?}") };
    id
}

fn file(id: EditId) -> PathBuf {
    format!("/x/{}", id.0).into()
}

fn fetched(state: &mut State, id: EditId) -> Vec<Cmd> {
    update(state, Msg::DraftFetched { id, result: Ok(file(id)) }, NOW)
}

fn run(id: EditId) -> Cmd {
    Cmd::RunEditor { id, file: file(id) }
}

fn closed(state: &mut State, id: EditId) -> Vec<Cmd> {
    let later = Timestamp(NOW.0 + 60_000);
    update(state, Msg::EditorClosed { id, result: Ok(()) }, later)
}

fn save(id: EditId, how: SaveHow) -> Cmd {
    Cmd::SaveDraft { id, how }
}

fn conflict(state: &mut State, id: EditId) -> Vec<Cmd> {
    let error = VfsError::new(Op::Write, s3("s3://b/p/a"), ErrorKind::Conflict, "changed");
    update(state, Msg::DraftSaved { id, saved: Saved::Failed(error) }, NOW)
}

/// `a` was edited, and is being saved.
fn saving() -> (State, EditId) {
    let mut state = ready(&["a", "b"]);
    press(&mut state, "j");
    let id = begin(&mut state);
    assert_eq!(fetched(&mut state, id), [run(id)]);
    assert_eq!(closed(&mut state, id), [save(id, SaveHow::Bound)]);
    (state, id)
}

#[test]
fn a_second_editor_waits_for_the_terminal() {
    let mut state = ready(&["a", "b"]);
    press(&mut state, "j");
    let a = begin(&mut state);
    press(&mut state, "j");
    let b = begin(&mut state);
    assert_eq!(fetched(&mut state, b), [run(b)]);
    assert_eq!(fetched(&mut state, a), []);
    assert_eq!(closed(&mut state, b), [save(b, SaveHow::Bound), run(a)]);
    assert_eq!(closed(&mut state, a), [save(a, SaveHow::Bound)]);
}

#[test]
fn an_editor_doesnt_come_up_under_what_is_typed() {
    let mut state = ready(&["a"]);
    press(&mut state, "j");
    let id = begin(&mut state);
    press(&mut state, "/");
    assert_eq!(fetched(&mut state, id), []);
    assert!(press(&mut state, "a<enter>").contains(&run(id)));
}

#[test]
fn a_conflict_waits_until_nothing_is_typed_and_hears_no_key_at_first() {
    let (mut state, id) = saving();
    press(&mut state, "n");
    conflict(&mut state, id);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Prompt(_))));
    assert_eq!(press(&mut state, "o"), [], "it belongs to the name");
    press(&mut state, "<esc>");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    assert_eq!(press(&mut state, "o"), [], "it was meant for what was there before");
    assert_eq!(press_later(&mut state, "o"), [save(id, SaveHow::Over)]);
}

#[test]
fn leaving_waits_for_a_save_and_stays_where_it_fails() {
    let (mut state, id) = saving();
    assert_eq!(press(&mut state, "<f10>"), []);
    let cmds = conflict(&mut state, id);
    assert!(!cmds.contains(&Cmd::Quit) && matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    let (mut state, id) = saving();
    press(&mut state, "<f10>");
    let saved = Saved::Written(s3("s3://b/p/a"));
    let cmds = update(&mut state, Msg::DraftSaved { id, saved }, NOW);
    assert!(cmds.contains(&Cmd::DropDraft(id)) && !cmds.contains(&Cmd::Quit), "{cmds:?}");
    let cmds = update(&mut state, Msg::DraftDropped { id, result: Ok(None) }, NOW);
    assert!(cmds.contains(&Cmd::Quit), "{cmds:?}");
}

#[test]
fn whoever_leaves_twice_is_told_what_stays() {
    let (mut state, id) = saving();
    press(&mut state, "<f10>");
    assert!(press(&mut state, "<f10>").contains(&Cmd::Quit));
    let left: Vec<_> = crate::app::edit::left_behind(&state).collect();
    assert_eq!(left, [(&s3("s3://b/p/a"), file(id).as_path())]);
}

#[test]
fn an_editor_that_ends_at_once_may_go_on_in_its_own_window() {
    let mut state = ready(&["a"]);
    press(&mut state, "j");
    let id = begin(&mut state);
    fetched(&mut state, id);
    update(&mut state, Msg::EditorClosed { id, result: Ok(()) }, NOW);
    assert_eq!(update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW), []);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    let watch = Cmd::WatchDraft { id, file: file(id) };
    assert_eq!(press_later(&mut state, "w"), [save(id, SaveHow::Bound), watch]);
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW);
    assert_eq!(update(&mut state, Msg::DraftTouched(id), NOW), [save(id, SaveHow::Bound)]);
}

#[test]
fn a_save_that_is_over_is_not_told_as_one_under_way() {
    let (mut state, id) = saving();
    let under_way = state.notice.clone().expect("a notice");
    assert_eq!((under_way.text.as_str(), under_way.tone), ("saving s3://b/p/a", Tone::UnderWay));
    conflict(&mut state, id);
    assert!(state.notice.is_none(), "nothing was written: {:?}", state.notice);

    let mut state = ready(&["a"]);
    press(&mut state, "j");
    let id = begin(&mut state);
    assert_eq!(state.notice.as_ref().map(|notice| notice.tone), Some(Tone::UnderWay), "it is being fetched");
    fetched(&mut state, id);
    update(&mut state, Msg::EditorClosed { id, result: Ok(()) }, NOW);
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    assert!(state.notice.is_none(), "nothing was written: {:?}", state.notice);
}
