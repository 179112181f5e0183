//! Questions, prompts and panels.

mod completing;
mod deleting;
mod refusals;

use super::*;
use crate::app::dialog::{Prompt, PromptKind};
use crate::app::msg::Candidate;
use crate::transfer::{Counts, JobId, JobKind, JobOptions, JobSpec, Plan, SourceItem, Target, Trust};

const ROWS: &[&str] = &["a", "b=5", "d/"];

fn item(key: &str, row: &str) -> SourceItem {
    SourceItem { uri: object("s3", "b", key), entry: entry(row) }
}

fn job(id: u64, kind: JobKind, sources: Vec<SourceItem>, target: Option<Target>) -> Cmd {
    Cmd::StartJob(JobId(id), Box::new(JobSpec { kind, sources, target, options: JobOptions::default() }))
}

fn prompt(state: &State) -> &Prompt {
    match state.dialogs.last() {
        Some(Dialog::Prompt(prompt)) => prompt,
        other => panic!("no prompt: {other:?}"),
    }
}

fn plan_of(req: u64, kind: JobKind, sources: Vec<SourceItem>, target: Option<Target>) -> Cmd {
    let spec = JobSpec { kind, sources, target, options: JobOptions::default() };
    Cmd::Plan { req: ReqId(req), spec: Box::new(spec) }
}

fn planned(req: u64, counts: Counts, known: bool) -> Msg {
    let plan = Plan { known, counts, ..Plan::new(JobKind::Delete) };
    Msg::Planned { req: ReqId(req), plan: Box::new(plan) }
}

fn buckets() -> State {
    let mut state = starting("s3://", "/disk");
    let bucket = |name: &str| Entry::new(name.into(), Kind::Bucket);
    let page =
        Page { entries: Arc::new(vec![bucket("one"), bucket("two")]), read_at: NOW, source: Source::Backend };
    let req = request(&state, Side::Left);
    update(&mut state, Msg::PageArrived { req, page }, NOW);
    update(&mut state, Msg::ListDone { req }, NOW);
    state
}

fn problem(state: &State) -> &str {
    prompt(state).problem.as_deref().unwrap_or_default()
}

#[test]
fn copy_goes_to_the_other_pane_unless_told_otherwise() {
    let into = Some(Target::Into(local("/disk")));
    let planned = |sources| plan_of(3, JobKind::Copy, sources, Some(Target::Into(local("/disk"))));
    let one = || vec![item("p/a", "a")];
    let state = check("jjc", ready(ROWS), ".. d/ >a b", &[planned(one())]);
    assert_eq!(prompt(&state).input.text(), "/disk/");
    let goes = [Cmd::Cancel(ReqId(3)), job(1, JobKind::Copy, one(), into.clone())];
    check("<enter>", state, ".. d/ >a b", &goes);
    let marked = || vec![item("p/a", "a"), item("p/b", "b=5")];
    let goes = [planned(marked()), Cmd::Cancel(ReqId(3)), job(1, JobKind::Copy, marked(), into)];
    let state = check("jj<space><space><f5><enter>", ready(ROWS), ".. d/ a >b", &goes);
    assert_eq!(state.active_pane().rows.marks().count(), 0);
}

#[test]
fn a_copy_is_bound_to_what_was_shown_when_it_was_asked() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<ctrl-r><f5>");
    arrive(&mut state, Side::Left, &["0", "1", "2"]);
    let cmds = press(&mut state, "<enter>");
    let into = Some(Target::Into(local("/disk")));
    assert_eq!(cmds, [Cmd::Cancel(ReqId(4)), job(1, JobKind::Copy, vec![item("p/a", "a")], into)]);
}

#[test]
fn a_destination_with_a_slash_receives_and_one_without_is_the_new_name() {
    let to = |typed: &str| {
        let mut state = ready(ROWS);
        press(&mut state, "jjc<ctrl-u>");
        update(&mut state, Msg::Paste(typed.into()), NOW);
        let cmds = press(&mut state, "<enter>");
        match cmds.into_iter().next() {
            Some(Cmd::StartJob(_, spec)) => Ok(spec.target.unwrap()),
            Some(other) => panic!("{other:?}"),
            None => Err(problem(&state).to_owned()),
        }
    };
    assert_eq!(to("s3://c/x/"), Ok(Target::Into(s3("s3://c/x/"))));
    assert_eq!(to("s3://c/x"), Ok(Target::As(s3("s3://c/x"))));
    assert_eq!(to("s3://c"), Ok(Target::Into(s3("s3://c/"))));
    assert_eq!(to("s3://b/p"), Ok(Target::Into(s3("s3://b/p/"))));
    assert_eq!(to("/tmp/"), Ok(Target::Into(local("/tmp"))));
    assert_eq!(to("/disk"), Ok(Target::Into(local("/disk"))));
    assert!(to("s3://").unwrap_err().contains("name a bucket"));
    assert!(to("").unwrap_err().contains("empty location"));
    assert!(to("gs://b/").unwrap_err().contains("no connection"));
    assert!(to("ro://b/").unwrap_err().contains("read-only"));
}

