//! What disks have besides names and bytes: room that ends, holes, modes and times.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use bifold::model::ErrorKind;
use bifold::transfer::{Choice, JobKind, JobOptions, Outcome};
use demo::Blob;

use super::bed::{Bed, Pair, finish};

/// More than the whole disk holds.
fn more_than_fits(dir: &Path) -> u64 {
    let disk = rustix::fs::statvfs(dir).expect("a disk");
    disk.f_blocks * disk.f_frsize + (1 << 30)
}

#[track_caller]
fn told_no_space(outcome: &Outcome) {
    let [failed] = &outcome.failures[..] else { panic!("one failure: {:?}", outcome.failures) };
    assert_eq!(failed.error.kind, ErrorKind::NoSpace, "{}", failed.error);
    let told = failed.error.to_string();
    assert!(told.contains("right/a") && told.contains("free on that disk"), "{told}");
}

#[tokio::test]
async fn what_has_no_room_fails_before_its_first_byte_is_asked_for() {
    for moves in [false, true] {
        let bed = Bed::new(Pair::S3Local);
        let size = more_than_fits(bed.dir.path());
        bed.server().store().put("left", "a", Blob::repeat(&b"x"[..], size));
        bed.left.put("b", b"fits").await;
        bed.right.put("a", b"old").await;
        let kind = if moves { JobKind::Move } else { JobKind::Copy };
        let job = bed.begin(kind, &["a", "b"], JobOptions::default()).await;
        let outcome = finish(job, Choice::Overwrite).await;
        told_no_space(&outcome);
        assert_eq!(bed.right.get("a").await.as_deref(), Some(&b"old"[..]), "what was there stays");
        assert_eq!(bed.right.get("b").await.as_deref(), Some(&b"fits"[..]), "the rest goes on");
        assert!(bed.server().store().info("left", "a").is_some(), "the source stays");
        let asked = bed.server().log();
        let asked = asked.iter().filter(|record| record.operation == "GetObject" && record.key == "a");
        assert_eq!(asked.count(), 0);
        bed.check_clean();
    }
}

#[tokio::test]
async fn a_copy_of_a_tree_keeps_holes_modes_and_times_and_hands_on_no_rights() {
    let bed = Bed::new(Pair::LocalLocal);
    let (left, right) = (bed.dir.path().join("left"), bed.dir.path().join("right"));
    fs::create_dir_all(left.join("d/e")).expect("a directory");
    let sparse = fs::File::create(left.join("d/e/sparse")).expect("a file");
    sparse.write_all_at(b"in the middle", 40 << 20).expect("some bytes");
    sparse.set_len(64 << 20).expect("a long hole");
    fs::write(left.join("d/e/tool"), "#!/bin/sh").expect("a file");
    let when = std::time::UNIX_EPOCH + std::time::Duration::new(1_500_000_000, 123_456_789);
    for (name, mode) in [("d/e/sparse", 0o640), ("d/e/tool", 0o6755)] {
        let file = fs::File::options().write(true).open(left.join(name)).expect("the file");
        file.set_modified(when).expect("a time");
        fs::set_permissions(left.join(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }
    // Last, since what goes into a directory changes its time.
    fs::File::open(left.join("d/e")).expect("a directory").set_modified(when).expect("a time");
    fs::set_permissions(left.join("d/e"), fs::Permissions::from_mode(0o3750)).expect("a mode");
    assert_eq!(bed.copy(&["d/"], Choice::Cancel).await.failures, []);
    assert_eq!(fs::metadata(right.join("d/e")).expect("it is there").mode() & 0o7777, 0o750);
    let stat = |name: &str| fs::metadata(right.join(name)).expect("it is there");
    assert_eq!((stat("d/e/sparse").mode() & 0o7777, stat("d/e/tool").mode() & 0o7777), (0o640, 0o755));
    for name in ["d/e", "d/e/sparse", "d/e/tool"] {
        assert_eq!((stat(name).mtime(), stat(name).mtime_nsec()), (1_500_000_000, 123_456_789), "{name}");
    }
    assert!(stat("d/e/sparse").blocks() * 512 < 4 << 20, "{} blocks", stat("d/e/sparse").blocks());
    assert!(
        fs::read(right.join("d/e/sparse")).expect("bytes")
            == fs::read(left.join("d/e/sparse")).expect("bytes")
    );
    bed.check_clean();
}

#[tokio::test]
async fn a_time_that_an_object_keeps_comes_to_the_disk_to_the_nanosecond() {
    let bed = Bed::new(Pair::S3Local);
    for (name, size) in [("small", 10), ("large", 17 << 20)] {
        let kept = [("mtime".to_owned(), "1500000000.123456789".to_owned())];
        let attributes = demo::Attributes { metadata: kept.into(), ..demo::Attributes::default() };
        bed.server().store().put_with("left", name, Blob::noise(1, size), attributes);
    }
    assert_eq!(bed.copy(&["small", "large"], Choice::Cancel).await.failures, []);
    for name in ["small", "large"] {
        let stat = fs::metadata(bed.dir.path().join("right").join(name)).expect("it is there");
        assert_eq!((stat.mtime(), stat.mtime_nsec()), (1_500_000_000, 123_456_789), "{name}");
    }
}
