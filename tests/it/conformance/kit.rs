//! Short words for the cases.

use std::ops::Range;

use bifold::model::{Entry, ErrorKind, Freshness, Kind, Name, Result};
use bifold::vfs::{Body, CreateHint, DynPath, Precondition, Sink, VfsPath};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};

pub(super) fn file(dir: &DynPath, name: &str) -> DynPath {
    dir.join(&Name::from(name), Kind::File).expect("a name that fits")
}

pub(super) fn subdir(dir: &DynPath, name: &str) -> DynPath {
    dir.join(&Name::from(name), Kind::Dir).expect("a name that fits")
}

/// A body in pieces of odd sizes.
pub(super) fn body(bytes: &[u8]) -> Body {
    let pieces: Vec<_> = bytes.chunks(65_521).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

/// Bytes that differ from place to place.
pub(super) fn pattern(len: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; len];
    random.fill(&mut bytes);
    bytes
}

pub(super) async fn begin(path: &DynPath, size: usize) -> Box<dyn Sink> {
    let hint = CreateHint { size: Some(size as u64), ..CreateHint::default() };
    path.create(hint).await.expect("a write begins")
}

/// The parts that a sink wants of so many bytes.
pub(super) fn parts(sink: &dyn Sink, len: usize) -> Vec<Range<usize>> {
    let part = usize::try_from(sink.layout().part_size).unwrap_or(usize::MAX);
    let starts = (0..len).step_by(part);
    starts.map(|at| at..len.min(at.saturating_add(part))).collect()
}

pub(super) async fn fill(sink: &dyn Sink, bytes: &[u8]) {
    for part in parts(sink, bytes.len()) {
        let written = sink.write_part(part.start as u64, part.len() as u64, body(&bytes[part])).await;
        written.expect("a part is written");
    }
}

pub(super) async fn put_if(path: &DynPath, bytes: &[u8], precondition: Precondition) -> Result<Entry> {
    let sink = begin(path, bytes.len()).await;
    fill(&*sink, bytes).await;
    let outcome = sink.commit(precondition).await;
    if outcome.is_err() {
        sink.abort().await.expect("an abort");
    }
    outcome.map(|placed| placed.entry)
}

pub(super) async fn put(path: &DynPath, bytes: &[u8]) -> Entry {
    put_if(path, bytes, Precondition::None).await.expect("a file is written")
}

pub(super) async fn read_range(path: &DynPath, range: Option<Range<u64>>) -> Result<Vec<u8>> {
    let body = path.read(range, Precondition::None).await?;
    let pieces: Vec<Bytes> = body.try_collect().await?;
    Ok(pieces.concat())
}

pub(super) async fn get(path: &DynPath) -> Vec<u8> {
    read_range(path, None).await.expect("a file is read")
}

pub(super) async fn try_list(dir: &DynPath) -> Result<Vec<Entry>> {
    let pages: Vec<_> = dir.list(Freshness::Past).try_collect().await?;
    Ok(pages.iter().flat_map(|page| page.entries.iter().cloned()).collect())
}

/// The rows in the order of their names.
pub(super) async fn list(dir: &DynPath) -> Vec<Entry> {
    let mut rows = try_list(dir).await.expect("a directory is listed");
    rows.sort_by(|a, b| a.id().cmp(&b.id()));
    rows
}

/// The rows as (name, kind).
pub(super) async fn names(dir: &DynPath) -> Vec<(String, Kind)> {
    list(dir).await.iter().map(|row| (row.name.to_lossy().into_owned(), row.kind)).collect()
}

pub(super) fn files(names: &[&str]) -> Vec<(String, Kind)> {
    names.iter().map(|name| ((*name).to_owned(), Kind::File)).collect()
}

pub(super) async fn stat(path: &DynPath) -> Result<Entry> {
    path.stat(Freshness::Past).await
}

/// That a call failed in this way.
#[track_caller]
pub(super) fn fails<T: std::fmt::Debug>(outcome: Result<T>, kind: ErrorKind) {
    match outcome {
        Err(error) => assert_eq!(error.kind, kind, "{error}"),
        Ok(done) => panic!("expected {kind:?}, and it went well: {done:?}"),
    }
}

pub(super) async fn tag_of(path: &DynPath) -> bifold::model::Tag {
    stat(path).await.expect("it is there").tag.expect("a file has a tag")
}

/// Copies natively, where this place does.
pub(super) async fn copy(
    from: &DynPath,
    to: &dyn VfsPath,
    options: &bifold::vfs::CopyOptions,
) -> Result<Option<Entry>> {
    let copied = std::sync::atomic::AtomicU64::new(0);
    let count = |bytes| {
        copied.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    let entry = from.copy_native(to, options, &count).await?;
    if let Some(entry) = &entry {
        assert_eq!(Some(copied.into_inner()), entry.entry.size, "the progress is the size");
    }
    Ok(entry.map(|placed| placed.entry))
}
