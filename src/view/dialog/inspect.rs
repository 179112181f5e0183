//! What the caches hold, a line an entry; below the list all that is known of the entry of the cursor.

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::Action;
use crate::app::dialog::{HeldAt, HeldItem, HeldLife, HeldWhat, Inspector, Layer, WorkKind};
use crate::app::stats::Standing;
use crate::model::text::{Align, cut_end, cut_middle, escape, pad, width};
use crate::view::format::{self, count, size};
use crate::view::{sheet, words};

/// The widest that the list gets.
const WIDEST: u16 = 128;
/// From how many columns on there is room for all columns of the list.
const WIDE: usize = 100;

/// The columns of a request's name, in full and in short.
const REQUEST: usize = 14;
const SHORT: usize = 7;

/// The columns of a directory that stay when it gives way to the name.
const LEAST_DIR: usize = 14;

/// Draws the list and what is known of its current entry.
pub fn held(sheet: &mut Sheet<'_>, inspector: &Inspector) {
    sheet.widen(WIDEST);
    sheet.call("What is held");
    tabs(sheet, inspector);
    about(sheet, inspector);
    foot(sheet, inspector);
    match empty(sheet, inspector) {
        Some(text) => {
            let lines = sheet.say(&text, sheet.look.theme.text);
            sheet.body = lines;
        }
        None => rows(sheet, inspector),
    }
}

/// The caches side by side, the one that is shown in the band.
fn tabs(sheet: &mut Sheet<'_>, inspector: &Inspector) {
    let theme = sheet.look.theme;
    let tab = |layer: Layer| {
        let style = if layer == inspector.layer { theme.accent } else { theme.dim };
        [Span::styled(format!(" {} ", layer.title()), style), Span::raw(" ")]
    };
    sheet.head.push(Line::Spans(Layer::ALL.into_iter().flat_map(tab).collect()));
}

/// How much it is, and of what.
fn about(sheet: &mut Sheet<'_>, inspector: &Inspector) {
    let theme = sheet.look.theme;
    let mut said = match &inspector.page {
        Some(page) => {
            let entries = format::counted(page.total as u64, "entry", "entries");
            format!(" {entries}, {}", size(page.bytes))
        }
        None => " looking".to_owned(),
    };
    if let Some(below) = &inspector.below {
        said = format!("{said}, below {}", words::location(below, sheet.look.state));
    }
    if let Some(WorkKind::VerifyAll(checked)) = inspector.work.as_ref().map(|work| &work.kind) {
        let (entries, total) = (count(checked.entries), count(checked.total));
        let damaged =
            if checked.damaged > 0 { format!(", {} damaged", count(checked.damaged)) } else { String::new() };
        said = format!(" {} {entries} of {total} checked{damaged}", sheet.look.spinner());
    }
    let said = cut_middle(&said, sheet.width.into(), theme.glyphs.ellipsis).into_owned();
    sheet.head.push(Line::Spans(vec![Span::styled(said, theme.text)]));
    sheet.head.push(blank());
}

/// A sentence in place of an empty list.
fn empty(sheet: &Sheet<'_>, inspector: &Inspector) -> Option<String> {
    let page = inspector.page.as_ref().filter(|page| page.total == 0)?;
    let key = |action| words::key(sheet.look.state, action);
    let setting = inspector.layer.setting();
    Some(match (page.standing, inspector.layer) {
        (Standing::SetOff, _) => format!("Nothing is kept here: [cache] or [{setting}] turns it off."),
        (Standing::Broken, _) => {
            format!(
                "Nothing is kept here any more: its disk is full or broken. Free some space, or set dir in [{setting}]."
            )
        }
        _ if inspector.below.is_some() => {
            format!("Nothing is held below there; {} with nothing typed shows all.", key(Action::HeldFilter))
        }
        (_, Layer::Answers) => "No answer is held: what was listed last has had its time.".to_owned(),
        (_, Layer::Objects) => format!(
            "No object is held yet. What is viewed ({}), edited or opened is kept here, so that the second time costs little \
             or nothing.",
            key(Action::View)
        ),
        (_, Layer::Previews) => {
            format!(
                "No preview is held yet. What is viewed ({}) is kept here as it was drawn.",
                key(Action::View)
            )
        }
    })
}

