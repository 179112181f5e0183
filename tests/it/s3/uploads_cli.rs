//! `bifold uploads`: the built program against a server.

use std::process::{Command, Output, Stdio};

use bifold::model::{Entry, Kind, Timestamp, Uri};
use bifold::transfer::journal::Journal;
use bifold::transfer::{JobKind, JobOptions, JobSpec};
use bifold::vfs::CreateHint;
use demo::Server;
use serde_json::Value;

use crate::support::*;

/// Where the program keeps its journal, below its home.
const STATE: &str = ".local/state/bifold";

struct Place {
    server: Server,
    dir: tempfile::TempDir,
}

impl Place {
    /// A bucket with open uploads, of which the first holds two parts.
    async fn with(keys: &[&str]) -> Self {
        let server = serve(demo::Options { max_page: 2, ..demo::Options::default() });
        let registry = uncached(&server);
        for (at, key) in keys.iter().enumerate() {
            let sink = begin(&crate::support::at(&registry, key), 20 << 20).await.expect("begun");
            for part in (0..2).filter(|_| at == 0) {
                sink.write_part(part << 23, 8 << 20, body(noise(8 << 20))).await.expect("a part");
            }
            sink.keep();
        }
        Self { server, dir: tempfile::tempdir().expect("a directory") }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bifold"));
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.dir.path().join(".local/state"))
            .envs(self.server.env());
        command.args(args).output().expect("it runs")
    }

    #[track_caller]
    fn expect(&self, status: i32, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (out, told) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(status), "{args:?}: {told}");
        (out, told)
    }

    fn list(&self, place: &str) -> Vec<Value> {
        let (out, _) = self.expect(0, &["uploads", "ls", "--json", place]);
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn open(&self) -> Vec<String> {
        self.server.store().open_uploads("box").into_iter().map(|(key, _)| key).collect()
    }
}

#[tokio::test]
async fn all_open_uploads_are_listed_with_what_they_hold() {
    let place = Place::with(&["a/1", "a/2", "a/2", "b"]).await;
    place.server.reset_counts();
    let rows = place.list("s3://box");
    let counts = place.server.counts();
    assert_eq!((counts.get("ListMultipartUploads"), counts.get("ListParts"), counts.total()), (2, 4, 6));
    let keys: Vec<_> = rows.iter().map(|row| row["key"].as_str().expect("a key")).collect();
    assert_eq!(keys, ["a/1", "a/2", "a/2", "b"]);
    assert_eq!((&rows[0]["bytes"], &rows[0]["parts"]), (&(16 << 20).into(), &2.into()));
    assert_eq!((&rows[1]["bytes"], &rows[1]["parts"]), (&0.into(), &0.into()));
    assert!(rows.iter().all(|row| row["own"] == "no" && row["age_seconds"].as_u64().expect("an age") < 600));
    assert_eq!(place.list("s3://box/a/").len(), 3);
    let (text, _) = place.expect(0, &["uploads", "ls", "s3://box/b"]);
    assert!(text.contains(rows[3]["id"].as_str().expect("an id")) && text.trim().ends_with("s3://box/b"));
    let (_, told) = place.expect(2, &["uploads", "ls", "s3://"]);
    assert!(told.contains("s3://BUCKET"), "{told}");
}

#[tokio::test]
async fn nothing_is_ended_unasked() {
    let place = Place::with(&["a", "b"]).await;
    for args in [
        &["uploads", "abort", "s3://box"][..],
        &["uploads", "abort", "s3://box", "--yes"],
        &["uploads", "abort", "s3://box", "--older-than", "0s"],
        &["uploads", "abort", "s3://box", "--older-than", "soon", "--yes"],
    ] {
        let (_, told) = place.expect(2, args);
        assert!(!told.is_empty());
        assert_eq!(place.open(), ["a", "b"], "{args:?}");
    }
    // What it would end is named before it is asked for.
    let (out, told) = place.expect(2, &["uploads", "abort", "s3://box", "--older-than", "0s"]);
    assert!(
        out.contains("s3://box/a") && out.contains("s3://box/b") && told.contains("--yes"),
        "{out} {told}"
    );
    place.expect(0, &["uploads", "abort", "s3://box", "--own", "--yes"]);
    place.expect(0, &["uploads", "abort", "s3://box", "--older-than", "7d", "--yes"]);
    place.expect(1, &["uploads", "abort", "s3://box", "no-such-id", "--yes"]);
    assert_eq!(place.open(), ["a", "b"]);
}

#[tokio::test]
async fn what_is_named_is_ended_and_nothing_else() {
    let place = Place::with(&["a", "b", "c"]).await;
    let id = place.list("s3://box")[1]["id"].as_str().expect("an id").to_owned();
    let (out, _) = place.expect(0, &["uploads", "abort", "s3://box", &id, "--yes"]);
    assert!(out.contains("s3://box/b") && !out.contains("s3://box/a"), "{out}");
    assert_eq!(place.open(), ["a", "c"]);
    let (_, told) = place.expect(1, &["uploads", "abort", "s3://box", &id, "--yes"]);
    assert!(told.contains(&id), "{told}");
    place.expect(0, &["uploads", "abort", "s3://box/c", "--older-than", "0s", "--yes"]);
    assert_eq!(place.open(), ["a"]);
    let read_only = [
        "uploads",
        "abort",
        "s3://box",
        "--older-than",
        "0s",
        "--yes",
        "--set",
        "connections.s3.read_only=true",
    ];
    place.expect(1, &read_only);
    assert_eq!(place.open(), ["a"]);
}

#[tokio::test]
async fn our_own_are_known_by_the_journal_and_left_alone_while_their_job_runs() {
    let place = Place::with(&["other"]).await;
    let registry = uncached(&place.server);
    let state = place.dir.path().join(STATE);
    let (journal, told) = Journal::open(Some(&state)).await;
    assert_eq!(told, None);
    let spec =
        JobSpec { kind: JobKind::Copy, sources: Vec::new(), target: None, options: JobOptions::default() };
    let log = journal.begin(&spec, &[], Timestamp(0)).await.expect("recorded");
    let (source, path) = (Uri::Local("/source".into()), at(&registry, "mine"));
    let entry = Entry::new("source".into(), Kind::File);
    log.intend(&source, &entry, path.uri()).await;
    let sink = begin(&path, 20 << 20).await.expect("begun");
    sink.keep();
    log.opened(&source, &entry, path.uri(), &sink.state(), &CreateHint::default()).await;

    let rows = place.list("s3://box");
    assert_eq!((&rows[0]["own"], &rows[1]["own"]), (&"yes".into(), &"no".into()));
    assert_eq!(rows[0]["job"].as_u64(), Some(log.number()));
    let (_, told) = place.expect(1, &["uploads", "abort", "s3://box", "--own", "--yes"]);
    assert!(told.contains(&format!("job {}", log.number())), "{told}");
    assert_eq!(place.open(), ["mine", "other"]);
    drop((log, journal));
    place.expect(0, &["uploads", "abort", "s3://box", "--own", "--yes"]);
    assert_eq!(place.open(), ["other"]);
    let (journal, _) = Journal::open(Some(&state)).await;
    assert!(journal.uploads().await.expect("read").is_empty(), "it is forgotten");
}
