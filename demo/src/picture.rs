//! The picture of the README: the real program in a pseudo-terminal, its screen drawn as SVG.

use std::io::{self, Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// How long a screen may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys to send, and what the screen then shows.
type Step = (&'static str, &'static str);

/// The size of the README's picture.
const SIZE: (u16, u16) = (132, 30);

/// What a person does to see it: looks around in the lake on the right, copies a file over from the
/// left, and marks others meanwhile.
const STEPS: &[Step] = &[
    ("", "orders.parquet"),
    ("\t:", "Go to"),
    ("s3://lake/events/\r", "_delta_log/"),
    ("G", "121 of 121"),
    ("\r", "part-00003"),
    ("h", "121 of 121"),
    ("k\r", "dt=2026-11-19/"),
    ("h", "120 of 121"),
    ("h", "README.md"),
    ("\r", "_delta_log/"),
    ("G", "121 of 121"),
    ("\r", "part-00003"),
    ("jjj", " 3 of"),
    ("\tGk", "10 of 11"),
    ("c", "Tab completes"),
    ("\r", "copying"),
    ("gjjjj", "4 of 11"),
    ("j jj ", "2 marked"),
    ("", "MB/s"),
];

/// Takes the picture of the README.
///
/// # Errors
/// As [`take`].
pub fn readme(file: &Path) -> io::Result<()> {
    take(file, SIZE, STEPS)
}

/// Drives this very program (bifold on the demo server) by `steps` and writes its last screen.
///
/// # Errors
/// When the program can't be started, or a step never shows what it should.
pub fn take(out: &Path, (cols, rows): (u16, u16), steps: &[Step]) -> io::Result<()> {
    let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).map_err(io::Error::other)?;
    let mut command = CommandBuilder::new(std::env::current_exe()?);
    command.args(["--latency", "400ms"]);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let mut child = pty.slave.spawn_command(command).map_err(io::Error::other)?;
    drop(pty.slave);
    let chunks = read_on_a_thread(pty.master.try_clone_reader().map_err(io::Error::other)?);
    let mut keyboard = pty.master.take_writer().map_err(io::Error::other)?;
    let cells = |count| NonZeroU16::new(count).ok_or(io::Error::other("a screen without cells"));
    let mut terminal = vt100::Parser::new(cells(rows)?, cells(cols)?, 0);
    let result = play(&mut terminal, &mut keyboard, &chunks, steps);
    child.kill()?;
    child.wait()?;
    result?;
    std::fs::write(out, crate::svg::render(terminal.screen()))
}

fn read_on_a_thread(mut reader: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, chunks) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    chunks
}

fn play(
    terminal: &mut vt100::Parser,
    keyboard: &mut dyn Write,
    chunks: &Receiver<Vec<u8>>,
    steps: &[Step],
) -> io::Result<()> {
    for (keys, shows) in steps {
        keyboard.write_all(keys.as_bytes())?;
        keyboard.flush()?;
        wait_for(terminal, chunks, shows)?;
    }
    settle(terminal, chunks);
    Ok(())
}

fn wait_for(terminal: &mut vt100::Parser, chunks: &Receiver<Vec<u8>>, shows: &str) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !terminal.screen().contents().contains(shows) {
        let left = end.saturating_duration_since(Instant::now());
        let chunk = chunks.recv_timeout(left).map_err(|_| {
            let screen = terminal.screen().contents();
            io::Error::other(format!("\"{shows}\" never came; the screen was:\n{screen}"))
        })?;
        terminal.process(&chunk);
    }
    Ok(())
}

/// Takes in what still comes until the screen rests.
fn settle(terminal: &mut vt100::Parser, chunks: &Receiver<Vec<u8>>) {
    while let Ok(chunk) = chunks.recv_timeout(Duration::from_millis(40)) {
        terminal.process(&chunk);
    }
}
