//! Jobs that an earlier run left, jobs that wait, and what can be undone.

use super::*;

fn record(number: u64, kind: JobKind, state: JobState, owner: Ownership) -> JobRecord {
    let target = (kind != JobKind::Delete).then(|| Target::Into(local("/disk")));
    JobRecord {
        number,
        spec: JobSpec { kind, sources: vec![item()], target, options: JobOptions::default() },
        state,
        owner,
        attempts: 1,
        created: NOW,
        last_attempt: NOW,
        errors: Vec::new(),
        identities: Vec::new(),
        progress: progress(500),
        open: 1,
        undoable: 0,
    }
}

fn kept(records: Vec<JobRecord>) -> State {
    let mut state = ready(&["a"]);
    update(&mut state, Msg::Kept { jobs: records, uploads: Vec::new() }, NOW);
    state
}

#[test]
fn what_an_earlier_run_left_is_told_and_one_key_resumes_it() {
    let elsewhere = Ownership::Other { host: "h".into(), pid: 5, elsewhere: false };
    let mut state = kept(vec![
        record(3, JobKind::Copy, JobState::Interrupted, Ownership::Nobody),
        record(4, JobKind::Move, JobState::Suspended, Ownership::Nobody),
        record(5, JobKind::Copy, JobState::Running, elsewhere),
        record(6, JobKind::Copy, JobState::Done, Ownership::Nobody),
    ]);
    assert_eq!(notice(&state), "2 jobs wait to be resumed: F9 shows, R resumes");
    assert_eq!(state.jobs.len(), 3);
    assert_eq!(press(&mut state, "R"), [Cmd::ResumeJob(JobId(1), 3), Cmd::ResumeJob(JobId(2), 4)]);
    assert_eq!(press(&mut state, "R"), []);
    update(&mut state, Msg::NotResumed { id: JobId(2), reason: "another identity".into() }, NOW);
    assert_eq!(notice(&state), "not resumed: another identity");
    assert!(state.jobs.get(JobId(2)).unwrap().can_resume());
    // Another window's job is shown, and that is all.
    assert_eq!(press(&mut state, "<f9>pxd"), [Cmd::ListKept]);
}

#[test]
fn a_deletion_is_asked_about_before_it_goes_on() {
    let mut state = kept(vec![record(3, JobKind::Delete, JobState::Interrupted, Ownership::Nobody)]);
    assert_eq!(press(&mut state, "R"), []);
    assert_eq!(press(&mut state, "<f9>p"), [Cmd::ListKept]);
    let Some(Dialog::Confirm(confirm)) = state.dialogs.last() else { panic!("no question") };
    assert!(confirm.text.contains("s3://b/p/a"), "{}", confirm.text);
    assert_eq!(press(&mut state.clone(), "<enter>"), []);
    assert_eq!(press(&mut state, "d"), [Cmd::ResumeJob(JobId(1), 3)]);
}

#[test]
fn a_left_job_is_forgotten_after_asking() {
    let mut state = kept(vec![record(3, JobKind::Copy, JobState::Suspended, Ownership::Nobody)]);
    assert_eq!(press(&mut state, "<f9>d<esc>df"), [Cmd::ListKept, Cmd::ForgetKept(3)]);
    assert!(state.jobs.is_empty());
}

#[test]
fn a_job_is_paused_and_goes_on() {
    let mut state = running();
    assert_eq!(press(&mut state, "<f9>p"), [Cmd::ListKept, Cmd::PauseJob(JobId(1), true)]);
    hear(&mut state, JobEvent::Paused(true));
    assert_eq!(state.jobs.get(JobId(1)).unwrap().phase, Phase::Paused);
    assert_eq!(press(&mut state, "p"), [Cmd::PauseJob(JobId(1), false)]);
    hear(&mut state, JobEvent::Paused(false));
    assert_eq!(state.jobs.get(JobId(1)).unwrap().phase, Phase::Running);
}

