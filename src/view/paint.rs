//! Strokes of the brush: text into a buffer, never past its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

use super::theme::Glyphs;
use crate::model::text;

/// One line of `area`, empty where there is no such line.
pub fn row(area: Rect, at: u16) -> Rect {
    let height = u16::from(at < area.height);
    Rect { y: area.y.saturating_add(at).min(area.bottom()), height, ..area }
}

/// `area` without its first `columns`.
pub fn after(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect { x: area.x + columns, width: area.width - columns, ..area }
}

/// The first `columns` of `area`.
pub fn first(area: Rect, columns: u16) -> Rect {
    Rect { width: columns.min(area.width), ..area }
}

/// The last `columns` of `area`.
pub fn last(area: Rect, columns: u16) -> Rect {
    after(area, area.width.saturating_sub(columns))
}

/// `area` without a column at either side.
pub fn inset(area: Rect) -> Rect {
    let area = after(area, 1);
    first(area, area.width.saturating_sub(1))
}

/// Puts text at the beginning of `area`'s first line and gives the columns it took.
pub fn put(buf: &mut Buffer, area: Rect, text: &str, style: Style) -> u16 {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return 0;
    }
    let (end, _) = buf.set_stringn(area.x, area.y, text, area.width.into(), style);
    end - area.x
}

/// Puts text at the end of `area`'s first line, if all of it fits.
pub fn put_last(buf: &mut Buffer, area: Rect, text: &str, style: Style) {
    let columns = columns(text);
    if columns <= area.width {
        put(buf, last(area, columns), text, style);
    }
}

/// Puts spans one after the other and gives the columns they took.
pub fn put_spans(buf: &mut Buffer, area: Rect, spans: &[Span<'_>]) -> u16 {
    spans.iter().fold(0, |used, span| used + put(buf, after(area, used), &span.content, span.style))
}

/// Fills `area`'s first line with a sign.
pub fn rule(buf: &mut Buffer, area: Rect, sign: &str, style: Style) {
    put(buf, area, &sign.repeat(area.width.into()), style);
}

/// The columns that a text takes.
pub fn columns(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}

/// The columns that spans take together.
pub fn columns_of(spans: &[Span<'_>]) -> u16 {
    spans.iter().fold(0, |sum, span| sum.saturating_add(columns(&span.content)))
}

/// A bar of `width` columns, `part` of `whole` full, as its full and its empty piece.
pub fn bar(glyphs: &Glyphs, width: u16, part: u64, whole: u64) -> (String, String) {
    let halves = u128::from(width) * 2 * u128::from(part.min(whole)) / u128::from(whole.max(1));
    let halves = usize::try_from(halves).unwrap_or_default();
    let (full, half) = (halves / 2, halves % 2);
    let head = if half == 1 { glyphs.bar_head } else { "" };
    let empty = glyphs.bar_empty.repeat(usize::from(width) - full - half);
    (format!("{}{head}", glyphs.bar_full.repeat(full)), empty)
}

/// A piece of a line that may give way to others.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// What it says.
    pub spans: Vec<Span<'a>>,
    /// How much it matters: the lowest goes first.
    pub weight: u8,
}

impl<'a> Piece<'a> {
    /// A piece of one style.
    pub fn new(weight: u8, text: impl Into<std::borrow::Cow<'a, str>>, style: Style) -> Self {
        Self { spans: vec![Span::styled(text, style)], weight }
    }
}

/// The pieces that fit into `width` with `gap` columns between them, in their order: the lightest give
/// way first.
pub fn fit(mut pieces: Vec<Piece<'_>>, width: u16, gap: u16) -> Vec<Piece<'_>> {
    let taken = |pieces: &[Piece<'_>]| {
        let text: u16 = pieces.iter().fold(0, |sum, piece| sum.saturating_add(columns_of(&piece.spans)));
        text.saturating_add(
            gap.saturating_mul(u16::try_from(pieces.len().saturating_sub(1)).unwrap_or(u16::MAX)),
        )
    };
    while !pieces.is_empty() && taken(&pieces) > width {
        let lightest = pieces.iter().enumerate().min_by_key(|(at, piece)| (piece.weight, usize::MAX - at));
        if let Some((at, _)) = lightest {
            pieces.remove(at);
        }
    }
    pieces
}

/// Joins pieces to spans, with `between` between them.
pub fn join<'a>(pieces: Vec<Piece<'a>>, between: &str, style: Style) -> Vec<Span<'a>> {
    let mut spans: Vec<Span<'a>> = Vec::new();
    for piece in pieces {
        if !spans.is_empty() {
            spans.push(Span::styled(between.to_owned(), style));
        }
        spans.extend(piece.spans);
    }
    spans
}

