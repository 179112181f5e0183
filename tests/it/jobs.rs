//! Jobs on the command line: left, killed, resumed, paused and cancelled from elsewhere, told as JSON; and
//! the state file that keeps them.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use demo::{Effect, Gate, Rule};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::cli::Place;
use super::support::noise;

/// A file of five parts, and the flag that makes them so.
const LARGE: usize = 22 << 20;
const PARTS: &str = "--part-size=5MiB";

fn state(place: &Place) -> PathBuf {
    place.home().join(".local/state/bifold")
}

/// A place with a large file, and a server that answers two of its parts and holds the others.
fn held() -> (Place, Gate) {
    let place = Place::new();
    fs::write(place.path("large"), noise(LARGE)).unwrap();
    let gate = Gate::new();
    place.server.faults().add(Rule::on("UploadPart", Effect::Hold(gate.clone())).skip(2).always());
    (place, gate)
}

/// Begins an upload, and waits until two parts are recorded and another is under way.
fn uploading(place: &Place, gate: &Gate) -> Child {
    let args = ["cp", "large", "s3://box/large", PARTS, "--concurrency=1"];
    let child = place.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    gate.wait_arrived(1);
    child
}

#[track_caller]
fn ended(mut child: Child) -> (Option<i32>, String) {
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it doesn't end");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A record that is still on its way isn't taken for something that nobody goes on with.
#[test]
fn a_copy_that_worked_gives_nothing_up() {
    let place = Place::new();
    fs::write(place.path("large"), noise(LARGE)).unwrap();
    for number in 0..8 {
        let (status, told) = ended(
            place
                .command()
                .args(["cp", "large", &format!("s3://box/{number}"), PARTS])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        assert_eq!((status, told.contains("given up")), (Some(0), false), "{told}");
    }
}

fn job(place: &Place) -> Value {
    place.json(&["jobs", "ls", "--json"]).pop().expect("a job")
}

/// Resumes everything, and holds the resumption to what was missing.
#[track_caller]
fn resumes_exactly(place: &Place, args: &[&str]) {
    place.server.faults().clear();
    place.server.reset_counts();
    place.expect(0, args);
    assert!(place.server.store().get("box", "large").unwrap() == noise(LARGE), "other bytes");
    let counts = place.server.counts();
    assert_eq!((counts.get("UploadPart"), counts.get("CreateMultipartUpload")), (3, 0), "{counts:?}");
    assert!(place.server.store().open_uploads("box").is_empty());
    assert_eq!(job(place)["state"], "done");
}

#[test]
fn ctrl_c_leaves_a_copy_and_says_how_it_goes_on() {
    let (place, gate) = held();
    let child = uploading(&place, &gate);
    signal(&child, Signal::INT);
    let (status, told) = ended(child);
    assert_eq!(status, Some(1));
    assert!(told.contains("paused: go on with `bifold jobs resume 1`"), "{told}");
    let job = job(&place);
    assert_eq!((&job["state"], &job["job"], &job["open"]), (&"suspended".into(), &1.into(), &1.into()));
    assert_eq!(place.server.store().open_uploads("box").len(), 1);
    resumes_exactly(&place, &["jobs", "resume", "1"]);
    let told = place.told(1, &["jobs", "resume", "1"]);
    assert!(told.contains("job 1 is done"), "{told}");
}

/// The second signal doesn't wait for what can't be broken off; what is half done stays to be gone on with.
#[test]
fn a_second_ctrl_c_in_a_download_keeps_what_came_of_it() {
    let place = Place::new();
    place.server.store().put("box", "d/large", noise(LARGE));
    place.put("d/small", "1");
    let (parts, removal) = (Gate::new(), Gate::new());
    let held = |gate: &Gate| Effect::Hold(gate.clone());
    place.server.faults().add(Rule::on("GetObject", held(&parts)).key("large").skip(2).always());
    place.server.faults().add(Rule::on("DeleteObject", held(&removal)).key("small").always());
    let args = ["mv", "-r", "s3://box/d/", "back/", PARTS];
    let child = place.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    parts.wait_arrived(1);
    removal.wait_arrived(1);
    let recorded = || {
        let db = rusqlite::Connection::open(state(&place).join("state.db")).unwrap();
        db.query_row("SELECT count(*) FROM parts", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    while recorded() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, Signal::INT);
    let (status, told) = ended(child);
    assert!(status == Some(1) && told.contains("left at once"), "{told}");
    let half: Vec<_> =
        fs::read_dir(place.path("back/d")).unwrap().map(|it| it.unwrap().file_name()).collect();
    let half = half.iter().filter(|name| name.to_string_lossy().ends_with(".part")).count();
    assert_eq!(half, 1, "what was half done is gone");
    place.server.faults().clear();
    place.server.reset_counts();
    place.expect(0, &["jobs", "resume", "1"]);
    assert!(fs::read(place.path("back/d/large")).unwrap() == noise(LARGE));
    let bytes = place.server.counts().bytes_out;
    assert!(bytes < (LARGE - (6 << 20)) as u64, "{bytes} bytes were sent again");
}

#[test]
fn a_killed_copy_is_told_of_and_all_are_resumed_without_a_number() {
    let (place, gate) = held();
    let mut child = uploading(&place, &gate);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((&job(&place)["state"], &job(&place)["attempts"]), (&"interrupted".into(), &1.into()));
    place.write("small", "1");
    let other = place.run(&["cp", "small", "s3://box/small"]);
    let told = String::from_utf8(other.stderr).unwrap();
    assert!(
        other.status.success() && told.contains("job 1 was interrupted: `bifold jobs resume 1`"),
        "{told}"
    );
    let quiet = place.run(&["cp", "small", "s3://box/small2", "--json"]);
    assert!(!String::from_utf8(quiet.stderr).unwrap().contains("interrupted"));
    place.expect(0, &["jobs", "rm", "2", "3"]);
    resumes_exactly(&place, &["jobs", "resume"]);
    assert_eq!(job(&place)["attempts"], 2);
    let told = String::from_utf8(place.run(&["jobs", "resume"]).stderr).unwrap();
    assert!(told.contains("no job waits"), "{told}");
}

#[test]
fn a_job_of_another_process_is_paused_and_then_cancelled_by_number() {
    let (place, gate) = held();
    let child = uploading(&place, &gate);
    let running = job(&place);
    assert_eq!(
        (&running["state"], running["owner_pid"].as_u64()),
        (&"running".into(), Some(child.id().into()))
    );
    let refused = place.told(1, &["jobs", "resume", "1"]);
    assert!(refused.contains(&format!("running in another bifold (process {})", child.id())), "{refused}");
    assert!(place.told(1, &["jobs", "rm", "1"]).contains("running in another bifold"));
    place.expect(0, &["jobs", "pause", "1"]);
    let (status, told) = ended(child);
    assert!(status == Some(1) && told.contains("bifold jobs resume 1"), "{told}");
    assert_eq!(job(&place)["state"], "suspended");
    place.server.faults().clear();
    place.expect(0, &["jobs", "cancel", "1"]);
    assert_eq!(job(&place)["state"], "cancelled");
    assert!(place.server.store().open_uploads("box").is_empty());
    assert_eq!(place.object("large"), None);
    assert!(place.path("large").exists());
    place.expect(0, &["jobs", "rm", "1"]);
    assert_eq!(place.expect(0, &["jobs", "ls"]), "");
    assert!(place.told(1, &["jobs", "show", "1"]).contains("there is no job 1"));
}

#[test]
fn a_running_job_of_another_process_is_cancelled_by_number() {
    let (place, gate) = held();
    let child = uploading(&place, &gate);
    place.expect(0, &["jobs", "cancel", "1"]);
    let (status, told) = ended(child);
    assert!(status == Some(1) && told.contains("cancelled"), "{told}");
    assert_eq!(job(&place)["state"], "cancelled");
    assert!(place.server.store().open_uploads("box").is_empty());
}

#[test]
fn show_tells_everything_of_a_job_and_its_failures() {
    let place = Place::new();
    place.write("d/a", "1");
    place.server.faults().add(Rule::on("PutObject", Effect::access_denied()).always());
    place.expect(1, &["cp", "-r", "d", "s3://box/"]);
    let shown = place.expect(0, &["jobs", "show", "1"]);
    for line in
        ["state                failed", "does                 copy", "bifold jobs resume 1", "Access Denied"]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let listed = place.expect(0, &["jobs", "ls"]);
    assert!(listed.contains("failed") && listed.contains("/d to s3://box/"), "{listed}");
    place.server.faults().clear();
    place.expect(0, &["jobs", "resume", "1"]);
    assert_eq!(place.object("d/a").as_deref(), Some("1"));
}

#[test]
fn events_are_one_json_object_a_line_and_tell_the_truth_at_the_end() {
    let place = Place::new();
    for name in ["d/a", "d/b"] {
        place.write(name, "12345");
    }
    let rule = Rule::on("PutObject", Effect::access_denied()).key("d/b").always();
    place.server.faults().add(rule);
    let output = place.run(&["cp", "-r", "d", "s3://box/", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).collect::<Vec<_>>();
    assert_eq!((&events[0]["event"], &events[0]["target"]), (&"plan".into(), &"s3://box/".into()));
    assert_eq!(named("kept")[0]["job"], 1);
    let ends: Vec<_> = named("file").iter().map(|file| file["end"].clone()).collect();
    assert!(ends.contains(&"copied".into()) && ends.contains(&"failed".into()), "{ends:?}");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["state"], &last["failed"]),
        (&"finished".into(), &"failed".into(), &1.into())
    );
    assert_eq!((&last["done"]["files"], &last["done"]["bytes"]), (&1.into(), &5.into()));
    assert!(last["failures"][0]["error"].as_str().unwrap().contains("d/b"));
    place.server.faults().clear();
    let events = place.json(&["rm", "-r", "s3://box/d/", "--json"]);
    assert_eq!(events.last().unwrap()["state"], "done");
}

fn modes(below: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = vec![(below.to_path_buf(), below.metadata().unwrap().permissions().mode() & 0o777)];
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            found.push((path, mode));
        }
    }
    found
}

