//! The screen: draws a `&State`, decides nothing and keeps nothing.
//!
//! ```text
//!  ~/exports/2026       12  3 marked 1.2 GB │ s3://lake/events/         1,284    12 s ago   titles
//! ▸ ..                                      │   ..                                            rows
//! ● customers.csv     412.0 MB Nov 20 08:15 │ ▸ part-00000…c1.parquet  128.4 MB Nov 20 04:12
//!  3 of 12 · 412,003,117 B                  │  4 of 1,284 · STANDARD · etag 9b2c…e1           feet
//! ────────────────────────────────────────────────────────────────────────────────────────
//!  ⇅ copying 3 to s3://lake/ ━━━╸── 61 %  184 MB/s            cache 94 % hit · 1,812 saved   status
//!  LIST 41  HEAD 3  GET 12  PUT 9                          prod (eu-west-1) · read/write    requests
//!  F1 Help  F2 Menu  F5 Copy  F6 Move  F7 Mkdir  F8 Delete  F9 Jobs  F10 Quit                keys
//! ```
//!
//! Invariants:
//! - A draw touches the visible rows only, whatever the listing's length.
//! - Text from outside passes [`crate::model::text`] on its way into the buffer: no byte of a name, an
//!   error or an object reaches the terminal as anything but a visible symbol.
//! - Any size down to 1×1 is drawn; what has no room gives way, see [`layout`].

mod dialog;
mod empty;
pub mod format;
pub mod layout;
mod paint;
mod pane;
mod picture;
mod row;
mod sheet;
mod status;
pub mod theme;
mod viewer;
mod words;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::{Side, State};
use layout::Layout;

pub use layout::pane_rows;
pub use picture::{Drawing, Picture, Pictures};
pub use theme::Theme;

/// What is drawn, and how it looks.
#[derive(Clone, Copy, Debug)]
struct Look<'a> {
    state: &'a State,
    theme: &'a Theme,
    pictures: &'a Pictures,
}

impl Look<'_> {
    /// The sign that something moves, at this time.
    fn spinner(&self) -> &'static str {
        let frames = self.theme.glyphs.spinner;
        let frame = usize::try_from(self.state.now.0 / 100).unwrap_or_default();
        frames[frame % frames.len()]
    }
}

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, state: &State, theme: &Theme, pictures: &Pictures) {
    let area = frame.area();
    if let Some(caret) = render(frame.buffer_mut(), area, state, theme, pictures) {
        frame.set_cursor_position(caret);
    }
}

/// Draws the screen into `area` of a buffer, and gives the place of the terminal's cursor where
/// something is typed into.
pub fn render(
    buf: &mut Buffer,
    area: Rect,
    state: &State,
    theme: &Theme,
    pictures: &Pictures,
) -> Option<Position> {
    let look = Look { state, theme, pictures };
    let area = area.intersection(buf.area);
    let places = Layout::of(area, state.active);
    let caret = match &state.viewer {
        Some(viewer) => viewer::full(buf, area, viewer, look),
        None => below(buf, &places, look),
    };
    let over = dialog::draw(buf, area, &places, look);
    if !theme.deep && (state.viewer.is_some() || state.quick.is_some()) {
        paint::to_256(buf);
    }
    if theme.glyphs.ascii_only {
        paint::to_ascii(buf);
    }
    if state.dialogs.is_empty() { caret } else { over }
}

/// The panes, what is going on, and the keys.
fn below(buf: &mut Buffer, places: &Layout, look: Look<'_>) -> Option<Position> {
    let caret = panes(buf, places, look);
    status::draw(buf, places.status, places.requests.is_empty(), look);
    status::requests(buf, places.requests, look);
    status::keys(buf, places.keys, look);
    caret
}

fn panes(buf: &mut Buffer, places: &Layout, look: Look<'_>) -> Option<Position> {
    let glyphs = &look.theme.glyphs;
    if !places.tabs.is_empty() {
        pane::tabs(buf, places.tabs, look);
    }
    for line in 0..places.wall.height {
        paint::put(buf, paint::row(places.wall, line), glyphs.wall, look.theme.dim);
    }
    paint::rule(buf, places.rule, glyphs.rule, look.theme.dim);
    let shown = Side::BOTH.into_iter().filter(|side| !places.panes[side.index()].rows.is_empty());
    let draw = |side: Side| match &look.state.quick {
        Some(quick) if side != look.state.active => {
            viewer::beside(buf, places.panes[side.index()], quick, look)
        }
        _ => pane::draw(buf, places.panes[side.index()], side, look),
    };
    shown.filter_map(draw).last()
}
