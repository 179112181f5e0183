//! All that the program knows for the screen: [`State`].

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use crate::model::uri::UriContext;
use crate::model::{Arrangement, ConnName, ErrorKind, Op, Timestamp, Uri, VfsError};

use crate::transfer::journal::RecordedUpload;

use super::ahead::Ahead;
use super::cmd::Cmd;
use super::dialog::{Dialog, EqInput};
use super::edit::Edit;
use super::history::History;
use super::jobs::Jobs;
use super::keymap::Keymap;
use super::msg::ReqId;
use super::pane::Pane;
use super::stats::{self, Sampling, Stats};
use super::viewer::{Quick, Viewer};

/// Which pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Side {
    #[default]
    Left,
    Right,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// Its place in [`State::panes`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// How large the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal.
    pub columns: u16,
    /// Rows of the terminal.
    pub rows: u16,
    /// Rows of a listing that a pane shows at once.
    pub pane_rows: u16,
}

/// A line that tells what just happened, until the next key.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What happened.
    pub text: String,
    /// Whether it is good news.
    pub tone: Tone,
}

/// Whether news is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something is done.
    Done,
    /// Something has begun, and how it ends isn't known.
    UnderWay,
    /// Something failed, or can't be done.
    Bad,
}

/// What the keys type into at the foot of the active pane.
#[derive(Clone, Debug, PartialEq)]
pub enum Typing {
    /// A part of the names that are shown.
    Filter(EqInput),
    /// The beginning of a name to jump to.
    Search(EqInput),
}

/// What is kept from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where the panes were, left and right.
    pub locations: [Uri; 2],
    /// How they were arranged, without their filters' texts.
    pub arrangements: [Arrangement; 2],
    /// Which was active.
    pub active: Side,
}

/// What the program begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Where the panes begin, and how.
    pub session: Session,
    /// The keys.
    pub keymap: Keymap,
    /// What typed locations depend on.
    pub context: UriContext,
    /// The connections that refuse every write.
    pub read_only: BTreeSet<ConnName>,
}

/// All that the program knows for the screen. The view draws it; only [`super::update`] changes it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The panes, left and right.
    pub panes: [Pane; 2],
    /// The one that has the cursor.
    pub active: Side,
    /// What lies over the panes; the last one is on top.
    pub dialogs: Vec<Dialog>,
    /// What the keys type into at the foot of the active pane.
    pub typing: Option<Typing>,
    /// The jobs.
    pub jobs: Jobs,
    /// The numbers of cache and requests.
    pub stats: Stats,
    /// What the caches answered over the last minutes.
    pub history: History,
    /// When the indexes of the caches on disk were read.
    pub sampling: Sampling,
    /// The keys.
    pub keymap: Keymap,
    /// What typed locations depend on.
    pub context: UriContext,
    /// The connections that refuse every write.
    pub read_only: BTreeSet<ConnName>,
    /// The connections whose prices are known: those to AWS.
    pub priced: BTreeSet<ConnName>,
    /// The archives on services that may be read whole: the person was asked, or they are small.
    pub read_whole: HashSet<Uri>,
    /// What just happened.
    pub notice: Option<Notice>,
    /// The last error, whose whole text can be asked for.
    pub last_error: Option<VfsError>,
    /// What was refused since, likewise: a line may be too short for it.
    pub last_refused: Option<String>,
    /// How large the screen is.
    pub screen: Screen,
    /// The time of the last message.
    pub now: Timestamp,
    /// Whether the program ends as soon as its jobs have.
    pub quitting: bool,
    /// Whether the program ends once its jobs have, unhurried.
    pub leaving: bool,
    /// Uploads of our own that no job will go on with.
    pub uploads: Vec<RecordedUpload>,
    /// Directories and buckets that are being made.
    pub making: Vec<(ReqId, Uri)>,
    /// What is viewed over both panes.
    pub viewer: Option<Box<Viewer>>,
    /// What is viewed beside the cursor.
    pub quick: Option<Quick>,
    /// What is asked for before a person asks.
    pub ahead: Ahead,
    /// What is being edited.
    pub edits: Vec<Edit>,
    /// Whether there is a desktop to open files on.
    pub desktop: bool,
    /// Whether the program is left once what is watched is saved.
    pub leaves_after_saves: bool,
    /// How long a presigned link works where nobody says otherwise.
    pub link_life: Duration,
    /// When Esc was pressed, if it was the last key: with the next key it means Alt.
    pub escape: Option<Timestamp>,
    last_request: u64,
    outbox: Vec<Cmd>,
}

impl State {
    /// The state before the first message; [`super::begin`] asks for the first listings.
    pub fn new(start: Start, now: Timestamp) -> Self {
        let Session { locations: [left, right], arrangements: [a, b], active } = start.session;
        Self {
            panes: [Pane::new(left, a), Pane::new(right, b)],
            active,
            dialogs: Vec::new(),
            typing: None,
            jobs: Jobs::default(),
            stats: Stats::default(),
            history: History::default(),
            sampling: Sampling::default(),
            keymap: start.keymap,
            context: start.context,
            read_only: start.read_only,
            priced: BTreeSet::new(),
            read_whole: HashSet::new(),
            notice: None,
            last_error: None,
            last_refused: None,
            screen: Screen { columns: 80, rows: 24, pane_rows: 18 },
            now,
            quitting: false,
            leaving: false,
            uploads: Vec::new(),
            making: Vec::new(),
            viewer: None,
            quick: None,
            ahead: Ahead::default(),
            edits: Vec::new(),
            desktop: false,
            leaves_after_saves: false,
            link_life: Duration::from_mins(15),
            escape: None,
            last_request: 0,
            outbox: Vec::new(),
        }
    }