#[test]
fn nobody_else_reads_the_state_even_under_umask_0() {
    let (place, gate) = held();
    let mut child =
        place.command_as("sh", &["-c", "umask 0; exec \"$0\" cp large s3://box/large --part-size=5MiB"]);
    let mut child = child.arg(env!("CARGO_BIN_EXE_bifold")).stderr(Stdio::null()).spawn().unwrap();
    gate.wait_arrived(1);
    let found = modes(&state(&place));
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        assert!(found.iter().any(|(path, _)| path.ends_with(file)), "{found:?}");
    }
    for (path, mode) in &found {
        assert_eq!(*mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn without_a_usable_state_directory_copies_work_and_say_so_once() {
    let place = Place::new();
    place.write("a", "1");
    place.write("f", "");
    let run = |state: &Path, key: &str| {
        let target = format!("s3://box/{key}");
        let output =
            place.command().env("XDG_STATE_HOME", state).args(["cp", "a", &target]).output().unwrap();
        assert!(output.status.success());
        assert_eq!(place.object(key).as_deref(), Some("1"));
        String::from_utf8(output.stderr).unwrap()
    };
    let told = run(&place.path("f"), "one");
    assert_eq!(told.matches("jobs can't be resumed").count(), 1, "{told}");
    let told = place.command().env("XDG_STATE_HOME", place.path("f")).args(["jobs", "ls"]).output().unwrap();
    assert_eq!(told.status.code(), Some(1));

    place.expect(0, &["cp", "a", "s3://box/two"]);
    let file = state(&place).join("state.db");
    fs::write(&file, [b"SQLite format 3\0", [0; 43].as_slice(), &[0, 0, 0, 99], &[7; 500]].concat()).unwrap();
    let newer = fs::read(&file).unwrap();
    let told = run(&place.home().join(".local/state"), "three");
    assert!(told.contains("a newer bifold wrote it"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), newer);

    fs::write(&file, "no database at all").unwrap();
    let told = run(&place.home().join(".local/state"), "four");
    assert!(told.contains("damaged and set aside as"), "{told}");
    assert_eq!(run(&place.home().join(".local/state"), "five"), "");
    let aside = bifold::store::damaged_copies(&state(&place));
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), "no database at all");
}

#[test]
fn the_settings_bound_the_rate_of_all_jobs() {
    let place = Place::new();
    fs::write(place.path("bytes"), noise(1_000_000)).unwrap();
    let settings = place.home().join(".config/bifold/settings.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    fs::write(settings, "[transfer]\nrate = \"1MB\"\n").unwrap();
    let began = Instant::now();
    place.expect(0, &["cp", "bytes", "s3://box/bytes"]);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(800), "{took:?}");
    assert!(place.server.store().get("box", "bytes").unwrap() == noise(1_000_000));
}
