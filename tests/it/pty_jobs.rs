//! Jobs of the real program in a pseudo-terminal: paused, left, killed, resumed and undone by keys.

use bytes::Bytes;
use demo::{Effect, Gate, Rule, Versioning};
use rustix::process::Signal;

use super::support::noise;
use super::terminal::{F5, F8, F9, F10, Place, Terminal};

/// A file of five parts.
const LARGE: usize = 40 << 20;

/// A place with a large file, and a server that answers two of its parts and holds the others.
fn held() -> (Place, Gate) {
    let place = Place::new();
    place.write("large", &large());
    let gate = Gate::new();
    place.server.faults().add(Rule::on("UploadPart", Effect::Hold(gate.clone())).skip(2).always());
    (place, gate)
}

fn large() -> Bytes {
    noise(LARGE)
}

fn copies(terminal: &mut Terminal) {
    terminal.keys(F5);
    terminal.wait("a question", |screen| screen.contents().contains("Copy "));
    terminal.keys("\r");
}

/// The panes, with the large file half on its way.
fn uploading(place: &Place, gate: &Gate) -> Terminal {
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("large");
    terminal.keys("j");
    copies(&mut terminal);
    gate.wait_arrived(1);
    terminal
}

/// The next start tells of the job, shows it, and goes on with it at a key.
fn resumes(place: &Place, standing: &str) {
    assert!(place.server.store().keys("box").is_empty());
    place.server.faults().clear();
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("1 job waits to be resumed");
    terminal.keys(F9);
    terminal.see(standing);
    terminal.keys(F9);
    terminal.wait("the panes", |screen| !screen.contents().contains(standing));
    terminal.keys("R");
    place.until("the rest", |place| place.server.store().keys("box") == ["large"]);
    assert!(place.server.store().get("box", "large").unwrap() == large());
    assert_eq!(place.server.store().open_uploads("box"), []);
    terminal.see("copied 1 file");
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

#[test]
fn a_job_that_is_left_is_resumed_by_the_next_start() {
    let (place, gate) = held();
    let mut terminal = uploading(&place, &gate);
    terminal.keys("q");
    terminal.see("1 job still runs");
    terminal.keys("l");
    assert!(terminal.ended().success());
    terminal.is_restored();
    resumes(&place, "left, to be resumed");
}

#[test]
fn leaving_is_still_asked_when_the_job_ends_meanwhile() {
    let (place, gate) = held();
    let mut terminal = uploading(&place, &gate);
    terminal.keys("q");
    terminal.see("1 job still runs");
    place.server.faults().clear();
    gate.open();
    terminal.see("All jobs have ended.");
    terminal.see("copied 1 file");
    terminal.keys("q");
    assert!(terminal.ended().success());
    terminal.is_restored();
    assert!(place.server.store().get("box", "large").unwrap() == large());
}

#[test]
fn sigterm_leaves_the_jobs_to_be_resumed() {
    let (place, gate) = held();
    let mut terminal = uploading(&place, &gate);
    terminal.signal(Signal::TERM);
    assert!(terminal.ended().success());
    terminal.is_restored();
    resumes(&place, "left, to be resumed");
}

#[test]
fn a_job_of_panes_that_were_killed_is_resumed_by_the_next_start() {
    let (place, gate) = held();
    let mut terminal = uploading(&place, &gate);
    terminal.signal(Signal::KILL);
    terminal.ended();
    resumes(&place, "interrupted");
}

#[test]
fn a_panic_of_the_loop_leaves_its_jobs_to_be_resumed() {
    let (place, gate) = held();
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    // The keys: down, copy, yes, and one more.
    command.args([".", "s3://box/"]);
    command.env("BIFOLD_FAIL_POINT", "loop:4");
    let mut terminal = Terminal::start(command);
    terminal.see("large");
    terminal.keys("j");
    copies(&mut terminal);
    gate.wait_arrived(1);
    terminal.keys("j");
    assert!(!terminal.ended().success());
    terminal.is_restored();
    terminal.see("the fail point of the loop was reached");
    resumes(&place, "left, to be resumed");
}

#[test]
fn a_job_is_paused_and_goes_on_by_keys() {
    const FILES: usize = 200;
    let place = Place::new();
    std::fs::create_dir(place.path("many")).unwrap();
    for number in 0..FILES {
        place.write(&format!("many/{number}"), b"x");
    }
    let gate = Gate::new();
    place.server.faults().add(Rule::on("PutObject", Effect::Hold(gate.clone())).always());
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("many");
    terminal.keys("j");
    copies(&mut terminal);
    gate.wait_arrived(1);
    terminal.keys(F9);
    terminal.see("p pauses");
    terminal.keys("p");
    terminal.see("= copying many");
    gate.open();
    // What was under way comes to its end, and nothing follows it.
    terminal.see("p goes on");
    let under_way = |place: &Place| usize::try_from(place.server.counts().get("PutObject")).unwrap();
    place.until("the end of what was under way", |place| {
        under_way(place) == place.server.store().keys("box").len()
    });
    assert!(under_way(&place) < FILES, "all were sent");
    // One that the server had not heard of yet may still have come.
    terminal.wait("what came to its end", |screen| {
        screen.contents().contains(&format!("{} of {FILES} files", under_way(&place)))
    });
    terminal.keys("p");
    place.until("the others", |place| place.server.store().keys("box").len() == FILES);
    terminal.see("copied many");
    assert_eq!(under_way(&place), FILES);
    terminal.keys(F9);
    terminal.keys(F10);
    assert!(terminal.ended().success());
}

#[test]
fn a_deletion_on_a_versioned_bucket_is_undone_after_asking() {
    let place = Place::new();
    let store = place.server.store();
    store.set_versioning("box", Versioning::Enabled);
    store.put("box", "doc", "text");
    let mut terminal = place.bifold(&["s3://box/", "."]);
    let listed = |screen: &vt100::Screen| screen.contents().lines().any(|line| line.contains(" doc  "));
    terminal.wait("the row", listed);
    terminal.keys("j");
    terminal.keys(F8);
    terminal.see("Delete");
    terminal.keys("d");
    place.until("the deletion", |place| place.server.store().keys("box").is_empty());
    terminal.wait("the row gone", |screen| !listed(screen));
    terminal.keys(F9);
    terminal.see("z undoes");
    terminal.keys("z");
    terminal.see("Undo 1 deletion");
    terminal.keys("u");
    place.until("the object", |place| place.server.store().get("box", "doc").as_deref() == Some(b"text"));
    terminal.see("undid what was deleted: doc");
    terminal.keys(F9);
    terminal.wait("the row again", listed);
    terminal.keys(F10);
    assert!(terminal.ended().success());
    assert_eq!(store.versions("box", "doc").len(), 1);
}
