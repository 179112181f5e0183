//! What is viewed: over both panes, or beside the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

use super::layout::PaneLayout;
use super::paint::{self, Piece};
use super::words::{self, capital};
use super::{Look, format, sheet, status};
use crate::app::state::Notice;
use crate::app::viewer::{Beside, Typed};
use crate::app::{Action, Quick, Viewer};
use crate::model::text::{cut_end, cut_middle, escape, wrap};
use crate::model::{Entry, Ink, Kind, Screenful, StyledLine, Uri, VfsError};

/// The columns that stay free for what is typed.
const LEAST_TYPED: u16 = 12;

/// Draws a view over the whole screen, and gives the place of the terminal's cursor where its foot is typed into.
pub fn full(buf: &mut Buffer, area: Rect, viewer: &Viewer, look: Look<'_>) -> Option<Position> {
    let frame = look.state.screen.viewer_frame();
    let title = Rect { height: area.height.min(u16::from(area.height >= 2)), ..area };
    let y = area.y + title.height;
    let body = Rect { y, height: frame.rows.min(area.bottom() - y), ..area };
    let foot = Rect { y: body.bottom(), height: u16::from(area.bottom() > body.bottom()), ..area };
    let keys = Rect { y: foot.bottom(), height: area.bottom() - foot.bottom(), ..area };
    head(buf, title, viewer, &words::location(&viewer.what.uri, look.state), true, look);
    content(buf, body, viewer, look);
    let caret = bottom(buf, foot, viewer, true, look);
    status::keys(buf, keys, look);
    caret
}

/// Draws what is viewed in the place of the pane that isn't active.
pub fn beside(buf: &mut Buffer, places: PaneLayout, quick: &Quick, look: Look<'_>) -> Option<Position> {
    let Some(viewer) = &quick.view else {
        summary(buf, places, quick, look);
        return None;
    };
    let name = words::name(&viewer.what.entry.name, viewer.what.entry.kind);
    head(buf, places.title, viewer, &name, quick.focus, look);
    content(buf, paint::after(places.rows, 1), viewer, look);
    bottom(buf, places.foot, viewer, quick.focus, look)
}

/// Where it is at the left; kind, size and how far down at the right.
fn head(buf: &mut Buffer, area: Rect, viewer: &Viewer, place: &str, active: bool, look: Look<'_>) {
    let theme = look.theme;
    let area = paint::first(area, area.width.saturating_sub(1));
    let wanted = (paint::columns(place) + 2).min(area.width / 2 + 1);
    let pieces = paint::fit(numbers(viewer, look), area.width.saturating_sub(wanted + 1), 2);
    let numbers = paint::join(pieces, "  ", theme.dim);
    let taken = paint::columns_of(&numbers);
    paint::put_spans(buf, paint::last(area, taken), &numbers);
    let room = area.width.saturating_sub(taken + u16::from(taken > 0));
    let shown = cut_middle(place, room.saturating_sub(2).into(), theme.glyphs.ellipsis);
    let style = if active { theme.accent.patch(theme.strong) } else { theme.text };
    paint::put(buf, paint::first(area, room), &format!(" {shown} "), style);
}

