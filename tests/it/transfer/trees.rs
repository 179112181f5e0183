//! Copying files and trees in every direction.

use bifold::model::{ErrorKind, Freshness, Kind, Name, Op};
use bifold::transfer::{Choice, JobKind, JobOptions, LinkPolicy, SourceItem, Target};
use bifold::vfs::local::LocalPath;
use bifold::vfs::memory::Memory;

use super::bed::{Bed, PAIRS, Pair, finish, finish_with, noise};

#[tokio::test]
async fn a_tree_arrives_whole_in_every_direction() {
    for pair in PAIRS {
        let bed = Bed::new(pair);
        for (name, len) in [("d/a", 0), ("d/e/b.txt", 1), ("d/e/f/c", 100_000), ("d/e/häßlich ✓", 3)] {
            bed.left.put(name, &noise(len)).await;
        }
        bed.left.put("d/empty/", b"").await;
        bed.left.put("beside", b"not asked for").await;
        let outcome = bed.copy(&["d/"], Choice::Cancel).await;
        assert_eq!(outcome.failures, [], "{pair:?}");
        let mut expected = bed.left.tree().await;
        expected.remove("beside");
        assert_eq!(bed.right.tree().await, expected, "{pair:?}");
        let (done, total) = (outcome.progress.done, outcome.progress.total);
        assert_eq!((done, outcome.progress.total_known), (total, true), "{pair:?}");
        assert_eq!(done.bytes, 100_004, "{pair:?}");
        bed.check_clean();
    }
}

#[tokio::test]
async fn large_files_arrive_whole_around_each_bound() {
    for pair in [Pair::LocalMemory, Pair::MemoryLocal] {
        let memory = Memory::like_s3("mem").with_part_size(1 << 20);
        let bed = Bed::with_memory(pair, memory);
        let bound = 16 << 20;
        for len in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, bound - 1, bound, bound + 1] {
            bed.left.put(&format!("f{len}"), &noise(len)).await;
            let outcome = bed.copy(&[&format!("f{len}")], Choice::Cancel).await;
            assert_eq!(outcome.failures, [], "{pair:?} {len}");
            assert!(bed.right.get(&format!("f{len}")).await.unwrap() == noise(len), "{pair:?} {len}");
        }
        bed.check_clean();
    }
}

#[tokio::test]
async fn copying_twice_and_looking_in_between_gives_the_same_bytes() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.left.put("a", &noise(70_000)).await;
    assert!(bed.left.get("a").await.unwrap() == noise(70_000));
    for _ in 0..2 {
        assert_eq!(bed.copy(&["a"], Choice::Overwrite).await.failures, []);
        assert!(bed.right.get("a").await.unwrap() == noise(70_000));
    }
}

#[tokio::test]
async fn sixty_four_small_files_and_two_jobs_at_once() {
    let bed = Bed::new(Pair::LocalMemory);
    let names: Vec<String> = (0..64).map(|n| format!("d/f{n}")).collect();
    for name in &names {
        bed.left.put(name, name.as_bytes()).await;
        bed.left.put(&name.replacen('d', "e", 1), name.as_bytes()).await;
    }
    let first = bed.begin(JobKind::Copy, &["d/"], JobOptions::default()).await;
    let second = bed.begin(JobKind::Copy, &["e/"], JobOptions::default()).await;
    let (first, second) = tokio::join!(finish(first, Choice::Cancel), finish(second, Choice::Cancel));
    assert_eq!((first.progress.done.files, second.progress.done.files), (64, 64));
    assert_eq!(bed.right.tree().await, bed.left.tree().await);
}

#[tokio::test]
async fn the_target_says_where_it_goes() {
    for pair in PAIRS {
        let bed = Bed::new(pair);
        bed.left.put("d/e/a", b"1").await;
        let source = || async { bed.left.items(&["d/"]).await };
        let right = |name: &str| bed.right.uri(name);
        let copy = |sources, target| bed.copy_to(JobKind::Copy, sources, target);
        copy(source().await, Target::As(right("new/"))).await;
        copy(source().await, Target::ContentsInto(right("contents/"))).await;
        let file = bed.left.items(&["d/e/a"]).await;
        copy(file, Target::As(right("b"))).await;
        let names: Vec<String> = bed.right.tree().await.into_keys().collect();
        assert_eq!(names, ["b", "contents/e/a", "new/e/a"], "{pair:?}");
    }
}