#[test]
fn a_local_destination_is_looked_at_first() {
    for (is_dir, target) in [(true, Target::Into(local("/tmp"))), (false, Target::As(local("/tmp")))] {
        let mut state = ready(ROWS);
        press(&mut state, "jjc<ctrl-u>");
        update(&mut state, Msg::Paste("/tmp\n".into()), NOW);
        let req = ReqId(4);
        assert_eq!(press(&mut state, "<enter>"), [Cmd::Probe { req, uri: local("/tmp") }]);
        let cmds = update(&mut state, Msg::Probed { req, is_dir }, NOW);
        assert_eq!(cmds, [job(1, JobKind::Copy, vec![item("p/a", "a")], Some(target))]);
    }
}

#[test]
fn a_look_at_what_is_no_longer_typed_counts_for_nothing() {
    let mut state = ready(ROWS);
    press(&mut state, "jjc<ctrl-u>/tmp<enter>");
    assert_eq!(press(&mut state, "2"), [Cmd::Cancel(ReqId(4))]);
    assert_eq!(update(&mut state, Msg::Probed { req: ReqId(4), is_dir: true }, NOW), []);
    assert_eq!(prompt(&state).input.text(), "/tmp2");
}

#[test]
fn several_things_need_a_directory() {
    let mut state = ready(ROWS);
    press(&mut state, "<ctrl-a>c<ctrl-u>s3://c/x<enter>");
    assert!(problem(&state).contains("end the location with /"));
    press(&mut state, "<ctrl-u>/tmp/x<enter>");
    update(&mut state, Msg::Probed { req: ReqId(4), is_dir: false }, NOW);
    assert!(problem(&state).contains("end the location with /"));
}

#[test]
fn a_directory_whose_name_is_no_text_is_a_destination_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let odd = Uri::Local(std::path::Path::new(std::ffi::OsStr::from_bytes(b"/od\xffd")).into());
    let mut state = ready(ROWS);
    state.panes[1].uri = odd.clone();
    let cmds = press(&mut state, "jjc<enter>");
    assert_eq!(cmds[2..], [job(1, JobKind::Copy, vec![item("p/a", "a")], Some(Target::Into(odd)))]);
    let mut edited = state.clone();
    press(&mut edited, "cx<enter>");
    assert!(problem(&edited).contains("isn't text"));
}

fn planning(state: &State) -> &dialog::Planning {
    prompt(state).planning.as_deref().expect("a copy is planned")
}

#[test]
fn a_plan_grows_in_the_dialog_and_nobody_waits_for_it() {
    let mut state = ready(ROWS);
    press(&mut state, "jjc");
    assert_eq!((planning(&state).req, &planning(&state).plan), (Some(ReqId(3)), &None));
    let counts = |files| Counts { files, ..Counts::default() };
    update(&mut state, planned(3, counts(4), false), NOW);
    let so_far = planning(&state).plan.as_ref().map(|plan| (plan.counts.files, plan.known));
    assert_eq!((so_far, planning(&state).req), (Some((4, false)), Some(ReqId(3))));
    assert!(press(&mut state.clone(), "<enter>").iter().any(|cmd| matches!(cmd, Cmd::StartJob(..))));
    assert_eq!(press(&mut state.clone(), "<esc>"), [Cmd::Cancel(ReqId(3))]);
    update(&mut state, planned(3, counts(9), true), NOW);
    assert_eq!(planning(&state).req, None);
    let cmds = press(&mut state.clone(), "<enter>");
    assert!(matches!(cmds.as_slice(), [Cmd::StartJob(..)]), "{cmds:?}");
}

#[test]
fn an_edited_destination_has_no_plan_until_it_is_asked_for() {
    let mut state = ready(ROWS);
    assert_eq!(press(&mut state, "jjcx")[1..], [Cmd::Cancel(ReqId(3))]);
    update(&mut state, planned(3, Counts { files: 4, ..Counts::default() }, true), NOW);
    assert_eq!(planning(&state).plan, None, "that was a plan of another destination");
    press(&mut state, "<ctrl-u>s3://c/x/");
    assert!(planning(&state).service);
    let into = Some(Target::Into(s3("s3://c/x/")));
    let again = press(&mut state, "<f5>");
    assert_eq!(again, [plan_of(4, JobKind::Copy, vec![item("p/a", "a")], into)]);
    press(&mut state, "<ctrl-u>/tmp");
    assert!(!planning(&state).service);
    assert_eq!(press(&mut state, "<f5>"), [Cmd::Probe { req: ReqId(5), uri: local("/tmp") }]);
    let into = Some(Target::Into(local("/tmp")));
    let planned = update(&mut state, Msg::Probed { req: ReqId(5), is_dir: true }, NOW);
    assert_eq!(planned, [plan_of(6, JobKind::Copy, vec![item("p/a", "a")], into)]);
}

