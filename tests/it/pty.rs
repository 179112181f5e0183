//! The real program in a pseudo-terminal: keys in, screen out, and the terminal's state after every way
//! in which it can end.

use rustix::process::Signal;

use super::terminal::{F5, F8, F10, Place, READY, Terminal};

#[test]
fn browse_mark_copy_there_and_back_delete_and_quit() {
    let place = Place::new();
    let large: Vec<u8> = (0..18_u32 << 20).map(|at| (at % 251) as u8).collect();
    place.write("one.txt", b"first");
    place.write("two.bin", &large);
    std::fs::create_dir(place.path("back")).unwrap();
    place.server.store().put("box", "p/", "");
    let mut terminal = place.bifold(&[".", "s3://box/p/"]);
    terminal.see("one.txt");
    terminal.see("s3://box/p/");
    // To one.txt, past `..` and back/; mark both files.
    terminal.keys("jj  ");
    terminal.see("2 marked");
    terminal.keys(F5);
    terminal.see("s3://box/p/");
    terminal.wait("a question", |screen| screen.contents().contains("Copy 2"));
    terminal.keys("\r");
    place.until("the copies", |place| place.server.store().keys("box").len() == 3);
    assert!(place.server.store().get("box", "p/two.bin").unwrap() == large);
    // The other pane shows what was written without being asked.
    terminal.keys("\t");
    terminal.wait("both sides", |screen| screen.contents().matches("two.bin").count() >= 2);

    terminal.keys("\t");
    terminal.keys("gj\r");
    terminal.see("/here/back");
    terminal.keys("\t");
    terminal.keys("+*.*\r");
    terminal.see("2 marked");
    terminal.keys(F5);
    terminal.wait("a question", |screen| screen.contents().contains("Copy 2"));
    terminal.keys("\r");
    place.until("the way back", |place| {
        place.path("back/one.txt").exists() && place.path("back/two.bin").exists()
    });
    assert!(std::fs::read(place.path("back/two.bin")).unwrap() == large);
    assert_eq!(std::fs::read(place.path("back/one.txt")).unwrap(), b"first");

    terminal.keys("+*.*\r");
    terminal.see("2 marked");
    terminal.keys(F8);
    terminal.wait("a question", |screen| screen.contents().contains("Delete 2"));
    terminal.keys("d");
    place.until("the deletion", |place| place.server.store().keys("box") == ["p/"]);
    terminal.wait("rows gone", |screen| {
        !screen.contents().contains("one.txt  ") || screen.contents().matches("one.txt").count() < 2
    });
    // While the job runs, F10 asks.
    terminal.see("deleted 2 files");
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
    assert_eq!(place.server.store().open_uploads("box"), []);
}

#[test]
fn it_goes_on_where_one_left_off() {
    let place = Place::new();
    place.write("here", b"");
    let mut terminal = place.bifold(&[]);
    terminal.see("here");
    terminal.see("s3://");
    terminal.see(" box ");
    terminal.keys("\tj\r");
    terminal.see("s3://box/");
    terminal.keys(F10);
    assert!(terminal.ended().success());
    let terminal = place.bifold(&[]);
    terminal.see("s3://box/");
}

#[test]
fn a_panic_of_the_loop_restores_the_terminal_and_is_seen() {
    let place = Place::new();
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.env("BIFOLD_FAIL_POINT", "loop");
    let mut terminal = Terminal::start(command);
    terminal.see(READY);
    terminal.keys("j");
    assert!(!terminal.ended().success());
    terminal.is_restored();
    terminal.see("the fail point of the loop was reached");
}

#[test]
fn a_panic_elsewhere_is_told_and_the_program_goes_on() {
    let place = Place::new();
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.env("BIFOLD_FAIL_POINT", "task");
    let mut terminal = Terminal::start(command);
    terminal.see(READY);
    terminal.keys("j");
    terminal.see("a defect in bifold");
    terminal.wait("the panes", vt100::Screen::alternate_screen);
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

#[test]
fn signals_restore_the_terminal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let place = Place::new();
        let mut terminal = place.bifold(&[]);
        terminal.see(READY);
        terminal.signal(signal);
        assert!(terminal.ended().success(), "{signal:?}");
        terminal.is_restored();
    }
}

