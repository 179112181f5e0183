//! `bifold cache stats`: the figures of each layer.

use serde_json::{Value, json};

use super::super::Status;
use super::super::context::{Context, Failure};
use super::super::out::Out;
use super::super::row;
use super::args::Json;
use super::layers;
use crate::cache::disk::{DiskStats, Former, Tally};
use crate::view::format;

/// Prints the figures.
pub(super) async fn run(args: &Json, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    for (layer, shelf) in layers(context)? {
        let (stats, former) = (shelf.stats().await, shelf.former().await);
        if args.json {
            let mut all = as_json(layer, &stats);
            extend(&mut all, json!({ "former": former.iter().map(former_json).collect::<Vec<_>>() }));
            out.line(all.to_string().as_bytes())?;
            continue;
        }
        for line in sheet(layer, &stats) {
            out.line(line.as_bytes())?;
        }
        for former in &former {
            out.line(format!("  {:<18} {}", "elsewhere", told(former)).as_bytes())?;
        }
    }
    Ok(Status::Done)
}

fn former_json(former: &Former) -> Value {
    json!({ "dir": former.dir.to_string_lossy(), "entries": former.entries, "bytes": former.bytes })
}

/// What a directory holds that is no longer set, and what becomes of it.
pub(super) fn told(former: &Former) -> String {
    let held = format::counted(former.entries, "entry", "entries");
    let (bytes, dir) = (format::size(former.bytes), former.dir.display());
    format!("{held}, {bytes} in {dir}, which is no longer set: they go when they weren't used for max_age")
}

fn of(tally: &Tally) -> Value {
    json!({
        "hits": tally.hits,
        "misses": tally.misses,
        "validations": tally.validations,
        "bytes_saved": tally.bytes_saved,
        "requests_saved": tally.requests_saved,
        "evictions": tally.evictions,
        "evicted_again": tally.evicted_again,
        "corrupt": tally.corrupt,
    })
}

fn as_json(layer: &str, stats: &DiskStats) -> Value {
    let mut all = json!({
        "layer": layer,
        "entries": stats.entries,
        "bytes": stats.bytes,
        "max_entries": stats.max_entries,
        "max_size": stats.max_size,
        "hit_rate": stats.hit_rate(),
        "oldest": stats.oldest.and_then(row::utc),
        "off": stats.off,
    });
    let connections: Vec<Value> = stats
        .connections
        .iter()
        .filter(|one| !one.name.is_empty())
        .map(|one| {
            let mut value = json!({ "connection": one.name, "entries": one.entries, "bytes": one.bytes });
            extend(&mut value, of(&one.tally));
            value
        })
        .collect();
    extend(&mut all, of(&stats.all));
    extend(&mut all, json!({ "connections": connections }));
    all
}

fn extend(value: &mut Value, more: Value) {
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
}

fn sheet(layer: &str, stats: &DiskStats) -> Vec<String> {
    let line = |name: &str, value: String| format!("  {name:<18} {value}");
    let held = format!(
        "{} of {}, {} of {}",
        format::count(stats.entries),
        format::count(stats.max_entries),
        format::size(stats.bytes),
        format::size(stats.max_size)
    );
    let rate = stats.hit_rate().map_or(String::new(), |rate| format!(" ({:.0} % of reads)", rate * 100.0));
    let tally = &stats.all;
    let saved = format!(
        "{}, {}",
        format::counted(tally.requests_saved, "request", "requests"),
        format::size(tally.bytes_saved)
    );
    let mut lines = vec![
        format!("{layer}{}", if stats.off { ": turned off, its disk is full or broken" } else { "" }),
        line("held", held),
        line("hits", format!("{}{rate}", format::count(tally.hits))),
        line("misses", format::count(tally.misses)),
        line("validated", format::count(tally.validations)),
        line("saved", saved),
        line("evicted", format::count(tally.evictions)),
        line("read again", format!("{} of those evicted", format::count(tally.evicted_again))),
        line("damaged", format::count(tally.corrupt)),
        line("oldest", row::local(stats.oldest)),
    ];
    let named = stats.connections.iter().filter(|one| !one.name.is_empty());
    lines.extend(named.map(|one| {
        let held = format!("{} held, {}", format::count(one.entries), format::size(one.bytes));
        line(
            &format!("{}://", one.name),
            format!("{held}, {} hits, {} misses", one.tally.hits, one.tally.misses),
        )
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_in_full_and_a_rate_only_after_the_first_read() {
        let none = as_json("objects", &DiskStats::default());
        assert_eq!((&none["hit_rate"], &none["entries"]), (&Value::Null, &0.into()));
        let all = Tally { hits: 3, misses: 1, corrupt: 2, ..Tally::default() };
        let stats = DiskStats { all, off: true, ..DiskStats::default() };
        let told = as_json("objects", &stats);
        assert_eq!(
            (&told["hits"], &told["hit_rate"], &told["corrupt"]),
            (&3.into(), &0.75.into(), &2.into())
        );
        let lines = sheet("objects", &stats);
        assert!(lines[0].contains("turned off") && lines[2].ends_with("3 (75 % of reads)"), "{lines:?}");
    }
}
