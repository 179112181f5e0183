//! Deletions: what is asked, counted and refused.

use super::*;

fn question(state: &State) -> &dialog::DeleteQuestion {
    match state.dialogs.last() {
        Some(Dialog::Delete(question)) => question,
        other => panic!("no question: {other:?}"),
    }
}

#[test]
fn delete_asks_and_the_safe_answer_is_first() {
    let state = check("jjx", ready(ROWS), ".. d/ >a b", &[]);
    assert_eq!(question(&state).counts, Counts { files: 1, dirs: 0, bytes: 10 });
    assert!(question(&state).counting.is_none());
    let safe = check("<enter>", state.clone(), ".. d/ >a b", &[]);
    assert!(safe.dialogs.is_empty());
    check("<esc>", state.clone(), ".. d/ >a b", &[]);
    let delete = [job(1, JobKind::Delete, vec![item("p/a", "a")], None)];
    check("d", state.clone(), ".. d/ >a b", &delete);
    check("<right><enter>", state, ".. d/ >a b", &delete);
}

#[test]
fn what_directories_hold_is_counted_before_it_is_deleted() {
    let count = plan_of(3, JobKind::Delete, vec![item("p/d/", "d/")], None);
    let mut state = check("jx", ready(ROWS), ".. >d/ a b", &[count]);
    let counts = Counts { files: 7, dirs: 2, bytes: 70 };
    update(&mut state, planned(3, counts, false), NOW);
    assert_eq!((question(&state).counts, question(&state).counting), (counts, Some(ReqId(3))));
    check("<esc>", state.clone(), ".. >d/ a b", &[Cmd::Cancel(ReqId(3))]);
    update(&mut state, planned(3, counts, true), NOW);
    assert_eq!(question(&state).counting, None);
    check("d", state, ".. >d/ a b", &[job(1, JobKind::Delete, vec![item("p/d/", "d/")], None)]);
}

#[test]
fn a_bucket_is_deleted_only_when_empty_and_named() {
    let mut state = buckets();
    press(&mut state, "x");
    let refuses = |state: &mut State| {
        assert_eq!(press(state, "<enter>"), []);
        question(state).bucket.as_ref().unwrap().problem.clone().unwrap()
    };
    assert!(refuses(&mut state).contains("still looking"));
    update(&mut state, planned(3, Counts::default(), true), NOW);
    assert!(refuses(&mut state).contains("type the bucket's name"));
    press(&mut state, "on");
    assert!(refuses(&mut state).contains("type the bucket's name"));
    let cmds = press(&mut state, "e<enter>");
    let Some(Cmd::StartJob(_, spec)) = cmds.first() else { panic!("{cmds:?}") };
    assert_eq!((spec.kind, spec.sources[0].uri.clone()), (JobKind::Delete, s3("s3://one")));
}

#[test]
fn a_full_bucket_stays_and_is_not_counted_to_the_end() {
    let mut state = buckets();
    press(&mut state, "xone");
    let counts = Counts { files: 1000, dirs: 0, bytes: 1 };
    let cmds = update(&mut state, planned(3, counts, false), NOW);
    assert_eq!(cmds, [Cmd::Cancel(ReqId(3))]);
    assert_eq!(press(&mut state, "<enter>"), []);
    assert!(question(&state).bucket.as_ref().unwrap().problem.as_ref().unwrap().contains("isn't empty"));
}

#[test]
fn a_bucket_that_cannot_be_looked_into_stays() {
    let mut state = buckets();
    press(&mut state, "xone");
    update(&mut state, Msg::PlanFailed { req: ReqId(3), error: denied(s3("s3://one")) }, NOW);
    assert_eq!(press(&mut state, "<enter>"), []);
    let mut two = buckets();
    press(&mut two, "<ctrl-a>x");
    assert!(two.dialogs.is_empty() && notice(&two).contains("one at a time"));
}
