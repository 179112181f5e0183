//! The built program's command line against a server: every rule of sources and destinations, what is
//! printed, and the exit status.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use demo::{Effect, Options, Rule, Server};
use serde_json::Value;

/// A server, a directory to work in, and a home of its own.
pub struct Place {
    pub server: Server,
    dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let server = Server::start(Options::default()).unwrap();
        server.store().create_bucket("box");
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        Self { server, dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn put(&self, key: &str, text: &str) {
        self.server.store().put("box", key, text);
    }

    pub fn object(&self, key: &str) -> Option<String> {
        self.server.store().get("box", key).map(|body| String::from_utf8(body.to_vec()).unwrap())
    }

    pub fn keys(&self) -> Vec<String> {
        self.server.store().keys("box")
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bifold"));
        command.env_clear().current_dir(self.dir.path().join("work")).stdin(Stdio::null());
        command.env("HOME", self.dir.path().join("home")).env("TZ", "UTC").envs(self.server.env());
        command.env("BIFOLD_LOG", "debug");
        command
    }

    /// The directory that is its home.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Another program in the same surroundings.
    pub fn command_as(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(self.dir.path().join("work"));
        command.env("HOME", self.home()).envs(self.server.env()).stdin(Stdio::null()).args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command().args(args).output().unwrap()
    }

    /// Runs it, expects this exit status, and gives what was printed.
    #[track_caller]
    pub fn expect(&self, status: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {told}");
        assert!(status == 0 || !told.is_empty(), "{args:?} failed without a word");
        assert!(!told.contains("panicked") && !told.contains('\u{1b}'), "{told}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub fn told(&self, status: i32, args: &[&str]) -> String {
        self.expect(status, args);
        String::from_utf8(self.run(args).stderr).unwrap()
    }

    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        self.expect(0, args).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn keys_of(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["key"].as_str().unwrap()).collect()
}

#[test]
fn ls_prints_one_json_object_a_line_with_exact_keys() {
    let place = Place::new();
    let odd = ["a", "a/b", "a//", "a//c", "/lead", "..", "x\u{1b}[31m\n\u{202e}", "x\u{1}", "ünï"];
    for key in odd {
        place.put(key, "12345");
    }
    let mut rows = place.json(&["ls", "--json", "-r", "s3://box"]);
    rows.retain(|row| row["kind"] == "file");
    let mut found = keys_of(&rows);
    found.sort_unstable();
    let mut wanted = odd.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let row =
        place.json(&["ls", "--json", "s3://box/a/"]).into_iter().find(|row| row["key"] == "a/b").unwrap();
    assert_eq!(
        (&row["uri"], &row["bucket"], &row["name"]),
        (&"s3://box/a/b".into(), &"box".into(), &"b".into())
    );
    assert_eq!((&row["size"], &row["storage_class"]), (&5.into(), &"STANDARD".into()));
    assert_eq!(row["etag"], "827ccb0eea8a706c4c34a16891f84e7b");
    assert!(row["modified"].as_str().unwrap().ends_with('Z'));
    let fields: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 9, "{fields:?}");
}

#[test]
fn ls_shows_a_directory_beside_the_file_of_its_name_and_costs_one_request() {
    let place = Place::new();
    for key in ["p/a", "p/a/x", "p/empty/"] {
        place.put(key, "1");
    }
    place.server.reset_counts();
    let rows = place.json(&["ls", "--json", "s3://box/p/"]);
    let kinds: Vec<_> =
        rows.iter().map(|row| (row["key"].as_str().unwrap(), row["kind"].as_str().unwrap())).collect();
    assert_eq!(kinds, [("p/a", "file"), ("p/a/", "dir"), ("p/empty/", "dir")]);
    let counts = place.server.counts();
    assert_eq!((counts.get("ListObjectsV2"), counts.total()), (1, 1));
    let text = place.expect(0, &["ls", "s3://box/p/"]);
    assert!(text.lines().nth(1).unwrap().ends_with("  a/"), "{text}");
}

#[test]
fn ls_lists_buckets_one_object_and_a_prefix_typed_without_its_slash() {
    let place = Place::new();
    place.put("p/a", "1");
    let buckets = place.json(&["ls", "--json", "s3://"]);
    assert_eq!((&buckets[0]["name"], &buckets[0]["kind"]), (&"box".into(), &"bucket".into()));
    assert_eq!(keys_of(&place.json(&["ls", "--json", "s3://box/p/a"])), ["p/a"]);
    assert_eq!(keys_of(&place.json(&["ls", "--json", "s3://box/p"])), ["p/a"]);
}

#[test]
fn ls_of_what_is_not_there_fails() {
    let place = Place::new();
    for uri in ["s3://none/", "nowhere", "s3://box/none"] {
        let told = place.told(1, &["ls", uri]);
        assert!(told.contains(uri.trim_end_matches('/')), "{told}");
    }
    place.server.store().set_denied("box", true);
    let told = place.told(1, &["ls", "s3://box/"]);
    assert!(told.contains("s3:ListBucket"), "{told}");
    place.expect(2, &["ls", "nope://b/"]);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let place = Place::new();
    for number in 0..3000 {
        place.put(&format!("{number:064}"), "");
    }
    let mut child = place
        .command()
        .args(["ls", "--json", "s3://box/"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), ""));
}