#[tokio::test]
async fn a_prefix_beside_an_object_fails_by_its_name_on_a_disk() {
    let bed = Bed::new(Pair::MemoryLocal);
    for key in ["left/d/a", "left/d/a/b", "left/d//x", "left/d/../up", "left/d/ok"] {
        bed.memory.put(key, "1");
    }
    bed.memory.put(&format!("left/d/{}", "x".repeat(256)), "1");
    let outcome = bed.copy(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures.len(), 4, "{:?}", outcome.failures);
    assert!(outcome.failures.iter().all(|failure| failure.error.kind == ErrorKind::Invalid));
    let names: Vec<String> = bed.right.tree().await.into_keys().collect();
    assert!(names.contains(&"d/ok".to_owned()));
    assert!(names.iter().any(|name| name == "d/a" || name == "d/a/b"));
    assert!(!bed.dir.path().join("right/up").exists() && !bed.dir.path().join("up").exists());
}

#[tokio::test]
async fn odd_keys_are_copied_as_themselves_between_buckets() {
    let bed = Bed::new(Pair::MemoryMemory);
    let keys = ["d/a", "d/a/", "d/a/b", "d//x", "d/../up", "d//", "d/\u{1}", "d/e/"];
    for key in keys {
        bed.memory.put(&format!("left/{key}"), key.to_owned());
    }
    let outcome = bed.copy(&["d/"], Choice::Cancel).await;
    assert_eq!(outcome.failures, []);
    for key in keys {
        assert_eq!(bed.memory.get(&format!("right/{key}")).as_deref(), Some(key.as_bytes()), "{key:?}");
    }
}

#[tokio::test]
async fn names_that_are_no_utf8_reach_a_disk_and_fail_on_a_service() {
    let bed = Bed::new(Pair::LocalLocal);
    std::fs::create_dir(bed.dir.path().join("left/d")).unwrap();
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff\xfe");
    std::fs::write(bed.dir.path().join("left/d").join(odd), "odd").unwrap();
    assert_eq!(bed.copy(&["d/"], Choice::Cancel).await.failures, []);
    assert_eq!(std::fs::read(bed.dir.path().join("right/d").join(odd)).unwrap(), b"odd");
    let target = Target::Into(bed.memory.uri("right/"));
    let outcome = bed.copy_to(JobKind::Copy, bed.left.items(&["d/"]).await, target).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(outcome.failures[0].item.uri.name(), Name::from(&b"\xff\xfe"[..]));
}

#[tokio::test]
async fn copying_onto_or_into_itself_is_refused() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/e/a", b"1").await;
    let root = bed.dir.path();
    std::fs::hard_link(root.join("left/d/e/a"), root.join("left/hard")).unwrap();
    std::os::unix::fs::symlink(root.join("left/d/e"), root.join("alias")).unwrap();
    let before = bed.left.tree().await;
    let at = |name: &str| bifold::model::Uri::Local(root.join(name));
    let dir = bed.left.items(&["d/"]).await;
    let file = bed.left.items(&["d/e/a"]).await;
    for (sources, target) in [
        (&file, Target::As(at("left/hard"))),
        (&file, Target::Into(at("left/d/e"))),
        (&file, Target::Into(at("alias"))),
        (&dir, Target::Into(at("left"))),
        (&dir, Target::Into(at("left/d"))),
        (&dir, Target::As(at("left/d/e/new"))),
        (&dir, Target::Into(at("alias"))),
    ] {
        for kind in [JobKind::Copy, JobKind::Move] {
            let outcome = bed.copy_to(kind, sources.clone(), target.clone()).await;
            assert_eq!(outcome.failures.len(), 1, "{target:?}");
            assert_eq!(outcome.failures[0].error.kind, ErrorKind::Invalid, "{target:?}");
            assert_eq!(bed.left.tree().await, before, "{target:?}");
        }
    }
}

#[tokio::test]
async fn copying_into_itself_is_refused_on_a_service() {
    let bed = Bed::new(Pair::MemoryMemory);
    bed.left.put("d/a", b"1").await;
    let dir = bed.left.items(&["d/"]).await;
    for target in [
        Target::Into(bed.left.root.uri().clone()),
        Target::As(bed.left.uri("d/e/")),
        Target::As(bed.left.uri("d/")),
    ] {
        let outcome = bed.copy_to(JobKind::Copy, dir.clone(), target).await;
        assert_eq!(outcome.failures[0].error.kind, ErrorKind::Invalid);
    }
    let beside = bed.copy_to(JobKind::Copy, dir, Target::As(bed.left.uri("d2/"))).await;
    assert_eq!(beside.failures, []);
}

