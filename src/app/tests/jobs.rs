//! Jobs, their questions, and leaving while they run.

mod left;

use super::*;
use crate::app::jobs::{Label, Left, Phase};
use crate::transfer::Proof;
use crate::transfer::journal::{JobRecord, JobState, Ownership};
use crate::transfer::{
    Answer, Choice, Conflict, Counts, Failure, FileEnd, FileReport, JobEvent, JobId, JobKind, JobOptions,
    JobSpec, Outcome, Progress, Question, SourceItem, Target,
};

/// A copy of `a` runs as job 1.
fn running() -> State {
    let mut state = ready(&["a", "b"]);
    press(&mut state, "jc<enter>");
    state
}

fn hear(state: &mut State, event: JobEvent) -> Vec<Cmd> {
    update(state, Msg::Job(JobId(1), event), NOW)
}

fn progress(bytes: u64) -> Progress {
    Progress {
        total: Counts { files: 4, dirs: 0, bytes: 1000 },
        total_known: true,
        done: Counts { files: 1, dirs: 0, bytes },
        ..Progress::default()
    }
}

fn item() -> SourceItem {
    SourceItem { uri: s3("s3://b/p/a"), entry: entry("a") }
}

fn failed() -> Outcome {
    let retry =
        JobSpec { kind: JobKind::Copy, sources: vec![item()], target: None, options: JobOptions::default() };
    Outcome {
        progress: progress(500),
        failures: vec![Failure { item: item(), error: denied(s3("s3://b/p/a")) }],
        cancelled: false,
        retry: vec![retry],
        ..Outcome::default()
    }
}

fn conflict() -> Question {
    Question::Conflict(Box::new(Conflict {
        source: s3("s3://b/p/a"),
        source_entry: entry("a"),
        target: local("/disk/a"),
        target_entry: entry("a=3"),
        changed: false,
    }))
}

#[test]
fn progress_is_kept_and_the_rate_smoothed() {
    let mut state = running();
    hear(&mut state, JobEvent::Progress(progress(100)));
    update(&mut state, Msg::Job(JobId(1), JobEvent::Progress(progress(300))), Timestamp(NOW.0 + 1_000));
    let job = state.jobs.get(JobId(1)).unwrap();
    assert_eq!((job.rate.per_second, job.seconds_left(), job.share()), (200.0, Some(4), Some(0.3)));
    update(&mut state, Msg::Tick, Timestamp(NOW.0 + 9_000));
    assert!(state.jobs.get(JobId(1)).unwrap().rate.per_second < 200.0);
}

#[test]
fn an_end_is_told_in_a_line() {
    let mut state = running();
    let outcome = Outcome { progress: progress(1000), ..Outcome::default() };
    hear(&mut state, JobEvent::Finished(Box::new(outcome)));
    assert_eq!(notice(&state), "copied 1 file");
    assert!(!state.jobs.get(JobId(1)).unwrap().is_active());
    let mut state = running();
    let done = Counts { files: 0, dirs: 2, bytes: 0 };
    let outcome = Outcome { progress: Progress { done, ..Progress::default() }, ..Outcome::default() };
    hear(&mut state, JobEvent::Finished(Box::new(outcome)));
    assert_eq!(notice(&state), "copied 2 directories");
    let mut state = running();
    let done = Counts { files: 1, dirs: 1, bytes: 0 };
    let outcome = Outcome { progress: Progress { done, ..Progress::default() }, ..Outcome::default() };
    hear(&mut state, JobEvent::Finished(Box::new(outcome)));
    assert_eq!(notice(&state), "copied 1 file, 1 directory");
    let mut state = running();
    hear(&mut state, JobEvent::Finished(Box::new(failed())));
    assert_eq!(notice(&state), "1 of 4 failed: AccessDenied");
    let after = state.clone();
    hear(&mut state, JobEvent::Progress(progress(7)));
    assert_eq!(state, after);
}

#[test]
fn a_deleted_bucket_is_called_so() {
    let mut state = running();
    let job = state.jobs.get_mut(JobId(1)).unwrap();
    job.label = Label {
        kind: JobKind::Delete,
        undoes: false,
        count: 1,
        first: Some(s3("s3://b/")),
        origin: Some(s3("s3://")),
        target: None,
    };
    hear(&mut state, JobEvent::Finished(Box::default()));
    assert_eq!(notice(&state), "deleted the bucket b");
}

