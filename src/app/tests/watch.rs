//! Opening in the desktop's programs, and watching what they save.

use std::path::PathBuf;

use super::*;
use crate::app::edit::{EditId, SaveHow, Saved};
use crate::model::VfsError;

fn desk(rows: &[&str]) -> State {
    let mut state = ready(rows);
    state.desktop = true;
    state
}

/// `a` is watched: fetched, and opened.
fn watched() -> (State, EditId) {
    let mut state = desk(&["a"]);
    let cmds = press(&mut state, "jO");
    let [Cmd::FetchDraft { id, .. }] = cmds[..] else { panic!("{cmds:?}") };
    let file = PathBuf::from("/x/a");
    let cmds = update(&mut state, Msg::DraftFetched { id, result: Ok(file.clone()) }, NOW);
    assert_eq!(cmds, [Cmd::OpenWatched { id, file }]);
    (state, id)
}

fn save(id: EditId) -> Vec<Cmd> {
    vec![Cmd::SaveDraft { id, how: SaveHow::Bound }]
}

fn dropped(state: &mut State, id: EditId) -> Vec<Cmd> {
    update(state, Msg::DraftDropped { id, result: Ok(None) }, NOW)
}

fn saves(cmds: &[Cmd]) -> bool {
    cmds.iter().any(|cmd| matches!(cmd, Cmd::SaveDraft { .. }))
}

#[test]
fn enter_opens_a_file_where_there_is_a_desktop_and_views_it_elsewhere() {
    let mut state = desk(&["a", "big=100000000"]);
    assert_eq!(press(&mut state, "j<enter>"), [Cmd::OpenCopy(s3("s3://b/p/a"))]);
    let mut bare = ready(&["a"]);
    press(&mut bare, "j<enter>");
    assert!(bare.viewer.is_some());
    press(&mut state, "j<enter>");
    assert!(state.viewer.is_some(), "what is large is looked into, not fetched");
}

#[test]
fn what_is_large_is_fetched_only_after_asking() {
    let mut state = desk(&["big=100000000"]);
    assert_eq!(press(&mut state, "jo"), []);
    assert_eq!(press(&mut state, "f"), [Cmd::OpenCopy(s3("s3://b/p/big"))]);
}

#[test]
fn without_a_desktop_it_says_what_else_there_is() {
    let mut state = ready(&["a"]);
    assert_eq!(press(&mut state, "jo"), []);
    assert!(notice(&state).contains("F3 views it"), "{}", notice(&state));
    assert_eq!(press(&mut state, "O"), []);
}

#[test]
fn a_local_file_is_opened_itself() {
    let mut state = ready_at("/disk/x", &["a"]);
    state.desktop = true;
    for key in ["jo", "O"] {
        let file = PathBuf::from("/disk/x/a");
        assert_eq!(press(&mut state, key), [Cmd::OpenFile { uri: local("/disk/x/a"), file }]);
    }
    let result = Err("no program".to_owned());
    update(&mut state, Msg::Opened { uri: local("/disk/x/a"), result }, NOW);
    assert!(notice(&state).contains("no program"));
}

#[test]
fn each_save_is_written_back_until_the_watch_is_ended() {
    let (mut state, id) = watched();
    for at in 1..3 {
        assert_eq!(update(&mut state, Msg::DraftTouched(id), NOW), save(id));
        update(&mut state, Msg::DraftSaved { id, saved: Saved::Written(s3("s3://b/p/a")) }, NOW);
        assert!(notice(&state).contains(&format!("save {at}")), "{}", notice(&state));
    }
    assert_eq!(update(&mut state, Msg::DraftTouched(id), NOW), save(id));
    assert_eq!(update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW), []);
    assert_eq!(press(&mut state, "W<enter>"), save(id));
    let cmds = update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW);
    assert_eq!(cmds, [Cmd::DropDraft(id)]);
    dropped(&mut state, id);
    assert!(state.edits.is_empty());
    assert_eq!(press(&mut state, "W"), []);
    assert_eq!(update(&mut state, Msg::DraftTouched(id), NOW), [], "nobody listens any more");
}