#[test]
fn stat_tells_all_that_is_known() {
    let place = Place::new();
    place.put("p/a", "12345");
    place.write("f", "xyz");
    let object = &place.json(&["stat", "--json", "s3://box/p/a"])[0];
    assert_eq!((&object["key"], &object["size"]), (&"p/a".into(), &5.into()));
    let file = &place.json(&["stat", "--json", "f"])[0];
    assert_eq!((&file["kind"], &file["size"], &file["key"]), (&"file".into(), &3.into(), &Value::Null));
    assert_eq!(place.json(&["stat", "--json", "s3://box/p/"])[0]["kind"], "dir");
    assert!(place.expect(0, &["stat", "s3://box/p/a"]).contains("etag"));
    place.expect(1, &["stat", "s3://box/p/none"]);
    place.expect(1, &["stat", "s3://box/none/"]);
}

#[test]
fn cat_gives_the_bytes_exactly() {
    let place = Place::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    place.server.store().put("box", "bin", bytes.clone());
    std::fs::write(place.path("local"), b"\x1b\xff").unwrap();
    let output = place.run(&["cat", "s3://box/bin", "local"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == [&bytes[..], b"\x1b\xff"].concat());
    place.expect(1, &["cat", "s3://box/none"]);
}

#[test]
fn a_body_that_is_cut_is_a_failure() {
    let place = Place::new();
    place.put("k", "0123456789");
    place.server.faults().add(Rule::on("GetObject", Effect::CutBody(4)).always());
    place.expect(1, &["cat", "s3://box/k"]);
}

#[test]
fn cp_goes_by_what_the_destination_looks_like() {
    let place = Place::new();
    place.write("f", "1");
    place.write("g", "2");
    std::fs::create_dir(place.path("out")).unwrap();
    place.expect(0, &["cp", "f", "s3://box/new"]);
    place.expect(0, &["cp", "f", "g", "s3://box/p/"]);
    place.expect(0, &["cp", "f", "s3://box"]);
    place.expect(0, &["cp", "s3://box/p/g", "out"]);
    place.expect(0, &["cp", "s3://box/p/g", "named"]);
    place.expect(0, &["cp", "f", "made/"]);
    assert_eq!(place.keys(), ["f", "new", "p/f", "p/g"]);
    assert_eq!(
        (place.read("out/g"), place.read("named"), place.read("made/f")),
        ("2".into(), "2".into(), "1".into())
    );
    place.expect(2, &["cp", "f", "g", "s3://box/one"]);
    place.expect(2, &["cp", "f", "s3://"]);
    assert_eq!(place.keys().len(), 4);
}

#[test]
fn cp_recursive_keeps_the_name_or_takes_the_contents() {
    let place = Place::new();
    place.write("dir/a", "a");
    place.write("dir/sub/b", "b");
    std::fs::create_dir(place.path("dir/empty")).unwrap();
    std::fs::create_dir(place.path("out")).unwrap();
    place.expect(0, &["cp", "-r", "dir", "s3://box/p/"]);
    assert_eq!(place.keys(), ["p/dir/a", "p/dir/empty/", "p/dir/sub/b"]);
    place.expect(0, &["cp", "-r", "dir/.", "s3://box/q/"]);
    assert_eq!(place.keys()[3..], ["q/a", "q/empty/", "q/sub/b"]);
    place.expect(0, &["cp", "-r", "s3://box/p/", "out"]);
    assert_eq!(place.read("out/p/dir/sub/b"), "b");
    assert!(place.path("out/p/dir/empty").is_dir());
    place.expect(0, &["cp", "-r", "s3://box/p/dir", "fresh"]);
    assert_eq!(place.read("fresh/a"), "a");
    place.expect(0, &["cp", "-r", "s3://box/q/.", "out"]);
    assert_eq!(place.read("out/sub/b"), "b");
    place.expect(0, &["cp", "-r", "s3://box/q/", "s3://box/r"]);
    assert_eq!(place.object("r/sub/b").as_deref(), Some("b"));
}

#[test]
fn a_directory_needs_recursive() {
    let place = Place::new();
    place.write("dir/a", "a");
    place.put("p/a", "a");
    for args in [["cp", "dir", "s3://box/x"], ["cp", "s3://box/p/", "x"]] {
        assert!(place.told(2, &args).contains("-r"));
    }
    assert!(place.told(2, &["rm", "dir"]).contains("-r"));
    assert!(place.path("dir/a").exists() && !place.path("x").exists());
    assert_eq!(place.keys(), ["p/a"]);
}

#[test]
fn cp_without_a_terminal_never_asks_and_writes_nothing_where_it_would() {
    let place = Place::new();
    place.write("d/a", "new");
    place.write("d/z", "new");
    place.put("p/d/z", "old");
    let told = place.told(2, &["cp", "-r", "d", "s3://box/p/"]);
    assert!(told.contains("s3://box/p/d/z") && told.contains("--conflict"), "{told}");
    assert_eq!(place.keys(), ["p/d/z"]);
    place.expect(2, &["cp", "d/a", "s3://box/p/d/z"]);
    place.expect(2, &["cp", "--conflict", "ask", "d/a", "s3://box/fresh"]);
    assert_eq!((place.keys().len(), place.object("p/d/z").as_deref()), (1, Some("old")));
}

#[test]
fn each_policy_for_what_is_in_the_way() {
    let place = Place::new();
    place.write("a.txt", "new");
    let reset = || place.put("a.txt", "old");
    reset();
    place.expect(0, &["cp", "--conflict", "skip", "a.txt", "s3://box/"]);
    assert_eq!(place.object("a.txt").as_deref(), Some("old"));
    place.expect(0, &["cp", "--conflict", "rename", "a.txt", "s3://box/"]);
    assert_eq!(place.keys(), ["a (2).txt", "a.txt"]);
    assert_eq!(place.object("a (2).txt").as_deref(), Some("new"));
    place.server.store().set_modified("box", "a.txt", chrono::Utc::now() + chrono::TimeDelta::hours(1));
    place.expect(0, &["cp", "--conflict", "newer", "a.txt", "s3://box/"]);
    assert_eq!(place.object("a.txt").as_deref(), Some("old"), "the object is younger than the file");
    place.expect(0, &["cp", "--conflict", "overwrite", "a.txt", "s3://box/"]);
    assert_eq!(place.object("a.txt").as_deref(), Some("new"));
    reset();
    place.server.store().set_modified("box", "a.txt", chrono::Utc::now() + chrono::TimeDelta::hours(1));
    place.expect(0, &["cp", "--conflict=newer", "s3://box/a.txt", "a.txt"]);
    assert_eq!(place.read("a.txt"), "old");
    place.expect(2, &["cp", "--conflict", "perhaps", "a.txt", "s3://box/"]);
}

#[test]
fn mv_leaves_nothing_behind_and_loses_nothing() {
    let place = Place::new();
    place.write("d/a", "1");
    place.expect(0, &["mv", "-r", "d", "s3://box/p/"]);
    assert!(!place.path("d").exists());
    place.expect(0, &["mv", "s3://box/p/d/a", "back"]);
    assert_eq!(place.read("back"), "1");
    place.expect(0, &["mv", "back", "again"]);
    assert!(!place.path("back").exists());
    place.put("again", "other");
    place.expect(0, &["mv", "--conflict", "skip", "again", "s3://box/"]);
    assert_eq!((place.read("again"), place.object("again")), ("1".to_owned(), Some("other".to_owned())));
}

#[test]
fn rm_takes_exactly_what_was_named() {
    let place = Place::new();
    for key in ["a", "a/", "a/b", "ab", "a//"] {
        place.put(key, "1");
    }
    place.expect(0, &["rm", "s3://box/a/"]);
    assert_eq!(place.keys(), ["a", "a//", "a/b", "ab"]);
    place.expect(1, &["rm", "s3://box/a/"]);
    place.expect(0, &["rm", "s3://box/a"]);
    assert_eq!(place.keys(), ["a//", "a/b", "ab"]);
    place.expect(1, &["rm", "-r", "s3://box/a"]);
    place.expect(0, &["rm", "-r", "s3://box/a/"]);
    assert_eq!(place.keys(), ["ab"]);
    place.expect(1, &["rm", "s3://box"]);
    place.expect(2, &["rm", "-r", "s3://box"]);
    place.expect(0, &["rm", "s3://box/ab"]);
    place.expect(0, &["rm", "s3://box"]);
    assert!(place.server.store().buckets().is_empty());
}

#[test]
fn rm_removes_a_link_and_not_what_it_leads_to() {
    let place = Place::new();
    place.write("real/f", "1");
    std::os::unix::fs::symlink("real", place.path("link")).unwrap();
    place.expect(0, &["rm", "-r", "link"]);
    assert!(place.path("real/f").exists() && place.path("link").symlink_metadata().is_err());
    place.expect(0, &["rm", "-r", "real"]);
    assert!(!place.path("real").exists());
}

#[test]
fn mkdir_makes_directories_markers_and_buckets() {
    let place = Place::new();
    place.expect(0, &["mkdir", "d", "s3://box/p", "s3://new-bucket"]);
    assert!(place.path("d").is_dir());
    assert_eq!(place.keys(), ["p/"]);
    assert_eq!(place.server.store().buckets(), ["box", "new-bucket"]);
    place.expect(1, &["mkdir", "d"]);
}

#[test]
fn links_are_followed_or_left_out_as_said() {
    let place = Place::new();
    place.write("d/f", "1");
    std::os::unix::fs::symlink("f", place.path("d/l")).unwrap();
    place.expect(0, &["cp", "-r", "--links", "skip", "d", "s3://box/skip/"]);
    assert_eq!(place.keys(), ["skip/d/f"]);
    place.expect(0, &["cp", "-r", "--links", "follow", "d", "s3://box/follow/"]);
    assert_eq!(place.object("follow/d/l").as_deref(), Some("1"));
    place.expect(1, &["cp", "-r", "d", "s3://box/unsaid/"]);
    assert_eq!(place.object("unsaid/d/l"), None);
}

#[test]
fn a_dash_is_standard_input_or_output() {
    let place = Place::new();
    let feed = |args: &[&str], bytes: &[u8]| {
        let mut child =
            place.command().args(args).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses doesn't read.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait_with_output().unwrap().status.code()
    };
    let large = vec![7_u8; (20 << 20) + 3];
    assert_eq!(feed(&["cp", "-", "s3://box/large"], &large), Some(0));
    assert!(place.server.store().get("box", "large").unwrap() == large);
    assert_eq!(feed(&["cp", "-", "s3://box/empty"], b""), Some(0));
    assert_eq!(place.object("empty").as_deref(), Some(""));
    assert_eq!(feed(&["cp", "-", "local"], b"abc"), Some(0));
    assert_eq!(feed(&["cp", "-", "local"], b"new"), Some(2));
    assert_eq!(place.read("local"), "abc");
    assert_eq!(feed(&["cp", "--conflict", "overwrite", "-", "local"], b"new"), Some(0));
    assert_eq!(feed(&["cp", "-", "s3://box/p/"], b"x"), Some(2));
    assert_eq!(feed(&["mv", "-", "s3://box/x"], b"x"), Some(2));
    assert_eq!(place.expect(0, &["cp", "local", "-"]), "new");
    assert_eq!(place.server.store().open_uploads("box"), []);
}

#[test]
fn a_failure_of_one_leaves_the_others_done_and_the_status_says_so() {
    let place = Place::new();
    place.write("d/a", "1");
    place.write("d/b", "2");
    place.server.faults().add(Rule::on("PutObject", Effect::access_denied()).key("/b").always());
    let output = place.run(&["cp", "-r", "d", "s3://box/"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("s3:PutObject"));
    assert_eq!(place.keys(), ["d/a"]);
}

#[test]
fn ctrl_c_leaves_jobs_of_which_cancelling_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process};
    let place = Place::new();
    std::fs::write(place.path("large"), vec![1; 40 << 20]).unwrap();
    place.put("k", "content");
    for (args, operation) in
        [(["cp", "large", "s3://box/large"], "UploadPart"), (["cp", "s3://box/k", "here"], "GetObject")]
    {
        let gate = place.server.faults().hold(operation);
        let child = place.command().args(args).stderr(Stdio::piped()).spawn().unwrap();
        gate.wait_arrived(1);
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        gate.open();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("paused: go on with `bifold jobs resume"));
    }
    place.expect(0, &["jobs", "cancel", "1", "2"]);
    assert_eq!((place.keys(), place.server.store().open_uploads("box")), (vec!["k".to_owned()], Vec::new()));
    let left: Vec<_> =
        std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["large"]);
}

