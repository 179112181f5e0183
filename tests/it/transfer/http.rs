//! The engine over HTTP: requests are counted, and faults come from the server.

use std::time::Duration;

use bifold::config::Connection;
use bifold::model::{ErrorKind, Freshness, Kind, S3Uri, Uri};
use bifold::transfer::{Choice, JobEvent, JobId, JobKind, JobOptions, JobSpec, Target};
use demo::{Blob, Effect, Rule};
use futures::TryStreamExt;

use super::bed::{Bed, Pair, finish, noise};

#[tokio::test]
async fn uploads_and_downloads_are_whole_around_the_multipart_bound() {
    let bound = 16 << 20;
    for pair in [Pair::LocalS3, Pair::S3Local] {
        let bed = Bed::new(pair);
        for len in [0, 1, bound - 1, bound, bound + 1, 2 * bound + 12_345] {
            let name = format!("f{len}");
            bed.left.put(&name, &noise(len)).await;
            let outcome = bed.copy(&[&name], Choice::Cancel).await;
            assert_eq!(outcome.failures, [], "{pair:?} {len}");
            assert!(bed.right.get(&name).await.unwrap() == noise(len), "{pair:?} {len}");
        }
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_new_prefix_costs_one_listing_and_one_put_a_file() {
    let bed = Bed::new(Pair::LocalS3);
    for n in 0..64 {
        bed.left.put(&format!("d/f{n}"), b"1").await;
    }
    bed.server().reset_counts();
    assert_eq!(bed.copy(&["d/"], Choice::Cancel).await.failures, []);
    let counts = bed.server().counts();
    assert_eq!((counts.get("PutObject"), counts.get("ListObjectsV2"), counts.total()), (64, 1, 65));
}

#[tokio::test]
async fn deleting_2500_keys_takes_three_requests() {
    let bed = Bed::new(Pair::S3Local);
    for n in 0..2500 {
        bed.server().store().put("left", &format!("d/{n:04}"), "1");
    }
    bed.server().store().put("left", "d2", "1");
    bed.server().reset_counts();
    let sources = bed.left.items(&["d/"]).await;
    let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options: JobOptions::default() };
    let outcome = finish(bed.engine.start(JobId(1), spec), Choice::Cancel).await;
    assert_eq!((outcome.failures.len(), outcome.progress.done.files), (0, 2500));
    let counts = bed.server().counts();
    assert_eq!((counts.get("DeleteObjects"), counts.get("ListObjectsV2"), counts.total()), (3, 3, 6));
    assert_eq!(bed.server().store().keys("left"), ["d2"]);
}

#[tokio::test]
async fn a_copy_within_a_service_moves_no_bytes_and_keeps_what_it_carries() {
    for pair in [Pair::S3S3, Pair::S3Other] {
        let bed = Bed::new(pair);
        bed.left.put("a", &noise(100_000)).await;
        bed.server().store().edit("left", "a", |attributes| {
            attributes.class = Some("STANDARD_IA".to_owned());
            attributes.content_type = Some("text/x-odd".to_owned());
            attributes.metadata.insert("owner".to_owned(), "me".to_owned());
            attributes.tags = vec![("k".to_owned(), "v".to_owned())];
        });
        bed.server().reset_counts();
        assert_eq!(bed.copy(&["a"], Choice::Cancel).await.failures, []);
        let copied = bed.server().store().info("right", "a").unwrap();
        assert_eq!(bed.server().store().get("right", "a").unwrap(), noise(100_000), "{pair:?}");
        assert_eq!(copied.attributes.content_type.as_deref(), Some("text/x-odd"), "{pair:?}");
        assert_eq!(copied.attributes.metadata.get("owner").map(String::as_str), Some("me"), "{pair:?}");
        if pair == Pair::S3S3 {
            let counts = bed.server().counts();
            assert_eq!((counts.get("GetObject"), counts.get("PutObject")), (0, 0));
            assert_eq!(copied.class, "STANDARD_IA");
            assert_eq!(copied.attributes.tags, [("k".to_owned(), "v".to_owned())]);
        }
    }
}

#[tokio::test]
async fn two_connections_to_one_bucket_are_one_thing() {
    let bed = Bed::new(Pair::S3Other);
    bed.left.put("d/a", b"1").await;
    let before = bed.server().store().info("left", "d/a");
    let other = |key: &str| Uri::S3(S3Uri::new("other", "left", key));
    for (names, target) in [
        (["d/a"], Target::As(other("d/a"))),
        (["d/"], Target::Into(other(""))),
        (["d/"], Target::Into(other("d/e/"))),
    ] {
        for kind in [JobKind::Copy, JobKind::Move] {
            let sources = bed.left.items(&names).await;
            let outcome = bed.copy_to(kind, sources, target.clone()).await;
            assert_eq!(outcome.failures.len(), 1, "{target:?}");
            assert_eq!(outcome.failures[0].error.kind, ErrorKind::Invalid, "{target:?}");
        }
    }
    assert_eq!(bed.server().store().info("left", "d/a"), before);
}

#[tokio::test]
async fn each_fault_of_the_service_is_overcome() {
    let faults = [
        ("PutObject", Effect::slow_down()),
        ("PutObject", Effect::internal_error()),
        ("PutObject", Effect::LoseAnswer),
        ("PutObject", Effect::Drop),
        ("UploadPart", Effect::slow_down()),
        ("UploadPart", Effect::LoseAnswer),
        ("UploadPart", Effect::Drop),
        ("CompleteMultipartUpload", Effect::slow_down()),
        ("CompleteMultipartUpload", Effect::LoseAnswer),
        ("CompleteMultipartUpload", Effect::ok_with_error("InternalError")),
    ];
    for (operation, effect) in faults {
        let bed = Bed::new(Pair::LocalS3);
        let len = if operation == "PutObject" { 100_000 } else { 17 << 20 };
        bed.left.put("a", &noise(len)).await;
        bed.server().faults().add(Rule::on(operation, effect.clone()));
        let outcome = bed.copy(&["a"], Choice::Cancel).await;
        assert_eq!(outcome.failures, [], "{operation} {effect:?}");
        assert_eq!(bed.server().faults().pending(), 0, "{operation} {effect:?}");
        assert!(bed.right.get("a").await.unwrap() == noise(len), "{operation} {effect:?}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_download_survives_slow_down_and_cut_bodies() {
    for effect in [Effect::slow_down(), Effect::CutBody(1000), Effect::TruncateBody(1000), Effect::Drop] {
        let bed = Bed::new(Pair::S3Local);
        bed.left.put("a", &noise(17 << 20)).await;
        bed.server().faults().add(Rule::on("GetObject", effect.clone()).times(2));
        let outcome = bed.copy(&["a"], Choice::Cancel).await;
        assert_eq!(outcome.failures, [], "{effect:?}");
        assert!(bed.right.get("a").await.unwrap() == noise(17 << 20), "{effect:?}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_lost_answer_of_a_server_side_copy_is_no_failure() {
    let bed = Bed::new(Pair::S3S3);
    bed.left.put("a", b"1").await;
    bed.server().faults().add(Rule::on("CopyObject", Effect::LoseAnswer));
    let outcome = bed.mv(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    assert_eq!(bed.server().store().get("right", "a").as_deref(), Some(&b"1"[..]));
    assert_eq!(bed.server().store().get("left", "a"), None);
}

#[tokio::test]
async fn cancelling_uploads_leaves_no_open_upload() {
    let bed = Bed::new(Pair::LocalS3);
    for n in 0..3 {
        bed.left.put(&format!("d/f{n}"), &noise(20 << 20)).await;
    }
    bed.server()
        .faults()
        .add(Rule::on("UploadPart", Effect::Delay(Duration::from_secs(20))).skip(4).times(100));
    let mut job = bed.begin(JobKind::Copy, &["d/"], JobOptions::default()).await;
    while bed.server().counts().get("UploadPart") < 5 {
        tokio::select! {
            event = job.next() => assert!(!matches!(event, Some(JobEvent::Finished(_)) | None)),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    assert!(!bed.server().store().open_uploads("right").is_empty());
    job.cancel();
    assert!(finish(job, Choice::Cancel).await.cancelled);
    assert_eq!(bed.server().store().open_uploads("right"), []);
    assert_eq!(bed.server().store().keys("right"), Vec::<String>::new());
}

#[tokio::test]
async fn an_overwrite_race_is_asked_again() {
    let bed = Bed::new(Pair::LocalS3);
    bed.left.put("a", b"new").await;
    bed.right.put("a", b"old").await;
    let sneak = Effect::run(|store| store.put("right", "a", "sneaked in"));
    bed.server().faults().add(Rule::on("PutObject", sneak));
    let job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    let mut turns = 0;
    let (outcome, asked) = super::bed::finish_with(job, |_| {
        turns += 1;
        if turns == 1 { Choice::Overwrite } else { Choice::Skip }
    })
    .await;
    assert_eq!((asked.len(), outcome.progress.skipped), (2, 1));
    assert_eq!(bed.server().store().get("right", "a").as_deref(), Some(&b"sneaked in"[..]));
}

#[tokio::test]
async fn each_failed_removal_is_told_and_the_rest_goes() {
    let bed = Bed::new(Pair::S3Local);
    for name in ["d/a", "d/b", "d/c"] {
        bed.left.put(name, b"1").await;
    }
    bed.server().store().set_locked("left", "d/b", true);
    let sources = bed.left.items(&["d/"]).await;
    let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options: JobOptions::default() };
    let outcome = finish(bed.engine.start(JobId(1), spec), Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1, "{:?}", outcome.failures);
    assert_eq!(outcome.failures[0].item.uri, bed.left.uri("d/b"));
    assert_eq!(bed.server().store().keys("left"), ["d/b"]);
}

#[tokio::test]
async fn odd_keys_pass_over_http_as_themselves() {
    let bed = Bed::new(Pair::S3S3);
    let long = format!("d/{}", "x".repeat(1022));
    let keys = ["d/a", "d/a/", "d/a/b", "d//x", "d//", "d/\u{1}b", "d/e/", "d/häßlich ✓ +%20", &long];
    for key in keys {
        bed.server().store().put("left", key, key.to_owned());
    }
    let outcome = bed.mv(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    for key in keys {
        assert_eq!(bed.server().store().get("right", key).as_deref(), Some(key.as_bytes()), "{key:?}");
    }
    assert_eq!(bed.server().store().keys("left"), Vec::<String>::new());
}

#[tokio::test]
async fn an_open_pane_sees_the_end_of_a_job_without_another_listing() {
    let bed = Bed::new(Pair::LocalS3);
    for n in 0..30 {
        bed.left.put(&format!("d/f{n}"), b"1").await;
    }
    bed.right.put("d/there", b"1").await;
    let pane = bed.registry().resolve(&bed.right.uri("d/")).unwrap();
    let rows = async || {
        let pages: Vec<_> = pane.list(Freshness::Cached).try_collect().await.unwrap();
        pages
            .iter()
            .map(|page| page.entries.iter().filter(|row| row.kind == Kind::File).count())
            .sum::<usize>()
    };
    assert_eq!(rows().await, 1);
    bed.server().reset_counts();
    let mut job = bed.begin(JobKind::Copy, &["d/"], JobOptions::default()).await;
    let mut touched = 0;
    while let Some(event) = job.next().await {
        touched += usize::from(event == JobEvent::Touched(bed.right.uri("d/")));
        if matches!(event, JobEvent::Finished(_)) {
            break;
        }
    }
    assert!((1..10).contains(&touched), "told {touched} times of 30 files");
    let before = bed.server().counts().get("ListObjectsV2");
    assert_eq!((rows().await, rows().await), (31, 31));
    assert_eq!(bed.server().counts().get("ListObjectsV2"), before, "the held listing took the writes in");
}

#[tokio::test]
async fn a_flipped_bit_on_the_way_is_found_by_the_checksum() {
    let bed = Bed::new(Pair::S3Local);
    bed.server().store().put("left", "a", noise(17 << 20));
    let source = Uri::S3(S3Uri::new("checked", "left", "a"));
    let path = bed.registry().resolve(&source).unwrap();
    let entry = path.stat(Freshness::Past).await.unwrap();
    let item = bifold::transfer::SourceItem { uri: source, entry };
    for flips in [1, 100] {
        bed.server().faults().add(Rule::on("GetObject", Effect::FlipBit(5000)).times(flips));
        let target = Target::As(bed.right.uri(&format!("after {flips}")));
        let outcome = bed.copy_to(JobKind::Copy, vec![item.clone()], target).await;
        bed.server().faults().clear();
        bed.check_clean();
        let there = bed.right.get(&format!("after {flips}")).await;
        if flips == 1 {
            assert_eq!(outcome.failures, []);
            assert!(there.unwrap() == noise(17 << 20), "tried again, and whole");
        } else {
            assert_eq!(outcome.failures[0].error.kind, ErrorKind::Corrupt);
            assert!(there.is_none(), "nothing wrong is left");
        }
    }
}

#[tokio::test]
async fn a_copy_that_is_not_what_was_written_keeps_its_source() {
    for (theirs, kind) in
        [("x", ErrorKind::Conflict), ("longer", ErrorKind::Corrupt), ("", ErrorKind::Corrupt)]
    {
        let bed = Bed::new(Pair::S3S3);
        bed.left.put("a", b"1").await;
        let sources = bed.left.items(&["a"]).await;
        let sneak = Effect::run(move |store| store.put("right", "b", theirs));
        // The second look at the source is the one right before it is removed.
        bed.server().faults().add(Rule::on("HeadObject", sneak).key("a").skip(1));
        let outcome = bed.copy_to(JobKind::Move, sources, Target::As(bed.right.uri("b"))).await;
        assert_eq!(outcome.failures.len(), 1, "{theirs:?}");
        assert_eq!(outcome.failures[0].error.kind, kind, "{theirs:?}: {}", outcome.failures[0].error);
        assert_eq!(bed.server().store().get("left", "a").as_deref(), Some(&b"1"[..]));
    }
}

#[tokio::test]
async fn a_copy_that_went_away_again_keeps_its_source() {
    let bed = Bed::new(Pair::LocalS3);
    bed.left.put("a", b"1").await;
    let gone = Effect::run(|store| store.delete("right", "a"));
    bed.server().faults().add(Rule::on("HeadObject", gone).skip(1));
    let outcome = bed.mv(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(bed.left.get("a").await.as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn the_same_bytes_written_again_are_another_version() {
    let bed = Bed::new(Pair::S3Local);
    bed.left.put("a", b"1").await;
    let again = Effect::run(|store| {
        store.put("left", "a", "1");
        store.set_modified("left", "a", chrono::Utc::now() + chrono::TimeDelta::seconds(9));
    });
    bed.server().faults().add(Rule::on("HeadObject", again).skip(1));
    let outcome = bed.mv(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::Conflict);
    assert_eq!(bed.server().store().get("left", "a").as_deref(), Some(&b"1"[..]));
}

#[tokio::test]
async fn an_object_moved_onto_itself_by_another_name_of_its_service_stays() {
    for old in [false, true] {
        let bed = Bed::new(Pair::S3Other);
        bed.left.put("a", b"1").await;
        if old {
            let then = chrono::Utc::now() - chrono::TimeDelta::hours(1);
            bed.server().store().set_modified("left", "a", then);
        }
        let alias = bed.server().endpoint().replace("127.0.0.1", "localhost");
        let alias = Connection { endpoint_url: Some(alias), ..Connection::default() };
        bed.registry().connect("alias", &alias, &bed.server().env().into_iter().collect());
        let sources = bed.left.items(&["a"]).await;
        let target = Some(Target::As(Uri::S3(S3Uri::new("alias", "left", "a"))));
        let spec = JobSpec { kind: JobKind::Move, sources, target, options: JobOptions::default() };
        let outcome = finish(bed.engine.start(JobId(1), spec), Choice::Overwrite).await;
        assert_eq!(outcome.failures.len(), 1);
        assert_eq!(bed.server().store().get("left", "a").as_deref(), Some(&b"1"[..]));
    }
}

#[tokio::test]
async fn cancelling_a_large_server_side_copy_ends_its_upload_first() {
    let bed = Bed::new(Pair::S3S3);
    bed.server().store().put("left", "a", Blob::repeat("x", 5 << 30));
    let gate = bed.server().faults().hold("UploadPartCopy");
    let mut job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
    while bed.server().counts().get("UploadPartCopy") < 1 {
        tokio::select! {
            event = job.next() => assert!(!matches!(event, Some(JobEvent::Finished(_)) | None)),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
    }
    job.cancel();
    assert!(finish(job, Choice::Cancel).await.cancelled);
    assert_eq!(bed.server().store().open_uploads("right"), []);
    assert_eq!(bed.server().store().keys("right"), Vec::<String>::new());
    gate.open();
}

#[tokio::test]
async fn a_service_that_ignores_conditions_on_copies_is_looked_at_right_before() {
    for there in [true, false] {
        let bed = Bed::new(Pair::S3S3);
        bed.left.put("a", b"new").await;
        if there {
            bed.right.put("a", b"old").await;
        }
        bed.server().faults().add(Rule::on("CopyObject", Effect::Unconditional).always());
        // After the row was shown and the destination looked at, before the copy.
        let sneak = Effect::run(|store| store.put("right", "a", "sneaked in"));
        bed.server().faults().add(Rule::on("HeadObject", sneak).skip(2));
        let job = bed.begin(JobKind::Copy, &["a"], JobOptions::default()).await;
        let mut turns = 0;
        let (outcome, asked) = super::bed::finish_with(job, |_| {
            turns += 1;
            if there && turns == 1 { Choice::Overwrite } else { Choice::Skip }
        })
        .await;
        assert_eq!((asked.len(), outcome.progress.skipped), (1 + usize::from(there), 1));
        assert_eq!(bed.server().store().get("right", "a").as_deref(), Some(&b"sneaked in"[..]));
    }
}