#[test]
fn what_is_copied_from_a_stale_listing_is_asked_about() {
    for (source, bodies) in [(Source::Stale, Trust::Check), (Source::Cache, Trust::Ask)] {
        let mut state = ready(ROWS);
        state.pane_mut(Side::Left).source = Some(source);
        let cmds = press(&mut state, "jjc<enter>");
        let Some(Cmd::StartJob(_, spec)) = cmds.last() else { panic!("{cmds:?}") };
        assert_eq!(spec.options.bodies, bodies);
    }
}

#[test]
fn what_is_chosen_beside_the_plan_goes_with_the_job() {
    let mut state = ready(ROWS);
    press(&mut state, "jjc<ctrl-u>s3://c/x/<f2><f2><f4><f4><f6>");
    let cmds = press(&mut state, "<enter>");
    let Some(Cmd::StartJob(_, spec)) = cmds.last() else { panic!("{cmds:?}") };
    let JobOptions { conflict, attributes, .. } = &spec.options;
    assert_eq!(*conflict, crate::transfer::ConflictPolicy::Skip);
    assert_eq!(attributes.class.as_ref().map(crate::model::StorageClass::as_str), Some("STANDARD_IA"));
    assert_eq!(attributes.encryption.as_ref().map(|it| &*it.kind), Some("AES256"));
    let mut disk = ready(ROWS);
    press(&mut disk, "jjc<f4><f6>");
    assert_eq!(planning(&disk).options, JobOptions::default(), "a disk has no classes");
}

#[test]
fn what_a_plan_found_is_listed_by_name() {
    use crate::transfer::plan::{Found, Refusal, RefusalKind};
    let mut state = ready(ROWS);
    press(&mut state, "jjc<f3>");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Prompt(_))), "nothing is known yet");
    let first =
        vec![Refusal { uri: s3("s3://b/p/cold"), kind: RefusalKind::Archived, why: "it sleeps".into() }];
    let plan = Plan { refusals: Found { count: 3, first }, known: true, ..Plan::new(JobKind::Copy) };
    update(&mut state, Msg::Planned { req: ReqId(3), plan: Box::new(plan) }, NOW);
    press(&mut state, "<f3>");
    let Some(Dialog::Text(view)) = state.dialogs.last() else { panic!("{:?}", state.dialogs.last()) };
    assert!(view.text.contains("s3://b/p/cold\n  it sleeps\nand 2 more"), "{}", view.text);
    press(&mut state, "<esc>");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Prompt(_))));
}

#[test]
fn nothing_is_done_to_nothing() {
    for keys in ["c", "m", "x", "r"] {
        let state = check(keys, ready(ROWS), ">.. d/ a b", &[]);
        assert!(state.dialogs.is_empty() && state.notice.unwrap().tone == crate::app::state::Tone::Bad);
    }
}

#[test]
fn rename_moves_to_the_new_name() {
    let to = Some(Target::As(s3("s3://b/p/c")));
    check(
        "jjr<ctrl-u>c<enter>",
        ready(ROWS),
        ".. d/ >a b",
        &[job(1, JobKind::Move, vec![item("p/a", "a")], to)],
    );
    let to = Some(Target::As(s3("s3://b/p/dd/")));
    check("jrd<enter>", ready(ROWS), ".. >d/ a b", &[job(1, JobKind::Move, vec![item("p/d/", "d/")], to)]);
    let same = check("jjr<enter>", ready(ROWS), ".. d/ >a b", &[]);
    assert!(same.dialogs.is_empty());
    let mut marked = ready(ROWS);
    press(&mut marked, "j<space>jr<ctrl-u>c<enter>");
    assert_eq!(marked.active_pane().rows.marks().count(), 1, "what wasn't renamed stays marked");
    for wrong in ["jjr<ctrl-u><enter>", "jjrx/y<enter>"] {
        let state = check(wrong, ready(ROWS), ".. d/ >a b", &[]);
        assert!(!problem(&state).is_empty());
    }
}