#[test]
fn config_names_each_value_and_each_mistake() {
    let place = Place::new();
    let file = place.dir.path().join("home/.config/bifold/settings.toml");
    let config = if cfg!(target_os = "macos") { place.dir.path().join("own.toml") } else { file };
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, "[cache.operations]\nmax_entries = 7\nenabled = 3\n").unwrap();
    let run = |command: &mut Command| {
        let output = command
            .env("BIFOLD_CONFIG", &config)
            .env("BIFOLD_CACHE_OPERATIONS_MAX_BYTES", "1MiB")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, out, told) = run(place.command().args(["config", "--set", "cache.operations.ttl.list=1s"]));
    assert_eq!(status, Some(1));
    assert!(
        ["settings", "own"]
            .iter()
            .any(|file| told.contains(&format!("{file}.toml:3: cache.operations.enabled"))),
        "{told}"
    );
    let line =
        |key: &str| out.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}: {out}"));
    assert!(line("cache.operations.max_entries = 7").contains(".toml:2"));
    assert!(line("cache.operations.max_bytes").ends_with("# environment BIFOLD_CACHE_OPERATIONS_MAX_BYTES"));
    assert!(line("cache.operations.ttl.list = \"1s\"").ends_with("# flag --set cache.operations.ttl.list"));
    assert!(line("cache.enabled = true").ends_with("# default"));
    let (status, ..) = run(place.command().args(["ls", "."]));
    assert_eq!(status, Some(0), "the program runs with the rest");
}