    /// The pane on this side.
    pub fn pane(&self, side: Side) -> &Pane {
        &self.panes[side.index()]
    }

    /// The pane that has the cursor.
    pub fn active_pane(&self) -> &Pane {
        self.pane(self.active)
    }

    /// The pane on this side, to change it.
    pub(super) fn pane_mut(&mut self, side: Side) -> &mut Pane {
        &mut self.panes[side.index()]
    }

    /// The pane that has the cursor, to change it.
    pub(super) fn active_mut(&mut self) -> &mut Pane {
        self.pane_mut(self.active)
    }

    /// The rows of a listing on a screen, at least one.
    pub fn height(&self) -> usize {
        usize::from(self.screen.pane_rows).max(1)
    }

    /// What is kept from one run to the next.
    pub fn session(&self) -> Session {
        let arrangement = |pane: &Pane| {
            let mut arrangement = pane.arrangement.clone();
            arrangement.filter.text.clear();
            arrangement
        };
        Session {
            locations: self.panes.each_ref().map(|pane| pane.uri.clone()),
            arrangements: self.panes.each_ref().map(arrangement),
            active: self.active,
        }
    }

    /// How many milliseconds from now a [`super::Msg::Tick`] is of use: often while something moves, rarely
    /// while only ages grow.
    pub fn next_tick(&self) -> u64 {
        let beside = self.quick.as_ref().and_then(|quick| quick.view.as_ref());
        let mut views = self.viewer.iter().chain(beside);
        let moves = self.panes.iter().any(Pane::is_loading)
            || self.jobs.active().next().is_some()
            || views.any(|view| view.is_busy());
        let young = |pane: &Pane| pane.read_at.is_some_and(|at| self.now.0 - at.0 < 60_000);
        let usual = match (moves, self.panes.iter().any(young)) {
            (true, _) => 100,
            (false, true) => 1_000,
            (false, false) => 10_000,
        };
        let usual = if stats::is_open(self) { usual.min(1_000) } else { usual };
        self.due().map_or(usual, |due| usual.min(u64::try_from(due.0 - self.now.0).unwrap_or_default()))
    }

    /// When something waits for the cursor to rest.
    fn due(&self) -> Option<Timestamp> {
        let quick = self.quick.as_ref().and_then(|quick| quick.due);
        quick.into_iter().chain(self.ahead.due).min()
    }

    /// Why nothing may be written at this location: it is in an archive, or its connection's settings forbid it.
    pub fn refusal(&self, op: Op, uri: &Uri) -> Option<VfsError> {
        if let Some(at) = uri.as_archive() {
            return Some(at.refusal(op));
        }
        let connection = &uri.as_s3()?.connection;
        self.read_only.contains(connection).then(|| {
            let reason = format!("the connection \"{connection}\" is read-only; nothing was sent");
            VfsError::new(op, uri.clone(), ErrorKind::ReadOnly, reason)
                .with_hint(format!("set read_only = false under [connections.{connection}] to allow it"))
        })
    }

    /// A new request id.
    pub(super) fn request(&mut self) -> ReqId {
        self.last_request += 1;
        ReqId(self.last_request)
    }

    /// Has the runtime do this after the update.
    pub(super) fn send(&mut self, cmd: Cmd) {
        self.outbox.push(cmd);
    }

    /// Gives up on a request, if there is one.
    pub(super) fn cancel(&mut self, req: Option<ReqId>) {
        if let Some(req) = req {
            self.send(Cmd::Cancel(req));
        }
    }

    pub(super) fn take_outbox(&mut self) -> Vec<Cmd> {
        std::mem::take(&mut self.outbox)
    }

    /// Tells what happened.
    pub(super) fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone: Tone::Done });
    }

    /// Tells that something has begun.
    pub(super) fn tell_begun(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone: Tone::UnderWay });
    }

    /// What had begun is over, however it ended.
    pub(super) fn end_begun(&mut self) {
        self.notice.take_if(|notice| notice.tone == Tone::UnderWay);
    }

    /// Tells that something can't be done, in a line.
    pub(super) fn refuse(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.last_refused = Some(text.clone());
        self.notice = Some(Notice { text, tone: Tone::Bad });
    }

    /// Tells that something failed; the whole text can be asked for.
    pub(super) fn fail(&mut self, error: VfsError) {
        self.refuse(error.to_string());
        self.note(error);
    }

    /// Keeps an error that is told elsewhere, for whoever asks for the last one.
    pub(super) fn note(&mut self, error: VfsError) {
        (self.last_error, self.last_refused) = (Some(error), None);
    }
}
