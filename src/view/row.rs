//! One row of a listing, and the columns that it has.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::format::{self, DATE_WIDTH, SIZE_SHORT_WIDTH, SIZE_WIDTH};
use super::theme::Theme;
use super::{paint, words};
use crate::app::Row;
use crate::model::text::{cut_end, cut_middle};
use crate::model::{Entry, Kind, StorageClass, Timestamp, Uri};

/// The columns before a name: a sign and a space.
const SIGN: u16 = 2;
/// The free columns between two columns.
const GAP: u16 = 2;
/// The width of the storage class.
const CLASS_WIDTH: u16 = 12;

/// What a directory holds, which decides what columns make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Files of a local disk.
    Files,
    /// Objects, which have storage classes.
    Objects,
    /// Buckets, which have no size.
    Buckets,
}

impl Holds {
    /// What the directory at a location holds.
    pub fn of(uri: &Uri) -> Self {
        match uri {
            Uri::Local(_) | Uri::Archive(_) => Self::Files,
            Uri::S3(s3) if s3.bucket.is_some() => Self::Objects,
            Uri::S3(_) => Self::Buckets,
        }
    }
}

/// The widths of a pane's columns; 0 for those that gave way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The name.
    pub name: u16,
    /// The size.
    pub size: u16,
    /// The time of modification.
    pub date: u16,
    /// The storage class.
    pub class: u16,
}

impl Columns {
    /// The columns of a pane of this width. As it shrinks the class gives way, then the date, then the
    /// size's fraction, then the size.
    pub fn of(width: u16, holds: Holds) -> Self {
        let size = match width {
            _ if holds == Holds::Buckets => 0,
            32.. => SIZE_WIDTH as u16,
            20.. => SIZE_SHORT_WIDTH as u16,
            _ => 0,
        };
        let date =
            if width >= 46 || (holds == Holds::Buckets && width >= 32) { DATE_WIDTH as u16 } else { 0 };
        let class = if holds == Holds::Objects && width >= 72 { CLASS_WIDTH } else { 0 };
        let taken: u16 =
            [size, date, class].iter().filter(|column| **column > 0).map(|column| column + GAP).sum();
        Self { name: width.saturating_sub(SIGN + taken + 1), size, date, class }
    }
}

/// What a row needs to know beside itself.
#[derive(Clone, Copy, Debug)]
pub struct RowLook<'a> {
    /// The columns.
    pub columns: Columns,
    /// The theme.
    pub theme: &'a Theme,
    /// The time now.
    pub now: Timestamp,
}

/// Draws a row. `band` is the cursor's style where the cursor is on it.
pub fn draw(buf: &mut Buffer, line: Rect, row: Row<'_>, band: Option<Style>, look: RowLook<'_>) {
    let glyphs = &look.theme.glyphs;
    let marked = matches!(row, Row::Entry { marked: true, .. });
    let sign = match (marked, band.is_some()) {
        (true, true) => glyphs.both,
        (true, false) => glyphs.mark,
        (false, true) => glyphs.cursor,
        (false, false) => " ",
    };
    let style = style(row, band.is_some(), look.theme);
    paint::put(buf, line, sign, style);
    match row {
        Row::Up => {
            paint::put(buf, paint::after(line, SIGN), "..", style);
        }
        Row::Entry { entry, .. } => draw_entry(buf, paint::after(line, SIGN), entry, style, look),
    }
    if let Some(band) = band {
        buf.set_style(line.intersection(buf.area), band);
    }
}

/// Within the band all is of one colour.
fn style(row: Row<'_>, in_band: bool, theme: &Theme) -> Style {
    match row {
        Row::Entry { marked: true, .. } if !in_band => theme.mark,
        Row::Entry { entry, .. } if entry.can_enter() => theme.strong,
        _ => theme.text,
    }
}

fn draw_entry(buf: &mut Buffer, area: Rect, entry: &Entry, style: Style, look: RowLook<'_>) {
    let Columns { name, size, date, class } = look.columns;
    let glyphs = &look.theme.glyphs;
    let text = words::row_name(entry, glyphs.link);
    paint::put(buf, paint::first(area, name), &cut_middle(&text, name.into(), glyphs.ellipsis), style);
    let mut rest = paint::after(area, name);
    // What can be entered stands out by its name, a marked row as a whole.
    let style = if style == look.theme.strong { look.theme.text } else { style };
    for (width, text, right) in [
        (size, size_text(entry, size, glyphs.none), true),
        (date, date_text(entry, look), false),
        (class, class_text(entry, glyphs.ellipsis), false),
    ] {
        if width > 0 {
            let cell = paint::first(paint::after(rest, GAP), width);
            rest = paint::after(rest, GAP + width);
            let at = if right { paint::last(cell, paint::columns(&text)) } else { cell };
            paint::put(buf, at, &text, style);
        }
    }
}

/// Blank where a size has no meaning, and a dash where it isn't known.
fn size_text(entry: &Entry, width: u16, none: &str) -> String {
    match (entry.kind, entry.size) {
        (Kind::Bucket, _) => String::new(),
        (Kind::File | Kind::Symlink, Some(size)) if usize::from(width) >= SIZE_WIDTH => format::size(size),
        (Kind::File | Kind::Symlink, Some(size)) => format::size_short(size),
        _ => none.to_owned(),
    }
}

fn date_text(entry: &Entry, look: RowLook<'_>) -> String {
    entry.modified.map(|at| format::date(at, look.now, look.theme.zone)).unwrap_or_default()
}

fn class_text(entry: &Entry, ellipsis: &str) -> String {
    let shown = entry.class.as_ref().filter(|class| !class.is_standard());
    shown.map(|class| class_name(class, ellipsis)).unwrap_or_default()
}

/// A storage class in the width of its column.
pub fn class_name(class: &StorageClass, ellipsis: &str) -> String {
    match class.as_str() {
        "INTELLIGENT_TIERING" => "INT_TIERING".to_owned(),
        "REDUCED_REDUNDANCY" => "REDUCED".to_owned(),
        name => cut_end(&crate::model::text::escape(name), CLASS_WIDTH.into(), ellipsis).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_give_way_in_their_order() {
        let kept = |width| {
            let it = Columns::of(width, Holds::Objects);
            (it.size, it.date > 0, it.class > 0)
        };
        assert_eq!(kept(79), (8, true, true));
        assert_eq!(kept(59), (8, true, false));
        assert_eq!(kept(39), (8, false, false));
        assert_eq!(kept(30), (6, false, false));
        assert_eq!(kept(10), (0, false, false));
        assert_eq!((Columns::of(39, Holds::Buckets).size, Columns::of(39, Holds::Buckets).date), (0, 12));
    }

    #[test]
    fn columns_fill_the_row_and_leave_room_for_names() {
        for width in 4..200 {
            let it = Columns::of(width, Holds::Objects);
            let others =
                [it.size, it.date, it.class].into_iter().filter(|column| *column > 0).map(|c| c + GAP);
            assert_eq!(SIGN + it.name + others.sum::<u16>() + 1, width);
            assert!(it.name >= (width - 3).min(9), "{width}: {it:?}");
        }
    }
}
