//! What is refused before anything is asked.

use super::*;

#[test]
fn what_a_line_is_too_short_for_can_be_asked_for() {
    let mut state = ready(ROWS);
    let text = "this setting is not in force: ".to_owned() + &"and so on ".repeat(30);
    update(&mut state, Msg::Trouble(text.clone()), NOW);
    press(&mut state, "je");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Text(view)) if view.text == text));
    // A failure tells more than its line.
    press(&mut state, "q");
    state.fail(denied(s3("s3://b/p/")));
    press(&mut state, "e");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Text(view)) if view.text.contains("What to do")));
}

#[test]
fn buckets_are_not_moved_or_renamed() {
    for keys in ["m", "r"] {
        let mut state = buckets();
        assert_eq!(press(&mut state, keys), []);
        assert!(state.dialogs.is_empty() && notice(&state).contains("bucket"));
    }
}

#[test]
fn a_read_only_connection_refuses_before_anything_is_sent() {
    for keys in ["jm", "jr", "jx", "n"] {
        let mut state = ready_at("ro://b/p/", &["a"]);
        assert_eq!(press(&mut state, keys), []);
        assert!(state.dialogs.is_empty() && notice(&state).contains("read-only"), "{keys}");
    }
    let mut onto = ready(&["a"]);
    onto.panes[1].uri = s3("ro://b/");
    assert_eq!(press(&mut onto, "jc<enter>"), []);
    assert!(problem(&onto).contains("read-only"));
}

#[test]
fn an_archive_refuses_every_change_at_once() {
    for (keys, tried) in [
        ("jm", "could not delete"),
        ("jr", "could not rename"),
        ("jx", "could not delete"),
        ("j<f8>", "could not delete"),
        ("n", "could not make the directory"),
        ("j<f4>", "could not write"),
    ] {
        let mut state = ready_at("/d/x.zip!/in/", &["a"]);
        assert_eq!(press(&mut state, keys), [], "{keys}");
        let told = notice(&state);
        assert!(state.dialogs.is_empty() && told.starts_with(tried), "{keys}: {told}");
        assert!(told.contains("/d/x.zip!/in/") && told.contains("only read here"), "{keys}: {told}");
    }
    let state = ready_at("/d/x.zip!/in/", &["a"]);
    let changes =
        [Action::Move, Action::Rename, Action::Delete, Action::Mkdir, Action::Edit, Action::OpenWatched];
    assert!(changes.iter().all(|action| !action.applies(&state)));
    assert_eq!(press(&mut ready_at("/d/x.zip!/in/", &["a"]), "jc").len(), 1, "copying out of it is planned");
}

#[test]
fn nothing_goes_into_an_archive() {
    for key in ["c", "m"] {
        let mut state = ready(&["a"]);
        state.panes[1].uri = s3("/d/x.zip!/in/");
        assert_eq!(press(&mut state, &format!("j{key}")), [], "nothing is planned");
        let why = prompt(&state).planning.as_ref().and_then(|planning| planning.failed.clone());
        assert!(why.is_some_and(|why| why.contains("only read here")), "it stands where the plan would");
        assert_eq!(press(&mut state, "<enter>"), []);
        assert!(problem(&state).contains("choose a directory outside"), "{}", problem(&state));
        press(&mut state, "<ctrl-u>");
        update(&mut state, Msg::Paste("/d/x.zip!/new name".into()), NOW);
        assert_eq!(press(&mut state, "<enter>"), []);
        assert!(problem(&state).contains("/d/x.zip!/new name"), "{}", problem(&state));
        press(&mut state, "<ctrl-u>");
        update(&mut state, Msg::Paste("s3://c/x/".into()), NOW);
        assert!(
            matches!(press(&mut state, "<enter>")[..], [Cmd::StartJob(..)]),
            "another place can be typed"
        );
    }
}
