//! The only place that awaits for the panes: the loop, the runner of commands, the terminal.
//!
//! ```text
//! terminal ─ input ─┐                            ┌─ draw, at most 60 times a second
//! signals ──────────┼─▶ Panes: app::update ──────┤
//! tasks ─── inbox ──┘                            └─ Cmd ─▶ Runner ─▶ a task on tokio ─▶ inbox
//! ```
//!
//! Invariants: nothing on the loop does I/O but on the terminal; a task that nobody waits for is ended; the
//! terminal is given back however the program ends; what is being written is whole before it does.

mod ahead;
mod clipboard;
mod desktop;
mod edit;
mod fail;
mod images;
mod input;
mod inspect;
mod jobs;
mod kept;
mod keys;
mod listings;
pub mod log;
mod pace;
mod panes;
mod requests;
mod runner;
mod session;
mod signals;
mod start;
mod stats;
mod terminal;
mod views;
mod watch;

use std::sync::Arc;

use crate::config::{PreviewSettings, TransferSettings};
use crate::transfer::{Engine, Journal, Limits, Resolver};
use crate::vfs::registry::Registry;

pub(crate) use keys::keymap;
pub(crate) use start::{Broken, Opening, panes};

/// What the runner works with.
pub(crate) struct Services {
    /// Where locations become handles, and where the numbers come from.
    pub(crate) registry: Registry,
    /// Runs jobs.
    pub(crate) engine: Engine,
    /// Whether local files are flushed before they get their names, where a job doesn't say otherwise.
    pub(crate) flush: bool,
    /// How things are viewed.
    pub(crate) preview: PreviewSettings,
    /// How the terminal takes pictures.
    means: images::Means,
}

impl Services {
    /// An engine on a registry, as the settings want it. Asks nothing of disk or network.
    pub(crate) fn new(registry: Registry, set: TransferSettings) -> Self {
        let known = registry.clone();
        let engine = Engine::new(resolver(&registry), Limits::default())
            .with_identities(Arc::new(move |name| known.identity(name)));
        engine.set_rate(Some(set.rate).filter(|rate| *rate > 0));
        Self {
            registry,
            engine,
            flush: set.flush,
            preview: PreviewSettings::default(),
            means: images::Means::default(),
        }
    }

    /// The same with a journal that keeps the jobs.
    #[must_use]
    pub(crate) fn keeping(self, journal: Journal) -> Self {
        Self { engine: self.engine.with_journal(journal), ..self }
    }
}

/// A registry as what makes handles.
pub(crate) fn resolver(registry: &Registry) -> Resolver {
    let registry = registry.clone();
    Arc::new(move |uri| registry.resolve(uri))
}
