//! The loop: the one place that awaits for the panes. [`Panes`].
//!
//! It waits for whatever comes first, takes in everything that waits by then, and draws once. Backend,
//! input and screen are parameters, so that tests drive this very loop.

mod drawing;

use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use crossterm::event::Event;
use futures::{FutureExt, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use super::clipboard::Clipboard;
use super::edit::Lent;
use super::fail::FailPoint;
use super::input::{Input, at_once, input};
use super::pace::Pace;
use super::runner::Runner;
use super::signals::Signal;
use super::terminal::Screen;
use crate::app::edit::EditId;
use crate::app::{self, Cmd, Msg, State};
use crate::config::{Env, Notify, editor};
use crate::model::text::escape;
use crate::model::{Redacted, Timestamp};
use crate::view::{self, Theme};

/// How long the loop takes in what waits before it looks at the screen again.
const DRAIN: Duration = Duration::from_millis(10);
/// How soon after something happened the numbers of cache and requests are looked at.
const STATS: Duration = Duration::from_millis(200);
/// More than any time between two ticks.
const IDLE: Duration = Duration::from_hours(1);
/// How long a program that was asked to end waits for its jobs.
const GRACE: Duration = Duration::from_secs(15);

/// What the loop works with.
pub(crate) struct Panes<B: Backend, I, S> {
    /// Where it draws. Never dropped: its drop prints when the terminal is gone, and printing there panics.
    pub terminal: ManuallyDrop<Terminal<B>>,
    /// What the terminal reports; none while a program that was started has it.
    pub input: Option<I>,
    /// Listens to the terminal again.
    pub reopen: fn() -> I,
    /// The environment, which names the editor.
    pub env: Env,
    /// What the terminal does beyond cells.
    pub screen: S,
    /// What the operating system asks.
    pub signals: Receiver<Signal>,
    /// What the runner's tasks answer.
    pub inbox: Receiver<Msg>,
    /// Does the commands.
    pub runner: Runner,
    /// What the application knows.
    pub state: State,
    /// How it looks.
    pub theme: Theme,
    /// The system's clipboard.
    pub clipboard: Clipboard,
    /// How a finished job makes itself heard.
    pub notify: Notify,
    /// What breaks at a key.
    pub fail: Option<FailPoint>,
}

struct Clockwork {
    pace: Pace,
    tick: Instant,
    stats: Option<Instant>,
    deadline: Option<Instant>,
    input_open: bool,
    suspend: bool,
    clear: bool,
    /// The picture of the last frame, and whether it has to be wiped off.
    picture: Option<(u32, bool)>,
    ended: bool,
    lent: Option<Lent>,
}

impl Clockwork {
    fn new(now: Instant) -> Self {
        Self {
            pace: Pace::default(),
            tick: now,
            stats: None,
            deadline: None,
            input_open: true,
            suspend: false,
            clear: false,
            picture: None,
            ended: false,
            lent: None,
        }
    }
}

impl<B, I, S> Panes<B, I, S>
where
    B: Backend,
    io::Error: From<B::Error>,
    I: Stream<Item = io::Result<Event>> + Unpin,
    S: Screen,
{
    /// Runs until the application quits, then ends its jobs: also when the loop itself breaks, since what
    /// they have begun would stay. Gives the last state.
    pub async fn run(mut self) -> io::Result<State> {
        let result = AssertUnwindSafe(self.turn()).catch_unwind().await;
        // Nobody hears what the jobs still say, so they mustn't wait for a place in the queue.
        self.inbox.close();
        let pictures = self.runner.pictures().clone();
        self.runner.end().await;
        let gone = pictures.take_gone();
        if !gone.is_empty() {
            // The terminal may be gone, too.
            drop(self.screen.forget(&gone));
        }
        match result {
            Ok(result) => result.map(|()| self.state),
            Err(panic) => resume_unwind(panic),
        }
    }

    async fn turn(&mut self) -> io::Result<()> {
        let mut clock = Clockwork::new(Instant::now());
        let size = self.terminal.size()?;
        self.update(&mut clock, resized(size.width, size.height));
        let first = app::begin(&mut self.state, wall_clock());
        // The first frame comes before any request.
        self.draw(&mut clock)?;
        self.perform(&mut clock, first);
        while !clock.ended {
            self.wait(&mut clock).await;
            self.drain(&mut clock).await;
            if std::mem::take(&mut clock.suspend) {
                self.suspend(&mut clock).await;
            }
            if clock.lent.is_none() && clock.pace.due(Instant::now()).is_some_and(|due| due <= Instant::now())
            {
                self.draw(&mut clock)?;
            }
        }
        Ok(())
    }

    /// Waits for whatever comes first, and takes it in.
    async fn wait(&mut self, clock: &mut Clockwork) {
        let never = Instant::now() + IDLE;
        let frame = clock.pace.due(Instant::now()).filter(|_| clock.lent.is_none());
        tokio::select! {
            biased;
            event = next(&mut self.input), if clock.input_open => self.heard(clock, event),
            ended = end_of(&mut clock.lent) => self.take_back(clock, &ended),
            Some(signal) = self.signals.recv() => self.signal(clock, signal),
            Some(msg) = self.inbox.recv() => self.update(clock, msg),
            () = sleep_until(frame.unwrap_or(never)), if frame.is_some() => {}
            () = sleep_until(clock.tick) => self.tick(clock),
            () = sleep_until(clock.stats.unwrap_or(never)), if clock.stats.is_some() => self.look_at_stats(clock),
            () = sleep_until(clock.deadline.unwrap_or(never)), if clock.deadline.is_some() => clock.ended = true,
        }
    }

    /// Takes in everything that waits, but not for longer than a frame can wait.
    async fn drain(&mut self, clock: &mut Clockwork) {
        let until = Instant::now() + DRAIN;
        while !clock.ended && Instant::now() < until {
            let event = match &mut self.input {
                Some(input) if clock.input_open => at_once(input).await,
                _ => None,
            };
            match (event, self.inbox.try_recv()) {
                (None, Err(_)) => return,
                (event, msg) => {
                    if let Some(event) = event {
                        self.heard(clock, event);
                    }
                    if let Ok(msg) = msg {
                        self.update(clock, msg);
                    }
                }
            }
        }
    }

    fn heard(&mut self, clock: &mut Clockwork, event: Option<io::Result<Event>>) {
        let event = match event {
            Some(Ok(event)) => event,
            gone => {
                tracing::info!("the terminal is gone: {gone:?}");
                clock.input_open = false;
                return self.terminate(clock);
            }
        };
        // A size that came and went in between is never seen, but what the terminal shows is lost.
        clock.clear |= matches!(event, Event::Resize(..));
        if let Some(input) = input(event) {
            if let (Some(fail), Input::Key(_)) = (&mut self.fail, &input) {
                fail.pass_key();
            }
            self.update(clock, said(input));
        }
    }

    fn terminate(&mut self, clock: &mut Clockwork) {
        clock.deadline.get_or_insert(Instant::now() + GRACE);
        self.update(clock, Msg::Terminate);
    }

    fn signal(&mut self, clock: &mut Clockwork, signal: Signal) {
        if clock.lent.is_some() {
            return self.signal_while_lent(clock, signal);
        }
        match signal {
            Signal::Terminate | Signal::Interrupt => self.terminate(clock),
            Signal::Suspend => clock.suspend = true,
            Signal::Resumed => self.resume(clock),
            Signal::Resized => self.measure(clock),
        }
    }

    /// The keys of a program that has the terminal signal the whole group: they aren't meant for bifold. But
    /// when that program stops, so must bifold, or no shell gets the terminal.
    fn signal_while_lent(&mut self, clock: &mut Clockwork, signal: Signal) {
        match signal {
            Signal::Terminate => self.terminate(clock),
            Signal::Suspend => super::terminal::stop_alone(),
            Signal::Interrupt | Signal::Resumed | Signal::Resized => {}
        }
    }

    /// Gives the terminal to the editor. Jobs go on meanwhile, and what they tell is heard; nothing is drawn.
    fn lend(&mut self, clock: &mut Clockwork, id: EditId, file: &Path) {
        let free =
            if clock.lent.is_some() { Err("another editor has the terminal".to_owned()) } else { Ok(()) };
        let words = match free.and_then(|()| editor(&self.env)) {
            Ok(words) => words,
            Err(why) => return self.update(clock, Msg::EditorClosed { id, result: Err(why) }),
        };
        // A reader that still listens would take the editor's keys.
        self.input = None;
        self.screen.lend();
        match Lent::start(id, &words, file) {
            Ok(lent) => clock.lent = Some(lent),
            Err(why) => {
                self.listen(clock);
                self.update(clock, Msg::EditorClosed { id, result: Err(why) });
            }
        }
    }

    /// The editor has ended: the terminal is bifold's again.
    fn take_back(&mut self, clock: &mut Clockwork, ended: &io::Result<ExitStatus>) {
        let Some(lent) = clock.lent.take() else { return };
        self.listen(clock);
        let result = lent.verdict(ended);
        self.update(clock, Msg::EditorClosed { id: lent.id, result });
    }

    fn listen(&mut self, clock: &mut Clockwork) {
        self.input = Some((self.reopen)());
        self.resume(clock);
    }

    /// Stops until a shell goes on with the program.
    async fn suspend(&mut self, clock: &mut Clockwork) {
        match self.screen.suspend() {
            Ok(true) => {}
            Ok(false) => {
                let why = "bifold wasn't started from a shell that could resume it, so it isn't suspended";
                return self.update(clock, Msg::Trouble(why.to_owned()));
            }
            Err(error) => return self.update(clock, Msg::Trouble(format!("can't be suspended: {error}"))),
        }
        while let Some(signal) = self.signals.recv().await {
            match signal {
                Signal::Resumed => break,
                Signal::Terminate | Signal::Interrupt => self.terminate(clock),
                Signal::Suspend | Signal::Resized => {}
            }
        }
        self.resume(clock);
    }

    /// Takes the terminal back, whatever became of it, and draws it anew.
    fn resume(&mut self, clock: &mut Clockwork) {
        if let Err(error) = self.screen.resume() {
            tracing::error!("the terminal can't be taken back: {error}");
            return self.terminate(clock);
        }
        self.runner.draw_again();
        self.measure(clock);
    }

    /// Draws all of it anew, in the size that the terminal has now.
    fn measure(&mut self, clock: &mut Clockwork) {
        clock.clear = true;
        if let Ok(size) = self.terminal.size() {
            self.update(clock, resized(size.width, size.height));
        }
    }

    fn update(&mut self, clock: &mut Clockwork, msg: Msg) {
        tracing::trace!(?msg, "heard");
        let commands = app::update(&mut self.state, msg, wall_clock());
        let now = Instant::now();
        clock.pace.change();
        clock.tick = clock.tick.min(now + self.next_tick());
        clock.stats.get_or_insert(now + STATS);
        self.perform(clock, commands);
    }

    fn tick(&mut self, clock: &mut Clockwork) {
        clock.tick = Instant::now() + IDLE;
        self.update(clock, Msg::Tick);
    }

    fn next_tick(&self) -> Duration {
        Duration::from_millis(self.state.next_tick())
    }

    fn perform(&mut self, clock: &mut Clockwork, commands: Vec<Cmd>) {
        for command in commands {
            tracing::trace!(?command, "asked");
            match command {
                Cmd::Quit => clock.ended = true,
                Cmd::Suspend => clock.suspend = true,
                Cmd::RunEditor { id, file } => self.lend(clock, id, &file),
                Cmd::CopyToClipboard(text) => self.copy(clock, Redacted::new(text)),
                Cmd::CopySecret(text) => self.copy(clock, text),
                Cmd::Notify(text) => {
                    let text = escape(&format!("bifold: {text}")).into_owned();
                    if let Err(error) = self.screen.notify(self.notify, &text) {
                        tracing::warn!("nobody can be notified: {error}");
                    }
                }
                command => self.runner.run(command),
            }
        }
    }

    /// Puts a text into the terminal's clipboard and the system's.
    fn copy(&mut self, clock: &mut Clockwork, text: Redacted<String>) {
        if let Some(word) = self.clipboard.copy_to_both(&mut self.screen, text) {
            self.update(clock, Msg::Told(word));
        }
    }

    /// Tells the application the numbers, if they changed.
    fn look_at_stats(&mut self, clock: &mut Clockwork) {
        let stats = self.runner.stats();
        if stats != self.state.stats {
            self.update(clock, Msg::Stats(Box::new(stats)));
        }
        clock.stats = None;
    }
}

async fn next<I: Stream + Unpin>(input: &mut Option<I>) -> Option<I::Item> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

async fn end_of(lent: &mut Option<Lent>) -> io::Result<ExitStatus> {
    match lent {
        Some(lent) => (&mut lent.ended).await,
        None => std::future::pending().await,
    }
}

fn said(input: Input) -> Msg {
    match input {
        Input::Key(key) => Msg::Key(key),
        Input::Paste(text) => Msg::Paste(text),
        Input::Size(columns, rows) => resized(columns, rows),
    }
}

/// A new size, with the rows of a listing that the view shows then.
fn resized(columns: u16, rows: u16) -> Msg {
    Msg::Resize { columns, rows, pane_rows: view::pane_rows(columns, rows) }
}

pub(super) fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
