//! A terminal for the real program: keys go in, the screen comes out. [`Terminal`], [`Place`].

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

pub const F5: &str = "\x1b[15~";
pub const F8: &str = "\x1b[19~";
pub const F9: &str = "\x1b[20~";
pub const F10: &str = "\x1b[21~";

/// The keys bar is there: the program has drawn, and reads keys.
pub const READY: &str = " Help";

/// Between these two a terminal shows nothing of what is drawn: a screen is old or new, never half of both.
const UPDATE_BEGINS: &[u8] = b"\x1b[?2026h";
const UPDATE_ENDS: &[u8] = b"\x1b[?2026l";

/// What the program wrote so far, and the screen that it makes.
struct Output {
    raw: Vec<u8>,
    parser: vt100::Parser,
    /// How much of `raw` is on the screen.
    shown: usize,
    closed: bool,
}

impl Output {
    /// Takes what came; an update that is still open is shown when it ends. None is the end of all.
    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.closed = bytes.is_empty();
        let to = if self.closed { self.raw.len() } else { self.complete() };
        self.parser.process(&self.raw[self.shown..to]);
        self.shown = to;
    }

    fn complete(&self) -> usize {
        // A sequence may have come in two parts.
        let from = self.shown.saturating_sub(UPDATE_BEGINS.len());
        let begun = last(&self.raw[from..], UPDATE_BEGINS);
        match begun.filter(|begun| last(&self.raw[from..], UPDATE_ENDS).is_none_or(|end| end < *begun)) {
            Some(begun) => (from + begun).max(self.shown),
            None => self.raw.len(),
        }
    }
}

/// Where the last of these sequences begins.
fn last(raw: &[u8], sequence: &[u8]) -> Option<usize> {
    raw.windows(sequence.len()).rposition(|window| window == sequence)
}

/// The program in a pseudo-terminal.
pub struct Terminal {
    pub master: Option<Box<dyn MasterPty + Send>>,
    pub writer: Option<Box<dyn Write + Send>>,
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
    pub fn start(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(100, 30)).unwrap();
        let modes_before = local_modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(30), cells(100), 0);
        let output = Output { raw: Vec::new(), parser, shown: 0, closed: false };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = output.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                shared.0.lock().unwrap().take(&buffer[..read]);
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let writer = Some(pair.master.take_writer().unwrap());
        Self { master: Some(pair.master), writer, child, output, modes_before }
    }

    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub fn wait(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
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
    pub fn see(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    pub fn raw(&self) -> Vec<u8> {
        self.output.0.lock().unwrap().raw.clone()
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.output.0.lock().unwrap().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the program's end.
    pub fn ended(&mut self) -> ExitStatus {
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
    pub fn is_restored(&self) {
        self.wait("the ordinary screen", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert_eq!(local_modes(&**self.master.as_ref().unwrap()), self.modes_before);
        let raw = self.raw();
        let closed = last(&raw, UPDATE_ENDS) >= last(&raw, UPDATE_BEGINS);
        assert!(closed, "a synchronized update was left open");
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

/// A server with an empty bucket called `box`, and a home and a working directory for the program.
pub struct Place {
    pub server: Server,
    dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let server = Server::start(Options::default()).unwrap();
        server.store().create_bucket("box");
        let dir = tempfile::tempdir().unwrap();
        for name in ["home", "here"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { server, dir }
    }

    /// The directory that is its home.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("here").join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn command(&self, program: &str) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.cwd(self.dir.path().join("here"));
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

    pub fn bifold(&self, args: &[&str]) -> Terminal {
        let mut command = self.command(env!("CARGO_BIN_EXE_bifold"));
        command.args(args);
        Terminal::start(command)
    }

    /// Waits until this holds, asked again and again.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "{what} doesn't come: {:?}", self.server.store().keys("box"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