#[test]
fn an_error_in_full_says_each_thing_once() {
    let mut state = ready(&["a"]);
    let beneath = std::io::Error::other("the disk is gone");
    let error =
        VfsError::new(Op::List, s3("s3://b/p/"), ErrorKind::Io, "the disk is gone").with_source(beneath);
    state.last_error = Some(error);
    press(&mut state, "e");
    let Some(Dialog::Text(view)) = state.dialogs.last() else { panic!("no text") };
    assert_eq!(view.text.matches("the disk is gone").count(), 1, "{}", view.text);
}

#[test]
fn many_failures_lead_to_their_list_and_every_sum_is_the_same() {
    let mut state = running();
    let mut outcome = failed();
    outcome.failures = vec![outcome.failures[0].clone(); 5];
    hear(&mut state, JobEvent::Finished(Box::new(outcome)));
    assert_eq!(notice(&state), "5 of 6 failed; F9 shows why");
    press(&mut state, "<f9>f");
    let Some(Dialog::Text(view)) = state.dialogs.last() else { panic!("no list") };
    assert_eq!(view.title, "5 of 6 failed");
    assert_eq!(view.text.lines().nth(1), Some("  could not list: AccessDenied (allow s3:ListBucket)"));
}

#[test]
fn failures_are_listed_and_retried_once() {
    let mut state = running();
    hear(&mut state, JobEvent::Finished(Box::new(failed())));
    press(&mut state, "<f9>f");
    let Some(Dialog::Text(view)) = state.dialogs.last() else { panic!("no list") };
    assert_eq!(view.title, "1 of 4 failed");
    assert!(view.text.contains("s3://b/p/a") && view.text.contains("AccessDenied"), "{}", view.text);
    let cmds = press(&mut state, "<esc>r");
    assert!(matches!(cmds.as_slice(), [Cmd::StartJob(JobId(2), _)]), "{cmds:?}");
    assert_eq!(press(&mut state, "r"), []);
    press(&mut state, "d");
    assert_eq!(state.jobs.len(), 1);
    press(&mut state, "jd");
    assert_eq!(state.jobs.len(), 1);
    press(&mut state, "<f9>");
    assert!(state.dialogs.is_empty());
}

#[test]
fn a_job_is_cancelled_from_the_panel() {
    let mut state = running();
    assert_eq!(press(&mut state, "wx"), [Cmd::ListKept]);
    assert_eq!(press(&mut state.clone(), "<enter>"), []);
    assert_eq!(press(&mut state, "c"), [Cmd::CancelJob(JobId(1))]);
    assert_eq!(state.jobs.get(JobId(1)).unwrap().phase, Phase::Cancelling);
    assert_eq!(press(&mut state, "d"), []);
    hear(&mut state, JobEvent::Finished(Box::new(Outcome { cancelled: true, ..Outcome::default() })));
    assert!(notice(&state).starts_with("cancelled"));
}

fn later(state: &mut State, text: &str) -> Vec<Cmd> {
    let at = Timestamp(NOW.0 + 1_000);
    keys(text).into_iter().flat_map(|key| update(state, Msg::Key(key), at)).collect()
}

fn answer(choice: Choice, for_all: bool) -> Cmd {
    Cmd::Answer(JobId(1), 5, Answer { choice, for_all })
}

#[test]
fn a_conflict_asks_and_each_answer_is_given() {
    for (text, choice, for_all) in [
        ("<enter>", Choice::Skip, false),
        ("o", Choice::Overwrite, false),
        ("ao", Choice::Overwrite, true),
        ("aas", Choice::Skip, false),
        ("k", Choice::KeepBoth, false),
        ("<right><right><enter>", Choice::NewerOnly, false),
    ] {
        let mut state = running();
        hear(&mut state, JobEvent::Asks(5, conflict()));
        assert_eq!(later(&mut state, text), [answer(choice, for_all)], "{text}");
        assert!(state.dialogs.is_empty() && state.jobs.get(JobId(1)).unwrap().questions.is_empty());
    }
    let mut state = running();
    hear(&mut state, JobEvent::Asks(5, conflict()));
    assert_eq!(later(&mut state, "c"), [Cmd::CancelJob(JobId(1))]);
}

#[test]
fn keys_that_were_on_their_way_answer_nothing() {
    let mut state = running();
    hear(&mut state, JobEvent::Asks(5, conflict()));
    assert_eq!(press(&mut state, "o<enter>"), []);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Job(_))));
}

