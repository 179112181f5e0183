//! What the caches hold, told to those who look, and changed as they wish: [`held`]. All of it off the loop.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use crate::app::dialog::{
    Checked, Heard, HeldAsk, HeldAt, HeldId, HeldItem, HeldLife, HeldPage, HeldWhat, Layer,
};
use crate::app::stats::Standing;
use crate::app::{Msg, ReqId};
use crate::cache::SharedOpCache;
use crate::cache::disk::{FileName, HeldEntry, Selection, Shelf};
use crate::cache::ops::{HeldAnswer, Life};
use crate::model::{S3Uri, Timestamp, Uri};
use crate::vfs::registry::Registry;

/// How many entries are read at once to be checked.
const AT_ONCE: u64 = 500;
/// How often it is told how far the checking is.
const TELL: Duration = Duration::from_millis(100);

/// Answers what is asked of a cache.
pub(super) async fn held(registry: Registry, req: ReqId, ask: HeldAsk, out: Sender<Msg>) {
    let heard = match ask {
        HeldAsk::List { layer, below, skip, most } => {
            Heard::Page(list(&registry, layer, below.as_ref(), skip, most).await)
        }
        HeldAsk::Count(layer, below) => {
            let page = list(&registry, layer, Some(&below), 0, 0).await;
            Heard::Counted { entries: page.total as u64, bytes: page.bytes }
        }
        HeldAsk::Drop(layer, id) => Heard::Dropped(drop_one(&registry, layer, &id).await),
        HeldAsk::DropBelow(layer, below) => Heard::Dropped(drop_below(&registry, layer, &below).await),
        HeldAsk::Pin(layer, id, on) => Heard::Pinned(pin(&registry, layer, &id, on).await),
        HeldAsk::Verify(layer, id) => Heard::Verified(verify(&registry, layer, &id).await),
        HeldAsk::VerifyAll(layer, below) => {
            Heard::Verified(verify_all(&registry, layer, below.as_ref(), req, &out).await)
        }
    };
    tell(&out, req, heard).await;
}

async fn tell(out: &Sender<Msg>, req: ReqId, heard: Heard) {
    let _ = out.send(Msg::Held { req, heard: Box::new(heard) }).await;
}

/// The shelf of a cache on disk.
fn shelf(registry: &Registry, layer: Layer) -> Option<Shelf> {
    let disk = registry.disk();
    match layer {
        Layer::Answers => None,
        Layer::Objects => disk.objects.shelf().cloned(),
        Layer::Previews => disk.previews.shelf().cloned(),
    }
}

fn selection(below: Option<&Uri>) -> Selection {
    below.map_or_else(Selection::default, Selection::under)
}

async fn list(registry: &Registry, layer: Layer, below: Option<&Uri>, skip: usize, most: usize) -> HeldPage {
    if layer == Layer::Answers {
        return answers(registry.cache(), below, skip, most).await;
    }
    let Some(shelf) = shelf(registry, layer) else {
        return HeldPage { standing: Standing::SetOff, ..HeldPage::default() };
    };
    let of = selection(below);
    let amount = shelf.count_selected(&of).await;
    let items = if most > 0 { shelf.list(&of, skip as u64, most as u64).await } else { Vec::new() };
    HeldPage {
        standing: if shelf.is_off() { Standing::Broken } else { Standing::On },
        skip,
        items: items.into_iter().map(file).collect(),
        total: usize::try_from(amount.entries).unwrap_or(usize::MAX),
        bytes: amount.bytes,
    }
}

fn file(entry: HeldEntry) -> HeldItem {
    HeldItem {
        id: HeldId(entry.name.to_string()),
        at: entry
            .location
            .map_or_else(|| HeldAt::Typed(entry.label.to_string()), |at| HeldAt::Uri(Uri::S3(at))),
        version: entry.version.map(|version| version.to_string()),
        bytes: entry.held,
        since: entry.created,
        what: HeldWhat::File {
            size: entry.size,
            whole: entry.whole,
            used: entry.used,
            validated: entry.validated,
            hits: entry.hits,
            pinned: entry.pinned,
            tag: entry.tag.to_string(),
        },
    }
}

/// A part of what is held in memory. Sorted on a thread that may block: there may be many.
async fn answers(cache: &SharedOpCache, below: Option<&Uri>, skip: usize, most: usize) -> HeldPage {
    let (cache, below) = (cache.clone(), below.cloned());
    let list = move || {
        let standing = if cache.enabled() { Standing::On } else { Standing::SetOff };
        let mut held = selected(&cache, below.as_ref());
        held.sort_by_cached_key(|held| (held.key.location().to_string(), held.key.to_string()));
        let (total, bytes) = (held.len(), held.iter().map(|held| held.bytes).sum());
        let wall = cache.wall();
        let items = held.into_iter().skip(skip).take(most).map(|held| answer(&held, wall)).collect();
        HeldPage { standing, skip, items, total, bytes }
    };
    tokio::task::spawn_blocking(list).await.unwrap_or_default()
}

