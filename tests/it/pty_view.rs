//! The viewer and the quick view of the real program in a pseudo-terminal, requests counted at the server.

use super::terminal::{F10, Place, READY, Terminal};

const F3: &str = "\x1bOR";
const CTRL_Q: &str = "\x11";
const ESC: &str = "\x1b";

/// Numbered lines.
fn lines(count: usize) -> String {
    (1..=count).map(|at| format!("line number {at}\n")).collect()
}

#[track_caller]
fn quit(mut terminal: Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

fn gets(place: &Place) -> u64 {
    place.server.counts().get("GetObject")
}

#[test]
fn a_file_is_viewed_and_left_again() {
    let place = Place::new();
    place.write("a.txt", lines(500).as_bytes());
    place.write("b.txt", b"the second file\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("b.txt");
    terminal.keys("j");
    terminal.keys(F3);
    terminal.see("line number 12");
    terminal.wait("the whole screen", |screen| !screen.contents().contains("b.txt"));
    terminal.keys("]");
    terminal.see("the second file");
    terminal.resize(40, 12);
    terminal.see("the second file");
    terminal.resize(1, 1);
    terminal.resize(100, 30);
    terminal.see("the second file");
    terminal.keys("q");
    terminal.wait("the panes", |screen| screen.contents().contains("a.txt"));
    quit(terminal);
}

#[test]
fn the_first_screen_of_an_object_is_one_request_for_a_range() {
    let place = Place::new();
    place.server.store().put("box", "big.log", lines(400_000));
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.see("big.log");
    terminal.keys("jv");
    terminal.see("line number 12");
    assert_eq!(gets(&place), 1);
    let bytes = place.server.counts().bytes_out;
    assert!(bytes < 100_000, "{bytes} bytes were sent for the head of 9 MB");
    terminal.keys("q");
    terminal.see(READY);
    quit(terminal);
    assert_eq!(place.server.counts().get("HeadObject"), 0);
}

#[test]
fn the_keys_of_the_viewer_are_in_the_bar_and_a_directory_says_so() {
    let place = Place::new();
    std::fs::create_dir(place.path("dir")).unwrap();
    place.write("f", b"text\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("dir/");
    terminal.keys("j");
    terminal.keys(F3);
    terminal.see("this is a directory");
    terminal.keys("j");
    terminal.keys("\x1b3");
    terminal.see("Close");
    terminal.see("Hex");
    terminal.keys("/");
    terminal.see("search:");
    terminal.keys(ESC);
    terminal.wait("the foot", |screen| !screen.contents().contains("search:"));
    terminal.keys("q");
    terminal.see("Mkdir");
    quit(terminal);
}

#[test]
fn a_held_key_through_a_thousand_objects_costs_few_requests() {
    let place = Place::new();
    for at in 0..1_000 {
        place.server.store().put("box", &format!("d/{at:04}.txt"), format!("body of {at:04}\n"));
    }
    let mut terminal = place.bifold(&["--set", "preview.prefetch=0", "s3://box/d/", "."]);
    terminal.see("1,000");
    terminal.keys("j");
    terminal.keys(CTRL_Q);
    terminal.see("body of 0000");
    let before = gets(&place);
    for _ in 0..100 {
        terminal.keys("jjjjjjjjjj");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    terminal.see("body of 0999");
    let cost = gets(&place) - before;
    assert!(cost <= 5, "{cost} requests for a key held through 1,000 objects");
    terminal.keys(CTRL_Q);
    terminal.wait("the other pane", |screen| !screen.contents().contains("body of 0999"));
    quit(terminal);
    assert_eq!(place.server.counts().get("ListObjectsV2"), 1);
}

#[test]
fn the_view_beside_takes_keys_after_tab() {
    let place = Place::new();
    place.write("a.txt", lines(500).as_bytes());
    place.write("b.txt", b"the second file\n");
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.see("b.txt");
    terminal.keys(CTRL_Q);
    terminal.see("shows what the cursor is on");
    terminal.keys("j");
    terminal.see("line number 12");
    terminal.keys("\tG");
    terminal.see("line number 500");
    terminal.keys("\tj");
    terminal.see("the second file");
    quit(terminal);
}

#[test]
fn no_byte_of_a_file_reaches_the_terminal_unescaped() {
    let place = Place::new();
    let hostile = "\u{1b}[31mred \u{1b}]52;c;QUJD\u{7} a\u{202e}b \u{9b}31m\nend of it\n";
    place.write("evil\u{1b}[31m.txt", hostile.as_bytes());
    place.server.store().put("box", "evil\u{1b}]0;x\u{7}.txt", hostile);
    for (left, right) in [(".", "s3://box/"), ("s3://box/", ".")] {
        let mut terminal = place.bifold(&[left, right]);
        terminal.wait("both lists", |screen| screen.contents().matches("evil").count() >= 2);
        terminal.keys("j");
        terminal.keys(CTRL_Q);
        terminal.see("end of it");
        terminal.keys("v");
        terminal.wait("the whole screen", |screen| {
            screen.contents().contains("end of it") && screen.contents().contains("Close")
        });
        terminal.keys("x");
        terminal.see("hex");
        terminal.keys("q");
        terminal.see("Mkdir");
        terminal.keys(F10);
        terminal.ended();
        let raw = terminal.raw();
        let text = String::from_utf8_lossy(&raw);
        for foreign in ["\u{1b}[31mred", "\u{1b}[31m.txt", "\u{1b}]", "\u{202e}", "\u{9b}", "\u{7}"] {
            assert!(!text.contains(foreign), "{foreign:?} in the view of {left}");
        }
    }
}

#[test]
fn a_directory_under_a_resting_cursor_is_there_when_it_is_entered() {
    let place = Place::new();
    for dir in ["one", "two"] {
        place.server.store().put("box", &format!("{dir}/in {dir}"), "x");
    }
    let mut terminal = place.bifold(&["s3://box/", "."]);
    terminal.resize(160, 40);
    terminal.see("two/");
    let lists = |place: &Place| place.server.counts().get("ListObjectsV2");
    assert_eq!(lists(&place), 1, "a program that was only started asks nothing ahead");
    terminal.keys("j");
    place.until("the listing ahead", |place| lists(place) == 2);
    terminal.see("ahead 1 of 30 a minute");
    terminal.keys("\r");
    terminal.see("in one");
    quit(terminal);
    assert_eq!(lists(&place), 2);
}

#[test]
fn what_is_asked_ahead_stays_within_its_budget() {
    let place = Place::new();
    for at in 0..20 {
        place.server.store().put("box", &format!("d{at:02}/x"), "x");
    }
    let lists = |place: &Place| place.server.counts().get("ListObjectsV2");
    for (budget, most) in [("0", 1), ("4", 5)] {
        let before = lists(&place);
        let set = format!("preview.prefetch={budget}");
        let mut terminal = place.bifold(&["--set", &set, "s3://box/", "."]);
        terminal.see("d19/");
        for _ in 0..8 {
            terminal.keys("j");
            std::thread::sleep(std::time::Duration::from_millis(450));
        }
        quit(terminal);
        let sent = lists(&place) - before;
        assert!(sent <= most, "{sent} listings with a budget of {budget}");
        assert!(budget == "0" || sent >= 3, "{sent} listings: nothing was asked ahead");
    }
}
