//! The loop itself, on a screen in memory.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::stream;
use ratatui::backend::{ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::sync::mpsc;

use super::*;
use crate::app::{Keymap, Session, Side, Start};
use crate::config::{Env, Settings};
use crate::model::uri::UriContext;
use crate::model::{Arrangement, Uri};
use crate::runtime::Services;
use crate::transfer::{JobEvent, JobId, JobKind, JobOptions, JobSpec, Progress};
use crate::vfs::registry::Registry;

/// How many events of its jobs the loop is given.
const EVENTS: u64 = 10_000;

/// A screen in memory whose errors are those of a terminal.
struct Cells(TestBackend);

fn sure<T>(done: Result<T, Infallible>) -> io::Result<T> {
    done.map_err(|never| match never {})
}

impl Backend for Cells {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, cells: I) -> io::Result<()> {
        sure(self.0.draw(cells))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        sure(self.0.hide_cursor())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        sure(self.0.show_cursor())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        sure(self.0.get_cursor_position())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        sure(self.0.set_cursor_position(position))
    }

    fn clear(&mut self) -> io::Result<()> {
        sure(self.0.clear())
    }

    fn clear_region(&mut self, which: ClearType) -> io::Result<()> {
        sure(self.0.clear_region(which))
    }

    fn size(&self) -> io::Result<Size> {
        sure(self.0.size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        sure(self.0.window_size())
    }

    fn flush(&mut self) -> io::Result<()> {
        sure(Backend::flush(&mut self.0))
    }
}

/// Counts the frames.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU32>);

impl Screen for Counting {
    fn begin_frame(&mut self) -> io::Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn notify(&mut self, _: Notify, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn forget(&mut self, _: &[u32]) -> io::Result<()> {
        Ok(())
    }
    fn lend(&mut self) {}

    fn suspend(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Both panes on one directory, and a job that runs already.
fn state(dir: &std::path::Path) -> State {
    let here = Uri::Local(dir.to_owned());
    let session = Session {
        locations: [here.clone(), here],
        arrangements: [Arrangement::default(), Arrangement::default()],
        active: Side::Left,
    };
    let (keymap, context) = (Keymap::default(), UriContext::default());
    let start = Start { session, keymap, context, read_only: [].into() };
    let mut state = State::new(start, wall_clock());
    let options = JobOptions::default();
    state.jobs.add(JobSpec { kind: JobKind::Copy, sources: Vec::new(), target: None, options }, wall_clock());
    state.jobs.take_turns(wall_clock());
    state
}

fn heard(files: u64) -> Msg {
    let mut progress = Progress { total_known: true, ..Progress::default() };
    (progress.total.files, progress.done.files) = (EVENTS, files);
    Msg::Job(JobId(1), JobEvent::Progress(progress))
}

#[tokio::test]
async fn a_burst_of_progress_is_taken_in_whole_and_drawn_a_few_times() {
    let dir = tempfile::tempdir().unwrap();
    let (outbox, inbox) = mpsc::channel(256);
    let services =
        Services::new(Registry::new(&Settings::default(), &Env::default()), Settings::default().transfer);
    let screen = Counting::default();
    let frames = screen.0.clone();
    let (_signals, signals) = mpsc::channel(1);
    let panes = Panes {
        terminal: ManuallyDrop::new(Terminal::new(Cells(TestBackend::new(80, 24))).unwrap()),
        input: Some(stream::pending()),
        reopen: stream::pending,
        env: Env::default(),
        screen,
        signals,
        inbox,
        runner: Runner::new(services, outbox.clone(), None),
        state: state(dir.path()),
        theme: Theme::default(),
        clipboard: Clipboard::default(),
        notify: Notify::Off,
        fail: None,
    };
    let began = Instant::now();
    let burst = tokio::spawn(async move {
        for files in 1..=EVENTS {
            outbox.send(heard(files)).await.unwrap();
        }
        outbox.send(Msg::Job(JobId(1), JobEvent::Finished(Box::default()))).await.unwrap();
        outbox.send(Msg::Terminate).await.unwrap();
    });
    let state = panes.run().await.unwrap();
    burst.await.unwrap();
    let most = began.elapsed().as_micros() / 16_667 + 2;
    let frames = u128::from(frames.load(Ordering::Relaxed));
    assert!(frames <= most, "{frames} frames, and {most} would be 60 a second");
    let job = state.jobs.get(JobId(1)).unwrap();
    assert!(job.outcome().is_some(), "{:?}", job.phase);
}
