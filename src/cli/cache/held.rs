//! `bifold cache ls` and `bifold cache verify`: what is held, and whether it is whole.

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::super::Status;
use super::super::context::{Context, Failure};
use super::super::out::{Out, tell};
use super::super::row;
use super::args::{Json, List};
use super::{layers, objects, selection};
use crate::cache::disk::{HeldEntry, Selection, Verified};
use crate::view::format;

/// How many entries are read at once.
const PAGE: u64 = 1000;

/// Lists what is held of objects, in the order of their locations.
pub(super) async fn list(args: &List, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let (shelf, of) = (objects(context)?, selection(context, args.prefix.as_deref())?);
    let mut told = 0;
    loop {
        let page = shelf.list(&of, told, PAGE).await;
        for entry in &page {
            let line = if args.json { as_json(entry).to_string() } else { as_text(entry) };
            out.line(line.as_bytes())?;
        }
        told += page.len() as u64;
        if (page.len() as u64) < PAGE {
            return Ok(Status::Done);
        }
    }
}

fn location(entry: &HeldEntry) -> String {
    entry.location.as_ref().map_or_else(|| format!("preview {}", entry.name), ToString::to_string)
}

fn as_text(entry: &HeldEntry) -> String {
    let notes = [(!entry.whole).then_some("in part"), entry.pinned.then_some("pinned")];
    let notes: Vec<&str> = notes.into_iter().flatten().collect();
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
    let used = row::local(Some(entry.used));
    format!("{:>15}  {used}  {:>5}  {}{notes}", entry.held, entry.hits, location(entry))
}

fn as_json(entry: &HeldEntry) -> Value {
    let at = entry.location.as_ref();
    json!({
        "uri": at.map(ToString::to_string),
        "connection": at.map(|at| at.connection.to_string()),
        "bucket": at.and_then(|at| at.bucket.as_deref()),
        "key": at.map(|at| &*at.key),
        "version": entry.version.as_deref(),
        "tag": &*entry.tag,
        "size": entry.size,
        "held": entry.held,
        "whole": entry.whole,
        "created": row::utc(entry.created),
        "used": row::utc(entry.used),
        "validated": row::utc(entry.validated),
        "hits": entry.hits,
        "pinned": entry.pinned,
    })
}

/// Reads and checks all layers; what is damaged is forgotten, and so are files that nothing tells of.
pub(super) async fn verify(args: &Json, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let mut damaged = 0;
    for (layer, shelf) in layers(context)? {
        let bad = Mutex::new(Vec::new());
        let hear = |entry: &HeldEntry, found: Verified| {
            if found.damaged > 0 {
                bad.lock().push((location(entry), found.damaged));
            }
        };
        let all = shelf.verify_all(&Selection::default(), hear).await;
        shelf.clean().await;
        damaged += all.damaged;
        for (at, pieces) in bad.into_inner() {
            tell(&format!("{at}: {}, forgotten", format::counted(pieces, "damaged piece", "damaged pieces")));
        }
        let line = if args.json {
            let (files, bytes) = (all.files, all.bytes);
            json!({ "layer": layer, "files": files, "bytes": bytes, "damaged": all.damaged }).to_string()
        } else {
            let files = format::counted(all.files, "file", "files");
            let pieces = format::counted(all.damaged, "damaged piece", "damaged pieces");
            format!("{layer}: {files}, {} checked, {pieces}", format::size(all.bytes))
        };
        out.line(line.as_bytes())?;
    }
    Ok(if damaged == 0 { Status::Done } else { Status::Failed })
}