#[test]
fn a_limit_is_lowered_and_raised_in_steps() {
    let mut state = running();
    let limit = |most| Cmd::LimitJob(JobId(1), most);
    let cmds = press(&mut state, "<f9>+--++");
    assert_eq!(
        cmds[1..],
        [limit(Some(500_000_000)), limit(Some(200_000_000)), limit(Some(500_000_000)), limit(None)]
    );
}

#[test]
fn the_fifth_job_waits_for_its_turn_and_can_be_moved() {
    let mut state = running();
    for _ in 0..3 {
        assert!(matches!(press(&mut state, "c<enter>").as_slice(), [.., Cmd::StartJob(..)]));
    }
    for _ in 0..2 {
        let cmds = press(&mut state, "c<enter>");
        assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::StartJob(..))), "{cmds:?}");
    }
    press(&mut state, "<f9>K");
    let line = |state: &State| state.jobs.iter().map(|job| job.id.0).collect::<Vec<_>>();
    assert_eq!(line(&state), [1, 2, 3, 4, 6, 5]);
    let cmds = hear(&mut state, JobEvent::Finished(Box::default()));
    assert!(matches!(cmds.as_slice(), [Cmd::StartJob(JobId(6), _), ..]), "{cmds:?}");
}

#[test]
fn a_waiting_job_is_given_up_and_can_be_tried_again() {
    let mut state = running();
    for _ in 0..4 {
        press(&mut state, "c<enter>");
    }
    assert_eq!(press(&mut state, "<f9>xc"), [Cmd::ListKept]);
    let job = state.jobs.get(JobId(5)).unwrap();
    assert!(job.outcome().is_some_and(|outcome| outcome.cancelled && outcome.retry.len() == 1));
}

/// A job that left three things to be undone.
fn undoable() -> State {
    let mut state = running();
    hear(&mut state, JobEvent::Kept(9));
    let outcome = Outcome { undoable: 3, number: Some(9), ..Outcome::default() };
    hear(&mut state, JobEvent::Finished(Box::new(outcome)));
    state
}

/// They are being undone by job 2, with the panel open.
fn undoing() -> State {
    let mut state = undoable();
    press(&mut state, "<f9>zu");
    state
}

#[test]
fn what_can_be_undone_is_undone_after_asking() {
    let mut state = undoable();
    assert_eq!(press(&mut state, "<f9>z"), [Cmd::ListKept]);
    let Some(Dialog::Confirm(confirm)) = state.dialogs.last() else { panic!("no question") };
    assert!(confirm.text.starts_with("Undo 3 deletions and overwrites?"), "{}", confirm.text);
    assert_eq!(press(&mut state, "u"), [Cmd::UndoJob(JobId(2), 9)]);
    assert_eq!(press(&mut state, "kz"), []);
}

#[test]
fn an_undo_tells_what_it_did_and_what_it_left_can_be_undone_again() {
    let mut state = undoing();
    let progress = Progress { done: Counts { files: 2, ..Counts::default() }, ..Progress::default() };
    let outcome = Outcome { progress, ..Outcome::default() };
    let end = |outcome| Msg::Job(JobId(2), JobEvent::Finished(Box::new(outcome)));
    let failures = vec![Failure { item: item(), error: denied(s3("s3://b/p/a")) }];
    let mut whole = state.clone();
    update(&mut whole, end(outcome.clone()), NOW);
    assert_eq!(notice(&whole), "undid 2");
    update(&mut state, end(Outcome { failures, undoable: 1, number: Some(9), ..outcome }), NOW);
    assert_eq!(notice(&state), "1 of 3 not undone: AccessDenied");
    assert_eq!(press(&mut state, "jzu"), [Cmd::UndoJob(JobId(3), 9)]);
}

#[test]
fn an_undo_that_is_refused_can_be_tried_again() {
    let mut state = undoing();
    update(&mut state, Msg::NotResumed { id: JobId(2), reason: "another identity".into() }, NOW);
    assert_eq!(notice(&state), "not undone: another identity");
    assert_eq!(state.jobs.left(), 0);
    assert_eq!(press(&mut state, "jzu"), [Cmd::UndoJob(JobId(3), 9)]);
}
