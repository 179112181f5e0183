//! What lies over the panes. Each dialog is a [`Sheet`] of lines; only the one on top is drawn.

mod ask;
mod inspect;
mod jobs;
mod links;
mod panels;
mod plan;
mod prompt;
mod stats;
mod text;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;
use tui_input::Input;

use super::layout::Layout;
use super::paint::Piece;
use super::{Look, paint, pane, sheet};
use crate::app::Dialog;
use crate::model::text::wrap;

/// The widest that a dialog gets: longer lines are hard to read.
const WIDEST: u16 = 76;

/// The columns at the right that the sign takes which says that more follows.
const MORE: usize = 2;

/// Draws the dialog on top, which has the keys, and gives the place of the terminal's cursor where it is
/// typed into. Those below it would only show at its edges.
pub fn draw(buf: &mut Buffer, screen: Rect, places: &Layout, look: Look<'_>) -> Option<Position> {
    let state = look.state;
    if let Some(Dialog::Signed(signed)) = state.dialogs.last()
        && let Some(code) = signed.code.as_ref().filter(|_| !look.theme.glyphs.ascii_only)
    {
        links::code(buf, screen, code);
        return None;
    }
    // What is going on and which keys apply stay in sight where there is room for all.
    let screen =
        if screen.height < 20 { screen } else { Rect { height: places.rule.y - screen.y, ..screen } };
    let avoid = pane::cursor_line(places.panes[state.active.index()], state.active_pane());
    draw_one(buf, screen, state.dialogs.last()?, avoid, look)
}

fn draw_one(
    buf: &mut Buffer,
    screen: Rect,
    dialog: &Dialog,
    avoid: Option<u16>,
    look: Look<'_>,
) -> Option<Position> {
    let mut sheet = Sheet::new(screen, look);
    match dialog {
        Dialog::Help { rows, top } => text::help(&mut sheet, rows, *top),
        Dialog::Text(view) => text::text(&mut sheet, view),
        Dialog::Prompt(prompt) => prompt::prompt(&mut sheet, prompt),
        Dialog::Delete(question) => ask::delete(&mut sheet, question),
        Dialog::Job(question) => ask::job(&mut sheet, question),
        Dialog::Quit(buttons) => ask::quit(&mut sheet, buttons),
        Dialog::Jobs { selected } => jobs::jobs(&mut sheet, *selected),
        Dialog::JobDetail { id, top } => jobs::detail(&mut sheet, *id, *top),
        Dialog::Edit(question) => ask::edit(&mut sheet, question),
        Dialog::Confirm(confirm) => ask::confirm(&mut sheet, confirm),
        Dialog::ReadOn(question) => ask::read_on(&mut sheet, question),
        Dialog::Links(question) => links::question(&mut sheet, question),
        Dialog::Signed(signed) => links::signed(&mut sheet, signed),
        Dialog::Stats { top } => stats::numbers(&mut sheet, *top),
        Dialog::Inspect(inspector) => inspect::held(&mut sheet, inspector),
        Dialog::Pick(pick) => panels::pick(&mut sheet, pick),
    }
    sheet.draw(buf, screen, avoid)
}

/// A line of a sheet.
#[derive(Clone, Debug)]
enum Line {
    /// Text.
    Spans(Vec<Span<'static>>),
    /// Text in a band: what is chosen.
    Chosen(Vec<Span<'static>>),
    /// A field to type into.
    Field(Input),
    /// The same behind a label.
    Labelled(String, Input),
}

/// What a dialog says, before it has its place: head, a body that may scroll, and a foot that stays.
struct Sheet<'a> {
    look: Look<'a>,
    /// The columns of a line.
    width: u16,
    /// The most columns that have room.
    room: u16,
    /// The most lines that have room.
    height: u16,
    title: String,
    head: Vec<Line>,
    body: Vec<Line>,
    foot: Vec<Line>,
    /// The first line of the body to show, as far as it is long enough.
    top: usize,
}

impl<'a> Sheet<'a> {
    fn new(screen: Rect, look: Look<'a>) -> Self {
        let width = screen.width.saturating_sub(8).clamp(1, WIDEST);
        let width = if screen.width < 8 { screen.width } else { width };
        let height = screen.height.saturating_sub(if screen.height < 3 { 0 } else { 2 });
        let empty = Vec::new;
        Self {
            look,
            width,
            room: screen.width.saturating_sub(8),
            height,
            title: String::new(),
            head: empty(),
            body: empty(),
            foot: empty(),
            top: 0,
        }
    }