#[test]
fn a_question_waits_until_nothing_else_has_the_keys() {
    let mut state = running();
    press(&mut state, "n");
    hear(&mut state, JobEvent::Asks(5, conflict()));
    press(&mut state, "o");
    assert!(matches!(state.dialogs.as_slice(), [Dialog::Prompt(_)]));
    press(&mut state, "<esc>");
    assert!(matches!(state.dialogs.as_slice(), [Dialog::Job(_)]));
    let mut typing = running();
    press(&mut typing, "/");
    hear(&mut typing, JobEvent::Asks(5, conflict()));
    assert!(typing.dialogs.is_empty());
    press(&mut typing, "<enter>");
    assert!(matches!(typing.dialogs.as_slice(), [Dialog::Job(_)]));
}

#[test]
fn a_question_that_is_put_off_is_asked_again_from_the_panel() {
    let mut state = running();
    hear(&mut state, JobEvent::Asks(5, conflict()));
    assert_eq!(later(&mut state, "<esc>j"), []);
    assert!(state.dialogs.is_empty());
    assert_eq!(later(&mut state, "<f9>ao"), [Cmd::ListKept, answer(Choice::Overwrite, false)]);
}

#[test]
fn an_answer_for_all_answers_what_was_asked_meanwhile() {
    let mut state = running();
    hear(&mut state, JobEvent::Asks(5, conflict()));
    hear(&mut state, JobEvent::Asks(6, conflict()));
    hear(&mut state, JobEvent::Asks(7, Question::Links(s3("s3://b/p/l"))));
    assert_eq!(later(&mut state, "as"), [answer(Choice::Skip, true)]);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Job(next)) if next.number == 7));
    let at = Timestamp(NOW.0 + 2_000);
    let cmds = update(&mut state, Msg::Key(Key::parse("f").unwrap()), at);
    assert_eq!(cmds, [Cmd::Answer(JobId(1), 7, Answer { choice: Choice::FollowLinks, for_all: true })]);
}

#[test]
fn the_end_of_a_job_takes_its_question_away() {
    let mut state = running();
    hear(&mut state, JobEvent::Asks(5, conflict()));
    hear(&mut state, JobEvent::Finished(Box::default()));
    assert!(state.dialogs.is_empty());
}

#[test]
fn leaving_is_at_once_without_jobs() {
    for text in ["q", "<f10>", "<esc>0", "<ctrl-c>"] {
        let mut state = ready(&["a"]);
        let cmds = press(&mut state, text);
        assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::Quit]), "{cmds:?}");
    }
}

#[test]
fn leaving_asks_while_jobs_run_and_waits_for_them() {
    let mut state = running();
    assert_eq!(press(&mut state, "q"), []);
    let stays = check("<enter>", state.clone(), ".. >a b", &[]);
    assert!(stays.dialogs.is_empty());
    let cmds = press(&mut state, "c");
    assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::CancelJob(JobId(1))]), "{cmds:?}");
    assert_eq!(press(&mut state.clone(), "q"), [Cmd::Quit]);
    let cmds = hear(&mut state, JobEvent::Finished(Box::default()));
    assert!(cmds.contains(&Cmd::Quit));
}

#[test]
fn leaving_is_asked_anew_when_the_last_job_ends_meanwhile() {
    let mut state = running();
    press(&mut state, "q");
    assert!(!hear(&mut state, JobEvent::Finished(Box::default())).contains(&Cmd::Quit));
    let Some(Dialog::Quit(buttons)) = state.dialogs.last() else { panic!("{:?}", state.dialogs) };
    let labels: Vec<_> = buttons.all.iter().map(|button| button.label).collect();
    assert_eq!(labels, ["Stay", "Quit"]);
    assert_eq!(press(&mut state.clone(), "cl"), [], "there is nothing to cancel or to leave");
    assert!(check("<enter>", state.clone(), ".. >a b", &[]).dialogs.is_empty());
    let cmds = press(&mut state, "q");
    assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::Quit]), "{cmds:?}");
}

#[test]
fn leaving_may_wait_until_the_jobs_are_done() {
    let mut state = running();
    assert_eq!(press(&mut state, "qw"), []);
    press(&mut state, "j");
    let cmds = hear(&mut state, JobEvent::Finished(Box::default()));
    assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::Quit, ..]), "{cmds:?}");
}

