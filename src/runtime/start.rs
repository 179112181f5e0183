//! How the panes begin and end: [`panes`].

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use crossterm::event::EventStream;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

use super::clipboard::Clipboard;
use super::fail::FailPoint;
use super::images::Means;
use super::listings::Keeper;
use super::panes::Panes;
use super::runner::Runner;
use super::terminal::{self, RealScreen};
use super::{Services, keys, session, signals};
use crate::app::edit;
use crate::app::{Keymap, Msg, Session, Side, Start, State};
use crate::config::{Env, HiddenChoice, Loaded};
use crate::model::text;
use crate::model::uri::{DEFAULT_CONNECTION, UriContext};
use crate::model::{Arrangement, ConnName, S3Uri, Uri, UriError};
use crate::view::Theme;

/// How many answers may wait for the loop before those who answer wait.
const QUEUE: usize = 256;

/// What the panes begin with.
pub(crate) struct Opening {
    /// Where the left pane begins, as it was typed.
    pub left: Option<OsString>,
    /// Where the right one does.
    pub right: Option<OsString>,
    /// The settings.
    pub loaded: Loaded,
    /// The environment.
    pub env: Env,
    /// What typed locations depend on.
    pub uris: UriContext,
}

/// Why the panes didn't open, or how they broke.
#[derive(Debug)]
pub(crate) enum Broken {
    /// They were asked for wrongly.
    Usage(String),
    /// The terminal failed.
    Terminal(io::Error),
}

impl From<UriError> for Broken {
    fn from(error: UriError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

/// Opens the panes, and comes back when they are closed and the terminal is as it was.
///
/// Must be called outside of `tokio`, on the thread that is to be the loop's.
pub(crate) fn panes(
    mut opening: Opening,
    services: Services,
    tokio: &tokio::runtime::Runtime,
) -> Result<(), Broken> {
    terminal::check().map_err(Broken::Usage)?;
    let session = beginning(&opening)?;
    let keymap = keys::keymap(&mut opening.loaded);
    let (outbox, inbox) = mpsc::channel(QUEUE);
    tokio.block_on(async {
        let signals = signals::watch()?;
        let screen = RealScreen::take()?;
        terminal::hook_panics(outbox.clone());
        warn(&opening.loaded, &outbox);
        let state_dir = opening.loaded.dirs.state.clone();
        let priced = priced(&services);
        let keeper = Keeper::begin(&services.registry, &opening.loaded);
        let theme = Theme::detect(&opening.env, &opening.loaded.settings.ui);
        let panes = Panes {
            terminal: ManuallyDrop::new(real_terminal()?),
            input: Some(EventStream::new()),
            reopen: EventStream::new,
            env: opening.env.clone(),
            screen,
            signals,
            inbox,
            runner: Runner::new(viewing(services, &opening, &theme), outbox, state_dir),
            theme,
            clipboard: Clipboard::detect(&opening.env),
            notify: opening.loaded.settings.transfer.notify,
            fail: FailPoint::from_env(&opening.env),
            state: state(&opening, session, keymap, priced),
        };
        let ended = panes.run().await;
        keeper.end().await;
        tell_left_behind(&ended?);
        Ok(())
    })
}

/// Whoever doesn't wait, and a signal, end the program before all is saved: the copies that stay are told where the
/// shell is seen again.
fn tell_left_behind(state: &State) {
    for (uri, file) in edit::left_behind(state).filter(|(_, file)| file.exists()) {
        let told = format!("{uri} was open: what may not be saved of it stays in {}", file.display());
        tracing::warn!("{told}");
        // The terminal may be gone with its window.
        drop(writeln!(io::stderr(), "bifold: {}", text::escape(&told)));
    }
}

/// The services with what views need to know.
fn viewing(services: Services, opening: &Opening, theme: &Theme) -> Services {
    let preview = opening.loaded.settings.preview.clone();
    let means = Means::detect(preview.images, &opening.env, theme);
    Services { preview, means, ..services }
}

fn real_terminal() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let out = BufWriter::with_capacity(64 << 10, io::stdout());
    Terminal::new(CrosstermBackend::new(out))
}

/// Wrong settings are told on the screen: standard error is hidden behind it.
fn warn(loaded: &Loaded, outbox: &mpsc::Sender<Msg>) {
    let Some(first) = loaded.problems.first() else { return };
    let more = match loaded.problems.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more: `bifold config` tells all)"),
    };
    let _ = outbox.try_send(Msg::Trouble(format!("this setting is not in force: {first}{more}")));
}

/// The connections whose requests cost what the list of AWS says. Asks nothing.
fn priced(services: &Services) -> BTreeSet<ConnName> {
    let registry = &services.registry;
    let at_aws = |name: &ConnName| {
        let path = registry.resolve(&Uri::S3(S3Uri::buckets(name)));
        path.is_ok_and(|path| path.terms().is_some_and(|terms| terms.aws))
    };
    registry.connections().into_iter().filter(at_aws).collect()
}

fn state(opening: &Opening, session: Session, keymap: Keymap, priced: BTreeSet<ConnName>) -> State {
    let connections = &opening.loaded.settings.connections;
    let read_only = connections.iter().filter(|(_, connection)| connection.read_only);
    let start = Start {
        session,
        keymap,
        read_only: read_only.map(|(name, _)| name.as_str().into()).collect(),
        context: opening.uris.clone(),
    };
    let mut state = State::new(start, super::panes::wall_clock());
    let set = &opening.loaded.settings;
    state.priced = priced;
    state.ahead.budget = if set.cache.enabled { set.preview.prefetch } else { 0 };
    state.desktop = super::desktop::is_here(&opening.env);
    state.link_life = set.links.expires;
    state.ahead.heads = set.cache.objects.enabled;
    state
}

/// Where the panes begin: as asked, else where one left off, else here and at the list of buckets.
fn beginning(opening: &Opening) -> Result<Session, UriError> {
    let kept = opening.loaded.dirs.state.as_deref().and_then(session::load);
    let known = |uri: &Uri| {
        uri.as_s3().is_none_or(|s3| opening.uris.connections.iter().any(|name| **name == *s3.connection))
    };
    let mut session = kept
        .filter(|kept| kept.locations.iter().all(known))
        .unwrap_or_else(|| first(opening.uris.base.clone()));
    for (side, text) in [(Side::Left, &opening.left), (Side::Right, &opening.right)] {
        if let Some(text) = text {
            session.locations[side.index()] = typed(text, &opening.uris)?;
            session.active = Side::Left;
        }
    }
    for arrangement in &mut session.arrangements {
        let skip = &mut arrangement.filter.skip_hidden;
        *skip = skips_hidden(opening.loaded.settings.ui.hidden, *skip);
    }
    Ok(session)
}

fn skips_hidden(choice: HiddenChoice, left_off: bool) -> bool {
    match choice {
        HiddenChoice::Auto => left_off,
        HiddenChoice::Show => false,
        HiddenChoice::Hide => true,
    }
}

fn typed(text: &OsStr, context: &UriContext) -> Result<Uri, UriError> {
    Uri::parse(text, context).map(|uri| uri.as_dir())
}

fn first(here: PathBuf) -> Session {
    Session {
        locations: [Uri::Local(here), Uri::S3(S3Uri::buckets(DEFAULT_CONNECTION))],
        arrangements: [Arrangement::default(), Arrangement::default()],
        active: Side::Left,
    }
}
