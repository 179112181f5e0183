//! What is open, by which it is found again, and what can be undone.

use super::*;

#[tokio::test]
async fn uploads_outlive_their_job_and_local_files_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let (up, down, lost) = (local("/s/up"), s3("s/down"), local("/s/lost"));
    let hint = CreateHint::default();
    log.opened(&up, &entry(&up), &s3("t/up"), &state("U1", vec![part(0)]), &hint).await;
    log.opened(&down, &entry(&down), &local("/t/down"), &state(".part", vec![]), &hint).await;
    log.intend(&lost, &entry(&lost), &s3("t/lost")).await;
    let number = log.number();
    drop(log);
    // The next attempt intends the same again: what became of the first is still not known.
    let (_, log) = journal.claim(number, NOW).await.unwrap();
    log.intend(&lost, &entry(&lost), &s3("t/lost")).await;
    log.ended(JobState::Cancelled, &Progress::default()).await;
    let known = |uploads: Vec<RecordedUpload>| {
        uploads.into_iter().map(|it| (it.uri, it.upload, it.job)).collect::<Vec<_>>()
    };
    let orphan = (s3("t/lost"), None, None);
    let uploads = known(journal.uploads().await.unwrap());
    assert_eq!(
        uploads,
        [
            (s3("t/up"), Some("U1".to_owned()), Some(number)),
            orphan.clone(),
            (s3("t/lost"), None, Some(number))
        ]
    );
    journal.forget(number).await.unwrap();
    assert_eq!(journal.job(number).await.unwrap(), None);
    let left = journal.uploads().await.unwrap();
    assert_eq!(known(left.clone()), [(s3("t/up"), Some("U1".to_owned()), None), orphan.clone(), orphan]);
    for upload in left {
        journal.forget_upload(upload.row).await.unwrap();
    }
    assert!(journal.uploads().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_can_be_undone_is_told_in_the_order_that_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let marker = |id: &str| Removed { marker: Some(id.into()) };
    let all = async |number| {
        let page = journal.undo_page(number, 0, 10).await.unwrap();
        page.into_iter().map(|(_, it)| (it.uri, it.version, it.kind)).collect::<Vec<_>>()
    };
    let delete = begin(&journal, JobKind::Delete).await;
    delete
        .deleted_all([(&s3("a"), &marker("m1")), (&s3("b"), &Removed::default()), (&s3("c"), &marker("m2"))])
        .await;
    assert_eq!(delete.ended(JobState::Done, &Progress::default()).await, 2);
    assert_eq!(journal.job(delete.number()).await.unwrap().unwrap().undoable, 2);
    let page = journal.undo_page(delete.number(), 0, 1).await.unwrap();
    let next = journal.undo_page(delete.number(), page[0].0, 1).await.unwrap();
    assert_eq!((&page[0].1.uri, &next[0].1.uri), (&s3("a"), &s3("c")));
    journal.undone(delete.number(), vec![page[0].0]).await.unwrap();
    assert_eq!(all(delete.number()).await, [(s3("c"), "m2".to_owned(), UndoKind::Marker)]);

    let (source, target) = (s3("src"), s3("dst"));
    let copy = begin(&journal, JobKind::Copy).await;
    copy.placed(&source, &entry(&source), &target, &placed(&target, Some("v2")), true).await;
    copy.placed(&s3("x"), &entry(&source), &s3("y"), &placed(&s3("y"), Some("v3")), false).await;
    assert_eq!(all(copy.number()).await, [(target.clone(), "v2".to_owned(), UndoKind::Version)]);

    // Of a move, the newer version may be all that is left: it is offered only behind its source.
    let moved = begin(&journal, JobKind::Move).await;
    moved.placed(&source, &entry(&source), &target, &placed(&target, Some("v2")), true).await;
    assert_eq!(all(moved.number()).await, []);
    moved.source_removed(&source, &Removed::default()).await;
    assert_eq!(all(moved.number()).await, []);
    moved.source_removed(&source, &marker("m3")).await;
    let wanted = [(source, "m3".to_owned(), UndoKind::Marker), (target, "v2".to_owned(), UndoKind::Version)];
    assert_eq!(all(moved.number()).await, wanted);
}

/// What is known of open uploads: where to, which, of which job.
async fn known(journal: &Journal) -> Vec<(Uri, Option<String>, Option<u64>)> {
    let uploads = journal.uploads().await.unwrap();
    uploads.into_iter().map(|it| (it.uri, it.upload, it.job)).collect()
}

