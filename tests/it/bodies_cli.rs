//! The built program's cache of bodies: what copies and `cat` cost, several programs at once, programs that are
//! killed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Output, Stdio};

use bifold::cache::DiskCaches;
use bifold::cache::disk::{Selection, Verified};
use bifold::config::{Dirs, Settings};
use demo::Blob;

use crate::cli::Place;

fn cost(place: &Place) -> (u64, u64) {
    let counts = place.server.counts();
    place.server.reset_counts();
    (counts.get("GetObject"), counts.bytes_out)
}

fn dirs(place: &Place) -> Dirs {
    let home = place.home();
    let (state, cache) = (home.join(".local/state/bifold"), home.join(".cache/bifold"));
    Dirs { state: Some(state), cache: Some(cache), ..Dirs::default() }
}

/// Reads and checks all that is held.
fn verified(place: &Place) -> (Verified, u64) {
    let caches = DiskCaches::new(&Settings::default().cache, &dirs(place));
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(async {
        let shelf = caches.objects.shelf().expect("it is on");
        let verified = shelf.verify_all(&Selection::default(), |_, _| ()).await;
        (verified, shelf.stats().await.bytes)
    })
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let Ok(listed) = fs::read_dir(dir) else { return Vec::new() };
    let paths = listed.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn cat(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command();
    command.arg("cat").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

fn printed(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn what_was_read_is_copied_without_a_byte() {
    let place = Place::new();
    let (small, large) = (Blob::noise(1, 70_000), Blob::noise(2, 40 << 20));
    place.server.store().put("box", "small", small.clone());
    place.server.store().put("box", "large", large.clone());
    for key in ["small", "large"] {
        let uri = format!("s3://box/{key}");
        let read = printed(cat(&place, &[&uri]).wait_with_output().expect("it ends"));
        assert_eq!(read, place.server.store().get("box", key).expect("there"));
    }
    for key in ["small", "large"] {
        place.server.reset_counts();
        assert!(place.run(&["cp", &format!("s3://box/{key}"), "."]).status.success());
        let asked = place.server.log().into_iter().filter(|it| it.operation == "GetObject");
        assert_eq!(asked.map(|it| it.status).collect::<Vec<_>>(), [Some(304)], "{key}: one question");
        assert!(place.server.counts().bytes_out < 5000, "{key}: {:?}", place.server.counts());
        let copied = fs::read(place.path(key)).expect("copied");
        assert!(copied == place.server.store().get("box", key).expect("there"), "{key}");
    }
}

#[test]
fn a_copy_that_goes_on_asks_whether_what_is_held_is_still_right() {
    let mut killed = 0;
    for record in 1..20 {
        let place = Place::new();
        place.server.store().put("box", "k", Blob::noise(1, 20 << 20));
        printed(cat(&place, &["s3://box/k"]).wait_with_output().expect("it ends"));
        let mut copy = place.command();
        copy.args(["cp", "--part-size", "5MiB", "--concurrency", "1", "s3://box/k", "."]);
        let first = copy.env("BIFOLD_FAIL_POINT", format!("journal:{record}")).output().expect("it runs");
        if first.status.success() || place.path("k").exists() {
            break;
        }
        killed += 1;
        place.server.store().put("box", "k", Blob::noise(2, 20 << 20));
        let second = place.run(&["jobs", "resume"]);
        let told = String::from_utf8_lossy(&second.stderr).into_owned();
        if place.path("k").exists() {
            let copied = fs::read(place.path("k")).expect("copied");
            assert!(copied == place.server.store().get("box", "k").expect("there"), "{record}: {told}");
        } else {
            assert!(!second.status.success() || record < 3, "{record}: {told}");
        }
    }
    assert!(killed > 4, "{killed}");
}

#[test]
fn a_copy_keeps_what_is_small_and_reads_past_the_cache_when_told_to() {
    let place = Place::new();
    place.put("small", "bytes");
    place.server.store().put("box", "large", Blob::noise(2, 17 << 20));
    for key in ["small", "large"] {
        assert!(place.run(&["cp", &format!("s3://box/{key}"), "."]).status.success());
    }
    cost(&place);
    let run = |args: &[&str]| printed(cat(&place, args).wait_with_output().expect("it ends"));
    assert_eq!(run(&["s3://box/small"]), b"bytes");
    assert_eq!(cost(&place), (1, 0));
    run(&["--no-cache", "s3://box/large"]);
    assert_eq!(cost(&place), (1, 17 << 20));
    place.put("small", "other");
    assert_eq!(run(&["--no-validate", "s3://box/small"]), b"bytes");
    assert_eq!(run(&["--no-cache", "s3://box/small"]), b"other");
    cost(&place);
    assert_eq!(run(&["--refresh-cache", "s3://box/small"]), b"other");
    assert_eq!(cost(&place), (1, 5));
    assert_eq!(run(&["--no-validate", "s3://box/small"]), b"other");
    assert_eq!(cost(&place), (0, 0));
    let mut off = place.command();
    let off = off.env("BIFOLD_CACHE_ENABLED", "false").args(["cat", "--no-validate", "s3://box/small"]);
    assert_eq!(printed(off.output().expect("it runs")), b"other");
    assert_eq!(cost(&place), (1, 5));
    let both = place.run(&["cat", "--no-cache", "--no-validate", "s3://box/small"]);
    assert_eq!(both.status.code(), Some(2));
}

/// Whether two files here can share their blocks.
fn shares_blocks(dir: &Path) -> bool {
    let file = |name: &str| {
        fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(dir.join(name))
            .expect("a file")
    };
    let (from, to) = (file(".from"), file(".to"));
    std::io::Write::write_all(&mut &from, b"x").expect("written");
    bifold::cache::disk::share_blocks(&from, &to).is_ok()
}

#[test]
fn a_large_copy_is_kept_with_the_blocks_of_its_file_or_not_at_all() {
    let place = Place::new();
    let (large, huge) = (Blob::noise(3, 40 << 20), Blob::noise(4, 130 << 20));
    place.server.store().put("box", "large", large);
    place.server.store().put("box", "huge", huge);
    for key in ["large", "huge"] {
        assert!(place.run(&["cp", &format!("s3://box/{key}"), "."]).status.success());
        let copied = fs::read(place.path(key)).expect("copied");
        assert!(copied == place.server.store().get("box", key).expect("there"), "{key}");
    }
    let kept = usize::from(shares_blocks(&place.path(".")));
    let cache = dirs(&place).cache.expect("a directory");
    assert_eq!(files(&cache).len(), kept, "no byte was copied, and none above a quarter is kept");
    assert_eq!(verified(&place).0.files, kept as u64);
}

#[test]
fn a_held_body_that_is_damaged_is_not_copied() {
    let place = Place::new();
    place.server.store().put("box", "k", Blob::noise(5, 20 << 20));
    let read = printed(cat(&place, &["s3://box/k"]).wait_with_output().expect("it ends"));
    let file = files(&dirs(&place).cache.expect("a directory")).remove(0);
    let held = fs::OpenOptions::new().write(true).open(&file).expect("it opens");
    std::os::unix::fs::FileExt::write_all_at(&held, b"damage", 11 << 20).expect("written");
    cost(&place);
    assert!(place.run(&["cp", "s3://box/k", "."]).status.success());
    assert!(fs::read(place.path("k")).expect("copied") == read);
    let (_, bytes) = cost(&place);
    assert_eq!(bytes, 1 << 20, "the damaged block alone");
}

#[test]
fn the_log_names_every_hit_miss_and_invalidation() {
    let place = Place::new();
    for key in ["a", "b", "c"] {
        place.put(key, key);
    }
    let run = |args: &[&str]| {
        let mut command = place.command();
        command.env("BIFOLD_LOG", "debug").env("BIFOLD_CACHE_MAX_ENTRIES", "2");
        printed(command.args(args).output().expect("it runs"));
    };
    run(&["cat", "s3://box/a"]);
    run(&["cat", "s3://box/a"]);
    run(&["cat", "s3://box/b"]);
    run(&["cat", "s3://box/c"]);
    run(&["rm", "s3://box/c"]);
    let log: String = files(&place.home().join(".local/state/bifold"))
        .iter()
        .filter(|file| file.to_string_lossy().contains("log"))
        .map(|file| fs::read_to_string(file).unwrap_or_default())
        .collect();
    for (what, key) in
        [("miss", "a"), ("hit", "a"), ("miss", "b"), ("miss", "c"), ("evicted", "a"), ("invalid", "c")]
    {
        let (what, key) = (format!("object cache: {what}"), format!("s3://box/{key}"));
        assert!(log.lines().any(|line| line.contains(&what) && line.contains(&key)), "{what} {key}: {log}");
    }
    assert!(
        log.lines().filter(|line| line.contains("object cache: ")).all(|line| line.contains("reason")),
        "{log}"
    );
}

#[test]
fn two_programs_share_one_cache() {
    let place = Place::new();
    let keys: Vec<String> = (0..12).map(|at| format!("k{at}")).collect();
    for (at, key) in keys.iter().enumerate() {
        place.server.store().put("box", key, Blob::noise(at as u64, 1_500_000 + at as u64 * 1000));
    }
    let uris: Vec<String> = keys.iter().map(|key| format!("s3://box/{key}")).collect();
    let forth: Vec<&str> = uris.iter().map(String::as_str).collect();
    let back: Vec<&str> = forth.iter().rev().copied().collect();
    let all = |order: &[String]| -> Vec<u8> {
        order.iter().flat_map(|key| place.server.store().get("box", key).expect("there").to_vec()).collect()
    };
    let turned: Vec<String> = keys.iter().rev().cloned().collect();
    for _ in 0..2 {
        let running: Vec<Child> = [&forth, &back, &forth, &back].map(|args| cat(&place, args)).into();
        for (at, child) in running.into_iter().enumerate() {
            let read = printed(child.wait_with_output().expect("it ends"));
            assert!(
                read == all(if at % 2 == 0 { &keys } else { &turned }),
                "program {at} read something else"
            );
        }
    }
    let (verified, bytes) = verified(&place);
    assert_eq!((verified.files, verified.damaged), (12, 0));
    assert_eq!(bytes, verified.bytes);
    assert_eq!(files(&dirs(&place).cache.expect("a directory")).len(), 12);
    cost(&place);
    printed(cat(&place, &forth).wait_with_output().expect("it ends"));
    assert_eq!(cost(&place), (12, 0), "all of it is held");
}

#[test]
fn a_program_that_is_ended_anyhow_leaves_a_cache_that_is_right() {
    let place = Place::new();
    place.server.store().put("box", "k", Blob::noise(7, 60 << 20));
    for (round, signal) in ["-KILL", "-TERM", "-INT", "-KILL", "-KILL"].into_iter().enumerate() {
        let mut child = cat(&place, &["s3://box/k"]);
        let mut out = child.stdout.take().expect("its output");
        let some = (round as u64 + 1) * 7_000_000;
        std::io::copy(&mut std::io::Read::take(&mut out, some), &mut std::io::sink()).expect("bytes");
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().expect("it runs").success());
        drop(out);
        child.wait().expect("it ends");
        assert_eq!(verified(&place).0.damaged, 0, "{signal}");
    }
    cost(&place);
    let read = printed(cat(&place, &["s3://box/k"]).wait_with_output().expect("it ends"));
    assert!(read == place.server.store().get("box", "k").expect("there"));
    assert!(cost(&place).1 < 50 << 20, "what was held before was used");
    assert_eq!(files(&dirs(&place).cache.expect("a directory")).len(), 1);
}

#[test]
fn bodies_are_for_their_owner_alone() {
    let place = Place::new();
    place.put("k", "bytes");
    let program = env!("CARGO_BIN_EXE_bifold");
    let mut shell = place.command_as("sh", &["-c", "umask 0; exec \"$0\" cat s3://box/k", program]);
    assert_eq!(printed(shell.output().expect("it runs")), b"bytes");
    let cache = dirs(&place).cache.expect("a directory");
    let mode = |path: &Path| path.metadata().expect("it is there").mode() & 0o777;
    let file = files(&cache).remove(0);
    assert_eq!(mode(&file), 0o600);
    for dir in [&cache, &cache.join("objects"), file.parent().expect("its folder")] {
        assert_eq!(mode(dir), 0o700, "{}", dir.display());
    }
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.len() == 64 && file.parent().expect("its folder").ends_with(&name[..2]), "{name}");
}

#[test]
fn the_environment_sets_place_and_bounds() {
    let place = Place::new();
    for key in ["a", "b", "c"] {
        place.put(key, &key.repeat(100));
    }
    let run = |key: &str| {
        let mut command = place.command();
        command.env("BIFOLD_CACHE_DIR", place.path("own")).env("BIFOLD_CACHE_MAX_ENTRIES", "2");
        command.env("BIFOLD_CACHE_EVICTION", "fifo").env("BIFOLD_CACHE_TTL", "1h");
        printed(command.args(["cat", &format!("s3://box/{key}")]).output().expect("it runs"));
    };
    for key in ["a", "b", "a", "c"] {
        run(key);
    }
    assert_eq!(files(&place.path("own")).len(), 2);
    cost(&place);
    run("a");
    assert_eq!(cost(&place).1, 100, "the first that came went");
}
