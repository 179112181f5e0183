//! The figures of the caches, and what they hold, in the real program: looked at, pinned, checked, forgotten.

use std::path::{Path, PathBuf};

use super::terminal::{F10, Place, Terminal};

fn lines(count: usize) -> String {
    (1..=count).map(|at| format!("line number {at}\n")).collect()
}

fn gets(place: &Place) -> u64 {
    place.server.counts().get("GetObject")
}

fn lists(place: &Place) -> u64 {
    place.server.counts().get("ListObjectsV2")
}

/// The program on the bucket, with bodies kept and whatever else is set, on a screen that shows all figures.
fn begin(place: &Place, set: &[&str]) -> Terminal {
    let set = set.iter().flat_map(|set| ["--set", *set]);
    let args: Vec<&str> = set.chain(["--set", "preview.prefetch=0", "s3://box/", "."]).collect();
    let terminal = place.bifold(&args);
    terminal.resize(120, 60);
    terminal.see("Mkdir");
    terminal
}

/// Looks into the file of the cursor and leaves it again.
fn view(terminal: &mut Terminal, what: &str) {
    terminal.keys("v");
    terminal.see(what);
    terminal.keys("q");
    terminal.see("Mkdir");
}

#[track_caller]
fn gone(terminal: &Terminal, text: &str) {
    terminal.wait(&format!("screen without {text}"), |screen| !screen.contents().contains(text));
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

const NO_PREVIEWS: &str = "cache.previews.enabled=false";

#[test]
fn what_is_held_is_seen_pinned_checked_and_forgotten_and_costs_a_request_again() {
    let place = Place::new();
    place.server.store().put("box", "notes.txt", lines(200));
    let mut terminal = begin(&place, &[NO_PREVIEWS]);
    terminal.see("notes.txt");
    terminal.keys("j");
    view(&mut terminal, "line number 12");
    view(&mut terminal, "line number 12");
    assert_eq!(gets(&place), 1, "the second look is from the disk");

    terminal.keys("i");
    terminal.see("Objects on disk");
    terminal.see("held 1 of 2,000 entries");
    terminal.see("1 hit, 1 miss");
    terminal.see("this run: ");
    terminal.see("[cache.previews] turns it off");
    terminal.keys("I");
    terminal.see("s3://box/notes.txt");
    terminal.see("1 of 1");
    terminal.keys("p");
    terminal.see("pinned: it stays");
    terminal.see(", pinned");
    terminal.keys("v");
    terminal.see("1 entry checked");
    terminal.see("nothing is damaged");
    terminal.keys("d");
    terminal.see("No object is held yet");
    terminal.see("1 entry is forgotten");
    terminal.keys("q");
    terminal.see("held 0 of 2,000 entries");
    terminal.keys("q");
    gone(&terminal, "Objects on disk");
    view(&mut terminal, "line number 12");
    assert_eq!(gets(&place), 2, "what was forgotten is fetched again");
    quit(terminal);
}

/// The files below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

#[test]
fn damage_is_found_by_checking_all() {
    let place = Place::new();
    place.server.store().put("box", "notes.txt", lines(200));
    let mut terminal = begin(&place, &[NO_PREVIEWS]);
    terminal.see("notes.txt");
    terminal.keys("j");
    view(&mut terminal, "line number 12");
    terminal.keys("I");
    terminal.see("s3://box/notes.txt");
    let held = files(&place.home().join(".cache/bifold/objects"));
    assert_eq!(held.len(), 1, "{held:?}");
    let mut bytes = std::fs::read(&held[0]).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&held[0], bytes).unwrap();
    terminal.keys("V");
    terminal.see("1 damaged piece was forgotten");
    terminal.keys("q");
    terminal.keys("i");
    terminal.see("1 damaged");
    terminal.see("a piece was damaged");
    quit_from_panel(terminal);
}

fn quit_from_panel(mut terminal: Terminal) {
    terminal.keys("q");
    gone(&terminal, "Objects on disk");
    quit(terminal);
}

#[test]
fn all_below_a_location_is_forgotten_after_asking_and_the_rest_stays() {
    let place = Place::new();
    for key in ["a1.txt", "a2.txt", "b.txt"] {
        place.server.store().put("box", key, format!("the body of {key}\n"));
    }
    let mut terminal = begin(&place, &[]);
    terminal.see("b.txt");
    for key in ["a1.txt", "a2.txt", "b.txt"] {
        terminal.keys("j");
        view(&mut terminal, &format!("the body of {key}"));
    }
    terminal.keys("I");
    terminal.see("1 of 3");
    terminal.see("s3://box/a2.txt");
    terminal.keys("Da");
    terminal.see("s3://box/a");
    terminal.keys("\r");
    terminal.see("Forget 2 entries, ");
    terminal.keys("f");
    terminal.see("2 entries are forgotten");
    terminal.see("1 of 1");
    terminal.see("s3://box/b.txt");
    gone(&terminal, "s3://box/a1.txt");
    terminal.keys("q");
    gone(&terminal, "What is held");
    quit(terminal);
}

#[test]
fn a_preview_is_listed_with_what_it_was_made_of_and_enter_goes_there() {
    let place = Place::new();
    place.server.store().put("box", "dir/a.txt", "the body of a\n");
    place.server.store().put("box", "dir/b.txt", "the body of b\n");
    let mut terminal = begin(&place, &[]);
    terminal.see("dir/");
    terminal.keys("j\r");
    terminal.see("b.txt");
    for (at, what) in [(1, "the body of a"), (2, "the body of b")] {
        terminal.keys("jv");
        terminal.see(what);
        let held = |place: &Place| files(&place.home().join(".cache/bifold/previews")).len();
        place.until("its first screen is kept", |place| held(place) >= at);
        terminal.keys("q");
        terminal.see("Mkdir");
    }
    terminal.keys("h");
    gone(&terminal, "b.txt");
    terminal.keys("I\t");
    terminal.see("s3://box/dir/a.txt");
    terminal.see("the first screen, as it was drawn");
    terminal.keys("/s3://box/dir/b\r");
    terminal.see("below s3://box/dir/b");
    terminal.see("1 of 1");
    gone(&terminal, "s3://box/dir/a.txt");
    terminal.keys("\r");
    gone(&terminal, "Previews on disk");
    terminal.see("2 of 2 · ");
    terminal.see("a.txt");
    quit(terminal);
}

#[test]
fn an_answer_in_memory_is_forgotten_and_asked_for_again() {
    let place = Place::new();
    place.server.store().put("box", "dir/inside.txt", "x");
    let mut terminal = begin(&place, &[]);
    terminal.see("dir/");
    terminal.keys("j\r");
    terminal.see("inside.txt");
    terminal.keys("h");
    gone(&terminal, "inside.txt");
    terminal.see("▸ dir/");
    let before = lists(&place);
    terminal.keys("l");
    terminal.see("inside.txt");
    assert_eq!(lists(&place), before, "it is held");
    terminal.keys("I");
    terminal.see("No object is held yet");
    terminal.keys("\x1b[D");
    terminal.see("ListObjectsV2");
    terminal.keys("/s3://box/dir/\r");
    terminal.see("1 of 1");
    terminal.keys("d");
    terminal.see("1 entry is forgotten");
    terminal.see("Nothing is held below there");
    terminal.keys("q");
    gone(&terminal, "What is held");
    terminal.keys("h");
    gone(&terminal, "inside.txt");
    terminal.see("▸ dir/");
    terminal.keys("l");
    terminal.see("inside.txt");
    assert_eq!(lists(&place), before + 1);
    quit(terminal);
}