#[tokio::test]
async fn links_are_kept_on_a_disk_and_followed_or_skipped_on_a_service() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/e/a", b"1").await;
    let d = bed.dir.path().join("left/d");
    for (name, target) in [("file", "e/a"), ("dir", "e"), ("loop", "."), ("gone", "nowhere")] {
        std::os::unix::fs::symlink(target, d.join(name)).unwrap();
    }
    assert_eq!(bed.copy(&["d/"], Choice::Cancel).await.failures, []);
    assert_eq!(bed.right.tree().await, bed.left.tree().await);

    let target = || Some(Target::Into(bed.memory.uri("right/")));
    let sources = bed.left.items(&["d/"]).await;
    let job = |links| {
        let options = JobOptions { links, ..JobOptions::default() };
        let spec = bifold::transfer::JobSpec {
            kind: JobKind::Copy,
            sources: sources.clone(),
            target: target(),
            options,
        };
        bed.engine.start(bifold::transfer::JobId(2), spec)
    };
    let (skipped, asked) = finish_with(job(LinkPolicy::Ask), |_| Choice::SkipLinks).await;
    assert_eq!((skipped.progress.skipped, asked.len()), (4, 1));
    assert_eq!(bed.memory.keys().len(), 3, "{:?}", bed.memory.keys());
    let followed = finish(job(LinkPolicy::Follow), Choice::Overwrite).await;
    assert_eq!(bed.memory.get("right/d/file").as_deref(), Some(&b"1"[..]));
    assert_eq!(bed.memory.get("right/d/dir/a").as_deref(), Some(&b"1"[..]));
    assert_eq!(followed.failures.len(), 2, "the loop and the dangling one: {:?}", followed.failures);
}

#[tokio::test]
async fn a_link_planted_in_the_destination_is_not_passed() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.left.put("d/e/a", b"1").await;
    let root = bed.dir.path();
    std::fs::create_dir(root.join("outside")).unwrap();
    std::fs::create_dir(root.join("right/d")).unwrap();
    std::os::unix::fs::symlink(root.join("outside"), root.join("right/d/e")).unwrap();
    let outcome = bed.copy(&["d/"], Choice::Overwrite).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(std::fs::read_dir(root.join("outside")).unwrap().count(), 0);
}

#[tokio::test]
async fn special_files_are_told_and_the_rest_is_copied() {
    let bed = Bed::new(Pair::LocalLocal);
    bed.left.put("d/a", b"1").await;
    let socket = std::os::unix::net::UnixListener::bind(bed.dir.path().join("left/d/socket")).unwrap();
    let outcome = bed.copy(&["d/"], Choice::Cancel).await;
    assert_eq!((outcome.progress.failed, outcome.progress.done.files), (1, 1));
    assert_eq!(outcome.failures[0].item.uri, bed.left.uri("d/socket"));
    drop(socket);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_tells_no_size_never_arrives_empty() {
    let bed = Bed::new(Pair::LocalMemory);
    let status = LocalPath::at("/proc/self/status");
    let entry = status.stat(Freshness::Past).await.unwrap();
    assert_eq!(entry.size, Some(0), "it has bytes all the same");
    let item = SourceItem { uri: status.uri().clone(), entry };
    let outcome = bed.copy_to(JobKind::Copy, vec![item], Target::As(bed.right.uri("status"))).await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(bed.right.get("status").await, None);
    bed.check_clean();
}

#[tokio::test]
async fn a_copy_within_a_service_keeps_class_and_metadata() {
    let bed = Bed::new(Pair::MemoryMemory);
    bed.left.put("a", b"1").await;
    let class = bifold::model::StorageClass::new("STANDARD_IA");
    let metadata = std::collections::BTreeMap::from([("owner".to_owned(), "me".to_owned())]);
    bed.memory.set_class("left/a", class.clone(), metadata.clone());
    bed.copy(&["a"], Choice::Cancel).await;
    let head = bed.right.path("a").head().await.unwrap();
    assert_eq!((head.entry.class, head.metadata), (Some(class), metadata));
}

#[tokio::test]
async fn a_read_only_destination_refuses_before_any_call() {
    let memory = Memory::like_s3("mem").with_caps(|caps| caps.write = false);
    let bed = Bed::with_memory(Pair::LocalMemory, memory);
    bed.left.put("a", b"1").await;
    let outcome = bed.copy(&["a"], Choice::Cancel).await;
    assert_eq!(outcome.failures[0].error.kind, ErrorKind::ReadOnly);
    assert_eq!(bed.script.calls(), []);
    assert_eq!(outcome.failures[0].error.op, Op::Write);
}

#[tokio::test]
async fn a_marker_alone_is_copied_as_a_directory() {
    let bed = Bed::new(Pair::MemoryLocal);
    bed.memory.put("left/p/", "");
    bed.memory.put("left/p/a", "1");
    let uri = bed.left.uri("p/");
    let entry = bifold::model::Entry { size: Some(0), ..bifold::model::Entry::new("p".into(), Kind::File) };
    let marker = vec![bifold::transfer::SourceItem { uri, entry }];
    let target = Target::Into(bed.right.root.uri().clone());
    let outcome = bed.copy_to(JobKind::Copy, marker, target).await;
    assert_eq!(outcome.failures, []);
    assert_eq!(bed.right.tree().await.into_keys().collect::<Vec<_>>(), ["p/"]);
}