#[test]
fn a_directory_is_made_and_gone_to() {
    let mut state = ready(ROWS);
    let cmds = press(&mut state, "nnew<enter>");
    assert_eq!(cmds, [Cmd::Mkdir { req: ReqId(3), uri: s3("s3://b/p/new/") }]);
    let cmds = update(&mut state, Msg::MadeDir { req: ReqId(3), result: Ok(()) }, NOW);
    assert_eq!(cmds.len(), 1);
    arrive(&mut state, Side::Left, &["new/", "a", "b=5", "d/"]);
    assert_eq!(shown(&state), ".. d/ >new/ a b");
    let buckets = check(
        "nmine<enter>",
        ready_at("s3://", &[]),
        "",
        &[Cmd::Mkdir { req: ReqId(3), uri: s3("s3://mine") }],
    );
    assert_eq!(buckets.making.len(), 1);
}

#[test]
fn a_directory_that_cannot_be_made_says_why_in_full() {
    let mut state = ready(ROWS);
    press(&mut state, "nnew<enter>");
    update(&mut state, Msg::MadeDir { req: ReqId(3), result: Err(denied(s3("s3://b/p/new/"))) }, NOW);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Text(view)) if view.text.contains("s3://b/p/new/")));
    let mut dots = ready_at("s3://b/p/", ROWS);
    press(&mut dots, "<tab>n..<enter>");
    assert!(problem(&dots).contains("already"));
}

#[test]
fn one_goes_to_a_typed_location() {
    let to = |keys: &str| {
        let mut state = ready(ROWS);
        press(&mut state, keys);
        state.active_pane().uri.clone()
    };
    assert_eq!(to(":s3://c/x<enter>"), s3("s3://c/x/"));
    assert_eq!(to("<ctrl-l>s3://<enter>"), s3("s3://"));
    assert_eq!(to(":~/y<enter>"), local("/home/me/y"));
    assert_eq!(to(":y<enter>"), local("/base/y"));
    assert_eq!(to("<tab>:y<enter>"), local("/disk/y"));
    assert_eq!(to(":s4://b<enter>"), s3("s3://b/p/"));
}

#[test]
fn the_menu_does_what_it_says_and_places_lead_there() {
    let mut state = ready(ROWS);
    press(&mut state, "jj<f2>");
    let Some(Dialog::Pick(pick)) = state.dialogs.last() else { panic!("no menu") };
    let at = pick.items.iter().position(|item| *item == dialog::PickItem::Action(Action::CopyUri)).unwrap();
    let cmds = press(&mut state, &format!("{}<enter>", "j".repeat(at)));
    assert_eq!(cmds, [Cmd::CopyToClipboard("s3://b/p/a".into())]);
    press(&mut state, "<ctrl-4><down><enter>");
    assert_eq!(state.active_pane().uri, s3("ro://"));
    press(&mut state, "<ctrl-\\><esc>");
    assert!(state.dialogs.is_empty());
}

#[test]
fn the_help_scrolls_and_leaves() {
    let mut state = ready(ROWS);
    press(&mut state, "?jj");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Help { top: 2, rows }) if rows.len() > 40));
    press(&mut state, "Gk<esc>");
    assert!(state.dialogs.is_empty());
}

#[test]
fn the_statistics_panel_clears_the_cache() {
    let mut opened = ready(ROWS);
    press(&mut opened, "i");
    let mut state = check("c", opened, ">.. d/ a b", &[Cmd::ClearCache]);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Stats { .. })));
    press(&mut state, "i");
    assert!(state.dialogs.is_empty());
    let numbers = Stats { hits: 3, misses: 1, ..Stats::default() };
    update(&mut state, Msg::Stats(Box::new(numbers)), NOW);
    assert_eq!(state.stats.hit_rate(), Some(0.75));
}

#[test]
fn ctrl_c_leaves_a_question_and_a_line_that_is_typed() {
    for keys in ["jx<ctrl-c>", ":s3<ctrl-c>", "/b<ctrl-c>", "?<ctrl-c>"] {
        let mut state = ready(ROWS);
        press(&mut state, keys);
        assert!(state.dialogs.is_empty() && state.typing.is_none() && !state.quitting, "{keys}");
    }
}

#[test]
fn going_where_one_is_lists_again_and_adds_no_history() {
    let mut state = ready(ROWS);
    assert_eq!(press(&mut state, ":s3://b/p<enter>").len(), 1);
    assert!(state.active_pane().back.is_empty());
    assert_eq!(shown(&state), ">.. d/ a b");
}

#[test]
fn pasted_control_characters_are_left_out() {
    let mut state = ready(ROWS);
    press(&mut state, ":");
    update(&mut state, Msg::Paste("/a\n\u{1b}[31mb".into()), NOW);
    assert_eq!(prompt(&state).input.text(), "/a[31mb");
    assert_eq!(prompt(&state).kind, PromptKind::GoTo);
}
