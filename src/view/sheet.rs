//! The sheet that a dialog is written on: where it lies, its edge, its lists and its buttons.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;
use tui_input::Input;

use super::paint;
use super::theme::Theme;
use crate::app::dialog::Buttons;
use crate::model::text::{escape, head, width};

/// Where a sheet of `width` × `height` (its edge included) lies: in the middle, and off the line
/// `avoid` where there is room above or below it.
pub fn place(screen: Rect, width: u16, height: u16, avoid: Option<u16>) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let x = screen.x + (screen.width - width) / 2;
    let middle = screen.y + (screen.height - height) / 2;
    let y = match avoid {
        Some(line) if (middle..middle + height).contains(&line) => {
            beside(screen, height, line).unwrap_or(middle)
        }
        _ => middle,
    };
    Rect { x, y, width, height }
}

/// The line that a sheet begins at to lie just below `line`, or above it.
fn beside(screen: Rect, height: u16, line: u16) -> Option<u16> {
    let below = line + 1;
    if below + height <= screen.bottom() {
        return Some(below);
    }
    line.checked_sub(height).filter(|y| *y >= screen.y)
}

/// Clears `area`, draws the edge with the title in it, and gives the room inside. A sheet too small
/// for an edge has none.
pub fn open(buf: &mut Buffer, area: Rect, title: &str, theme: &Theme) -> Rect {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    if area.width < 8 || area.height < 3 {
        return area;
    }
    edge(buf, area, theme);
    let title = format!(" {title} ");
    let room = paint::first(paint::after(area, 2), area.width.saturating_sub(4));
    let title = crate::model::text::cut_end(&title, room.width.into(), theme.glyphs.ellipsis);
    paint::put(buf, room, &title, theme.strong);
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

fn edge(buf: &mut Buffer, area: Rect, theme: &Theme) {
    let glyphs = &theme.glyphs;
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    for (y, begin, end) in [(0, top_left, top_right), (area.height - 1, bottom_left, bottom_right)] {
        let line = format!("{begin}{}{end}", glyphs.rule.repeat(usize::from(area.width) - 2));
        paint::put(buf, paint::row(area, y), &line, theme.bar);
    }
    for y in 1..area.height - 1 {
        let line = paint::row(area, y);
        paint::put(buf, line, glyphs.wall, theme.bar);
        paint::put(buf, paint::last(line, 1), glyphs.wall, theme.bar);
    }
}

/// The first of `len` lines to show in `height` lines so that `chosen` is among them, in the middle
/// where it can be.
pub fn window(len: usize, chosen: usize, height: usize) -> usize {
    chosen.saturating_sub(height / 2).min(len.saturating_sub(height))
}

/// What is above and below the lines shown, at the right of the first and the last line.
pub fn more(buf: &mut Buffer, area: Rect, from: usize, len: usize, theme: &Theme) {
    let height = usize::from(area.height);
    if from > 0 {
        paint::put_last(buf, paint::row(area, 0), theme.glyphs.up, theme.dim);
    }
    if len > from + height {
        paint::put_last(buf, paint::row(area, area.height.saturating_sub(1)), theme.glyphs.down, theme.dim);
    }
}

/// Buttons in one line: the one with the focus in the accent and in brackets, the letter of each underlined.
pub fn buttons(buttons: &Buttons, theme: &Theme) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for (at, button) in buttons.all.iter().enumerate() {
        let focus = at == buttons.focus;
        let style = if focus { theme.accent.add_modifier(Modifier::BOLD) } else { theme.text };
        let [begin, end] = if focus { ["[", "]"] } else { [" ", " "] };
        let (before, letter, after) = around_letter(button.label, button.letter);
        spans.push(Span::styled(format!("{begin}{before}"), style));
        spans.push(Span::styled(letter, style.add_modifier(Modifier::UNDERLINED)));
        spans.push(Span::styled(format!("{after}{end} "), style));
        if let Some(last) = spans.last_mut().filter(|_| focus) {
            *last = Span::styled(format!("{after}{end}"), style);
            spans.push(Span::raw(" "));
        }
    }
    spans
}

/// A label in three pieces: before the letter that chooses it, the letter, after it.
fn around_letter(label: &'static str, letter: char) -> (&'static str, &'static str, &'static str) {
    let found = label.char_indices().find(|(_, c)| c.eq_ignore_ascii_case(&letter));
    let (at, len) = found.map_or((0, 0), |(at, c)| (at, c.len_utf8()));
    (&label[..at], &label[at..at + len], &label[at + len..])
}

/// A line that is typed into, with the terminal's cursor.
pub fn input(buf: &mut Buffer, area: Rect, input: &Input, style: Style) -> Option<Position> {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return None;
    }
    let before: String = input.value().chars().take(input.cursor()).collect();
    let x = field(buf, area, &escape(input.value()), width(&escape(&before)), style);
    Some(Position::new(x, area.y))
}

/// The piece of `text` around column `cursor` that fits, which gives the column of the screen that the
/// cursor is on.
fn field(buf: &mut Buffer, area: Rect, text: &str, cursor: usize, style: Style) -> u16 {
    let room = usize::from(area.width);
    let skipped = skip(text, (cursor + 1).saturating_sub(room));
    paint::put(buf, area, &" ".repeat(room), style);
    paint::put(buf, area, &text[skipped.len()..], style);
    let column = cursor.saturating_sub(width(skipped)).min(room.saturating_sub(1));
    area.x + u16::try_from(column).unwrap_or_default()
}

/// The shortest beginning of at least `columns` columns.
fn skip(text: &str, columns: usize) -> &str {
    let short = head(text, columns);
    if width(short) == columns { short } else { head(text, columns + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Rect = Rect::new(0, 0, 80, 24);

    #[test]
    fn lies_off_the_line_that_it_is_about() {
        for line in 0..24 {
            let lies = place(SCREEN, 60, 8, Some(line));
            assert!(!(lies.top()..lies.bottom()).contains(&line), "{line} {lies}");
            assert_eq!(SCREEN.intersection(lies), lies);
        }
        assert_eq!(place(SCREEN, 200, 30, Some(3)), SCREEN);
        assert_eq!(place(SCREEN, 60, 8, None), Rect::new(10, 8, 60, 8));
    }

    #[test]
    fn the_window_shows_what_is_chosen() {
        assert_eq!([window(10, 0, 4), window(10, 5, 4), window(10, 9, 4), window(3, 2, 4)], [0, 3, 6, 0]);
    }

    #[test]
    fn a_long_field_shows_its_cursor() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        let area = buf.area;
        let typed = Input::from("ab\u{202e}cdefgh");
        let at = input(&mut buf, area, &typed, Style::new());
        assert_eq!((at, buf), (Some(Position::new(5, 0)), Buffer::with_lines(["defgh "])));
        assert_eq!(around_letter("For all", 'a'), ("For ", "a", "ll"));
    }
}
