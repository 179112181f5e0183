//! Requests and the cache in full.

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::stats::{ConnectionStats, OpStats};
use crate::app::{Action, Stats};
use crate::model::text::{Align, cut_end, escape, pad};
use crate::view::format::{count, size};
use crate::view::{format, words};

/// Draws the statistics from line `top` on.
pub fn numbers(sheet: &mut Sheet<'_>, top: usize) {
    let state = sheet.look.state;
    sheet.call("Requests and the cache");
    sheet.body = [
        cache(sheet, &state.stats),
        operations(sheet, &state.stats.operations),
        connections(sheet, &state.stats.connections),
    ]
    .concat();
    sheet.top = top;
    sheet.foot.push(blank());
    let key = words::key(state, Action::ClearCache);
    sheet.hint(&[&format!("{key} empties the cache"), "Esc leaves", "counted from the start of the program"]);
}

fn line(text: impl Into<String>, style: Style) -> Line {
    Line::Spans(vec![Span::styled(text.into(), style)])
}

fn cache(sheet: &Sheet<'_>, stats: &Stats) -> Vec<Line> {
    let theme = sheet.look.theme;
    if !stats.enabled {
        return vec![line("The cache is off: every screen asks the service.", theme.text)];
    }
    let rate = match stats.hit_rate() {
        Some(_) => format!("{} %", format::percent(stats.hits, stats.hits + stats.misses)),
        None => theme.glyphs.none.to_owned(),
    };
    let held = format!(
        "{} of {} entries, {} of {}",
        count(stats.entries),
        count(stats.max_entries),
        size(stats.bytes),
        size(stats.max_bytes)
    );
    let labels = usize::from(sheet.width).saturating_sub(14).min(28);
    let rows = [
        ("answered from the cache", rate),
        ("hits", count(stats.hits)),
        ("misses", count(stats.misses)),
        ("joined a request on its way", count(stats.shared)),
        ("requests saved", count(stats.saved)),
        ("held", held),
        ("grew too old", count(stats.expired)),
        ("made room", count(stats.evicted)),
        ("dropped by writes", count(stats.invalidated)),
    ];
    rows.into_iter()
        .map(|(label, value)| {
            line(
                format!(
                    "{}  {value}",
                    pad(&cut_end(label, labels, theme.glyphs.ellipsis), labels, Align::Left)
                ),
                theme.text,
            )
        })
        .collect()
}

fn operations(sheet: &Sheet<'_>, operations: &[OpStats]) -> Vec<Line> {
    let theme = sheet.look.theme;
    if operations.is_empty() {
        return Vec::new();
    }
    let names = usize::from(sheet.width).saturating_sub(40).clamp(12, 24);
    let row = |cells: [&str; 5]| {
        let [name, rest @ ..] = cells;
        let rest = rest.map(|cell| pad(cell, 10, Align::Right).into_owned()).concat();
        format!("{}{rest}", pad(&cut_end(name, names, theme.glyphs.ellipsis), names, Align::Left))
    };
    let heading = line(row(["operation", "requests", "hits", "misses", "saved"]), theme.strong);
    let rows = operations.iter().map(|operation| {
        let [requests, hits, misses, saved] =
            [operation.requests, operation.hits, operation.misses, operation.saved].map(count);
        line(row([&escape(&operation.name), &requests, &hits, &misses, &saved]), theme.text)
    });
    [blank(), heading].into_iter().chain(rows).collect()
}

fn connections(sheet: &Sheet<'_>, connections: &[ConnectionStats]) -> Vec<Line> {
    let theme = sheet.look.theme;
    let mut lines = Vec::new();
    for connection in connections {
        let place = escape(&connection.place);
        lines.push(blank());
        lines.push(line(format!("{}://  {place}", escape(&connection.name)), theme.strong));
        let requests =
            connection.requests.iter().map(|(name, number)| format!("{} {}", escape(name), count(*number)));
        lines.extend(sheet.say(&requests.collect::<Vec<_>>().join("   "), theme.text));
    }
    lines
}
