//! `bifold sync` and `bifold verify` by the built program: what is copied and deleted, what never is, and
//! what a second run costs.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use demo::{Effect, Options, Rule, Server};
use proptest::prelude::*;
use serde_json::Value;

/// A server with the buckets `here` and `there`, and directories of the same names.
struct Trees {
    server: Server,
    dir: tempfile::TempDir,
}

const LISTS: &str = "ListObjectsV2";

impl Trees {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let server = Server::start(options).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for name in ["here", "there"] {
            server.store().create_bucket(name);
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::create_dir(dir.path().join("home")).unwrap();
        Self { server, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes a file that looks as old as a file that lay there for a while.
    fn write_old(&self, name: &str, text: &str) {
        self.write(name, text);
        self.age(name, 1000);
    }

    fn age(&self, name: &str, seconds: u64) {
        let file = std::fs::File::options().append(true).open(self.path(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    fn put(&self, bucket: &str, key: &str, text: &str) {
        self.server.store().put(bucket, key, text);
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bifold"));
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("HOME", self.path("home")).env("TZ", "UTC").envs(self.server.env());
        command.args(args).output().unwrap()
    }

    /// Runs it, expects this exit status, and gives what was printed and what was told.
    #[track_caller]
    fn expect(&self, status: i32, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {told}{printed}");
        assert!(status == 0 || !(told.is_empty() && printed.is_empty()), "{args:?} failed without a word");
        assert!(!told.contains("panicked"), "{told}");
        (printed, told)
    }

    /// The last line of a sync.
    #[track_caller]
    fn sync(&self, status: i32, args: &[&str]) -> String {
        let (printed, _) = self.expect(status, &[&["sync"], args].concat());
        printed.lines().last().unwrap_or_default().to_owned()
    }

    fn bucket(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let store = self.server.store();
        store
            .keys(name)
            .into_iter()
            .map(|key| (key.clone(), store.get(name, &key).unwrap().to_vec()))
            .collect()
    }

    fn tree(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(&self.path(name), &self.path(name), &mut files);
        files
    }

    /// The requests of a run by name.
    fn requests(&self, run: impl FnOnce(&Self)) -> BTreeMap<String, usize> {
        self.server.reset_counts();
        run(self);
        let mut counts = BTreeMap::new();
        for record in self.server.log() {
            *counts.entry(record.operation.clone()).or_default() += 1;
        }
        counts
    }
}

fn gather(top: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(top, &path, files);
        } else {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

const BUCKETS: [&str; 2] = ["s3://here", "s3://there"];

#[test]
fn an_upload_makes_the_bucket_what_the_directory_is_and_a_second_one_costs_listings() {
    let trees = Trees::new();
    for name in ["here/a", "here/d/b", "here/d-", "here/d/e/f"] {
        trees.write_old(name, name);
    }
    trees.put("there", "d/b", "other size");
    trees.put("there", "gone", "x");
    let last = trees.sync(0, &["--delete", "here", "s3://there"]);
    assert_eq!(last, "4 copied, 1 deleted, 0 same, 0 failed");
    assert_eq!(trees.bucket("there"), trees.tree("here"));
    let requests = trees.requests(|trees| {
        assert_eq!(
            trees.sync(0, &["--delete", "here", "s3://there"]),
            "0 copied, 0 deleted, 4 same, 0 failed"
        );
    });
    assert_eq!(requests, BTreeMap::from([(LISTS.to_owned(), 1)]));
}

#[test]
fn a_download_makes_the_directory_what_the_bucket_is_and_a_second_one_costs_listings() {
    let trees = Trees::new();
    for name in ["a", "d/b", "d-", "d/e/f"] {
        trees.write_old(&format!("up/{name}"), name);
    }
    // Some keep the time of a file, some were put by another tool.
    trees.sync(0, &["up", "s3://here"]);
    trees.put("here", "other", "tool");
    trees.write_old("there/gone/too", "x");
    let last = trees.sync(0, &["--delete", "s3://here", "there"]);
    assert_eq!(last, "5 copied, 1 deleted, 0 same, 0 failed");
    assert_eq!(trees.tree("there"), trees.bucket("here"));
    assert!(!trees.path("there/gone").exists(), "a directory that was emptied goes");
    let time = |name: &str| trees.path(name).metadata().unwrap().modified().unwrap();
    assert_eq!(time("up/d/b"), time("there/d/b"), "the time that was kept came back");
    let requests = trees.requests(|trees| {
        assert_eq!(
            trees.sync(0, &["--delete", "s3://here", "there"]),
            "0 copied, 0 deleted, 5 same, 0 failed"
        );
    });
    assert_eq!(requests, BTreeMap::from([(LISTS.to_owned(), 1)]));
}

#[test]
fn between_buckets_nothing_passes_through_and_a_second_one_costs_listings() {
    let trees = Trees::new();
    for key in ["a", "a/b", "a//c", "d/", "//", "x"] {
        trees.put("here", key, key);
    }
    trees.put("there", "x", "other");
    trees.put("there", "y", "gone");
    let requests = trees.requests(|trees| {
        let last = trees.sync(0, &[&["--delete"], &BUCKETS[..]].concat());
        assert_eq!(last, "6 copied, 1 deleted, 0 same, 0 failed");
    });
    assert_eq!(trees.bucket("there"), trees.bucket("here"));
    assert_eq!((requests.get("GetObject"), requests.get("CopyObject")), (None, Some(&6)), "{requests:?}");
    let requests = trees.requests(|trees| {
        let last = trees.sync(0, &[&["--delete"], &BUCKETS[..]].concat());
        assert_eq!(last, "0 copied, 0 deleted, 6 same, 0 failed");
    });
    assert_eq!(requests, BTreeMap::from([(LISTS.to_owned(), 2)]));
}

#[test]
fn one_head_reads_a_kept_time_and_is_remembered() {
    let trees = Trees::new();
    trees.write_old("here/a", "text");
    trees.sync(0, &["here", "s3://there"]);
    // Another machine knows nothing yet.
    std::fs::remove_dir_all(trees.path("home")).unwrap();
    let heads = |trees: &Trees| {
        let requests = trees.requests(|trees| {
            assert_eq!(trees.sync(0, &["here", "s3://there"]), "0 copied, 0 deleted, 1 same, 0 failed");
        });
        requests.get("HeadObject").copied().unwrap_or(0)
    };
    assert_eq!((heads(&trees), heads(&trees)), (1, 0));
}

#[test]
fn a_change_of_one_size_is_seen_by_its_time_or_by_its_content() {
    let trees = Trees::new();
    trees.write_old("here/a", "one");
    trees.write_old("here/b", "two");
    trees.sync(0, &["here", "s3://there"]);
    trees.write("here/a", "ONE");
    trees.age("here/a", 500);
    assert_eq!(trees.sync(0, &["here", "s3://there"]), "1 copied, 0 deleted, 1 same, 0 failed");
    // A change that hides behind the same time and size.
    let time = trees.path("here/b").metadata().unwrap().modified().unwrap();
    trees.write("here/b", "TWO");
    std::fs::File::options().append(true).open(trees.path("here/b")).unwrap().set_modified(time).unwrap();
    assert_eq!(trees.sync(0, &["here", "s3://there"]), "0 copied, 0 deleted, 2 same, 0 failed");
    let requests = trees.requests(|trees| {
        let last = trees.sync(0, &["--checksum", "here", "s3://there"]);
        assert_eq!(last, "1 copied, 0 deleted, 1 same, 0 failed");
    });
    assert_eq!(requests.get("GetObject"), None, "{requests:?}");
    assert_eq!(trees.bucket("there"), trees.tree("here"));
}

#[test]
fn a_listing_that_fails_midway_deletes_nothing() {
    for side in ["one/", "other/"] {
        let trees = Trees::with(Options { max_page: 10, ..Options::default() });
        for n in 0..40 {
            trees.put("here", &format!("one/k{n:02}"), "x");
            trees.put("there", &format!("other/k{n:02}"), "x");
            trees.put("there", &format!("other/l{n:02}"), "x");
        }
        let before = trees.bucket("there");
        let denied = Effect::access_denied();
        trees.server.faults().add(Rule::on(LISTS, denied).key(side).skip(2).always());
        let (_, told) = trees.expect(1, &["sync", "--delete", "s3://here/one", "s3://there/other"]);
        assert!(told.contains("nothing was deleted"), "{side}: {told}");
        assert_eq!(trees.bucket("there"), before, "{side}");
    }
}

#[test]
fn a_copy_that_fails_deletes_nothing() {
    let trees = Trees::new();
    trees.put("here", "a", "x");
    trees.put("here", "b", "x");
    trees.put("there", "old", "x");
    trees.server.faults().add(Rule::on("CopyObject", Effect::access_denied()).key("b").always());
    let (printed, told) = trees.expect(1, &[&["sync", "--delete"], &BUCKETS[..]].concat());
    assert!(printed.ends_with("1 copied, 0 deleted, 0 same, 1 failed\n"), "{printed}");
    assert!(told.contains("nothing was deleted"), "{told}");
    assert!(trees.bucket("there").contains_key("old"));
}

#[test]
fn a_directory_that_cannot_be_read_is_not_absent() {
    let trees = Trees::new();
    trees.write_old("here/a", "x");
    trees.write_old("here/shut/b", "x");
    trees.put("there", "shut/b", "x");
    trees.put("there", "shut/c", "x");
    trees.put("there", "old", "x");
    std::fs::set_permissions(trees.path("here/shut"), PermissionsExt::from_mode(0o0)).unwrap();
    let readable = std::fs::read_dir(trees.path("here/shut")).is_ok();
    let status = i32::from(!readable);
    trees.sync(status, &["--delete", "here", "s3://there"]);
    std::fs::set_permissions(trees.path("here/shut"), PermissionsExt::from_mode(0o700)).unwrap();
    if !readable {
        assert_eq!(trees.bucket("there").len(), 4, "all that was there, and the copy");
    }
}

#[test]
fn an_empty_or_missing_source_deletes_nothing_unasked() {
    let trees = Trees::new();
    trees.put("there", "a", "x");
    for source in ["s3://here", "here", "s3://here/no/such/"] {
        let (_, told) = trees.expect(1, &["sync", "--delete", source, "s3://there"]);
        assert!(told.contains("--allow-empty"), "{told}");
    }
    for source in ["nowhere", "s3://nowhere"] {
        trees.expect(1, &["sync", "--delete", "--allow-empty", source, "s3://there"]);
    }
    assert_eq!(trees.bucket("there").len(), 1);
    let last = trees.sync(0, &["--delete", "--allow-empty", "here", "s3://there"]);
    assert_eq!(last, "0 copied, 1 deleted, 0 same, 0 failed");
    assert!(trees.bucket("there").is_empty());
}

#[test]
fn max_delete_refuses_before_the_first() {
    let trees = Trees::new();
    trees.put("here", "a", "x");
    for key in ["b", "c", "d"] {
        trees.put("there", key, "x");
    }
    let (_, told) = trees.expect(1, &["sync", "--delete", "--max-delete", "2", "s3://here", "s3://there"]);
    assert!(told.contains("3 files would go"), "{told}");
    assert_eq!(trees.server.store().keys("there"), ["a", "b", "c", "d"]);
    trees.sync(0, &["--delete", "--max-delete", "3", "s3://here", "s3://there"]);
    assert_eq!(trees.server.store().keys("there"), ["a"]);
}

#[test]
fn what_is_excluded_is_neither_copied_nor_deleted() {
    let trees = Trees::new();
    for key in ["a.txt", "b.log", "tmp/x", "d/c.txt"] {
        trees.put("here", key, "x");
    }
    for key in ["old.txt", "old.log", "tmp/old.txt"] {
        trees.put("there", key, "x");
    }
    let args = ["--delete", "--include", "*.txt", "--exclude", "tmp", "s3://here", "s3://there"];
    assert_eq!(trees.sync(0, &args), "2 copied, 1 deleted, 0 same, 0 failed");
    assert_eq!(trees.server.store().keys("there"), ["a.txt", "d/c.txt", "old.log", "tmp/old.txt"]);
    let (_, told) = trees.expect(2, &["sync", "--include", "[", "s3://here", "s3://there"]);
    assert!(told.contains("\"[\""), "{told}");
}

#[test]
fn a_dry_run_tells_all_and_does_nothing() {
    let trees = Trees::new();
    trees.write_old("here/new", "x");
    trees.write_old("here/changed", "xx");
    trees.put("there", "changed", "x");
    trees.put("there", "old", "x");
    let before = trees.bucket("there");
    let (printed, _) = trees.expect(0, &["sync", "--delete", "--dry-run", "here", "s3://there"]);
    let wanted = "copy  changed  (another size)\ncopy  new  (new)\ndelete  old\n2 to copy, 1 to delete, 0 same, 0 failed\n";
    assert_eq!(printed, wanted);
    assert_eq!(trees.bucket("there"), before);
    let (printed, _) = trees.expect(0, &["sync", "--delete", "--dry-run", "--json", "here", "s3://there"]);
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["event"], &lines[0]["path"]), (&"copy".into(), &"changed".into()));
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["event"], &last["copied"], &last["deleted"]),
        (&"finished".into(), &2.into(), &1.into())
    );
}

#[test]
fn a_chunk_that_is_paused_from_elsewhere_is_the_last_one() {
    let trees = Trees::new();
    for number in 0..3000 {
        trees.write_old(&format!("here/{number}"), "ten bytes.");
    }
    let command = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bifold"));
        command.env_clear().current_dir(trees.dir.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        command.env("HOME", trees.path("home")).args(args);
        command
    };
    let sync = command(&["sync", "here", "there", "--concurrency=1", "--bwlimit=500"]).spawn().unwrap();
    while trees.run(&["jobs", "pause", "1"]).status.code() != Some(0) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = sync.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (jobs, _) = trees.expect(0, &["jobs", "ls", "--json"]);
    assert_eq!(jobs.lines().count(), 1, "{jobs}");
    assert!(trees.tree("there").len() < 3000);
}

#[test]
fn what_changed_since_the_listing_is_left_as_it_is() {
    let trees = Trees::new();
    trees.write_old("here/a", "mine");
    trees.write_old("here/b", "mine");
    trees.put("there", "a", "old");
    // Another client writes both after the listings.
    let act = |store: &demo::Store| {
        store.put("there", "a", "theirs");
        store.put("there", "b", "theirs");
    };
    trees.server.faults().add(Rule::on("HeadObject", Effect::run(act)).times(1));
    trees.server.faults().add(Rule::on("PutObject", Effect::run(act)).times(1));
    let (printed, told) = trees.expect(1, &["sync", "here", "s3://there"]);
    assert!(printed.ends_with("0 copied, 0 deleted, 0 same, 2 failed\n"), "{printed}{told}");
    assert!(told.contains("since"), "{told}");
    assert!(trees.bucket("there").values().all(|body| body == b"theirs"));
}

#[test]
fn a_deletion_is_bound_to_what_was_listed() {
    let trees = Trees::new();
    trees.put("here", "a", "x");
    trees.put("there", "old", "x");
    let act = |store: &demo::Store| store.put("there", "old", "written anew");
    trees.server.faults().add(Rule::on("CopyObject", Effect::run(act)));
    trees.expect(1, &[&["sync", "--delete"], &BUCKETS[..]].concat());
    assert_eq!(trees.bucket("there")["old"], b"written anew");
}

#[test]
fn links_and_devices_are_told_and_nothing_is_lost_for_them() {
    let trees = Trees::new();
    trees.write_old("here/a", "x");
    trees.write_old("outside/secret", "x");
    symlink(trees.path("outside"), trees.path("here/link")).unwrap();
    Command::new("mkfifo").arg(trees.path("here/pipe")).status().unwrap();
    trees.put("there", "link/kept", "x");
    trees.put("there", "pipe", "x");
    let (printed, told) = trees.expect(0, &["sync", "--delete", "here", "s3://there"]);
    assert!(
        printed.ends_with("1 copied, 0 deleted, 0 same, 0 failed, 2 left out (links, pipes, devices)\n"),
        "{printed}"
    );
    assert!(told.contains("link is a symbolic link") && told.contains("pipe is a pipe"), "{told}");
    assert_eq!(trees.server.store().keys("there"), ["a", "link/kept", "pipe"]);
}

#[test]
fn a_link_at_the_destination_is_never_written_through() {
    let trees = Trees::new();
    trees.put("here", "a", "new");
    trees.put("here", "dir/b", "new");
    trees.write_old("outside/b", "kept");
    symlink(trees.path("outside/b"), trees.path("there/a")).unwrap();
    symlink(trees.path("outside"), trees.path("there/dir")).unwrap();
    trees.expect(1, &["sync", "--delete", "s3://here", "there"]);
    assert_eq!(std::fs::read(trees.path("outside/b")).unwrap(), b"kept");
    assert!(trees.path("there/a").is_symlink() && trees.path("there/dir").is_symlink());
}

#[test]
fn names_that_a_disk_cannot_hold_fail_by_name_and_nothing_is_deleted() {
    let trees = Trees::new();
    let long = "x".repeat(256);
    let odd = ["a", "a/b", "d//e", "../up", "p/../q", "/lead", &long, "fine"];
    for key in odd {
        trees.put("here", key, key);
    }
    trees.write_old("there/old", "x");
    let (printed, told) = trees.expect(1, &["sync", "--delete", "s3://here", "there"]);
    assert!(printed.ends_with("2 copied, 0 deleted, 0 same, 6 failed\n"), "{printed}{told}");
    assert_eq!(trees.tree("there").keys().collect::<Vec<_>>(), ["a", "fine", "old"]);
    assert!(!trees.path("up").exists() && !trees.path("q").exists());
}

#[test]
fn trees_that_overlap_are_refused() {
    let trees = Trees::new();
    trees.write_old("here/a", "x");
    trees.put("here", "p/a", "x");
    for (source, destination) in
        [("here", "here/sub"), ("here", "here"), ("s3://here", "s3://here/p/"), ("s3://here/p", "s3://here")]
    {
        let (_, told) = trees.expect(2, &["sync", source, destination]);
        assert!(told.contains("inside") || told.contains("same place"), "{told}");
    }
    trees.expect(2, &["sync", "s3://", "here"]);
}

#[test]
fn a_directory_bucket_is_refused() {
    let trees = Trees::new();
    let (_, told) = trees.expect(1, &["sync", "s3://name--use1-az4--x-s3", "there"]);
    assert!(told.contains("in order"), "{told}");
}

#[test]
fn many_keys_against_a_tree() {
    // The files have the time of their objects, so that nothing has to be asked for.
    let second = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let clock = chrono::DateTime::from_timestamp(i64::try_from(second).unwrap(), 0).unwrap();
    let trees = Trees::with(Options { clock: std::sync::Arc::new(move || clock), ..Options::default() });
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
    for n in 0..30_000 {
        let name = format!("d{:02}/k{n:05}", n % 30);
        trees.put("here", &name, "x");
        if n % 1_000 != 0 {
            let name = format!("there/{name}");
            trees.write(&name, "x");
            std::fs::File::options()
                .append(true)
                .open(trees.path(&name))
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
    }
    trees.write("there/d07-", "x");
    let requests = trees.requests(|trees| {
        let last = trees.sync(0, &["--delete", "--dry-run", "s3://here", "there"]);
        assert_eq!(last, "30 to copy, 1 to delete, 29970 same, 0 failed");
    });
    assert_eq!(requests, BTreeMap::from([(LISTS.to_owned(), 30)]));
    let (printed, _) = trees.expect(1, &["verify", "--size-only", "--json", "s3://here", "there"]);
    let last: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    assert_eq!((&last["same"], &last["differs"]), (&29_970.into(), &31.into()), "{last}");
}

#[test]
fn verify_tells_how_each_file_is_known_and_reads_no_object() {
    let trees = Trees::new();
    for name in ["same", "d/other", "size", "only"] {
        trees.write_old(&format!("here/{name}"), name);
    }
    trees.sync(0, &["here", "s3://there"]);
    trees.expect(0, &["verify", "here", "s3://there"]);
    trees.put("there", "d/other", "OTHER");
    trees.put("there", "size", "sizes");
    trees.put("there", "more", "x");
    std::fs::remove_file(trees.path("here/only")).unwrap();
    let requests =
        trees.requests(|trees| {
            let (printed, _) = trees.expect(1, &["verify", "here", "s3://there"]);
            let lines: Vec<&str> = printed.lines().collect();
            assert!(lines.iter().any(|line| line.starts_with("same")
                && line.contains("entity tag")
                && line.ends_with("  same")));
            for name in ["d/other", "size", "more", "only"] {
                let differs = |line: &&str| line.starts_with("differs") && line.ends_with(name);
                assert!(lines.iter().any(differs), "{name}: {printed}");
            }
            assert!(
                lines.last().unwrap().starts_with("1 same (1 by entity tag), 4 differ, 0 failed"),
                "{printed}"
            );
        });
    assert_eq!(requests.get("GetObject"), None, "{requests:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn after_a_sync_trees_are_equal_and_a_second_does_nothing(
        here in proptest::collection::btree_map("[ab]{1,2}(/[cd-]{1,2}){0,2}", "[xy]{0,2}", 1..8),
        there in proptest::collection::btree_map("[ab]{1,2}(/[cd-]{1,2}){0,2}", "[xy]{0,2}", 0..8),
        up in any::<bool>(),
    ) {
        let trees = Trees::new();
        // Names that a disk can hold beside each other, on both sides together.
        let clash = |path: &str, all: &[String]| all.iter().any(|other| {
            other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"))
        });
        let mut kept: Vec<String> = Vec::new();
        for path in here.keys().chain(there.keys()) {
            if !clash(path, &kept) {
                kept.push(path.clone());
            }
        }
        let mut any = false;
        for (path, text) in here.iter().filter(|(path, _)| kept.contains(path)) {
            any = true;
            if up { trees.write_old(&format!("here/{path}"), text) } else { trees.put("here", path, text) }
        }
        prop_assume!(any);
        for (path, text) in there.iter().filter(|(path, _)| kept.contains(path)) {
            if up { trees.put("there", path, text) } else { trees.write_old(&format!("there/{path}"), text) }
        }
        let args = if up { ["--delete", "--checksum", "here", "s3://there"] } else { ["--delete", "--checksum", "s3://here", "there"] };
        trees.sync(0, &args);
        let (one, other) = if up {
            (trees.tree("here"), trees.bucket("there"))
        } else {
            (trees.bucket("here"), trees.tree("there"))
        };
        prop_assert_eq!(one, other);
        let again = trees.sync(0, &args);
        prop_assert!(again.starts_with("0 copied, 0 deleted"), "{}", again);
    }
}