/// The lines that have room, around the cursor: a long list isn't here as a whole.
fn rows(sheet: &mut Sheet<'_>, inspector: &Inspector) {
    let Some(page) = &inspector.page else { return };
    let title = heading(sheet, inspector.layer);
    sheet.head.push(title);
    let room = usize::from(sheet.height).saturating_sub(sheet.head.len() + sheet.foot.len()).max(1);
    let first = sheet::window(page.total, inspector.cursor, room);
    let lines = first..page.total.min(first + room);
    sheet.body = lines.map(|line| row(sheet, inspector, line)).collect();
}

/// Columns behind the location: each text with its width.
type Cells = Vec<(String, usize)>;

fn heading(sheet: &Sheet<'_>, layer: Layer) -> Line {
    let wide = usize::from(sheet.width) >= WIDE;
    let titles: &[(&str, usize, bool)] = match layer {
        Layer::Answers => &[
            ("request", if wide { REQUEST } else { SHORT }, true),
            ("rows", 7, true),
            ("held", 8, true),
            ("asked", 10, true),
            ("left", 7, true),
        ],
        _ => {
            &[("held", 8, true), ("of", 8, false), ("kept", 10, true), ("used", 10, false), ("hits", 6, true)]
        }
    };
    let titles = titles.iter().filter(|(_, _, always)| *always || wide);
    let cells: Cells = titles.map(|(title, width, _)| ((*title).to_owned(), *width)).collect();
    line(sheet, "  location", &cells, sheet.look.theme.dim, false)
}

/// A location of so many columns at the most: its directory gives way first, since the name tells more.
fn cut_place(text: &str, room: usize, ellipsis: &str) -> String {
    let at = text.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1);
    let (dir, name) = text.split_at(at);
    let least = width(dir).min(LEAST_DIR).min(room / 3);
    let name = cut_middle(name, room.saturating_sub(least), ellipsis);
    format!("{}{name}", cut_end(dir, room.saturating_sub(width(&name)), ellipsis))
}

/// A line of the table: the location takes what the columns leave.
fn line(sheet: &Sheet<'_>, first: &str, cells: &Cells, style: Style, chosen: bool) -> Line {
    let taken: usize = cells.iter().map(|(_, width)| width + 1).sum();
    let room = usize::from(sheet.width).saturating_sub(taken).max(1);
    let ellipsis = sheet.look.theme.glyphs.ellipsis;
    let mut text = pad(&cut_place(first, room, ellipsis), room, Align::Left).into_owned();
    for (cell, width) in cells {
        text.push(' ');
        text.push_str(&pad(&cut_end(cell, *width, ellipsis), *width, Align::Right));
    }
    let spans = vec![Span::styled(text, style)];
    if chosen { Line::Chosen(spans) } else { Line::Spans(spans) }
}

fn row(sheet: &Sheet<'_>, inspector: &Inspector, at: usize) -> Line {
    let (theme, chosen) = (sheet.look.theme, at == inspector.cursor);
    let Some(item) = inspector.item(at) else {
        return line(sheet, &format!("  {}", theme.glyphs.ellipsis), &Cells::new(), theme.dim, chosen);
    };
    let mark = if is_pinned(item) { theme.glyphs.mark } else { " " };
    line(sheet, &format!("{mark} {}", place(sheet, item)), &cells(sheet, item), theme.text, chosen)
}

fn is_pinned(item: &HeldItem) -> bool {
    matches!(item.what, HeldWhat::File { pinned: true, .. })
}

fn place(sheet: &Sheet<'_>, item: &HeldItem) -> String {
    let at = match &item.at {
        HeldAt::Uri(uri) => words::location(uri, sheet.look.state),
        HeldAt::Typed(text) if text.is_empty() => "(made of something unknown)".to_owned(),
        HeldAt::Typed(text) => at_home(sheet, text),
    };
    match &item.version {
        Some(version) => format!("{at} (version {})", escape(version)),
        None => at,
    }
}