#[test]
fn leaving_may_leave_the_jobs_to_be_resumed() {
    let mut state = running();
    let cmds = press(&mut state, "ql");
    assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::SuspendJob(JobId(1))]), "{cmds:?}");
    let left = Outcome { suspended: true, number: Some(7), ..Outcome::default() };
    assert!(hear(&mut state, JobEvent::Finished(Box::new(left))).contains(&Cmd::Quit));
    assert_eq!(state.jobs.get(JobId(1)).unwrap().phase, Phase::Left(Left::Suspended));
}

#[test]
fn a_resumed_job_counts_its_rate_without_what_was_done_before() {
    let mut state = running();
    hear(&mut state, JobEvent::Progress(progress(0)));
    let kept = Counts { bytes: 600, ..Counts::default() };
    let event = JobEvent::Progress(Progress { kept, ..progress(700) });
    update(&mut state, Msg::Job(JobId(1), event), Timestamp(NOW.0 + 1_000));
    let job = state.jobs.get(JobId(1)).unwrap();
    assert!((job.rate.per_second - 100.0).abs() < 0.01, "{}", job.rate.per_second);
}

#[test]
fn keys_over_one_job_in_full_are_about_this_job() {
    let mut state = running();
    press(&mut state, "c<enter><f9><enter>");
    state.jobs.get_mut(JobId(1)).unwrap().phase = Phase::Finished(Box::default());
    state.jobs.forget(JobId(1));
    assert_eq!(press(&mut state, "xc"), [Cmd::CancelJob(JobId(2))]);
}

#[test]
fn one_job_is_looked_at_in_full() {
    let mut state = running();
    assert_eq!(press(&mut state, "<f9><enter>"), [Cmd::ListKept, Cmd::WatchJob(JobId(1), true)]);
    let file = FileReport {
        source: s3("s3://b/p/a"),
        target: Some(local("/disk/a")),
        bytes: 5,
        tag: None,
        end: FileEnd::Copied(Proof::Checksum),
    };
    hear(&mut state, JobEvent::File(Box::new(file)));
    hear(&mut state, JobEvent::Note("it changed, so it starts over".into()));
    let job = state.jobs.get(JobId(1)).unwrap();
    assert_eq!((job.files.len(), job.notes.len()), (1, 1));
    assert_eq!(press(&mut state, "p"), [Cmd::PauseJob(JobId(1), true)]);
    assert_eq!(press(&mut state, "<esc>"), [Cmd::WatchJob(JobId(1), false)]);
    assert!(matches!(state.dialogs.last(), Some(Dialog::Jobs { .. })));
}

#[test]
fn only_a_job_that_took_a_while_makes_itself_heard() {
    let mut state = running();
    let cmds = hear(&mut state.clone(), JobEvent::Finished(Box::default()));
    assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::Notify(_))));
    let end = Msg::Job(JobId(1), JobEvent::Finished(Box::default()));
    let cmds = update(&mut state, end, Timestamp(NOW.0 + 6_000));
    assert!(cmds.contains(&Cmd::Notify("copied 0 files".into())), "{cmds:?}");
}

#[test]
fn a_signal_ends_without_asking() {
    let mut state = running();
    let cmds = update(&mut state, Msg::Terminate, NOW);
    assert!(matches!(cmds.as_slice(), [Cmd::SaveSession(_), Cmd::SuspendJob(JobId(1))]), "{cmds:?}");
    assert_eq!(update(&mut state, Msg::Terminate, NOW), []);
    let mut idle = ready(&[]);
    assert_eq!(update(&mut idle, Msg::Terminate, NOW).last(), Some(&Cmd::Quit));
}

#[test]
fn the_session_keeps_places_and_order_but_no_filter() {
    let mut state = ready(&["a", "b"]);
    press(&mut state, "S/a<enter><tab>");
    let session = state.session();
    assert_eq!(session.locations, [s3("s3://b/p/"), local("/disk")]);
    assert_eq!(session.arrangements[0].filter.text, "");
    assert!(session.arrangements[0].sort.descending);
    assert_eq!(session.active, Side::Right);
}

#[test]
fn suspending_is_left_to_the_runtime() {
    check("<ctrl-z>", ready(&["a"]), ">.. a", &[Cmd::Suspend]);
}
