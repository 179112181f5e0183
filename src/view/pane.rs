//! One pane: its title, its rows and its foot.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::layout::PaneLayout;
use super::paint::{self, Piece};
use super::row::{self, Columns, Holds, RowLook};
use super::{Look, empty, format, sheet, words};
use crate::app::state::Typing;
use crate::app::{Pane, Row, Side};
use crate::model::text::{self, cut_end, cut_middle, escape, escape_bytes};
use crate::model::{Entry, SortBy, SortKey, Source, Tag};

/// Below this width ages and marks are written short.
const NARROW: u16 = 46;
/// A listing that takes less than this shows no sign of it: most do, and a flash is only unrest.
const PATIENCE_MS: i64 = 200;

/// Draws a pane, and gives the place of the terminal's cursor where its foot is typed into.
pub fn draw(buf: &mut Buffer, places: PaneLayout, side: Side, look: Look<'_>) -> Option<Position> {
    let pane = look.state.pane(side);
    let active = look.state.active == side;
    title(buf, places.title, pane, active, look);
    rows(buf, places.rows, pane, active, look);
    match &look.state.typing {
        Some(typing) if active => typed(buf, places.foot, typing, pane, look),
        _ => {
            foot(buf, places.foot, pane, look);
            None
        }
    }
}

fn title(buf: &mut Buffer, area: Rect, pane: &Pane, active: bool, look: Look<'_>) {
    let glyphs = &look.theme.glyphs;
    let area = paint::first(area, area.width.saturating_sub(1));
    let location = words::location(&pane.uri, look.state);
    let wanted = (paint::columns(&location) + 2).min(area.width / 2 + 1);
    let room = area.width.saturating_sub(wanted + 1);
    let numbers = paint::fit(numbers(pane, area.width < NARROW, look), room, 2);
    let numbers = paint::join(numbers, "  ", look.theme.dim);
    let taken = paint::columns_of(&numbers);
    paint::put_spans(buf, paint::last(area, taken), &numbers);
    let room = area.width.saturating_sub(taken + u16::from(taken > 0));
    let shown = cut_middle(&location, room.saturating_sub(2).into(), glyphs.ellipsis);
    let style = if active { look.theme.accent.patch(look.theme.strong) } else { look.theme.text };
    paint::put(buf, paint::first(area, room), &format!(" {shown} "), style);
}

