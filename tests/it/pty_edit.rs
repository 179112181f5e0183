//! Editing in the panes: the real program, with an editor that is a script, in a pseudo-terminal.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use demo::{Attributes, Effect, Rule};

use super::terminal::{F10, Place, Terminal};

const F4: &str = "\x1bOS";

/// A script that does `act` to the file that it is given as `$1`.
/// Read by `sh`, never executed itself: a file that another thread's child still holds open for writing can't be.
fn script(place: &Place, act: &str) -> String {
    let path = place.path("../editor");
    std::fs::write(&path, format!("set -e\n{act}\n")).unwrap();
    format!("sh '{}'", path.display())
}

/// The panes on `s3://box/` with this editor, the cursor on the only object.
fn panes(place: &Place, act: &str) -> Terminal {
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.args(["s3://box/", "."]);
    command.env("EDITOR", script(place, act));
    let mut terminal = Terminal::start(command);
    terminal.see("notes");
    terminal.keys("j");
    terminal
}

fn content(place: &Place) -> String {
    String::from_utf8(place.server.store().get("box", "notes.md").unwrap().to_vec()).unwrap()
}

fn quit(mut terminal: Terminal) {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    terminal.is_restored();
}

/// A question that comes up by itself hears no key at first: this comes after that.
fn answer(terminal: &mut Terminal, keys: &str) {
    std::thread::sleep(Duration::from_millis(600));
    terminal.keys(keys);
}

/// The directories of copies that are still there.
fn copies(place: &Place) -> Vec<PathBuf> {
    let Ok(dirs) = std::fs::read_dir(place.path("../home/.local/state/bifold/edits")) else {
        return Vec::new();
    };
    dirs.map(|dir| dir.unwrap().path()).collect()
}

#[test]
fn an_edited_object_goes_back_with_all_that_it_carries() {
    let place = Place::new();
    let mut carries = Attributes { content_type: Some("text/markdown".into()), ..Attributes::default() };
    carries.metadata.insert("owner".into(), "me".into());
    carries.tags.push(("team".into(), "data".into()));
    carries.class = Some("STANDARD_IA".into());
    place.server.store().put_with("box", "notes.md", "old\n", carries.clone());
    let mut terminal =
        panes(&place, "stat -c %a \"$1\" \"$(dirname \"$1\")\" > \"$HOME/modes\"; echo new > \"$1\"");
    terminal.keys(F4);
    terminal.see("saved s3://box/notes.md");
    assert_eq!(content(&place), "new\n");
    let info = place.server.store().info("box", "notes.md").unwrap();
    assert_eq!(info.attributes.content_type, carries.content_type);
    assert_eq!(info.attributes.metadata.get("owner"), carries.metadata.get("owner"));
    assert_eq!((info.attributes.tags, info.class.as_str()), (carries.tags, "STANDARD_IA"));
    let modes = std::fs::read_to_string(place.path("../home/modes")).unwrap();
    assert_eq!(modes.split_whitespace().collect::<Vec<_>>(), ["600", "700"]);
    assert_eq!(copies(&place), Vec::<PathBuf>::new());
    quit(terminal);
}

#[test]
fn what_an_editor_leaves_as_it_is_isnt_written() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    let mut terminal = panes(&place, "sleep 1.2");
    place.server.reset_counts();
    terminal.keys("E");
    terminal.see("is unchanged");
    assert_eq!(place.server.counts().get("PutObject"), 0);
    quit(terminal);
    // A program that was only started may save into it yet: what it saved is told.
    let [copy] = copies(&place).try_into().unwrap();
    let told = "an earlier edit wasn't written back";
    std::fs::write(copy.join("notes.md"), "late\n").unwrap();
    let terminal = panes(&place, "");
    terminal.see(told);
    quit(terminal);
}

#[test]
fn what_another_client_wrote_meanwhile_is_overwritten_only_after_asking() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    let mut terminal = panes(&place, "echo mine > \"$1\"; until [ -e \"$HOME/go\" ]; do sleep 0.05; done");
    terminal.keys(F4);
    let mine = |dir: &PathBuf| std::fs::read(dir.join("notes.md")).is_ok_and(|text| text == b"mine\n");
    place.until("the copy", |place| copies(place).iter().any(mine));
    place.server.store().put("box", "notes.md", "theirs\n");
    std::fs::write(place.path("../home/go"), "").unwrap();
    terminal.see("was changed by somebody else");
    assert_eq!(content(&place), "theirs\n");
    answer(&mut terminal, "d");
    terminal.see("+mine");
    terminal.see("-theirs");
    terminal.keys("q");
    terminal.keys("o");
    terminal.see("saved s3://box/notes.md");
    assert_eq!(content(&place), "mine\n");
    quit(terminal);
}