#[tokio::test]
async fn one_source_on_its_way_to_two_places_keeps_both_uploads() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let source = local("/s/a");
    let hint = CreateHint { job: Some(log.tag()), ..CreateHint::default() };
    let seen = entry(&source);
    let (one, two) = (s3("t/one"), s3("t/two"));
    for target in [&one, &two] {
        log.intend(&source, &seen, target).await;
    }
    log.opened(&source, &seen, &one, &state("U1", vec![]), &hint).await;
    log.opened(&source, &seen, &two, &state("U2", vec![]), &hint).await;
    log.part(&source, &one, part(0));
    log.part(&source, &two, part(5));
    let number = Some(log.number());
    let both = [(one.clone(), Some("U1".to_owned()), number), (two.clone(), Some("U2".to_owned()), number)];
    assert_eq!(known(&journal).await, both);
    let steps = async || log.recall(&source).await.into_iter().map(|it| (it.target, it.step));
    let open_with = |id: &str, at| Step::Open(Box::new((state(id, vec![part(at)]), hint.clone())));
    let wanted = [(two.clone(), open_with("U2", 5)), (one.clone(), open_with("U1", 0))];
    assert_eq!(steps().await.collect::<Vec<_>>(), wanted);
    // One of them is placed, and the other is still open; then both are placed, and both are known.
    log.placed(&source, &seen, &one, &placed(&one, Some("v1")), true).await;
    assert_eq!(known(&journal).await, both[1..]);
    log.placed(&source, &seen, &two, &placed(&two, Some("v2")), true).await;
    assert!(known(&journal).await.is_empty());
    let there: Vec<_> = steps().await.map(|(target, _)| target).collect();
    assert_eq!(there, [one, two]);
}

#[tokio::test]
async fn an_upload_that_cannot_be_taken_up_again_is_kept_to_be_offered_for_abort() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let (source, target, hint) = (local("/s/a"), s3("t/a"), CreateHint::default());
    let seen = entry(&source);
    log.intend(&source, &seen, &target).await;
    log.opened(&source, &seen, &target, &state("U1", vec![part(0)]), &hint).await;
    // It was refused, and the file is begun anew.
    log.intend(&source, &seen, &target).await;
    log.opened(&source, &seen, &target, &state("U2", vec![]), &hint).await;
    let number = Some(log.number());
    let first = (target.clone(), Some("U1".to_owned()), None);
    let second = (target.clone(), Some("U2".to_owned()), number);
    assert_eq!(known(&journal).await, [first.clone(), second.clone()]);
    log.orphaned(&source, &target).await;
    assert_eq!(known(&journal).await, [first, (second.0, second.1, None)]);
    assert_eq!(log.recall(&source).await, []);
}

/// The state file of the version before, with a file that was placed.
#[tokio::test]
async fn what_was_placed_before_the_tables_changed_is_still_known() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let (source, target) = (local("/s/a"), s3("t/a"));
    log.placed(&source, &entry(&source), &target, &placed(&target, Some("v1")), true).await;
    let known = log.recall(&source).await;
    let as_before = |db: &Connection, _: &Owner| {
        let first = schema::JOURNAL.steps[0];
        let files =
            &first[first.find("CREATE TABLE files").unwrap()..first.find("CREATE TABLE sinks").unwrap()];
        db.execute_batch("ALTER TABLE files RENAME TO kept")?;
        db.execute_batch(files)?;
        db.execute_batch("INSERT INTO files SELECT * FROM kept; DROP TABLE kept;")?;
        db.execute_batch(schema::JOURNAL.steps[1]).map(Ok)
    };
    journal.kept().unwrap().write(Worth::Record, as_before).await.unwrap();
    assert_eq!((log.recall(&source).await, known.len()), (known, 1));
}

#[tokio::test]
async fn a_wish_that_follows_another_while_it_is_told_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    journal.request(log.number(), Wish::Pause).await.unwrap();
    let mut told = vec![];
    {
        let mut telling = std::pin::pin!(log.wishes());
        let early = futures::poll!(telling.as_mut());
        journal.request(log.number(), Wish::Cancel).await.unwrap();
        told.push(match early {
            std::task::Poll::Ready(wish) => wish,
            std::task::Poll::Pending => telling.await,
        });
    }
    told.push(log.wishes().await);
    assert_eq!(told.into_iter().flatten().last(), Some(Wish::Cancel));
}