fn numbers(viewer: &Viewer, look: Look<'_>) -> Vec<Piece<'static>> {
    let theme = look.theme;
    let mut pieces = Vec::new();
    if viewer.is_busy() {
        pieces.push(Piece::new(9, look.spinner(), theme.dim));
    }
    let Some(screen) = &viewer.screen else { return pieces };
    pieces.push(Piece::new(6, screen.kind.title(), theme.text));
    if let Some(size) = screen.size.or(viewer.what.entry.size) {
        pieces.push(Piece::new(7, format::size(size), theme.text));
    }
    pieces.push(Piece::new(8, format!("{:>5}", share(screen)), theme.text));
    pieces
}

/// How far down: `35 %`, `all`, or nothing where that isn't known.
fn share(screen: &Screenful) -> String {
    match screen.progress {
        _ if screen.at_top && screen.at_end => "all".to_owned(),
        _ if screen.at_end => "end".to_owned(),
        Some(part) => format!("{} %", (part.clamp(0.0, 1.0) * 100.0) as u32),
        None => String::new(),
    }
}

fn content(buf: &mut Buffer, area: Rect, viewer: &Viewer, look: Look<'_>) {
    if let Some(error) = &viewer.error {
        return paragraphs(buf, area, &failure(error, look));
    }
    let Some(screen) = &viewer.screen else { return };
    if is_empty(screen) {
        return paragraphs(buf, area, &[(look.theme.dim, "Nothing is in this file.".to_owned())]);
    }
    let above = look.pictures.draw(buf, area, viewer, look.state);
    if screen.pixels.is_some() && screen.lines.is_empty() && !look.pictures.has(viewer.id) {
        let text = "Pictures aren't drawn on this terminal: preview.images says how they are.".to_owned();
        return paragraphs(buf, area, &[(look.theme.dim, text)]);
    }
    for (line, at) in screen.lines.iter().zip(above..area.height) {
        let row = paint::row(area, at);
        if let Some(number) = line.number.filter(|_| viewer.gutter > 0) {
            let width = usize::from(viewer.gutter - 1);
            paint::put(buf, paint::first(row, viewer.gutter), &format!("{number:>width$}"), look.theme.dim);
        }
        draw_line(buf, paint::after(row, viewer.gutter), line, look);
    }
    if let Some(at) = screen.cursor.filter(|at| *at < area.height) {
        buf.set_style(paint::row(area, at).intersection(buf.area), look.theme.idle);
    }
}

/// Whether there is nothing to see, and nothing to say of it.
fn is_empty(screen: &Screenful) -> bool {
    screen.lines.is_empty()
        && screen.pixels.is_none()
        && screen.at_top
        && screen.at_end
        && screen.warning.is_none()
}

fn draw_line(buf: &mut Buffer, area: Rect, line: &StyledLine, look: Look<'_>) {
    let mut used = 0;
    for piece in &line.pieces {
        if used >= area.width {
            return;
        }
        used += paint::put(buf, paint::after(area, used), &piece.text, style(piece, look));
    }
}

fn style(piece: &crate::model::Piece, look: Look<'_>) -> Style {
    let theme = look.theme;
    let mut style = match piece.ink {
        Ink::Plain => theme.text,
        Ink::Dim => theme.dim,
        Ink::Accent => theme.bar,
        Ink::Error => theme.error,
        Ink::Found => theme.text.add_modifier(Modifier::REVERSED),
        Ink::Rgb(..) if !theme.has_colour() => theme.text,
        Ink::Rgb(red, green, blue) => theme.text.fg(Color::Rgb(red, green, blue)),
    };
    for (on, modifier) in [
        (piece.bold, Modifier::BOLD),
        (piece.italic, Modifier::ITALIC),
        (piece.underlined, Modifier::UNDERLINED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn paragraphs(buf: &mut Buffer, area: Rect, said: &[(Style, String)]) {
    let area = paint::inset(area);
    let lines = said
        .iter()
        .flat_map(|(style, text)| wrap(text, area.width.into()).into_iter().map(|line| (*style, line)));
    for ((style, text), at) in lines.zip(1..area.height) {
        paint::put(buf, paint::row(area, at), &text, style);
    }
}

fn failure(error: &VfsError, look: Look<'_>) -> Vec<(Style, String)> {
    let theme = look.theme;
    let place = words::location(&error.uri, look.state);
    let what = format!("{} Could not {} {place}", theme.glyphs.bad, error.op.verb());
    let blank = || (theme.text, " ".to_owned());
    let mut said = vec![(theme.error, what), (theme.text, capital(&error.reason))];
    if let Some(hint) = &error.hint {
        said.push((theme.text, format!("{}.", capital(hint).trim_end_matches('.'))));
    }
    let keys = [(Action::ViewAnew, "tries again"), (Action::ViewHex, "shows its bytes")];
    let keys = keys.map(|(action, does)| format!("{} {does}", words::key(look.state, action)));
    said.extend([blank(), (theme.dim, keys.join(&format!(" {} ", theme.glyphs.dot)))]);
    said
}

/// The foot: the news, what is typed, or what is known of the view.
fn bottom(buf: &mut Buffer, area: Rect, viewer: &Viewer, has_keys: bool, look: Look<'_>) -> Option<Position> {
    let theme = look.theme;
    let area = paint::inset(area);
    if let Some(typed) = viewer.typing.as_ref().filter(|_| has_keys) {
        return type_line(buf, area, typed, viewer, look);
    }
    if let Some(notice) = look.state.notice.as_ref().filter(|_| look.state.viewer.is_some()) {
        status::news(buf, area, notice, look);
        return None;
    }
    let dot = format!(" {} ", theme.glyphs.dot);
    let pieces = paint::fit(known(viewer, area.width, look), area.width, paint::columns(&dot));
    paint::put_spans(buf, area, &paint::join(pieces, &dot, theme.dim));
    None
}

fn known(viewer: &Viewer, width: u16, look: Look<'_>) -> Vec<Piece<'static>> {
    let theme = look.theme;
    let mut pieces = Vec::new();
    if let Some(bytes) = viewer.searching {
        let key = words::key(look.state, Action::ViewClose);
        let text = format!("{} searching, {} read; Esc or {key} stops", look.spinner(), format::size(bytes));
        pieces.push(Piece::new(9, text, theme.strong));
    }
    let Some(screen) = &viewer.screen else { return pieces };
    if let Some(warning) = &screen.warning {
        let text = format!("! {warning}");
        let text = cut_end(&text, width.into(), theme.glyphs.ellipsis).into_owned();
        pieces.push(Piece::new(8, text, theme.strong));
    }
    if screen.following {
        pieces.push(Piece::new(7, "follows", theme.strong));
    }
    if let Some(line) = screen.lines.iter().find_map(|line| line.number) {
        pieces.push(Piece::new(6, format!("line {}", format::count(line)), theme.text));
    }
    if !screen.about.is_empty() {
        let text = cut_end(&screen.about, width.into(), theme.glyphs.ellipsis).into_owned();
        pieces.push(Piece::new(5, text, theme.text));
    }
    if let Some(offset) = screen.offset {
        pieces.push(Piece::new(3, format!("0x{offset:x}"), theme.dim));
    }
    if screen.held {
        pieces.push(Piece::new(2, "kept", theme.dim));
    }
    pieces
}

fn type_line(
    buf: &mut Buffer,
    area: Rect,
    typed: &Typed,
    viewer: &Viewer,
    look: Look<'_>,
) -> Option<Position> {
    let (label, input) = match typed {
        Typed::Search { input, up: false } => ("search", input),
        Typed::Search { input, up: true } => ("search up", input),
        Typed::GoTo(input) => ("go to", input),
    };
    let hint = match typed {
        Typed::GoTo(_) => "  120  50%  0x1f40".to_owned(),
        Typed::Search { .. } if !viewer.pattern.is_empty() => {
            format!("  nothing: {}", escape(&viewer.pattern))
        }
        Typed::Search { .. } => "  a regular expression".to_owned(),
    };
    let used = paint::put_spans(buf, area, &[Span::styled(format!("{label}: "), look.theme.strong)]);
    let room = paint::after(area, used);
    let fits = paint::columns(&hint) + LEAST_TYPED <= room.width;
    let (hint, style) = match look.state.notice.as_ref().filter(|_| look.state.viewer.is_some()) {
        // What is wrong with what was typed comes before any hint.
        Some(notice) => (beside_typed(notice, room.width, look), look.theme.error),
        None if fits => (hint, look.theme.dim),
        None => (String::new(), look.theme.dim),
    };
    paint::put_last(buf, room, &hint, style);
    let field = paint::first(room, room.width.saturating_sub(paint::columns(&hint)));
    sheet::input(buf, field, &input.0, look.theme.text)
}

/// A complaint as far as it has room beside what is typed.
fn beside_typed(notice: &Notice, room: u16, look: Look<'_>) -> String {
    let text = format!(" {} {}", look.theme.glyphs.bad, escape(&notice.text));
    cut_end(&text, room.saturating_sub(LEAST_TYPED).into(), look.theme.glyphs.ellipsis).into_owned()
}

/// What is known of a row that isn't looked into, without asking anybody.
fn summary(buf: &mut Buffer, places: PaneLayout, quick: &Quick, look: Look<'_>) {
    let theme = look.theme;
    let Some(Beside { dir, entry }) = &quick.of else {
        let text = "The quick view shows what the cursor is on.".to_owned();
        return paragraphs(buf, places.rows, &[(theme.dim, text)]);
    };
    let title = paint::first(places.title, places.title.width.saturating_sub(1));
    let name = words::name(&entry.name, entry.kind);
    let shown = cut_middle(&name, title.width.saturating_sub(2).into(), theme.glyphs.ellipsis);
    paint::put(buf, title, &format!(" {shown} "), theme.text);
    if quick.due.is_some() {
        return;
    }
    let mut said = vec![(theme.strong, kind(entry).to_owned())];
    said.extend(facts(dir, entry, look).into_iter().map(|text| (theme.text, text)));
    said.push((theme.dim, format!("in {}", words::location(dir, look.state))));
    if entry.can_enter() {
        let key = words::key(look.state, Action::Open);
        said.extend([(theme.text, " ".to_owned()), (theme.dim, format!("{key} enters it"))]);
    }
    paragraphs(buf, places.rows, &said);
}

fn kind(entry: &Entry) -> &'static str {
    match entry.kind {
        Kind::Bucket => "Bucket",
        Kind::Dir => "Directory",
        Kind::Symlink => "Link",
        Kind::File => "File",
        Kind::Special => "Neither a file nor a directory",
    }
}

fn facts(dir: &Uri, entry: &Entry, look: Look<'_>) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(link) = &entry.link {
        let target = crate::model::text::escape_bytes(link.target.as_bytes());
        let end = match dir.as_archive() {
            _ if link.leads_to.is_some() => "",
            Some(_) => ": links in archives aren't followed",
            None => ", which leads nowhere",
        };
        facts.push(format!("to {target}{end}"));
    }
    if let Some(at) = entry.modified {
        let word = if entry.kind == Kind::Bucket { "made" } else { "modified" };
        facts.push(format!("{word} {}", format::date_full(at, look.theme.zone)));
    }
    if let Some(mode) = entry.mode {
        facts.push(words::mode(mode));
    }
    facts
}
