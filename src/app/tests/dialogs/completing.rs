//! What Tab completes.

use super::*;

fn candidates(names: &[&str]) -> Vec<Candidate> {
    names
        .iter()
        .map(|name| entry(name))
        .map(|entry| Candidate { name: entry.name, kind: entry.kind })
        .collect()
}

#[test]
fn tab_completes_as_far_as_it_is_clear() {
    let mut state = ready(ROWS);
    let cmds = press(&mut state, ":s3://b/lo<tab>");
    assert_eq!(cmds, [Cmd::Complete { req: ReqId(3), dir: s3("s3://b/"), prefix: "lo".into() }]);
    let names = candidates(&["logs10/", "logs2/", "logo", "x"]);
    update(&mut state, Msg::Completed { req: ReqId(3), candidates: names }, NOW);
    assert_eq!(prompt(&state).input.text(), "s3://b/log");
    assert_eq!(prompt(&state).completion.candidates, candidates(&["logo", "logs2/", "logs10/"]));
    assert_eq!(press(&mut state, "<tab><tab>"), []);
    assert_eq!(prompt(&state).input.text(), "s3://b/logs2/");
    press(&mut state, "<up>");
    assert_eq!(prompt(&state).input.text(), "s3://b/logo");
    press(&mut state, "s");
    assert!(prompt(&state).completion.candidates.is_empty());
}

#[test]
fn one_candidate_is_taken_whole_and_none_is_told() {
    let mut state = ready(ROWS);
    press(&mut state, ":/ho<tab>");
    update(&mut state, Msg::Completed { req: ReqId(3), candidates: candidates(&["home/"]) }, NOW);
    assert_eq!(prompt(&state).input.text(), "/home/");
    press(&mut state, "zz<tab>");
    update(&mut state, Msg::Completed { req: ReqId(4), candidates: Vec::new() }, NOW);
    assert!(problem(&state).contains("nothing there"));
    let mut connections = ready(ROWS);
    assert_eq!(press(&mut connections, ":r<tab>"), []);
    assert_eq!(prompt(&connections).input.text(), "ro://");
}

#[test]
fn what_is_typed_since_makes_a_completion_void() {
    let mut state = ready(ROWS);
    press(&mut state, ":/ho<tab>");
    assert_eq!(press(&mut state, "x"), [Cmd::Cancel(ReqId(3))]);
    update(&mut state, Msg::Completed { req: ReqId(3), candidates: candidates(&["home/"]) }, NOW);
    assert_eq!(prompt(&state).input.text(), "/hox");
    press(&mut state, "<tab>");
    assert_eq!(press(&mut state, "<esc>"), [Cmd::Cancel(ReqId(4))]);
    assert!(matches!(ready(ROWS).dialogs.as_slice(), []));
}
