//! The real program in a pseudo-terminal: keys in, screen out, and the terminal's state after every way
//! in which it can end.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use demo::{Options, Server};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// No machine takes so long; what comes later doesn't come.
const PATIENCE: Duration = Duration::from_secs(30);

const F5: &str = "\x1b[15~";
const F8: &str = "\x1b[19~";
const F10: &str = "\x1b[21~";

/// What the program wrote so far, and the screen that it makes.
struct Output {
    raw: Vec<u8>,
    parser: vt100::Parser,
    closed: bool,
}

struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    output: Arc<(Mutex<Output>, Condvar)>,
    modes_before: u64,
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("no terminal is that small")
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn start(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(100, 30)).unwrap();
        let modes_before = local_modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let output =
            Output { raw: Vec::new(), parser: vt100::Parser::new(cells(30), cells(100), 0), closed: false };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = output.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut output = shared.0.lock().unwrap();
                output.raw.extend_from_slice(&buffer[..read]);
                output.parser.process(&buffer[..read]);
                output.closed = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let writer = Some(pair.master.take_writer().unwrap());
        Self { master: Some(pair.master), writer, child, output, modes_before }
    }

    fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    fn wait(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let (lock, changed) = &*self.output;
        let (mut output, until) = (lock.lock().unwrap(), Instant::now() + PATIENCE);
        while !wanted(output.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || output.closed {
                let (shown, raw) =
                    (output.parser.screen().contents(), String::from_utf8_lossy(&output.raw).into_owned());
                drop(output);
                panic!("no {what} on:\n{shown}\n{raw:?}");
            }
            output = changed.wait_timeout(output, left).unwrap().0;
        }
    }

    #[track_caller]
    fn see(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn raw(&self) -> Vec<u8> {
        self.output.0.lock().unwrap().raw.clone()
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.output.0.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the program's end.
    fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < until,
                "it doesn't end:\n{}",
                self.output.0.lock().unwrap().parser.screen().contents()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The terminal is as it was: the ordinary screen, the cursor shown, the modes of before.
    #[track_caller]
    fn is_restored(&self) {
        self.wait("the ordinary screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert_eq!(local_modes(&**self.master.as_ref().unwrap()), self.modes_before);
        let raw = self.raw();
        let last = |sequence: &[u8]| raw.windows(sequence.len()).rposition(|window| window == sequence);
        assert!(last(b"\x1b[?2026l") >= last(b"\x1b[?2026h"), "a synchronized update was left open");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Canonical input, echo, signals: what raw mode takes away.
fn local_modes(master: &(dyn MasterPty + Send)) -> u64 {
    let modes = master.get_termios().expect("a terminal has modes");
    #[allow(clippy::useless_conversion, reason = "the width differs between systems")]
    u64::from(modes.local_flags.bits())
}

struct Place {
    server: Server,
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let server = Server::start(Options::default()).unwrap();
        server.store().create_bucket("box");
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { server, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn command(&self, program: &str) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.cwd(self.dir.path().join("work"));
        let own = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")];
        for (name, value) in own {
            command.env(name, value);
        }
        command.env("HOME", self.dir.path().join("home"));
        for (name, value) in self.server.env() {
            command.env(name, value);
        }
        command
    }

    fn bifold(&self, args: &[&str]) -> Terminal {
        let mut command = self.command(env!("CARGO_BIN_EXE_bifold"));
        command.args(args);
        Terminal::start(command)
    }

    /// Waits until this holds, asked again and again.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "{what} doesn't come: {:?}", self.server.store().keys("box"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The keys bar is there: the program has drawn, and reads keys.
const READY: &str = "F1 Help";

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
    terminal.see("/work/back");
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