#[test]
fn a_closed_terminal_ends_the_program() {
    let place = Place::new();
    let mut terminal = place.bifold(&[]);
    terminal.see(READY);
    drop((terminal.writer.take(), terminal.master.take()));
    // The reader's clone keeps the terminal open; the hang-up is what a closed window sends.
    terminal.signal(Signal::HUP);
    terminal.ended();
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let place = Place::new();
    place.write("here", b"");
    let mut command = place.command("/bin/sh");
    let script = "set -m; \"$0\" . .; echo \"STOP\"PED; read line; fg; echo \"BACK\"AGAIN";
    command.args(["-c", script, env!("CARGO_BIN_EXE_bifold")]);
    let mut terminal = Terminal::start(command);
    terminal.see("here");
    terminal.keys("\x1a");
    terminal.see("STOPPED");
    terminal.is_restored();
    terminal.keys("\n");
    terminal.wait("the panes", |screen| screen.alternate_screen() && screen.contents().contains("here"));
    terminal.keys(F10);
    terminal.see("BACKAGAIN");
    terminal.ended();
    terminal.is_restored();
}

#[test]
fn any_size_is_drawn_and_a_new_one_at_any_time() {
    let place = Place::new();
    place.write("here", b"");
    let mut terminal = place.bifold(&[".", "."]);
    terminal.see("here");
    for (columns, rows) in [(1, 1), (2, 1), (1, 40), (300, 2), (40, 12)] {
        terminal.resize(columns, rows);
        terminal.keys("jk");
    }
    terminal.resize(100, 30);
    terminal.wait("the whole screen", |screen| {
        screen.contents().contains("here") && screen.contents().contains(READY)
    });
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

#[test]
fn no_name_reaches_the_terminal_unescaped() {
    let place = Place::new();
    for name in ["\u{1b}[31mred", "\u{1b}]52;c;QUJD\u{7}", "a\u{202e}b", "line\nfeed", "c1\u{9b}31m"] {
        place.write(name, b"");
        place.server.store().put("box", name, "");
    }
    let mut terminal = place.bifold(&[".", "s3://box/"]);
    terminal.wait("both lists", |screen| screen.contents().matches("red").count() >= 2);
    terminal.keys("jjjj\tjjjj");
    terminal.keys(F8);
    terminal.see("Delete");
    terminal.keys("\x1b");
    terminal.keys("\x1b");
    terminal.keys(F10);
    terminal.ended();
    let raw = terminal.raw();
    let text = String::from_utf8_lossy(&raw);
    for foreign in ["\u{1b}[31mred", "\u{1b}]", "\u{202e}", "\u{9b}", "line\nfeed"] {
        assert!(!text.contains(foreign), "{foreign:?}");
    }
}

#[test]
fn the_first_frame_comes_before_any_answer() {
    let place = Place::new();
    let gate = place.server.faults().hold("ListBuckets");
    let mut terminal = place.bifold(&[".", "s3://"]);
    terminal.see(READY);
    terminal.keys("j");
    gate.open();
    terminal.see(" box ");
    terminal.keys(F10);
    assert!(terminal.ended().success());
}

#[test]
fn the_settings_decide_over_keys_signs_and_hidden_files() {
    let place = Place::new();
    place.write("shown", b"");
    place.write(".secret", b"");
    let plain = place.bifold(&[".", "."]);
    plain.see(".secret");
    plain.see("│");
    let set = ["--set", "ui.hidden=hide", "--set", "ui.glyphs=ascii", "--set", "ui.keymap=vim"];
    let mut terminal = place.bifold(&[&set[..], &[".", "s3://box/"]].concat());
    terminal.see("shown");
    terminal.wait("plain signs", |screen| {
        let contents = screen.contents();
        contents.is_ascii() && !contents.contains(".secret")
    });
    // `p` copies in this keymap, and does nothing in the default one.
    terminal.keys("jp");
    terminal.see("Copy");
    terminal.keys("\r");
    place.until("the copy", |place| place.server.store().keys("box") == ["shown"]);
}
