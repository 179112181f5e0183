//! The log: a file in the state directory, off the screen.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogLevel, private_dir, private_file};
use crate::model::text;

/// Where a log begins anew; the one before it is kept beside it.
const FULL: u64 = 16 << 20;

/// Keeps the log's writer; what is waiting is written when this is dropped.
#[derive(Debug)]
#[must_use = "the log ends when this is dropped"]
pub struct Log {
    _writer: Option<WorkerGuard>,
}

/// The log file below the state directory.
pub fn file(state: &Path) -> PathBuf {
    state.join("bifold.log")
}

/// Hears what the log could be told of requests and of the caches, whatever the log's level.
pub type Ear = Box<dyn Layer<Registry> + Send + Sync>;

/// Begins the log. A program whose log can't be written works without: the error is for a warning.
///
/// Only bifold's own events are written below the level of warnings: the libraries beneath print
/// headers of requests at theirs, and a log holds no secret at any level.
///
/// `ear` hears bifold's events down to those of debugging, also where no log is written.
pub fn start(state: Option<&Path>, level: LogLevel, ear: Option<Ear>) -> io::Result<Log> {
    let opened = state.filter(|_| level != LogLevel::Off).map(open).transpose();
    let (file, guard) = match opened {
        Ok(Some((writer, guard))) => (Ok(Some(writer)), Some(guard)),
        Ok(None) => (Ok(None), None),
        Err(error) => (Err(error), None),
    };
    let mut layers: Vec<Ear> = Vec::new();
    if let Ok(Some(writer)) = &file {
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Lines(writer.clone()));
        let filter = Targets::new().with_default(LevelFilter::WARN).with_target("bifold", filter_of(level));
        layers.push(layer.with_filter(filter).boxed());
    }
    layers.extend(
        ear.map(|ear| ear.with_filter(Targets::new().with_target("bifold", LevelFilter::DEBUG)).boxed()),
    );
    if !layers.is_empty() {
        // A second run in the same process (the demo, tests) keeps the first one's log.
        let _ = tracing_subscriber::registry().with(layers).try_init();
    }
    file.map(|_| Log { _writer: guard })
}

fn open(state: &Path) -> io::Result<(NonBlocking, WorkerGuard)> {
    private_dir(state)?;
    let path = file(state);
    if path.metadata().is_ok_and(|meta| meta.len() >= FULL) {
        std::fs::rename(&path, path.with_extension("log.1"))?;
    }
    Ok(tracing_appender::non_blocking(private_file(&path, OpenOptions::new().append(true))?))
}

/// One event a line, escaped: a name with a line break in it would forge a line, and one with an escape
/// would act on the terminal of whoever reads the log there.
#[derive(Clone, Debug)]
struct Lines(NonBlocking);

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = text::escape_bytes(event.strip_suffix(b"\n").unwrap_or(event));
        self.0.write_all(format!("{text}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(dir.path());
        std::fs::File::create(&path).unwrap().set_len(FULL).unwrap();
        drop(open(dir.path()).unwrap());
        assert_eq!(path.metadata().unwrap().len(), 0);
        assert_eq!(dir.path().join("bifold.log.1").metadata().unwrap().len(), FULL);
    }
}