/// A typed location, the home directory as `~`.
fn at_home(sheet: &Sheet<'_>, text: &str) -> String {
    let home = sheet.look.state.context.home.as_ref().and_then(|home| home.to_str());
    let below = home.and_then(|home| text.strip_prefix(home)).filter(|rest| rest.starts_with('/'));
    below.map_or_else(|| escape(text).into_owned(), |rest| format!("~{}", escape(rest)))
}

/// The request's own name where there is room, else its first word; with its width.
fn request(operation: &str, wide: bool) -> (String, usize) {
    if wide {
        return (operation.to_owned(), REQUEST);
    }
    let end = operation.find(|c: char| c.is_ascii_uppercase()).map_or(0, |first| {
        operation[first + 1..]
            .find(|c: char| c.is_ascii_uppercase())
            .map_or(operation.len(), |at| first + 1 + at)
    });
    (operation[..end].to_ascii_uppercase(), SHORT)
}

fn cells(sheet: &Sheet<'_>, item: &HeldItem) -> Cells {
    let (now, none) = (sheet.look.state.now.0, sheet.look.theme.glyphs.none);
    let age = |at: crate::model::Timestamp| format::age(now - at.0).into_owned();
    let wide = usize::from(sheet.width) >= WIDE;
    match &item.what {
        HeldWhat::Answer { operation, rows, negative, life } => {
            let rows = match rows {
                _ if *negative => "none".to_owned(),
                Some(rows) => count(*rows),
                None => none.to_owned(),
            };
            let left = match life {
                HeldLife::Until(until) => {
                    format::rough(u64::try_from((until.0 - now) / 1000).unwrap_or_default())
                }
                HeldLife::Stale => "stale".to_owned(),
                HeldLife::Over => "over".to_owned(),
            };
            let (request, width) = request(operation, wide);
            vec![(request, width), (rows, 7), (size(item.bytes), 8), (age(item.since), 10), (left, 7)]
        }
        HeldWhat::File { size: whole, used, hits, .. } => {
            let mut cells = vec![(size(item.bytes), 8), (size(*whole), 8), (age(item.since), 10)];
            cells.extend([(age(*used), 10), (count(*hits), 6)]);
            let keep = [true, wide, true, wide, true];
            cells.into_iter().zip(keep).filter_map(|(cell, keep)| keep.then_some(cell)).collect()
        }
    }
}