/// Replaces colours of 24 bits by the nearest of the 256 that every terminal with colours knows.
pub fn to_256(buf: &mut Buffer) {
    for cell in &mut buf.content {
        (cell.fg, cell.bg) = (nearest(cell.fg), nearest(cell.bg));
    }
}

/// The nearest colour of the cube or of the greys.
fn nearest(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    let step = |part: u8| if part < 48 { 0 } else { (u16::from(part).saturating_sub(35) / 40) as u8 };
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let cube = [red, green, blue].map(step);
    let grey = ((u16::from(red) + u16::from(green) + u16::from(blue)) / 3).clamp(8, 238) as u8;
    let grey_step = (grey - 8) / 10;
    let far = |r: u8, g: u8, b: u8| {
        [(red, r), (green, g), (blue, b)].iter().map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>()
    };
    let shade = 8 + 10 * grey_step;
    if far(shade, shade, shade) < far(level(cube[0]), level(cube[1]), level(cube[2])) {
        return Color::Indexed(232 + grey_step);
    }
    Color::Indexed(16 + 36 * cube[0] + 6 * cube[1] + cube[2])
}

/// Replaces what an ASCII terminal can't show. In an 8-bit locale a byte of UTF-8 may even be obeyed.
pub fn to_ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if !cell.symbol().is_ascii() {
            let stand_in = stand_in(cell.symbol());
            cell.set_symbol(stand_in);
        }
    }
}

fn stand_in(symbol: &str) -> &'static str {
    match symbol {
        "‹" => "<",
        "›" => ">",
        "–" | "·" | "−" => "-",
        "×" => "x",
        picture if ("␀".."␢").contains(&picture) => "^",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::super::theme::{ASCII, UNICODE};
    use super::*;

    #[test]
    fn bars_fill_from_nothing_to_all() {
        assert_eq!(bar(&UNICODE, 4, 0, 10), (String::new(), "────".into()));
        assert_eq!(bar(&UNICODE, 4, 5, 8), ("━━╸".into(), "─".into()));
        assert_eq!(bar(&ASCII, 4, 10, 10), ("====".into(), String::new()));
        assert_eq!(bar(&ASCII, 4, 3, 0), (String::new(), "----".into()));
        assert_eq!(bar(&UNICODE, 3, u64::MAX, u64::MAX).0, "━━━");
    }

    #[test]
    fn the_lightest_pieces_give_way() {
        let pieces = vec![
            Piece::new(1, "light", Style::new()),
            Piece::new(9, "heavy", Style::new()),
            Piece::new(5, "middle", Style::new()),
        ];
        let left = |width| {
            let kept = fit(pieces.clone(), width, 2);
            kept.iter().map(|piece| piece.spans[0].content.to_string()).collect::<Vec<_>>().join(",")
        };
        assert_eq!(
            [left(20), left(19), left(12), left(4)],
            ["light,heavy,middle", "heavy,middle", "heavy", ""]
        );
    }

    #[test]
    fn colours_of_24_bits_have_their_nearest() {
        for (rgb, index) in [
            ((0, 0, 0), 16),
            ((255, 255, 255), 231),
            ((255, 0, 0), 196),
            ((95, 135, 175), 67),
            ((128, 128, 128), 244),
        ] {
            assert_eq!(nearest(Color::Rgb(rgb.0, rgb.1, rgb.2)), Color::Indexed(index), "{rgb:?}");
        }
        assert_eq!(nearest(Color::Cyan), Color::Cyan);
    }

    #[test]
    fn nothing_is_put_outside() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        put(&mut buf, Rect::new(3, 0, 9, 1), "long", Style::new());
        put(&mut buf, Rect::new(0, 5, 9, 1), "below", Style::new());
        put_last(&mut buf, Rect::new(0, 0, 2, 1), "wide", Style::new());
        assert_eq!(buf, Buffer::with_lines(["   l"]));
    }

    #[test]
    fn an_ascii_screen_holds_nothing_else() {
        let mut buf = Buffer::with_lines(["a日·␛‹é"]);
        to_ascii(&mut buf);
        assert!(buf.content.iter().all(|cell| cell.symbol().is_ascii()));
        assert_eq!(buf, Buffer::with_lines(["a? -^<?"]));
    }
}
