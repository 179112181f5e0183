//! The caches on disk, one block each, and what the figures suggest.

use super::{Line, Sheet, blank, line};
use crate::app::stats::LayerStats;
use crate::model::Timestamp;
use crate::view::format::{self, count, size};

/// A block for each cache.
pub fn blocks(sheet: &Sheet<'_>, layers: &[LayerStats]) -> Vec<Line> {
    layers.iter().flat_map(|layer| block(sheet, layer)).collect()
}

fn block(sheet: &Sheet<'_>, layer: &LayerStats) -> Vec<Line> {
    let theme = sheet.look.theme;
    let looked = layer.hits + layer.misses;
    let rate =
        if looked > 0 { format!("{} % hit, ", format::percent(layer.hits, looked)) } else { String::new() };
    let answered = format!(
        "{rate}{}, {}, {} validated",
        format::counted(layer.hits, "hit", "hits"),
        format::counted(layer.misses, "miss", "misses"),
        count(layer.validations)
    );
    let held = format!(
        "held {} of {} entries, {} of {}, the oldest {}",
        count(layer.entries),
        count(layer.max_entries),
        size(layer.bytes),
        size(layer.max_bytes),
        oldest(sheet, layer.oldest)
    );
    let rest = format!(
        "saved {} and {}; made room {}; {} damaged",
        format::counted(layer.requests_saved, "request", "requests"),
        size(layer.bytes_saved),
        evicted(layer.evicted, layer.evicted_again),
        count(layer.corrupt)
    );
    let mut lines = vec![blank(), line(layer.name.clone(), theme.strong)];
    for text in [answered, held, rest] {
        lines.extend(sheet.say(&text, theme.text));
    }
    lines
}

/// How long ago that was, or the sign for nothing.
pub fn oldest(sheet: &Sheet<'_>, at: Option<Timestamp>) -> String {
    let now = sheet.look.state.now.0;
    at.map_or_else(|| sheet.look.theme.glyphs.none.to_owned(), |at| format::age(now - at.0).into_owned())
}

/// How many made room, and how many of these were missed.
pub fn evicted(evicted: u64, again: u64) -> String {
    let missed = if again > 0 { format!(", {} asked for again", count(again)) } else { String::new() };
    format!("{}{missed}", count(evicted))
}

/// What the figures suggest, each in lines of its own.
pub fn advised(sheet: &Sheet<'_>, advice: &[String]) -> Vec<Line> {
    let theme = sheet.look.theme;
    let mut lines = Vec::new();
    for text in advice {
        lines.push(blank());
        lines.extend(sheet.say(&format!("{} {text}", theme.glyphs.bad), theme.error));
    }
    lines
}
