//! Opening and watching in the real program, with a desktop whose starter is a script.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use demo::Attributes;
use rustix::process::Signal;

use super::terminal::{F10, Place, Terminal};

/// The panes on `s3://box/` on a desktop whose starter notes what it opens in `opened`.
fn panes(place: &Place) -> Terminal {
    let bin = place.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let starter = bin.join("xdg-open");
    std::fs::write(&starter, "#!/bin/sh\necho \"$1\" >> \"$HOME/opened\"\n").unwrap();
    std::fs::set_permissions(&starter, PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.args(["s3://box/", "."]);
    command.env("DISPLAY", ":9");
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let mut terminal = Terminal::start(command);
    terminal.see("picture");
    terminal.keys("j");
    terminal
}

/// The file that was opened.
fn opened(place: &Place) -> PathBuf {
    let note = place.home().join("opened");
    let line = || std::fs::read_to_string(&note).ok().filter(|text| text.ends_with('\n'));
    place.until("the starter", |_| line().is_some());
    PathBuf::from(line().unwrap().trim_end_matches('\n'))
}

fn content(place: &Place, key: &str) -> Vec<u8> {
    place.server.store().get("box", key).unwrap().to_vec()
}

fn quit(mut terminal: Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

#[test]
fn a_file_is_opened_from_a_copy_that_nobody_can_write_to() {
    let place = Place::new();
    let odd = "$(touch P);-rf picture.txt";
    place.server.store().put("box", odd, "bytes");
    let mut terminal = panes(&place);
    terminal.keys("\r");
    terminal.see("opened a copy");
    let file = opened(&place);
    assert_eq!(file.file_name().unwrap(), odd);
    assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o400, 0o700));
    assert!(!place.path("P").exists() && !place.home().join("P").exists());
    quit(terminal);
}

#[test]
fn each_save_of_a_program_that_goes_on_is_written_back_with_what_the_object_carries() {
    let place = Place::new();
    let mut carries = Attributes { content_type: Some("image/x-own".into()), ..Attributes::default() };
    carries.metadata.insert("owner".into(), "me".into());
    carries.tags.push(("team".into(), "data".into()));
    place.server.store().put_with("box", "picture.png", "0", carries.clone());
    let mut terminal = panes(&place);
    terminal.keys("O");
    let file = opened(&place);
    for text in ["first", "second, longer"] {
        std::fs::write(&file, text).unwrap();
        place.until("the save", |place| content(place, "picture.png") == text.as_bytes());
    }
    let info = place.server.store().info("box", "picture.png").unwrap();
    assert_eq!(info.attributes.content_type, carries.content_type);
    assert_eq!(info.attributes.metadata.get("owner"), carries.metadata.get("owner"));
    assert_eq!(info.attributes.tags, carries.tags);
    terminal.see("it is watched");
    terminal.keys("W");
    terminal.see("Watched");
    terminal.keys("\r");
    terminal.see("no longer watched");
    assert!(!file.exists(), "the copy is gone");
    quit(terminal);
}

#[test]
fn a_watched_copy_overwrites_nobody() {
    let place = Place::new();
    place.server.store().put("box", "picture.png", "old");
    let mut terminal = panes(&place);
    terminal.keys("O");
    let file = opened(&place);
    place.server.store().put("box", "picture.png", "theirs");
    std::fs::write(&file, "mine").unwrap();
    terminal.see("was changed by somebody else");
    assert_eq!(content(&place, "picture.png"), b"theirs");
    // A question that comes up by itself hears no key at first.
    std::thread::sleep(std::time::Duration::from_millis(600));
    terminal.keys("o");
    place.until("the save", |place| content(place, "picture.png") == b"mine");
    std::fs::write(&file, "mine again").unwrap();
    place.until("the next save", |place| content(place, "picture.png") == b"mine again");
    quit(terminal);
}

#[test]
fn what_was_saved_just_before_leaving_is_written_back() {
    let place = Place::new();
    place.server.store().put("box", "picture.png", "old");
    let mut terminal = panes(&place);
    terminal.keys("O");
    let file = opened(&place);
    std::fs::write(&file, "last").unwrap();
    quit(terminal);
    assert_eq!(content(&place, "picture.png"), b"last");
    assert!(!file.exists());
}

#[test]
fn a_signal_leaves_the_copy_and_tells_where() {
    let place = Place::new();
    place.server.store().put("box", "picture.png", "old");
    let mut terminal = panes(&place);
    terminal.keys("O");
    terminal.see("is written back until");
    let file = opened(&place);
    terminal.signal(Signal::TERM);
    terminal.ended();
    terminal.see("what may not be saved of it stays in");
    assert_eq!(std::fs::read(&file).unwrap(), b"old");
}
