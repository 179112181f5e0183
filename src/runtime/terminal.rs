//! The terminal as bifold takes it and gives it back: [`Screen`], [`RealScreen`].
//!
//! Whatever ends the program, the terminal is restored once: by [`RealScreen`]'s drop, by the panic hook
//! on the loop's own thread, or before a suspension.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use base64::Engine as _;
use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use rustix::process::{self as unix, Signal};
use tokio::sync::mpsc;

use crate::app::Msg;
use crate::config::Notify;
use crate::preview;

/// What the loop asks of a terminal beyond cells: real, or a test's.
pub(super) trait Screen {
    /// A frame begins: the terminal may wait with showing.
    fn begin_frame(&mut self) -> io::Result<()>;
    /// A frame is complete.
    fn end_frame(&mut self) -> io::Result<()>;
    /// Puts a text into the terminal's clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Makes oneself heard; `text` has no control characters.
    fn notify(&mut self, how: Notify, text: &str) -> io::Result<()>;
    /// Has the terminal forget pictures of kitty's protocol, by their ids.
    fn forget(&mut self, pictures: &[u32]) -> io::Result<()>;
    /// Gives the terminal back for a while, to a program that is started next.
    fn lend(&mut self);
    /// Gives the terminal back and stops the process group. Comes back when a shell goes on with it, or
    /// at once, with `false`, where nobody could.
    fn suspend(&mut self) -> io::Result<bool>;
    /// Takes the terminal again, in whatever state it was left.
    fn resume(&mut self) -> io::Result<()>;
}

/// Whether the terminal is bifold's now. The panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The process's own terminal.
#[derive(Debug)]
pub(super) struct RealScreen;

impl RealScreen {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        let mut screen = Self;
        screen.resume()?;
        Ok(screen)
    }
}

impl Drop for RealScreen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Restores the terminal, if it is bifold's. Every step is tried, whatever became of the others.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(io::stdout(), EndSynchronizedUpdate, ResetColor, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

impl Screen for RealScreen {
    fn begin_frame(&mut self) -> io::Result<()> {
        execute!(io::stdout(), BeginSynchronizedUpdate)
    }

    fn end_frame(&mut self) -> io::Result<()> {
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text))?;
        out.flush()
    }

    fn notify(&mut self, how: Notify, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        match how {
            Notify::Bell => write!(out, "\x07")?,
            Notify::Osc9 => write!(out, "\x1b]9;{text}\x07")?,
            Notify::Off => {}
        }
        out.flush()
    }

    fn forget(&mut self, pictures: &[u32]) -> io::Result<()> {
        let mut out = io::stdout();
        for id in pictures {
            write!(out, "\x1b_Gq=2,a=d,d=I,i={id}\x1b\\")?;
        }
        out.flush()
    }

    fn lend(&mut self) {
        give_back();
    }

    fn suspend(&mut self) -> io::Result<bool> {
        if !resumable() {
            return Ok(false);
        }
        give_back();
        // SIGSTOP, since SIGTSTP has a handler here. The whole group, else `cargo run` waits for ever.
        unix::kill_current_process_group(Signal::STOP)?;
        Ok(true)
    }

    fn resume(&mut self) -> io::Result<()> {
        // A shell may have set modes of its own meanwhile; crossterm believes raw mode is still on.
        let _ = disable_raw_mode();
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        execute!(io::stdout(), EnterAlternateScreen)
    }
}

/// Stops this process alone, until it is continued: the program that has the terminal stopped itself.
pub(super) fn stop_alone() {
    if resumable()
        && let Err(error) = unix::kill_process(unix::getpid(), Signal::STOP)
    {
        tracing::warn!("bifold can't stop: {error}");
    }
}

/// Whether a shell with job control stands above: the leader of a session has nobody to go on with it.
fn resumable() -> bool {
    unix::getsid(None).is_ok_and(|session| session != unix::getpgrp())
}

/// Whether both ends of the conversation are a terminal; else what to tell.
pub(super) fn check() -> Result<(), String> {
    if io::stdout().is_terminal() {
        return Ok(());
    }
    Err("standard output is no terminal: the panes need one; for scripts there are ls, cp, mv, rm, mkdir, stat and cat"
        .to_owned())
}

/// Makes panics harmless to the terminal. On this thread, the loop's, one ends the program: the terminal
/// is restored first, and the text is seen. Elsewhere tokio ends the task alone: the text goes to the log
/// and to the screen as trouble.
pub(super) fn hook_panics(trouble: mpsc::Sender<Msg>) {
    let (own, before) = (thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if preview::decoding() {
            return tracing::warn!("a decoder broke down on what it decoded: {panic}");
        }
        tracing::error!("{panic}");
        if is_loop(own) || !TAKEN.load(Ordering::SeqCst) {
            give_back();
            before(panic);
        } else {
            let _ = trouble.try_send(Msg::Trouble(format!("a defect in bifold: {panic}")));
        }
    }));
}

fn is_loop(own: ThreadId) -> bool {
    thread::current().id() == own
}
