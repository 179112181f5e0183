//! What is kept how long, and what is done where nothing can be kept.

use super::*;

#[tokio::test]
async fn without_a_state_directory_nothing_is_kept_and_nothing_fails() {
    let (journal, told) = Journal::open(None).await;
    assert!(told.unwrap().contains("can't be resumed") && !journal.keeps());
    assert_eq!(journal.jobs().await.unwrap_err(), JournalError::NotKept);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f"), "").unwrap();
    let (journal, told) = Journal::open(Some(&dir.path().join("f/state"))).await;
    assert!(told.unwrap().contains("state.db") && !journal.keeps());
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_says_so_once_and_fails_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let log = begin(&journal, JobKind::Copy).await;
    let full = |db: &Connection, _: &Owner| {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    };
    journal.kept().unwrap().read(full).await.unwrap();
    let endless = local(&format!("/{}", "long/".repeat(40_000)));
    for _ in 0..2 {
        log.intend(&endless, &entry(&endless), &s3("t")).await;
        log.part(&endless, &s3("t"), part(0));
    }
    assert_eq!(log.recall(&endless).await, []);
    assert!(log.trouble().unwrap().contains("full"));
    assert_eq!(log.trouble(), None);
}

#[tokio::test]
async fn finished_jobs_go_after_a_month_or_two_hundred_others() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let source = s3("a");
    for number in 1..=204 {
        let log = begin(&journal, JobKind::Copy).await;
        log.placed(&source, &entry(&source), &s3("b"), &placed(&s3("b"), Some("v")), true).await;
        let state = if number == 1 { JobState::Suspended } else { JobState::Failed };
        log.ended(state, &Progress::default()).await;
    }
    let old = |db: &Connection, _: &Owner| {
        db.execute("UPDATE jobs SET ended = 1 WHERE number IN (1, 10)", []).map(|_| Ok(()))
    };
    journal.kept().unwrap().write(Worth::Record, old).await.unwrap();
    let running = begin(&journal, JobKind::Copy).await;
    let left = loop {
        let jobs = journal.jobs().await.unwrap();
        // What was tidied before the times were set back went by its number alone.
        if jobs.len() <= 202 && jobs.iter().all(|job| job.number != 10) {
            break jobs;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let numbers: Vec<u64> = left.iter().map(|job| job.number).collect();
    // The suspended one waits for ever, the one of long ago is gone, and of the others the oldest are.
    assert!(numbers.contains(&1) && !numbers.contains(&10) && !numbers.contains(&2), "{numbers:?}");
    assert!(numbers.contains(&running.number()) && numbers.contains(&204));
    let rest = |db: &Connection, _: &Owner| {
        let sql = "SELECT count(*) FROM undo WHERE job NOT IN (SELECT number FROM jobs)";
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
    };
    while journal.kept().unwrap().read(rest).await.unwrap() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_files_of_a_job_that_is_done_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let (done, failed) = (begin(&journal, JobKind::Copy).await, begin(&journal, JobKind::Copy).await);
    for log in [&done, &failed] {
        for number in 0..20 {
            let source = s3(&format!("{number}"));
            log.placed(&source, &entry(&source), &source, &placed(&source, None), false).await;
        }
    }
    failed.ended(JobState::Failed, &Progress::default()).await;
    done.ended(JobState::Done, &Progress::default()).await;
    let files = async || {
        let count = |db: &Connection, _: &Owner| {
            db.query_row("SELECT count(*), min(job) FROM files", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
        };
        journal.kept().unwrap().read(count).await.unwrap()
    };
    while files().await.0 > 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(files().await, (20, failed.number().cast_signed()));
}

#[tokio::test]
async fn times_are_remembered_by_tag() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).await;
    let remembered = journal.remembered().await.unwrap();
    let ask = |etag: &str| vec![("k".to_owned(), etag.to_owned())];
    assert_eq!(remembered.get_many("e", "b", ask("t1")).await, [None]);
    remembered
        .put_many("e", "b", vec![("k".into(), "t1".into(), Some(5)), ("n".into(), "t".into(), None)])
        .await
        .unwrap();
    assert_eq!(remembered.get_many("e", "b", ask("t1")).await, [Some(Some(5))]);
    assert_eq!(remembered.get_many("e", "b", vec![("n".into(), "t".into())]).await, [Some(None)]);
    // Another content, another service, another bucket.
    assert_eq!(remembered.get_many("e", "b", ask("t2")).await, [None]);
    assert_eq!(remembered.get_many("f", "b", ask("t1")).await, [None]);
    assert_eq!(remembered.get_many("e", "c", ask("t1")).await, [None]);
    remembered.put_many("e", "b", vec![("k".into(), "t2".into(), Some(6))]).await.unwrap();
    assert_eq!(remembered.get_many("e", "b", [ask("t1"), ask("t2")].concat()).await, [None, Some(Some(6))]);
    let again = open(dir.path()).await.remembered().await.unwrap();
    assert_eq!(again.get_many("e", "b", ask("t2")).await, [Some(Some(6))]);
}