/// How many rows, how many marked, how old: each in a place that holds it as it grows.
fn numbers(pane: &Pane, narrow: bool, look: Look<'_>) -> Vec<Piece<'static>> {
    let theme = look.theme;
    let mut pieces = Vec::new();
    let marks = pane.rows.marks();
    if marks.count() > 0 {
        // What directories hold isn't known: they alone have no bytes to tell.
        let bytes = Some(marks.bytes()).filter(|bytes| *bytes > 0);
        let bytes = bytes.map(|bytes| format!(" {}", format::size(bytes))).unwrap_or_default();
        let sign = if narrow { theme.glyphs.mark } else { "marked" };
        let count = format::count(marks.count() as u64);
        pieces.push(Piece::new(8, format!("{count} {sign}{bytes}"), theme.mark));
    }
    // What is marked is about to be acted on: it outlasts the count of all.
    pieces.push(Piece::new(7, count(pane), theme.text));
    pieces.push(Piece::new(6, age(pane, narrow, look), theme.dim));
    pieces
}

/// `1,284`, `12 of 1,284` where some are hidden, `1,000+` while more are to come.
fn count(pane: &Pane) -> String {
    let (shown, total) = (pane.rows.shown(), pane.rows.total());
    let growing = pane.is_loading() && pane.incoming.is_none();
    if total == 0 && (growing || pane.error.is_some()) {
        return String::new();
    }
    let total_text = format!("{}{}", format::count(total as u64), if growing { "+" } else { "" });
    if shown == total { total_text } else { format!("{} of {total_text}", format::count(shown as u64)) }
}

/// The listing's age, or the sign that it is on its way, in a width of its own.
fn age(pane: &Pane, narrow: bool, look: Look<'_>) -> String {
    let now = look.state.now.0;
    let slow = pane.listing.filter(|listing| now - listing.started.0 >= PATIENCE_MS);
    let text = match (slow, pane.read_at) {
        (_, Some(at)) if pane.source == Some(Source::Stale) => {
            // It is past its life: its age, and whether it is being read again.
            let age = format::age(now - at.0);
            let sign = if pane.is_loading() { look.spinner() } else { "old" };
            format!("{sign} {}", age.trim_end_matches(" ago"))
        }
        (Some(_), _) if narrow => look.spinner().to_owned(),
        (Some(_), _) => format!("{} reading", look.spinner()),
        (None, Some(at)) => format::age(now - at.0).into_owned(),
        (None, None) => String::new(),
    };
    let (text, width) = if narrow { (text.trim_end_matches(" ago"), 6) } else { (&*text, 10) };
    format!("{text:>width$}")
}

fn rows(buf: &mut Buffer, area: Rect, pane: &Pane, active: bool, look: Look<'_>) {
    let theme = look.theme;
    let row_look =
        RowLook { columns: Columns::of(area.width, Holds::of(&pane.uri)), theme, now: look.state.now };
    for line in 0..area.height {
        let at = pane.top + usize::from(line);
        let Some(row) = pane.row(at) else { break };
        let band = (at == pane.cursor).then_some(if active { theme.accent } else { theme.idle });
        row::draw(buf, paint::row(area, line), row, band, row_look);
    }
    if pane.rows.shown() == 0 {
        let used = u16::try_from(pane.above()).unwrap_or_default();
        let below = used.min(area.height);
        let room = Rect { y: area.y + below, height: area.height - below, ..area };
        empty::draw(buf, room, pane, look);
    }
}

fn foot(buf: &mut Buffer, area: Rect, pane: &Pane, look: Look<'_>) {
    let theme = look.theme;
    let pane_width = area.width;
    let area = paint::inset(area);
    if let Some(error) = pane.error.as_ref().filter(|_| pane.rows.shown() > 0) {
        let text = format!("{} incomplete: {}", theme.glyphs.bad, escape(&error.reason));
        paint::put(buf, area, &cut_end(&text, area.width.into(), theme.glyphs.ellipsis), theme.error);
        return;
    }
    let order = order(pane.rows.arrangement().sort, look);
    let order_width = if order.is_empty() { 0 } else { paint::columns(&order) + 2 };
    let room = area.width.saturating_sub(order_width);
    let dot = format!(" {} ", theme.glyphs.dot);
    let pieces = paint::fit(
        about(pane, Columns::of(pane_width, Holds::of(&pane.uri)), room, look),
        room,
        paint::columns(&dot),
    );
    let end = paint::put_spans(buf, area, &paint::join(pieces, &dot, theme.dim));
    paint::put_last(buf, paint::after(area, end + 1), &order, theme.dim);
}

/// What the cursor is on, the most telling first.
fn about(pane: &Pane, columns: Columns, room: u16, look: Look<'_>) -> Vec<Piece<'static>> {
    let theme = look.theme;
    let mut pieces = Vec::new();
    let filter = &pane.rows.arrangement().filter.text;
    if !filter.is_empty() {
        pieces.push(Piece::new(9, format!("filter \"{}\"", escape(filter)), theme.strong));
    }
    let Some(entry) = pane.current() else { return pieces };
    let place = pane.cursor + 1 - pane.above();
    let shown = pane.rows.shown();
    pieces.push(Piece::new(
        8,
        format!("{} of {}", format::count(place as u64), format::count(shown as u64)),
        theme.text,
    ));
    let name = words::row_name(entry, theme.glyphs.link);
    let in_row = columns.name.into();
    if text::width(&name) > in_row {
        let taken: u16 = pieces.iter().map(|piece| paint::columns_of(&piece.spans) + 3).sum();
        let here = usize::from(room.saturating_sub(taken));
        if here > in_row {
            pieces.push(Piece::new(
                7,
                cut_middle(&name, here, theme.glyphs.ellipsis).into_owned(),
                theme.text,
            ));
        }
    }
    pieces.extend(details(pane, entry, look));
    pieces
}

/// What the columns don't tell.
fn details(pane: &Pane, entry: &Entry, look: Look<'_>) -> Vec<Piece<'static>> {
    let theme = look.theme;
    let mut pieces = Vec::new();
    let mut push = |weight, text: String| pieces.push(Piece::new(weight, text, theme.dim));
    match entry.link.as_deref().filter(|link| link.leads_to.is_none()) {
        // Links in archives aren't followed: nobody knows where they lead.
        Some(link) if pane.uri.as_archive().is_some() => {
            push(6, format!("a link to {}", escape_bytes(link.target.as_bytes())));
        }
        Some(_) => push(6, "leads nowhere".to_owned()),
        None => {}
    }
    if let Some(mode) = entry.mode {
        push(3, words::mode(mode));
    }
    if let (Some(size), false) = (entry.size, entry.can_enter()) {
        push(4, format!("{} B", format::count(size)));
    }
    if let Some(at) = entry.modified {
        push(5, format::date_full(at, theme.zone));
    }
    if let Some(Tag::ETag(_)) = entry.tag {
        let class = entry.class.as_ref().map_or("STANDARD", |class| class.as_str());
        push(2, escape(class).into_owned());
    }
    if let Some(etag) = entry.etag() {
        push(1, format!("etag {}", cut_middle(&escape(&etag.to_string()), 14, theme.glyphs.ellipsis)));
    }
    pieces
}

/// The order, unless it is the usual one.
fn order(sort: SortBy, look: Look<'_>) -> String {
    if sort == SortBy::default() {
        return String::new();
    }
    let key = match sort.key {
        SortKey::Name => "name",
        SortKey::Size => "size",
        SortKey::Modified => "time",
    };
    let glyphs = &look.theme.glyphs;
    format!("by {key} {}", if sort.descending { glyphs.down } else { glyphs.up })
}

fn typed(buf: &mut Buffer, area: Rect, typing: &Typing, pane: &Pane, look: Look<'_>) -> Option<Position> {
    let (label, input) = match typing {
        Typing::Filter(input) => ("filter", &input.0),
        Typing::Search(input) => ("jump to", &input.0),
    };
    let area = paint::inset(area);
    let label = Span::styled(format!("{label}: "), look.theme.strong);
    let used = paint::put_spans(buf, area, &[label]);
    let hint = match typing {
        Typing::Filter(_) => format!(
            "  {} of {}",
            format::count(pane.rows.shown() as u64),
            format::count(pane.rows.total() as u64)
        ),
        Typing::Search(_) => String::new(),
    };
    let room = paint::after(area, used);
    paint::put_last(buf, paint::after(room, 8), &hint, look.theme.dim);
    let field = paint::first(room, room.width.saturating_sub(paint::columns(&hint)));
    sheet::input(buf, field, input, look.theme.text)
}

/// The names of both panes, where only the active one has room.
pub fn tabs(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let half = area.width / 2;
    for side in Side::BOTH {
        let place = if side == Side::Left { paint::first(area, half) } else { paint::after(area, half) };
        let place = paint::inset(place);
        let active = look.state.active == side;
        let sign = if active { look.theme.glyphs.cursor } else { " " };
        let location = words::location(&look.state.pane(side).uri, look.state);
        let room = usize::from(place.width).saturating_sub(2);
        let text = format!("{sign} {}", cut_middle(&location, room, look.theme.glyphs.ellipsis));
        paint::put(buf, place, &text, if active { look.theme.strong } else { look.theme.dim });
    }
}

/// The line of the screen that the cursor of the active pane is on.
pub fn cursor_line(places: PaneLayout, pane: &Pane) -> Option<u16> {
    let line = u16::try_from(pane.cursor.checked_sub(pane.top)?).ok()?;
    let on_screen = line < places.rows.height && pane.row(pane.cursor).is_some_and(|row| row != Row::Up);
    on_screen.then(|| places.rows.y + line)
}