/// What is known of the entry of the cursor, and the keys.
fn foot(sheet: &mut Sheet<'_>, inspector: &Inspector) {
    let theme = sheet.look.theme;
    if let Some(item) = inspector.current() {
        sheet.foot.push(blank());
        let room = usize::from(sheet.width);
        let told = [place(sheet, item), facts(sheet, item), validity(sheet, inspector.layer, item)];
        for (at, text) in told.into_iter().enumerate() {
            let text = cut_middle(&text, room, theme.glyphs.ellipsis).into_owned();
            let style = if at == 0 { theme.strong } else { theme.text };
            sheet.foot.push(Line::Spans(vec![Span::styled(text, style)]));
        }
    }
    sheet.foot.push(blank());
    if inspector.work.as_ref().is_some_and(|work| matches!(work.kind, WorkKind::VerifyAll(_))) {
        return sheet.hint(&["Esc stops it"]);
    }
    let pin = if inspector.current().is_some_and(is_pinned) { "unpins" } else { "pins" };
    let one = [(Action::HeldDrop, "forgets"), (Action::HeldPin, pin), (Action::HeldVerify, "checks")];
    let all = [(Action::HeldDropBelow, "forgets below"), (Action::HeldVerifyAll, "checks all")];
    let acts = hints(sheet, &[&one[..], &all].concat());
    if !acts.is_empty() {
        sheet.hint(&acts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let around =
        [(Action::HeldNext, "next"), (Action::HeldFilter, "filters"), (Action::HeldGo, "goes there")];
    let around = hints(sheet, &around);
    let position = position(inspector);
    let around = position.iter().chain(&around).map(String::as_str).chain(["Esc leaves"]);
    sheet.hint(&around.collect::<Vec<_>>());
}

/// Where the cursor is.
fn position(inspector: &Inspector) -> Option<String> {
    let total = inspector.total();
    (total > 0).then(|| format!("{} of {}", count(inspector.cursor as u64 + 1), count(total as u64)))
}

/// The keys that can do something now.
fn hints(sheet: &Sheet<'_>, actions: &[(Action, &str)]) -> Vec<String> {
    let state = sheet.look.state;
    let applying = actions.iter().filter(|(action, _)| action.applies(state));
    applying.map(|(action, help)| format!("{} {help}", words::key(state, *action))).collect()
}

/// `65.5 kB of 128.4 MB held, kept 2 h ago, used 3 min ago, 12 hits, pinned`.
fn facts(sheet: &Sheet<'_>, item: &HeldItem) -> String {
    let (now, zone) = (sheet.look.state.now.0, sheet.look.theme.zone);
    let age = |at: crate::model::Timestamp| format::age(now - at.0).into_owned();
    match &item.what {
        HeldWhat::Answer { rows, negative, .. } => {
            let rows = match rows {
                Some(rows) if !*negative => format!(", {}", format::counted(*rows, "row", "rows")),
                _ if *negative => ", which says that nothing is there".to_owned(),
                _ => String::new(),
            };
            format!(
                "asked {}, {}{rows}, {} in memory",
                age(item.since),
                format::date_full(item.since, zone),
                size(item.bytes)
            )
        }
        HeldWhat::File { size: all, whole, used, hits, pinned, .. } => {
            let held = if *whole {
                format!("all of {} held", size(*all))
            } else {
                format!("a part of {} held", size(*all))
            };
            let pinned = if *pinned { ", pinned" } else { "" };
            let hits = format::counted(*hits, "hit", "hits");
            format!("{held}, {} on disk, used {}, {hits}{pinned}", size(item.bytes), age(*used))
        }
    }
}

/// By what it is right, and for how long.
fn validity(sheet: &Sheet<'_>, layer: Layer, item: &HeldItem) -> String {
    let now = sheet.look.state.now.0;
    match &item.what {
        HeldWhat::Answer { life, operation, .. } => {
            let life = match life {
                HeldLife::Until(until) => {
                    let left = u64::try_from((until.0 - now) / 1000).unwrap_or_default();
                    format!("answers for {} more", format::rough(left))
                }
                HeldLife::Stale => "stale: shown only until it was read again".to_owned(),
                HeldLife::Over => "its time is over".to_owned(),
            };
            format!("{}, {life}", escape(operation))
        }
        HeldWhat::File { tag, .. } if layer == Layer::Previews => {
            let what = match tag.as_str() {
                "screen" => "the first screen",
                "document" => "the whole document",
                _ => "a preview",
            };
            format!("{what}, as it was drawn {}", format::age(now - item.since.0))
        }
        HeldWhat::File { validated, tag, .. } => {
            let asked = format::age(now - validated.0);
            format!("tag {}, known to be right {asked}", escape(tag))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_location_keeps_its_name() {
        let cut = |text, room| cut_place(text, room, "~");
        assert_eq!(cut("s3://b/dir/name.txt", 30), "s3://b/dir/name.txt");
        assert_eq!(
            cut("s3://lake/events/dt=2026-11-20/part-00001.parquet", 32),
            "s3://lake/eve~part-00001.parquet"
        );
        assert_eq!(cut("s3://lake/events/dir/", 16), "s3://lake/e~dir/");
        assert_eq!((cut("name", 2), cut("", 5)), ("~e".to_owned(), String::new()));
    }

    #[test]
    fn a_request_has_a_short_name() {
        let short = |name| request(name, false).0;
        assert_eq!(
            [short("ListObjectsV2"), short("HeadObject"), short("x"), short("")],
            ["LIST", "HEAD", "", ""]
        );
        assert_eq!(request("ListBuckets", true), ("ListBuckets".to_owned(), REQUEST));
    }
}