#[test]
fn edit_writes_back_what_changed_and_keeps_what_lost_a_race() {
    let place = Place::new();
    place.put("k.txt", "old\n");
    place.write("editor", "echo mine >> \"$1\"\n");
    place.write("racer", "echo mine > \"$1\"; exit 0\n");
    place.write("forker", "exit 0\n");
    place.write("quitter", "echo mine > \"$1\"; exit 3\n");
    let edit = |script: &str| {
        let output = place
            .command()
            .args(["edit", "s3://box/k.txt"])
            .env("EDITOR", format!("/bin/sh {script}"))
            .output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(edit("editor"), (Some(0), String::new()));
    assert_eq!(place.server.store().get("box", "k.txt").unwrap(), "old\nmine\n");
    let (status, told) = edit("forker");
    assert_eq!(status, Some(1));
    assert!(told.contains("ended at once") && told.contains("the copy stays in "), "{told}");
    let (status, told) = edit("quitter");
    assert_eq!(status, Some(1));
    assert!(told.contains("nothing was written back; your text is in "), "{told}");
    let theirs = demo::Effect::run(|store| store.put("box", "k.txt", "theirs\n"));
    place.server.faults().add(demo::Rule::on("PutObject", theirs));
    let (status, told) = edit("racer");
    assert_eq!(status, Some(1));
    assert!(told.contains("-theirs") && told.contains("+mine"), "{told}");
    assert_eq!(place.server.store().get("box", "k.txt").unwrap(), "theirs\n");
    let kept = told.lines().find_map(|line| line.split("your text is in ").nth(1)).unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "mine\n");
}