/// What is held in memory below a location.
fn selected(cache: &SharedOpCache, below: Option<&Uri>) -> Vec<HeldAnswer> {
    let mut held = cache.entries();
    if let Some(below) = below {
        let below = below.as_s3();
        held.retain(|held| below.is_some_and(|below| lies_below(&held.key.location(), below)));
    }
    held
}

fn lies_below(at: &S3Uri, below: &S3Uri) -> bool {
    let bucket = below.bucket.is_none() || at.bucket == below.bucket;
    at.connection == below.connection && bucket && at.key.starts_with(&*below.key)
}

fn answer(held: &HeldAnswer, wall: Timestamp) -> HeldItem {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    HeldItem {
        id: HeldId(held.key.to_string()),
        at: HeldAt::Uri(Uri::S3(held.key.location())),
        version: None,
        bytes: held.bytes,
        since: held.read_at.unwrap_or(Timestamp(wall.0.saturating_sub(millis(held.age)))),
        what: HeldWhat::Answer {
            operation: held.key.kind().name().to_owned(),
            rows: held.rows,
            negative: held.negative,
            life: match held.life {
                Life::Fresh(left) => HeldLife::Until(Timestamp(wall.0.saturating_add(millis(left)))),
                Life::Stale => HeldLife::Stale,
                Life::Over => HeldLife::Over,
            },
        },
    }
}

/// Forgets one. Gives how many there were.
async fn drop_one(registry: &Registry, layer: Layer, id: &HeldId) -> u64 {
    match (shelf(registry, layer), FileName::parse(&id.0)) {
        (Some(shelf), Some(name)) => {
            shelf.remove(name).await;
            1
        }
        _ if layer == Layer::Answers => {
            let (cache, id) = (registry.cache().clone(), id.clone());
            forget(move || {
                (cache.clone(), cache.entries().into_iter().filter(|held| is(held, &id)).collect())
            })
            .await
        }
        _ => 0,
    }
}

fn is(held: &HeldAnswer, id: &HeldId) -> bool {
    held.key.to_string() == id.0
}

async fn drop_below(registry: &Registry, layer: Layer, below: &Uri) -> u64 {
    match shelf(registry, layer) {
        Some(shelf) => shelf.remove_selected(&selection(Some(below))).await,
        None if layer == Layer::Answers => {
            let (cache, below) = (registry.cache().clone(), below.clone());
            forget(move || (cache.clone(), selected(&cache, Some(&below)))).await
        }
        None => 0,
    }
}

/// Forgets answers in memory, on a thread that may block.
async fn forget(which: impl FnOnce() -> (SharedOpCache, Vec<HeldAnswer>) + Send + 'static) -> u64 {
    let forget = move || {
        let (cache, held) = which();
        for held in &held {
            cache.forget(&held.key);
        }
        held.len() as u64
    };
    tokio::task::spawn_blocking(forget).await.unwrap_or_default()
}

async fn pin(registry: &Registry, layer: Layer, id: &HeldId, on: bool) -> bool {
    match (shelf(registry, layer), FileName::parse(&id.0)) {
        (Some(shelf), Some(name)) => shelf.pin(name, on).await,
        _ => false,
    }
}

async fn verify(registry: &Registry, layer: Layer, id: &HeldId) -> Checked {
    let (Some(shelf), Some(name)) = (shelf(registry, layer), FileName::parse(&id.0)) else {
        return Checked::default();
    };
    let mut checked = Checked { total: 1, ..Checked::default() };
    check(&shelf, name, &mut checked).await;
    checked
}

async fn check(shelf: &Shelf, name: FileName, checked: &mut Checked) {
    let found = shelf.verify(name).await;
    checked.entries += 1;
    checked.bytes += found.bytes;
    checked.damaged += found.damaged;
}

/// Checks all. Their names are read first: what is damaged goes, and others would move up.
async fn verify_all(
    registry: &Registry,
    layer: Layer,
    below: Option<&Uri>,
    req: ReqId,
    out: &Sender<Msg>,
) -> Checked {
    let Some(shelf) = shelf(registry, layer) else { return Checked::default() };
    let names = names(&shelf, &selection(below)).await;
    let mut checked = Checked { total: names.len() as u64, ..Checked::default() };
    let mut told = Instant::now();
    for name in names {
        check(&shelf, name, &mut checked).await;
        if told.elapsed() >= TELL {
            told = Instant::now();
            tell(out, req, Heard::Verifying(checked)).await;
        }
    }
    checked
}

async fn names(shelf: &Shelf, of: &Selection) -> Vec<FileName> {
    let mut names = Vec::new();
    loop {
        let page = shelf.list(of, names.len() as u64, AT_ONCE).await;
        names.extend(page.iter().map(|entry| entry.name));
        if (page.len() as u64) < AT_ONCE {
            return names;
        }
    }
}