#[test]
fn a_copy_that_lost_the_race_is_saved_under_another_name() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    let theirs = Effect::run(|store| store.put("box", "notes.md", "theirs\n"));
    place.server.faults().add(Rule::on("PutObject", theirs));
    let mut terminal = panes(&place, "echo mine > \"$1\"");
    terminal.keys(F4);
    terminal.see("was changed by somebody else");
    answer(&mut terminal, "s");
    terminal.see("Save as");
    terminal.keys(".mine\r");
    terminal.see("saved s3://box/notes.md.mine");
    assert_eq!(content(&place), "theirs\n");
    assert_eq!(place.server.store().get("box", "notes.md.mine").unwrap(), "mine\n");
    quit(terminal);
}

#[test]
fn a_save_that_fails_keeps_the_copy_and_says_where() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    place.server.faults().add(Rule::on("PutObject", Effect::access_denied()));
    let mut terminal = panes(&place, "echo mine > \"$1\"; sleep 1.2");
    terminal.keys(F4);
    terminal.see("wasn't saved");
    assert_eq!(content(&place), "old\n");
    answer(&mut terminal, "t");
    terminal.see("saved s3://box/notes.md");
    place.server.faults().add(Rule::on("PutObject", Effect::access_denied()));
    terminal.keys(F4);
    terminal.see("is unchanged");
    assert_eq!(content(&place), "mine\n");
    quit(terminal);
}

#[test]
fn a_copy_that_is_kept_stays_readable_by_its_owner_alone() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    place.server.faults().add(Rule::on("PutObject", Effect::access_denied()).always());
    let mut terminal = panes(&place, "echo mine > \"$1\"");
    terminal.keys(F4);
    terminal.see("wasn't saved");
    answer(&mut terminal, "\x1b");
    terminal.see("your text stays in");
    let kept = copies(&place)[0].join("notes.md");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "mine\n");
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    quit(terminal);
}

#[test]
fn what_an_editor_left_that_failed_isnt_written_back_unasked() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    let mut terminal = panes(&place, "echo half > \"$1\"; exit 3");
    place.server.reset_counts();
    terminal.keys(F4);
    terminal.see("Nothing was written to s3://box/notes.md");
    assert_eq!((place.server.counts().get("PutObject"), content(&place).as_str()), (0, "old\n"));
    answer(&mut terminal, "\x1b");
    terminal.see("your text stays in");
    assert_eq!(std::fs::read_to_string(copies(&place)[0].join("notes.md")).unwrap(), "half\n");
    quit(terminal);
}

#[test]
fn no_shell_sees_a_name() {
    let place = Place::new();
    place.server.store().put("box", "notes $(touch OWNED);-rf.txt", "old\n");
    let mut terminal = panes(&place, "echo new > \"$1\"");
    terminal.keys(F4);
    terminal.see("saved s3://");
    assert_eq!(place.server.store().get("box", "notes $(touch OWNED);-rf.txt").unwrap(), "new\n");
    assert!(!place.path("OWNED").exists());
    quit(terminal);
}

#[test]
fn an_editor_that_isnt_there_is_told_and_the_panes_go_on() {
    let place = Place::new();
    place.write("a.txt", b"x");
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.args([".", "s3://box/"]);
    command.env("VISUAL", "no-such-editor-here --wait");
    let mut terminal = Terminal::start(command);
    terminal.see("a.txt");
    terminal.keys("j");
    terminal.keys(F4);
    terminal.see("there is no editor");
    quit(terminal);
}

#[test]
fn a_local_file_is_edited_where_it_is_and_its_row_follows() {
    let place = Place::new();
    place.write("notes.txt", b"x");
    let mut command = place.command(env!("CARGO_BIN_EXE_bifold"));
    command.args([".", "s3://box/"]);
    command.env("EDITOR", script(&place, "echo 12345678 > \"$1\""));
    let mut terminal = Terminal::start(command);
    terminal.see("notes.txt");
    terminal.keys("j");
    terminal.keys(F4);
    terminal.see("9 B");
    assert_eq!(std::fs::read(place.path("notes.txt")).unwrap(), b"12345678\n");
    quit(terminal);
}

#[test]
fn an_editor_that_goes_on_in_the_background_is_watched_after_asking() {
    let place = Place::new();
    place.server.store().put("box", "notes.md", "old\n");
    let act = "(until [ -e \"$HOME/go\" ]; do sleep 0.05; done; echo late > \"$1\") > /dev/null 2>&1 &";
    let mut terminal = panes(&place, act);
    terminal.keys(F4);
    terminal.see("ended at once");
    answer(&mut terminal, "w");
    terminal.see("until its watch is ended");
    std::fs::write(place.path("../home/go"), "").unwrap();
    place.until("the save", |place| content(place) == "late\n");
    quit(terminal);
    assert_eq!(copies(&place), Vec::<PathBuf>::new());
}