#[test]
fn what_somebody_else_changed_is_asked_once_and_the_watch_goes_on() {
    let (mut state, id) = watched();
    update(&mut state, Msg::DraftTouched(id), NOW);
    let error = VfsError::new(Op::Write, s3("s3://b/p/a"), ErrorKind::Conflict, "changed");
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Failed(error) }, NOW);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    assert_eq!(update(&mut state, Msg::DraftTouched(id), NOW), [], "it is being asked");
    assert_eq!(press_later(&mut state, "o"), [Cmd::SaveDraft { id, how: SaveHow::Over }]);
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Written(s3("s3://b/p/a")) }, NOW);
    assert_eq!(state.edits.len(), 1, "it is still watched");
}

#[test]
fn leaving_saves_first_and_stays_where_that_fails() {
    let (mut state, id) = watched();
    assert_eq!(press(&mut state, "<f10>"), save(id));
    let error = VfsError::new(Op::Write, s3("s3://b/p/a"), ErrorKind::Denied, "no");
    let cmds = update(&mut state, Msg::DraftSaved { id, saved: Saved::Failed(error) }, NOW);
    assert!(!cmds.contains(&Cmd::Quit) && matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    assert!(saves(&press_later(&mut state, "t")));
    let cmds = update(&mut state, Msg::DraftSaved { id, saved: Saved::Written(s3("s3://b/p/a")) }, NOW);
    assert!(cmds.contains(&Cmd::DropDraft(id)) && !cmds.contains(&Cmd::Quit), "{cmds:?}");
    assert_eq!(dropped(&mut state, id), []);
    assert!(press(&mut state, "<f10>").contains(&Cmd::Quit));
}

#[test]
fn leaving_goes_on_when_all_is_saved_and_at_once_when_asked_again() {
    let (mut state, id) = watched();
    press(&mut state, "<f10>");
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW);
    let cmds = dropped(&mut state, id);
    assert!(cmds.contains(&Cmd::Quit), "{cmds:?}");
    let (mut state, _) = watched();
    press(&mut state, "<f10>");
    assert!(press(&mut state, "<f10>").contains(&Cmd::Quit));
}

#[test]
fn a_program_that_can_not_begin_ends_the_watch() {
    let (mut state, id) = watched();
    let cmds = update(&mut state, Msg::EditorClosed { id, result: Err("no program".into()) }, NOW);
    assert_eq!(cmds, save(id));
    let cmds = update(&mut state, Msg::DraftSaved { id, saved: Saved::Unchanged }, NOW);
    assert_eq!(cmds, [Cmd::DropDraft(id)]);
    dropped(&mut state, id);
    assert!(notice(&state).contains("no program"));
}

#[test]
fn what_came_after_the_last_save_and_fails_is_asked_about() {
    let (mut state, id) = watched();
    press(&mut state, "W<enter>");
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Written(s3("s3://b/p/a")) }, NOW);
    let error = VfsError::new(Op::Write, s3("s3://b/p/a"), ErrorKind::Conflict, "changed");
    update(&mut state, Msg::DraftDropped { id, result: Err(error) }, NOW);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Edit(_))));
    assert_eq!(state.edits.len(), 1, "its copy is still there");
}

#[test]
fn whoever_keeps_the_copy_of_a_watched_file_hears_that_the_watch_is_over() {
    let (mut state, id) = watched();
    update(&mut state, Msg::DraftTouched(id), NOW);
    let error = VfsError::new(Op::Write, s3("s3://b/p/a"), ErrorKind::Conflict, "changed");
    update(&mut state, Msg::DraftSaved { id, saved: Saved::Failed(error) }, NOW);
    assert_eq!(press_later(&mut state, "k"), [Cmd::LeaveDraft(id)]);
    assert_eq!(notice(&state), "s3://b/p/a is no longer watched; your text stays in /x/a");
}
