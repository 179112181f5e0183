//! Links: what is asked, what is made of the answer, what is copied.

use std::time::Duration;

use super::*;
use crate::app::dialog::{LinkQuestion, Signed};
use crate::model::{LinkAsk, LinkMethod, Redacted, SignedLink};

const URL: &str = "http://127.0.0.1:9/b/p/a?X-Amz-Signature=0123";

fn asked(cmds: &[Cmd]) -> (ReqId, &[Uri], &LinkAsk) {
    match cmds {
        [Cmd::Presign { req, uris, ask }] => (*req, uris, ask),
        other => panic!("no links are asked for: {other:?}"),
    }
}

fn question(state: &State) -> &LinkQuestion {
    match state.dialogs.last() {
        Some(Dialog::Links(question)) => question,
        other => panic!("no question: {other:?}"),
    }
}

fn signed(state: &State) -> &Signed {
    match state.dialogs.last() {
        Some(Dialog::Signed(signed)) => signed,
        other => panic!("no links: {other:?}"),
    }
}

fn link(uri: &Uri, url: &str) -> SignedLink {
    SignedLink {
        uri: uri.clone(),
        method: LinkMethod::Get,
        url: Redacted::new(url.to_owned()),
        send: Vec::new(),
        life: Duration::from_mins(15),
        ends: Timestamp(NOW.0 + 900_000),
        cut: None,
        may_end_early: false,
    }
}

/// The links for what was asked, and the dialog that shows them.
fn sign(state: &mut State, keys: &str) {
    let cmds = press(state, keys);
    let (req, uris, _) = asked(&cmds);
    let links = uris.iter().map(|uri| Ok(link(uri, URL))).collect();
    update(state, Msg::Presigned { req, links }, NOW);
}

#[test]
fn a_link_is_asked_for_as_the_question_says() {
    let mut state = ready(&["a", "b"]);
    let cmds = press(&mut state, "jY<enter>");
    let (_, uris, ask) = asked(&cmds);
    assert_eq!(uris, [s3("s3://b/p/a")]);
    assert_eq!(ask, &LinkAsk::get(Duration::from_mins(15)));

    let mut state = ready(&["a"]);
    let cmds = press(&mut state, "jY<space><tab><ctrl-u>2h<tab>text/csv<tab>inline<tab>no-store<enter>");
    let (_, _, ask) = asked(&cmds);
    assert_eq!((ask.method, ask.expires), (LinkMethod::Put, Duration::from_hours(2)));
    let said: Vec<_> = ask.headers.said().map(|(_, value)| value.to_owned()).collect();
    assert_eq!(said, ["text/csv", "inline", "no-store"]);

    let mut state = ready(&["a"]);
    let cmds = press(&mut state, "jY<up>v1<enter>");
    assert_eq!(asked(&cmds).2.version.as_deref(), Some("v1"), "the last line is the version's");
}

#[test]
fn a_version_is_for_reading_one_object() {
    let mut state = ready(&["a", "b"]);
    press(&mut state, "jY");
    assert_eq!(question(&state).fields().count(), 5);
    press(&mut state, "<space>");
    assert_eq!(question(&state).fields().count(), 4);
    press(&mut state, "<esc><ctrl-a>Y");
    assert_eq!(question(&state).fields().count(), 4);
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_asked() {
    let mut state = ready(&["a"]);
    for life in ["", "soon", "0", "8d"] {
        let cmds = press(&mut state, &format!("gjY<tab><ctrl-u>{life}<enter>"));
        assert_eq!(cmds, [], "{life}");
        assert!(question(&state).problem.as_ref().is_some_and(|problem| problem.contains("7d")), "{life}");
        press(&mut state, "<esc>");
    }
    let mut dirs = ready(&["d/"]);
    let cmds = press(&mut dirs, "jY");
    assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::Presign { .. })) && dirs.dialogs.is_empty());
    assert!(notice(&dirs).contains("one object"), "{}", notice(&dirs));
    let mut local = ready_at("/disk/x", &["a"]);
    assert_eq!(press(&mut local, "jY"), []);
    assert!(notice(&local).contains("local"), "{}", notice(&local));
    let mut read_only = ready_at("ro://b/p/", &["a"]);
    assert_eq!(press(&mut read_only, "jY<space><enter>"), []);
    assert!(question(&read_only).problem.as_ref().is_some_and(|problem| problem.contains("read-only")));
    let cmds = press(&mut read_only, "<space><enter>");
    assert_eq!(asked(&cmds).2.method, LinkMethod::Get, "reading is allowed");
}

#[test]
fn a_link_is_copied_and_stands_nowhere_else() {
    let mut state = ready(&["a"]);
    sign(&mut state, "jY<enter>");
    assert!(!format!("{state:?}").contains("Signature"), "a trace of the state has no link");
    let cmds = press(&mut state, "<enter>");
    assert_eq!(cmds, [Cmd::CopySecret(Redacted::new(URL.to_owned()))]);
    assert!(!format!("{cmds:?}").contains("Signature"), "nor has a trace of commands");
    assert_eq!(state.dialogs.len(), 0);
    assert_eq!(notice(&state), "copied a link to a: signed for 15min");
}

#[test]
fn links_of_marks_are_copied_a_line_each() {
    let mut state = ready(&["a", "b", "c"]);
    sign(&mut state, "<ctrl-a>Y<enter>");
    assert_eq!(signed(&state).links.len(), 3);
    let cmds = press(&mut state, "c");
    assert_eq!(cmds, [Cmd::CopySecret(Redacted::new([URL; 3].join("\n")))]);
}

#[test]
fn a_qr_code_is_shown_where_it_has_room() {
    let mut state = ready(&["a"]);
    sign(&mut state, "jY<enter>");
    state.screen.rows = 10;
    press(&mut state, "q");
    assert!(signed(&state).code.is_none() && notice(&state).contains("too small"), "{}", notice(&state));
    state.screen.rows = 24;
    press(&mut state, "q");
    assert!(signed(&state).code.is_some());
    press(&mut state, "<esc>");
    assert!(signed(&state).code.is_none(), "any key goes back to the link");
}

#[test]
fn a_refusal_stays_in_the_question_and_what_is_late_is_dropped() {
    let mut state = ready(&["a"]);
    let cmds = press(&mut state, "jY<enter>");
    let (req, ..) = asked(&cmds);
    assert_eq!(press(&mut state, "<enter>x"), [], "it is signing");
    let error = VfsError::new(Op::Link, s3("s3://b/p/a"), ErrorKind::Unsupported, "anonymous");
    update(&mut state, Msg::Presigned { req, links: vec![Err(error)] }, NOW);
    assert!(question(&state).problem.as_ref().is_some_and(|problem| problem.contains("anonymous")));
    let cmds = press(&mut state, "<enter>");
    let (req, ..) = asked(&cmds);
    assert_eq!(press(&mut state, "<esc>"), [Cmd::Cancel(req)]);
    update(&mut state, Msg::Presigned { req, links: vec![Ok(link(&s3("s3://b/p/a"), URL))] }, NOW);
    assert_eq!(state.dialogs.len(), 0);
}

#[test]
fn members_of_archives_have_none() {
    let mut state = ready_at("s3://b/", &["x.zip"]);
    press(&mut state, "jj<enter>");
    arrive(&mut state, Side::Left, &["a"]);
    press(&mut state, "jY");
    assert_eq!(notice(&state), "only objects have links: this is in an archive");
}
