//! Requests and the cache in full.

mod layers;

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::advice::advice;
use crate::app::history::{SAMPLES, STEP, Sample};
use crate::app::stats::{ConnectionStats, OpStats};
use crate::app::{Action, Stats};
use crate::model::text::{Align, cut_end, escape, pad};
use crate::view::format::{count, size};
use crate::view::{format, words};

/// Draws the statistics from line `top` on.
pub fn numbers(sheet: &mut Sheet<'_>, top: usize) {
    let state = sheet.look.state;
    sheet.call("Requests and the caches");
    sheet.body = [
        cache(sheet, &state.stats),
        over_time(sheet),
        layers::advised(sheet, &advice(&state.stats)),
        layers::blocks(sheet, &state.stats.layers),
        layers::links(sheet, state.stats.links),
        layers::ahead(sheet, state),
        operations(sheet, &state.stats.operations),
        connections(sheet, &state.stats.connections),
    ]
    .concat();
    sheet.top = top;
    sheet.foot.push(blank());
    let key = |action| words::key(state, action);
    let (held, clear) = (key(Action::StatsInspect), key(Action::ClearCache));
    sheet.hint(&[
        &format!("{held} shows what is held"),
        &format!("{clear} empties the memory"),
        "Esc leaves",
    ]);
}

/// A heading, and since when what stands below it counts.
fn heading(sheet: &Sheet<'_>, title: &str, since: &str) -> Line {
    let theme = sheet.look.theme;
    Line::Spans(vec![
        Span::styled(title.to_owned(), theme.strong),
        Span::styled(format!("  {since}"), theme.dim),
    ])
}

fn line(text: impl Into<String>, style: Style) -> Line {
    Line::Spans(vec![Span::styled(text.into(), style)])
}

fn cache(sheet: &Sheet<'_>, stats: &Stats) -> Vec<Line> {
    let theme = sheet.look.theme;
    let title = heading(sheet, "Answers in memory", "since the start");
    if !stats.enabled {
        return vec![title, line("The cache is off: every screen asks the service.", theme.text)];
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
        ("requests saved", saved(stats)),
        ("shown old, then read again", count(stats.stale)),
        ("took in own writes", count(stats.patched)),
        ("held", held),
        ("the oldest listing", layers::oldest(sheet, stats.oldest)),
        ("grew too old", count(stats.expired)),
        ("made room", layers::evicted(stats.evicted, stats.evicted_again)),
        ("dropped by writes", count(stats.invalidated)),
    ];
    let row = |(label, value): (&str, String)| {
        let label = cut_end(label, labels, theme.glyphs.ellipsis);
        line(format!("{}  {value}", pad(&label, labels, Align::Left)), theme.text)
    };
    [title].into_iter().chain(rows.into_iter().map(row)).collect()
}

/// How many requests, and where it is known what these would have cost.
fn saved(stats: &Stats) -> String {
    let cost = stats.saved_cost.map(|cost| format!(", {}", format::dollars(cost))).unwrap_or_default();
    format!("{}{cost}", count(stats.saved))
}

/// The look-ups of the last minutes.
fn over_time(sheet: &Sheet<'_>) -> Vec<Line> {
    let state = sheet.look.state;
    let bars = sparks(sheet, &state.history.until(state.now));
    if bars.is_empty() {
        return bars;
    }
    let minutes = i64::try_from(spark_room(sheet)).unwrap_or(i64::MAX).saturating_mul(STEP) / 60_000;
    let heading = line(format!("the last {} minutes", minutes.max(1)), sheet.look.theme.dim);
    [heading].into_iter().chain(bars).collect()
}

fn spark_room(sheet: &Sheet<'_>) -> usize {
    usize::from(sheet.width).saturating_sub(12).clamp(10, SAMPLES)
}

/// Hits and misses as bars; no lines where there were none.
fn sparks(sheet: &Sheet<'_>, samples: &[Sample]) -> Vec<Line> {
    let theme = sheet.look.theme;
    if samples.iter().all(|sample| *sample == Sample::default()) {
        return Vec::new();
    }
    let shown = &samples[samples.len().saturating_sub(spark_room(sheet))..];
    let most = shown.iter().map(|sample| sample.hits.max(sample.misses)).max().unwrap_or_default();
    let row = |label: &str, number: fn(&Sample) -> u64| {
        let bars: String =
            shown.iter().map(|sample| bar(number(sample), most, theme.glyphs.ascii_only)).collect();
        line(format!("{}{bars}", pad(label, 8, Align::Left)), theme.text)
    };
    vec![row("hits", |sample| sample.hits), row("misses", |sample| sample.misses)]
}

/// One of eight heights; nothing for nothing, and never nothing for something.
fn bar(number: u64, most: u64, ascii: bool) -> char {
    let bars = if ascii { [' ', '.', '.', ':', ':', '|', '|', '#', '#'] } else { BARS };
    let height = (number * 8).div_ceil(most.max(1)).min(8);
    bars[usize::try_from(height).unwrap_or(8)]
}

const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

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
        if connection.hits + connection.misses > 0 {
            let cached = format!(
                "{}, {}, {} saved, {} held",
                format::counted(connection.hits, "hit", "hits"),
                format::counted(connection.misses, "miss", "misses"),
                count(connection.saved),
                size(connection.bytes)
            );
            lines.extend(sheet.say(&cached, theme.text));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_high_as_its_share_and_something_is_never_nothing() {
        let bars = |most| [0, 1, 50, 100].map(|number| bar(number, most, false));
        assert_eq!(bars(100), [' ', '▁', '▄', '█']);
        assert_eq!(bar(0, 0, false), ' ');
        assert_eq!(bar(1, 1_000_000, true), '.');
        assert_eq!(bar(5, 5, true), '#');
    }
}