#[test]
fn what_may_forbid_a_write_and_cannot_be_read_forbids_it() {
    let place = Place::new();
    place.put("k", "1");
    place.write("yes.toml", "[connections.s3]\nread_only = yes\n");
    place.write("misspelt.toml", "[connections.s3]\nreadonly = true\n");
    let rm = ["rm", "s3://box/k"];
    for (status, flags) in [
        (1, &["--config", "yes.toml"][..]),
        (1, &["--config", "misspelt.toml"]),
        (2, &["--config", "none.toml"]),
        (2, &["--set", "connections.s3.read_only=yes"]),
    ] {
        place.server.reset_counts();
        let told = place.told(status, &[flags, &rm].concat());
        assert!(told.contains("this setting is not in force"), "{told}");
        assert_eq!(place.server.counts().total(), 0, "{flags:?}");
    }
    assert!(place.server.store().get("box", "k").is_some());
}

#[test]
fn a_read_only_connection_refuses_before_any_request() {
    let place = Place::new();
    place.put("k", "1");
    place.write("f", "1");
    let set = ["--set", "connections.s3.read_only=true"];
    for args in [
        &["mkdir", "s3://box/x"][..],
        &["mkdir", "s3://new"],
        &["rm", "s3://box/k/"],
        &["rm", "s3://box/k"],
        &["rm", "-r", "s3://box/"],
        &["rm", "s3://box"],
        &["cp", "f", "s3://box/f"],
        &["cp", "-r", "s3://box/k", "s3://box/c/"],
        &["cp", "-", "s3://box/f"],
        &["mv", "s3://box/k", "here"],
        &["mv", "f", "s3://box/"],
    ] {
        place.server.reset_counts();
        let status = place.run(&[args, &set].concat()).status.code();
        assert_eq!(status, Some(1), "{args:?}");
        assert_eq!(place.server.counts().total(), 0, "{args:?}");
    }
}

