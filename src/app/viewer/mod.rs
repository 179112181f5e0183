//! What is viewed: one file over both panes, or beside the cursor. [`Viewer`], [`Quick`].
//!
//! A view is a task of the runtime, known by its id: it is asked by [`Cmd::AskView`] and tells what it shows by
//! [`super::Msg::Seen`]. What a view that is closed still tells is dropped.

mod keys;
mod quick;
mod typing;

use std::borrow::Cow;

use super::cmd::Cmd;
use super::dialog::{self, EqInput};
use super::msg::ReqId;
use super::pane::Pane;
use super::state::{Screen, State};
use crate::model::{Ask, Entry, Frame, Kind, Screenful, Seen, Uri, VfsError, ViewKind, Viewed};

pub use quick::{Beside, Quick};

/// Below this width there is one pane, and no room for a view beside it.
const TWO_PANES: u16 = 60;

/// Line numbers have room for as many digits as this from the beginning.
const LEAST_DIGITS: u16 = 5;

/// One open view.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewer {
    /// The task that shows it.
    pub id: ReqId,
    /// What is viewed.
    pub what: Viewed,
    /// The place that it was last asked to draw into, without the columns for line numbers.
    pub frame: Frame,
    /// The columns for line numbers, left of that place.
    pub gutter: u16,
    /// What to draw; none before the first answer.
    pub screen: Option<Box<Screenful>>,
    /// Why nothing can be shown.
    pub error: Option<VfsError>,
    /// The bytes that a search under way has read.
    pub searching: Option<u64>,
    /// What is typed at the foot.
    pub typing: Option<Typed>,
    /// What was looked for last.
    pub pattern: String,
    /// How it was shown before it was shown as hex.
    pub before_hex: Option<ViewKind>,
}

/// What is typed at the foot of a view.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// What to look for.
    Search {
        /// The expression.
        input: EqInput,
        /// Whether up.
        up: bool,
    },
    /// Where to go: a line, a share, an offset.
    GoTo(EqInput),
}

impl Viewer {
    /// Whether something is on its way that a spinner should tell.
    pub fn is_busy(&self) -> bool {
        self.searching.is_some() || (self.screen.is_none() && self.error.is_none())
    }

    /// How it is shown, as far as that is known.
    pub fn kind(&self) -> Option<ViewKind> {
        self.screen.as_ref().map(|screen| screen.kind)
    }
}

impl Screen {
    /// The place for what is viewed over both panes.
    pub fn viewer_frame(&self) -> Frame {
        let above = u16::from(self.rows >= 2);
        let below = u16::from(self.rows >= 4) + u16::from(self.rows >= 12);
        Frame { columns: self.columns, rows: self.rows.saturating_sub(above + below) }
    }

    /// The place for what is viewed beside the cursor, a column off the line between the panes: empty where there
    /// is room for one pane only.
    pub fn quick_frame(&self) -> Frame {
        let columns = if self.columns < TWO_PANES { 0 } else { (self.columns - 1) / 2 - 1 };
        Frame { columns, rows: self.pane_rows }
    }
}

/// What can be viewed under the cursor, or why nothing can.
fn target(pane: &Pane) -> Result<(Uri, Entry), Cow<'static, str>> {
    let entry = pane.current().ok_or("put the cursor on a file to view it")?;
    if let Some(why) = refusal(&pane.uri, entry) {
        return Err(why);
    }
    Ok((pane.uri.join(&entry.name, entry.kind), entry.clone()))
}

/// Why this row of `dir` isn't viewed.
fn refusal(dir: &Uri, entry: &Entry) -> Option<Cow<'static, str>> {
    let why = match entry.kind {
        Kind::Bucket => "this is a bucket: enter it to see what it holds",
        Kind::Dir => "this is a directory: enter it to see what it holds",
        Kind::Symlink if entry.can_enter() => "this leads to a directory: enter it to see what it holds",
        Kind::Symlink => return entry.link.as_ref()?.refusal(dir).map(Cow::Owned),
        Kind::File => return None,
        Kind::Special => "this is neither a file nor a directory: it isn't read",
    };
    Some(Cow::Borrowed(why))
}

/// Whether F3 has something to show.
pub(super) fn can_view(pane: &Pane) -> bool {
    pane.current().is_some_and(|entry| refusal(&pane.uri, entry).is_none())
}

/// Shows the file under the cursor over both panes.
pub(super) fn open(state: &mut State) {
    match target(state.active_pane()) {
        Ok((uri, entry)) => show(state, Viewed { uri, entry, kind: None, quick: false }, false),
        Err(why) => state.refuse(why),
    }
}

/// Shows this over both panes in place of what was.
fn show(state: &mut State, what: Viewed, anew: bool) {
    close(state);
    let mut frame = state.screen.viewer_frame();
    let gutter = if frame.columns >= TWO_PANES && may_be_text(&what) { LEAST_DIGITS + 1 } else { 0 };
    frame.columns -= gutter;
    let viewer = begin(state, what, frame, anew);
    state.viewer = Some(Box::new(Viewer { gutter, ..viewer }));
}

/// What is surely shown in another way than as lines with numbers, by the ends of names.
const NO_TEXT: &[&str] = &[
    "7z", "avi", "bmp", "bz2", "csv", "flac", "gif", "gz", "ico", "jpeg", "jpg", "json", "jsonl", "m4a",
    "markdown", "md", "mkv", "mov", "mp3", "mp4", "ndjson", "ogg", "parquet", "pdf", "png", "tar", "tgz",
    "tif", "tiff", "tsv", "wav", "webm", "webp", "xz", "zip", "zst",
];

