//! The caches on disk, one block each, presigned links, what was asked ahead, and what the figures suggest.

use super::{Line, Sheet, blank, heading, line, sparks};
use crate::app::State;
use crate::app::stats::{LayerShare, LayerStats, LinkStats, Standing};
use crate::model::Timestamp;
use crate::model::text::escape;
use crate::view::format::{self, count, size};

/// A block for each cache.
pub fn blocks(sheet: &Sheet<'_>, layers: &[LayerStats]) -> Vec<Line> {
    layers.iter().enumerate().flat_map(|(at, layer)| block(sheet, at, layer)).collect()
}

fn block(sheet: &Sheet<'_>, at: usize, layer: &LayerStats) -> Vec<Line> {
    let (state, theme) = (sheet.look.state, sheet.look.theme);
    let mut lines = vec![blank(), heading(sheet, &layer.name, "all runs, since its index was made")];
    match layer.standing {
        Standing::On => {}
        Standing::SetOff => {
            let text = format!("Off: [cache] or [{}] turns it off.", layer.setting);
            lines.extend(sheet.say(&text, theme.text));
            return lines;
        }
        Standing::Broken => {
            let text = format!("{} Off: its disk is full or broken.", theme.glyphs.bad);
            lines.extend(sheet.say(&text, theme.error));
        }
    }
    let told = if layer.known { told(sheet, layer) } else { vec!["its index is being read".to_owned()] };
    for text in told.into_iter().chain([this_run(layer)]) {
        lines.extend(sheet.say(&text, theme.text));
    }
    lines.extend(sparks(sheet, &state.history.of_layer(at, state.now)));
    let named = layer.connections.iter().filter(|share| !share.name.is_empty());
    lines.extend(named.flat_map(|share| sheet.say(&shared(layer, share), theme.dim)));
    lines
}

fn told(sheet: &Sheet<'_>, layer: &LayerStats) -> Vec<String> {
    let looked = layer.hits + layer.misses;
    let rate =
        if looked > 0 { format!("{} % hit, ", format::percent(layer.hits, looked)) } else { String::new() };
    let validated =
        if layer.rendered { String::new() } else { format!(", {} validated", count(layer.validations)) };
    let answered = format!("{rate}{}{validated}", tally(layer.hits, layer.misses));
    let held = format!(
        "held {} of {} entries, {} of {}, the oldest {}",
        count(layer.entries),
        count(layer.max_entries),
        size(layer.bytes),
        size(layer.max_bytes),
        oldest(sheet, layer.oldest)
    );
    let rest = format!(
        "saved {}; made room {}; {} damaged",
        saved(layer),
        evicted(layer.evicted, layer.evicted_again),
        count(layer.corrupt)
    );
    vec![answered, held, rest]
}

/// What wasn't fetched, or wasn't rendered again.
fn saved(layer: &LayerStats) -> String {
    if layer.rendered {
        return format!("the rendering of {}", size(layer.bytes_saved));
    }
    let cost = layer.saved_cost.map(|cost| format!(" ({})", format::dollars(cost))).unwrap_or_default();
    let requests = format::counted(layer.requests_saved, "request", "requests");
    format!("{requests}{cost} and {}", size(layer.bytes_saved))
}

fn this_run(layer: &LayerStats) -> String {
    format!("this run: {}", tally(layer.run_hits, layer.run_misses))
}

fn tally(hits: u64, misses: u64) -> String {
    format!("{}, {}", format::counted(hits, "hit", "hits"), format::counted(misses, "miss", "misses"))
}

/// `s3://  30 hits, 10 misses, 310.0 MB saved, 12 held, 81.0 MB`.
fn shared(layer: &LayerStats, share: &LayerShare) -> String {
    let saved = if layer.rendered { String::new() } else { format!(", {} saved", size(share.bytes_saved)) };
    let (entries, bytes) = (count(share.entries), size(share.bytes));
    format!("{}://  {}{saved}; {entries} held, {bytes}", escape(&share.name), tally(share.hits, share.misses))
}

/// Presigned links, under names of their own.
pub fn links(sheet: &Sheet<'_>, links: LinkStats) -> Vec<Line> {
    let theme = sheet.look.theme;
    if links == LinkStats::default() {
        return Vec::new();
    }
    let given = links.issued + links.reused;
    let text = format!(
        "{} signed when asked for, {} given again ({} %), {} signed anew behind them, {} expired, {} held",
        count(links.issued),
        count(links.reused),
        format::percent(links.reused, given),
        count(links.refreshed),
        count(links.expired),
        count(links.held)
    );
    let title = heading(sheet, "Presigned links", "since the start");
    [blank(), title].into_iter().chain(sheet.say(&text, theme.text)).collect()
}

/// How much of its budget was asked ahead.
pub fn ahead(sheet: &Sheet<'_>, state: &State) -> Vec<Line> {
    let ahead = &state.ahead;
    let text = match ahead.budget {
        0 => "Off: nothing is asked before it is wanted ([preview] prefetch).".to_owned(),
        budget => {
            let budget = format::counted(budget.into(), "request", "requests");
            format!("{} of {budget} a minute used in the last one", count(ahead.used().into()))
        }
    };
    let title = line("Asked ahead", sheet.look.theme.strong);
    [blank(), title].into_iter().chain(sheet.say(&text, sheet.look.theme.text)).collect()
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