#[test]
fn what_is_kept_is_for_its_owner_alone() {
    let place = Place::new();
    place.expect(0, &["ls", "s3://box/"]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let state = place.dir.path().join("home/.local/state/bifold");
    let state = if cfg!(target_os = "macos") {
        place.dir.path().join("home/Library/Application Support/bifold")
    } else {
        state
    };
    assert_eq!((mode(&state), mode(&state.join("bifold.log"))), (0o700, 0o600));
    let log = std::fs::read_to_string(state.join("bifold.log")).unwrap();
    assert!(log.contains("ListObjectsV2"), "{log}");
    assert!(!log.contains(demo::SECRET_KEY) && !log.contains("Signature="));
}

#[test]
fn names_that_are_not_utf8_are_copied_and_deleted_as_themselves() {
    let place = Place::new();
    let odd = place.path("x").with_file_name(std::ffi::OsStr::from_bytes(b"n\xff"));
    if std::fs::write(&odd, "1").is_err() {
        return; // this file system keeps none
    }
    let run = |args: &[&std::ffi::OsStr]| place.command().args(args).output().unwrap().status.code();
    assert_eq!(run(&["cp".as_ref(), odd.as_os_str(), "copy/".as_ref()]), Some(0));
    assert!(place.path("copy").join(std::ffi::OsStr::from_bytes(b"n\xff")).exists());
    assert_eq!(run(&["cp".as_ref(), odd.as_os_str(), "s3://box/".as_ref()]), Some(1));
    assert_eq!(run(&["rm".as_ref(), odd.as_os_str()]), Some(0));
    assert!(!odd.exists());
}

#[test]
fn wrong_use_says_how_and_panes_need_a_terminal() {
    let place = Place::new();
    for args in [&["cp", "a"][..], &["frobnicate", "a", "b"], &["ls", "--colour"], &[]] {
        place.expect(2, args);
    }
    assert!(place.expect(0, &["--help"]).contains("s3://"));
    assert!(place.expect(0, &["--version"]).starts_with("bifold "));
}

#[test]
fn rm_never_climbs() {
    let place = Place::new();
    place.write("d/e/f", "1");
    for args in [
        ["rm", "-r", ".."],
        ["rm", "-r", "d/.."],
        ["rm", "-r", "d/e/../"],
        ["rm", "-r", "."],
        ["rm", "-r", "/"],
    ] {
        place.expect(2, &args);
    }
    assert_eq!(place.read("d/e/f"), "1");
}

#[test]
fn a_pipe_that_cannot_be_completed_leaves_no_upload() {
    let place = Place::new();
    place.server.faults().add(Rule::on("CompleteMultipartUpload", Effect::access_denied()).always());
    let mut child = place.command().args(["cp", "-", "s3://box/k"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&vec![7; 20 << 20]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!((place.keys(), place.server.store().open_uploads("box")), (Vec::new(), Vec::new()));
}

#[test]
fn what_is_no_file_is_told_and_the_status_says_so() {
    let place = Place::new();
    place.write("d/a", "1");
    let socket = std::os::unix::net::UnixListener::bind(place.path("d/socket")).unwrap();
    assert!(place.told(1, &["cp", "-r", "--conflict", "overwrite", "d", "s3://box/"]).contains("socket"));
    assert_eq!(place.keys(), ["d/a"]);
    drop(socket);
}

#[test]
fn no_name_acts_on_a_terminal_or_forges_a_line_of_the_log() {
    let place = Place::new();
    let evil = "x\u{1b}]0;owned\u{7}\n2026-01-01T00:00:00Z ERROR forged";
    place.expect(1, &["ls", &format!("s3://box/{evil}/")]);
    place.expect(2, &["rm", &format!("--{evil}")]);
    let state = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };
    let log = place.dir.path().join("home").join(state).join("bifold/bifold.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("owned") && !log.contains(['\u{1b}', '\u{7}']), "{log}");
    assert!(log.lines().all(|line| !line.starts_with("2026-01-01T")), "{log}");
}

#[test]
fn flags_that_cannot_be_are_wrong_use_and_write_nothing() {
    let place = Place::new();
    place.write("a", "1");
    for flag in [
        "--bwlimit=fast",
        "--bwlimit=0",
        "--concurrency=0",
        "--part-size=6GiB",
        "--storage-class=ia",
        "--encryption=rot13",
        "--content-type=text",
        "--include=[",
        "--exclude=a[",
    ] {
        let told = place.told(2, &["cp", "a", "s3://box/a", flag]);
        let name = flag.split('=').next().unwrap();
        assert!(told.contains(name) || told.contains('['), "{flag}: {told}");
    }
    let told = place.told(2, &["cp", "a", "s3://box/a", "--encryption=AES256", "--kms-key-id=k"]);
    assert!(told.contains("--kms-key-id needs"), "{told}");
    place.expect(2, &["rm", "-r", "work", "--include=["]);
    assert!(place.keys().is_empty());
}

/// What the server was asked for.
fn asked(place: &Place) -> Vec<String> {
    place.server.counts().operations.into_keys().collect()
}

#[test]
fn a_dry_run_tells_all_and_writes_nothing() {
    let place = Place::new();
    for name in ["d/new", "d/old", "d/sub/deep"] {
        place.write(name, "12345");
    }
    place.put("to/d/old", "1");
    let before = place.keys();
    let printed = place.expect(0, &["cp", "-r", "--dry-run", "d", "s3://box/to/"]);
    assert!(printed.starts_with("would copy 3 files, 2 directories, 15 B\n"), "{printed}");
    assert!(printed.contains("PutObject 3"), "{printed}");
    assert!(
        printed.contains("1 are there already, and would be asked about:\n  s3://box/to/d/old\n"),
        "{printed}"
    );
    let skipped = place.expect(0, &["cp", "-r", "--dry-run", "--conflict", "skip", "d", "s3://box/to/"]);
    assert!(skipped.contains("PutObject 2"), "{skipped}");
    place.expect(0, &["mv", "-r", "--dry-run", "d", "s3://box/to/"]);
    let removed = place.expect(0, &["rm", "-r", "--dry-run", "s3://box/to/"]);
    assert!(removed.starts_with("would delete 1 file, "), "{removed}");
    assert!(removed.contains("DeleteObjects 1"), "{removed}");
    assert_eq!((place.keys(), place.read("d/old")), (before, "12345".to_owned()));
    place.expect(0, &["cp", "-r", "--dry-run", "s3://box/to/", "new/"]);
    assert!(!place.path("new").exists());
    let only_reads = asked(&place);
    let reads = ["ListObjectsV2", "HeadObject", "HeadBucket"];
    assert!(only_reads.iter().all(|it| reads.contains(&&**it)), "{only_reads:?}");
}

#[test]
fn a_dry_run_as_json_names_what_would_fail_and_fails() {
    let place = Place::new();
    place.put("in/cold", "12345");
    place.put("in/fine", "12345");
    place.server.store().set_class("box", "in/cold", "GLACIER");
    let printed = place.expect(1, &["cp", "-r", "--dry-run", "--json", "s3://box/in/", "out"]);
    let plan: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(plan["event"], "plan");
    assert_eq!((&plan["files"], &plan["requests"]["GetObject"]), (&Value::from(2), &Value::from(1)));
    assert_eq!(plan["transferred"]["egress"], 5);
    assert_eq!(plan["refusals"]["count"], 1);
    let refusal = &plan["refusals"]["first"][0];
    assert_eq!((&refusal["uri"], &refusal["kind"]), (&"s3://box/in/cold".into(), &"archived".into()));
    assert_eq!(plan["cost_usd"], Value::Null, "only AWS has a price");
    assert!(!place.path("out").exists());
}
