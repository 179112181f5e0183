//! The operations, done alike on a model and on a subject.

use std::collections::BTreeMap;

use bifold::model::{ErrorKind, Freshness, Kind, Name, Result};
use bifold::vfs::{CopyOptions, CreateHint, DynPath, Precondition, Removal, Removed};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use proptest::prelude::*;

/// Where something is, below the directory of the test: names, and whether the last is a directory's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub names: Vec<String>,
    pub kind: Kind,
}

/// What a write or a copy demands of its destination.
#[derive(Clone, Copy, Debug)]
pub(super) enum Demand {
    Nothing,
    Absent,
    /// That it is what it is now.
    Same,
    /// That it is what another place holds, which it hardly ever is.
    Other,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Put { at: Spot, len: usize, demand: Demand },
    Abort { at: Spot, len: usize },
    Mkdir { at: Spot },
    Remove { at: Spot, demand: Demand },
    RemoveMany { dir: Spot, removals: Vec<(String, Kind)> },
    Copy { from: Spot, to: Spot, demand: Demand },
    Rename { from: Spot, to: Spot, demand: Demand },
    Read { at: Spot, from: u64, len: u64 },
    Stat { at: Spot },
    List { at: Spot },
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-]", 1 => "[a-]{1,3}"]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::File), Just(Kind::Dir)]
}

/// Names where `nameless` allows the empty one, too: `//` in a key.
fn spot(nameless: bool) -> impl Strategy<Value = Spot> {
    let part =
        if nameless { prop_oneof![4 => name(), 1 => Just(String::new())].boxed() } else { name().boxed() };
    let names = prop_oneof![4 => prop::collection::vec(part.clone(), 1), 3 => prop::collection::vec(part.clone(), 2),
        1 => prop::collection::vec(part, 3)];
    let kind = |names: &[String], kind| if names == [""] { Kind::Dir } else { kind };
    (names, any_kind()).prop_map(move |(names, any)| Spot { kind: kind(&names, any), names })
}

fn demand() -> impl Strategy<Value = Demand> {
    prop_oneof![Just(Demand::Nothing), Just(Demand::Absent), Just(Demand::Same), Just(Demand::Other)]
}

/// A file there. No file is called nothing at the top: that is the key of the bucket itself.
fn file(spot: Spot) -> Spot {
    let names = if spot.names == [""] { vec!["-".to_owned()] } else { spot.names };
    Spot { names, kind: Kind::File }
}

fn dir(spot: Spot) -> Spot {
    Spot { kind: Kind::Dir, ..spot }
}

/// Any operation. `prefixes` speaks of S3: empty names, and directories that need not be made.
pub(super) fn act(prefixes: bool) -> impl Strategy<Value = Act> {
    let at = move || spot(prefixes);
    let len = || 0..2_000_usize;
    prop_oneof![
        6 => (at(), len(), demand()).prop_map(|(at, len, demand)| Act::Put { at: file(at), len, demand }),
        1 => (at(), len()).prop_map(|(at, len)| Act::Abort { at: file(at), len }),
        4 => at().prop_map(|at| Act::Mkdir { at: dir(at) }),
        3 => (at(), demand()).prop_map(|(at, demand)| Act::Remove { at, demand }),
        2 => (at(), prop::collection::vec((name(), any_kind()), 0..4))
            .prop_map(|(at, removals)| Act::RemoveMany { dir: dir(at), removals }),
        2 => (at(), at(), demand())
            .prop_map(|(from, to, demand)| Act::Copy { from: file(from), to: file(to), demand }),
        3 => (at(), at(), demand()).prop_map(|(from, to, demand)| Act::Rename { from, to, demand }),
        2 => (at(), 0..2_000_u64, 1..2_000_u64).prop_map(|(at, from, len)| Act::Read { at: file(at), from, len }),
        2 => at().prop_map(|at| Act::Stat { at }),
        2 => at().prop_map(|at| Act::List { at: dir(at) }),
    ]
}

/// What an operation told: its answer in words, or the kind of failure.
pub(super) type Told = Result<String, ErrorKind>;

/// The handle on a place below `root`.
pub(super) fn path(root: &DynPath, spot: &Spot) -> Result<DynPath> {
    let mut path = root.clone();
    let last = spot.names.len() - 1;
    for (at, name) in spot.names.iter().enumerate() {
        let kind = if at == last { spot.kind } else { Kind::Dir };
        path = path.join(&Name::from(name.as_str()), kind)?;
    }
    Ok(path)
}

async fn demanded(demand: Demand, at: &DynPath, root: &DynPath) -> Precondition {
    let tag = |entry: Result<bifold::model::Entry>| entry.ok().and_then(|entry| entry.tag);
    match demand {
        Demand::Nothing => Precondition::None,
        Demand::Absent => Precondition::Absent,
        Demand::Same => {
            tag(at.stat(Freshness::Past).await).map_or(Precondition::Absent, Precondition::Matches)
        }
        Demand::Other => {
            let other = path(root, &Spot { names: vec!["a".into()], kind: Kind::File });
            let entry = other.expect("a name that fits").stat(Freshness::Past).await;
            tag(entry).map_or(Precondition::Absent, Precondition::Matches)
        }
    }
}

