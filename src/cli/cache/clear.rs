//! `bifold cache clear`: forgets what is held, after naming how much that is.

use serde_json::json;

use super::super::Status;
use super::super::context::{Context, Failure};
use super::super::out::{Out, tell};
use super::super::{ask, cache};
use super::args::Clear;
use crate::cache::disk::{HeldEntry, Selection, Shelf};
use crate::view::format;

/// Forgets all, or all of a prefix.
pub(super) async fn run(args: &Clear, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let of = cache::selection(context, args.prefix.as_deref())?;
    let layers = cache::layers(context)?;
    let mut held = Vec::new();
    for (_, shelf) in &layers {
        held.extend(shelf.list(&of, 0, u64::MAX).await);
    }
    let (mut count, mut bytes) =
        (held.len() as u64, held.iter().map(|entry: &HeldEntry| entry.held).sum::<u64>());
    if of == Selection::default() {
        for (_, shelf) in &layers {
            for former in shelf.former().await {
                (count, bytes) = (count + former.entries, bytes + former.bytes);
            }
        }
    }
    if count == 0 {
        tell("nothing is held there");
    } else if !args.yes && !agreed(count, bytes)? {
        tell("nothing was forgotten");
        return Ok(Status::Failed);
    }
    let mut forgotten = 0;
    for (_, shelf) in &layers {
        forgotten += forget(shelf, &of).await;
    }
    if args.json {
        out.line(json!({ "event": "cleared", "entries": forgotten, "bytes": bytes }).to_string().as_bytes())?;
    } else if count > 0 {
        let entries = format::counted(forgotten, "entry", "entries");
        out.line(format!("forgot {entries}, {}", format::size(bytes)).as_bytes())?;
    }
    Ok(Status::Done)
}

/// All of it goes with what no index tells of.
async fn forget(shelf: &Shelf, of: &Selection) -> u64 {
    if *of == Selection::default() { shelf.clear().await } else { shelf.remove_selected(of).await }
}

/// Asks the person; without one it has to be said beforehand.
fn agreed(count: u64, bytes: u64) -> Result<bool, Failure> {
    let what = format!("{}, {}", format::counted(count, "entry", "entries"), format::size(bytes));
    if !ask::possible() {
        let why = format!("this forgets {what}: say --yes, since nobody can be asked here");
        return Err(Failure::Usage(why));
    }
    Ok(ask::yes(&format!("Forget {what}? (y/n)")))
}