/// Whether to make room for line numbers at once. A wrong guess is mended by the first answer; a right one saves
/// laying it out twice.
fn may_be_text(what: &Viewed) -> bool {
    let text = what.kind.is_none_or(|kind| kind == ViewKind::Text);
    let name = what.entry.name.to_lossy().to_ascii_lowercase();
    text && name.rsplit_once('.').is_none_or(|(_, end)| !NO_TEXT.contains(&end))
}

/// Has a view begun. What is read by the tag of its row: a row that is past its life is looked at once more.
fn begin(state: &mut State, what: Viewed, frame: Frame, anew: bool) -> Viewer {
    let id = state.request();
    let anew = anew || state.active_pane().is_past();
    state.send(Cmd::View { id, what: Box::new(what.clone()), frame, anew });
    Viewer {
        id,
        what,
        frame,
        gutter: 0,
        screen: None,
        error: None,
        searching: None,
        typing: None,
        pattern: String::new(),
        before_hex: None,
    }
}

/// Closes what is viewed over both panes.
fn close(state: &mut State) {
    if let Some(viewer) = state.viewer.take() {
        state.send(Cmd::CloseView(viewer.id));
    }
}

/// The view that has the keys: the one over both panes, or the one beside the cursor where one went into it.
pub(super) fn front(state: &mut State) -> Option<&mut Viewer> {
    match (&mut state.viewer, &mut state.quick) {
        (Some(viewer), _) => Some(viewer),
        (None, Some(quick)) if quick.focus => quick.view.as_deref_mut(),
        _ => None,
    }
}

/// Whether a view has the keys.
pub(super) fn has_keys(state: &State) -> bool {
    state.front_view().is_some()
}

impl State {
    /// The view that has the keys.
    pub fn front_view(&self) -> Option<&Viewer> {
        match (&self.viewer, &self.quick) {
            (Some(viewer), _) => Some(viewer),
            (None, Some(quick)) if quick.focus => quick.view.as_deref(),
            _ => None,
        }
    }
}

fn by_id(state: &mut State, id: ReqId) -> Option<&mut Viewer> {
    let beside = state.quick.as_mut().and_then(|quick| quick.view.as_deref_mut());
    state.viewer.as_deref_mut().into_iter().chain(beside).find(|viewer| viewer.id == id)
}

/// Asks the view that has the keys.
fn ask(state: &mut State, ask: Ask) {
    if let Some(id) = front(state).map(|viewer| viewer.id) {
        state.send(Cmd::AskView(id, ask));
    }
}

/// A view told something.
pub(super) fn seen(state: &mut State, id: ReqId, seen: Seen) {
    let Some(viewer) = by_id(state, id) else { return };
    match seen {
        Seen::Screenful(screen) => {
            viewer.searching = None;
            viewer.error = None;
            viewer.screen = Some(screen);
            make_room(state, id);
        }
        Seen::Searching(bytes) => viewer.searching = Some(bytes),
        Seen::NotFound(text) => {
            viewer.searching = None;
            state.refuse(text);
        }
        Seen::AsksToRead(bytes) => {
            let (uri, class) = (viewer.what.uri.clone(), viewer.what.entry.class.clone());
            dialog::ask_to_read(state, id, bytes, uri, class.as_ref());
        }
        Seen::Failed(error) => failed(state, id, error),
    }
}

/// Makes room for line numbers beside text that fills the screen. It never gets less while text is shown: lines
/// would be broken anew at each step.
fn make_room(state: &mut State, id: ReqId) {
    let full = state.screen.viewer_frame();
    let Some(viewer) = state.viewer.as_deref_mut().filter(|viewer| viewer.id == id) else { return };
    let Some(screen) = &viewer.screen else { return };
    let last = screen.lines.iter().filter_map(|line| line.number).max();
    let needed = last.map_or(0, |last| (last.max(1).ilog10() as u16 + 1).max(LEAST_DIGITS) + 1);
    let text = screen.kind == ViewKind::Text && full.columns >= TWO_PANES;
    let gutter = if text { viewer.gutter.max(needed) } else { 0 };
    if gutter != viewer.gutter {
        viewer.gutter = gutter;
        fit(state);
    }
}

fn failed(state: &mut State, id: ReqId, error: VfsError) {
    state.note(error.clone());
    if let Some(viewer) = by_id(state, id) {
        viewer.searching = None;
        viewer.error = Some(error);
    }
}

/// The answer to whether to read on.
pub(super) fn answer_read(state: &mut State, id: ReqId, on: bool) {
    if by_id(state, id).is_some() {
        state.send(Cmd::AskView(id, if on { Ask::ReadOn } else { Ask::Stop }));
    }
}

/// The screen has another size: open views draw for it.
pub(super) fn fit(state: &mut State) {
    quick::fit(state);
    let (full, beside) = (state.screen.viewer_frame(), state.screen.quick_frame());
    let view = state.quick.as_mut().and_then(|quick| quick.view.as_deref_mut());
    let views = state.viewer.as_deref_mut().map(|view| {
        if full.columns < TWO_PANES {
            view.gutter = 0;
        }
        let columns = full.columns.saturating_sub(view.gutter);
        (view, Frame { columns, ..full })
    });
    let resized = views.into_iter().chain(view.map(|view| (view, beside)));
    let changed = resized.filter(|(view, frame)| view.frame != *frame);
    let asks: Vec<Cmd> = changed
        .map(|(view, frame)| {
            view.frame = frame;
            Cmd::AskView(view.id, Ask::Resize(frame))
        })
        .collect();
    for ask in asks {
        state.send(ask);
    }
}

pub(super) use keys::{applies, leads_out, press, run};
pub(super) use quick::{enter as enter_quick, follow, toggle as toggle_quick};
pub(super) use typing::paste;