/// Bytes that tell their length and place apart.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + len) as u8).collect()
}

/// Does it.
pub(super) async fn perform(root: &DynPath, act: &Act) -> Told {
    try_perform(root, act).await.map_err(|error| error.kind)
}

async fn try_perform(root: &DynPath, act: &Act) -> Result<String> {
    match act {
        Act::Put { at, len, demand } => put(root, at, *len, Some(*demand)).await,
        Act::Abort { at, len } => put(root, at, *len, None).await,
        Act::Mkdir { at } => path(root, at)?.mkdir().await.map(|()| String::new()),
        Act::Remove { at, demand } => {
            let at = path(root, at)?;
            let bound = match demanded(*demand, &at, root).await {
                Precondition::Absent => Precondition::None,
                bound => bound,
            };
            at.remove(bound).await.map(|_| String::new())
        }
        Act::RemoveMany { dir, removals } => remove_many(root, dir, removals).await,
        Act::Copy { from, to, demand } => {
            let (from, to) = (path(root, from)?, path(root, to)?);
            let precondition = demanded(*demand, &to, root).await;
            let options = CopyOptions { precondition, ..CopyOptions::default() };
            let copied = from.copy_native(&*to, &options, &|_| ()).await?;
            Ok(format!("{:?}", copied.map(|placed| placed.entry.size)))
        }
        Act::Rename { from, to, demand } => {
            let (from, to) = (path(root, from)?, path(root, to)?);
            let precondition = demanded(*demand, &to, root).await;
            from.rename(&*to, precondition).await.map(|()| String::new())
        }
        Act::Read { at, from, len } => {
            let body = path(root, at)?.read(Some(*from..*from + *len), Precondition::None).await?;
            let pieces: Vec<Bytes> = body.try_collect().await?;
            Ok(format!("{:?}", pieces.concat()))
        }
        Act::Stat { at } => {
            let entry = path(root, at)?.stat(Freshness::Past).await?;
            Ok(format!("{:?} {:?} {:?}", entry.name, entry.kind, entry.size))
        }
        Act::List { at } => Ok(format!("{:?}", rows(&path(root, at)?, Freshness::Past).await?)),
    }
}

/// Writes and commits, or aborts where nothing is demanded.
async fn put(root: &DynPath, at: &Spot, len: usize, demand: Option<Demand>) -> Result<String> {
    let at = path(root, at)?;
    let hint = CreateHint { size: Some(len as u64), ..CreateHint::default() };
    let sink = at.create(hint).await?;
    let body = stream::iter([Ok(Bytes::from(bytes(len)))]).boxed();
    sink.write_part(0, len as u64, body).await?;
    let Some(demand) = demand else { return sink.abort().await.map(|()| String::new()) };
    let outcome = sink.commit(demanded(demand, &at, root).await).await;
    if outcome.is_err() {
        sink.abort().await?;
    }
    outcome.map(|placed| placed.entry).map(|entry| format!("{:?} {:?}", entry.name, entry.size))
}

async fn remove_many(root: &DynPath, dir: &Spot, removals: &[(String, Kind)]) -> Result<String> {
    let removal = |(name, kind): &(String, Kind)| Removal {
        name: Name::from(name.as_str()),
        kind: *kind,
        expect: None,
    };
    let removals: Vec<Removal> = removals.iter().map(removal).collect();
    let outcomes = path(root, dir)?.remove_many(&removals).await;
    let told = |outcome: &Result<Removed>| match outcome {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{:?}", class(error.kind)),
    };
    Ok(outcomes.iter().map(told).collect::<Vec<_>>().join(" "))
}

/// Kinds that a person needn't tell apart: that something on the way is missing, or is a file.
pub(super) fn class(kind: ErrorKind) -> ErrorKind {
    if kind == ErrorKind::NotADirectory { ErrorKind::NotFound } else { kind }
}

/// The rows of a directory, in order, as (name, kind, size).
pub(super) async fn rows(dir: &DynPath, freshness: Freshness) -> Result<Vec<(Name, Kind, Option<u64>)>> {
    let pages: Vec<_> = dir.list(freshness).try_collect().await?;
    let entries = pages.iter().flat_map(|page| page.entries.iter());
    let mut rows: Vec<_> = entries.map(|row| (row.name.clone(), row.kind, row.size)).collect();
    rows.sort();
    Ok(rows)
}

/// Everything below a directory: for a file its bytes.
pub(super) async fn tree(root: &DynPath) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let mut all = BTreeMap::new();
    let mut dirs = vec![(Vec::new(), root.clone())];
    while let Some((above, dir)) = dirs.pop() {
        for (name, kind, _) in rows(&dir, Freshness::Past).await.expect("what was listed can be listed") {
            let path = dir.join(&name, kind).expect("a row's own name");
            let mut key = [&above, name.as_bytes()].concat();
            if kind.is_dir() {
                key.push(b'/');
                dirs.push((key.clone(), path));
                all.insert(key, None);
            } else {
                let body = path.read(None, Precondition::None).await.expect("what was listed can be read");
                let pieces: Vec<Bytes> = body.try_collect().await.expect("all of it");
                all.insert([&key[..], b"="].concat(), Some(pieces.concat()));
            }
        }
    }
    all
}