    /// Takes more columns than text does, where there are some: for tables.
    fn widen(&mut self, most: u16) {
        self.width = self.room.min(most).max(self.width);
    }

    /// Names it; `title` is escaped already.
    fn call(&mut self, title: &str) {
        title.clone_into(&mut self.title);
    }

    /// A paragraph, broken into lines.
    fn say(&self, text: &str, style: Style) -> Vec<Line> {
        let lines = wrap(text, self.width.into());
        lines.into_iter().map(|line| Line::Spans(vec![Span::styled(line, style)])).collect()
    }

    /// A paragraph in ordinary text for the head.
    fn tell(&mut self, text: &str) {
        let lines = self.say(text, self.look.theme.text);
        self.head.extend(lines);
    }

    /// A paragraph in ordinary text for the foot.
    fn warn(&mut self, text: &str) {
        let lines = self.say(text, self.look.theme.text);
        self.foot.extend(lines);
    }

    /// Bad news.
    fn complain(&mut self, text: &str) {
        let text = format!("{} {text}", self.look.theme.glyphs.bad);
        let lines = self.say(&text, self.look.theme.error);
        self.foot.extend(lines);
    }

    /// Hints in one line at the foot, the last ones left out where there is no room.
    fn hint(&mut self, hints: &[&str]) {
        let theme = self.look.theme;
        let dot = format!(" {} ", theme.glyphs.dot);
        let weights = (0..u8::MAX).rev();
        let pieces =
            hints.iter().zip(weights).map(|(hint, weight)| Piece::new(weight, (*hint).to_owned(), theme.dim));
        let pieces = paint::fit(pieces.collect(), self.width, paint::columns(&dot));
        self.foot.push(Line::Spans(paint::join(pieces, &dot, theme.dim)));
    }

    /// The lines of the body that have room.
    fn body_rows(&self) -> usize {
        let others = self.head.len() + self.foot.len();
        usize::from(self.height).saturating_sub(others).min(self.body.len())
    }

    fn draw(self, buf: &mut Buffer, screen: Rect, avoid: Option<u16>) -> Option<Position> {
        let rows = self.body_rows();
        let lines = u16::try_from(self.head.len() + rows + self.foot.len()).unwrap_or(u16::MAX);
        let area = sheet::place(screen, self.width + 4, lines.saturating_add(2), avoid);
        let inner = sheet::open(buf, area, &self.title, self.look.theme);
        let top = self.top.min(self.body.len() - rows);
        let body = Rect {
            y: inner.y.saturating_add(u16::try_from(self.head.len()).unwrap_or(u16::MAX)).min(inner.bottom()),
            height: u16::try_from(rows).unwrap_or(u16::MAX).min(inner.height),
            ..inner
        };
        let shown: Vec<&Line> =
            self.head.iter().chain(self.body.iter().skip(top).take(rows)).chain(&self.foot).collect();
        let shown = squeeze(shown, inner.height.into(), self.foot.len());
        let carets = (0..).zip(shown);
        let caret = carets.filter_map(|(at, line)| self.line(buf, paint::row(inner, at), line)).last();
        if self.body.len() > rows {
            sheet::more(buf, body, top, self.body.len(), self.look.theme);
        }
        caret
    }

    fn line(&self, buf: &mut Buffer, area: Rect, line: &Line) -> Option<Position> {
        match line {
            Line::Spans(spans) => {
                paint::put_spans(buf, area, spans);
                None
            }
            Line::Chosen(spans) => {
                paint::put_spans(buf, area, spans);
                buf.set_style(area.intersection(buf.area), self.look.theme.accent);
                None
            }
            Line::Field(input) => sheet::input(buf, area, input, self.look.theme.field),
            Line::Labelled(label, input) => {
                let used = paint::put(buf, area, label, self.look.theme.strong);
                sheet::input(buf, paint::after(area, used), input, self.look.theme.field)
            }
        }
    }
}

/// The lines that count where not even head and foot have room: the last ones hold the buttons, the
/// first one says what will happen.
fn squeeze(lines: Vec<&Line>, room: usize, foot: usize) -> Vec<&Line> {
    if lines.len() <= room {
        return lines;
    }
    let last = foot.min(2).max(usize::from(foot == 0)).min(room);
    let (first, rest) = lines.split_at(room - last);
    first.iter().chain(&rest[rest.len() - last..]).copied().collect()
}

/// An empty line.
fn blank() -> Line {
    Line::Spans(Vec::new())
}
