//! What several subjects share: a server, a registry on it, and short ways to do things with a path.

use bifold::config::{Connection, Env, Settings};
use bifold::model::{Entry, ErrorKind, Freshness, Result, S3Uri, Uri};
use bifold::vfs::registry::Registry;
use bifold::vfs::{Body, CreateHint, DynPath, Precondition, Sink};
use bytes::Bytes;
use demo::{Options, Server};
use futures::{StreamExt, TryStreamExt, stream};

/// A server with one empty bucket called `box`.
pub fn serve(options: Options) -> Server {
    let server = Server::start(options).expect("a free port");
    server.store().create_bucket("box");
    server
}

/// The environment that leads to a server, and to nothing of this machine's own.
pub fn env(server: &Server) -> Env {
    server.env().into_iter().collect()
}

/// A registry on a server, with `s3` as `connection` has it and the cache off.
pub fn registry_of(server: &Server, connection: Connection) -> Registry {
    registry_on(&env(server), connection)
}

/// The same in an environment of the caller's own.
pub fn registry_on(env: &Env, connection: Connection) -> Registry {
    let mut settings = Settings::default();
    settings.cache.operations.enabled = false;
    settings.connections.insert("s3".into(), connection);
    Registry::new(&settings, env)
}

/// A registry on a server, with the default connection and the cache off.
pub fn uncached(server: &Server) -> Registry {
    registry_of(server, Connection::default())
}

/// The handle on a place in the bucket `box` of the connection `s3`.
pub fn at(registry: &Registry, key: &str) -> DynPath {
    place(registry, "s3", "box", key)
}

/// The handle on any place.
pub fn place(registry: &Registry, connection: &str, bucket: &str, key: &str) -> DynPath {
    registry.resolve(&Uri::S3(S3Uri::new(connection, bucket, key))).expect("a known connection")
}

/// All rows of a directory.
pub async fn rows(dir: &DynPath) -> Result<Vec<Entry>> {
    let pages: Vec<_> = dir.list(Freshness::Past).try_collect().await?;
    Ok(pages.iter().flat_map(|page| page.entries.iter().cloned()).collect())
}

/// The rows of a directory as sorted text, directories with their slash.
pub async fn names(dir: &DynPath) -> Vec<String> {
    let slash = |entry: &Entry| if entry.kind.is_dir() { "/" } else { "" };
    let rows = rows(dir).await.expect("a listing");
    let mut names: Vec<_> = rows.iter().map(|row| format!("{}{}", row.name.to_lossy(), slash(row))).collect();
    names.sort();
    names
}

/// A body of these bytes, in small pieces.
pub fn body(bytes: impl Into<Bytes>) -> Body {
    let bytes = bytes.into();
    let starts: Vec<usize> = (0..bytes.len()).step_by(100_000).collect();
    let pieces = starts.into_iter().map(move |at| Ok(bytes.slice(at..bytes.len().min(at + 100_000))));
    stream::iter(pieces).boxed()
}

/// Begins to write `size` bytes.
pub async fn begin(path: &DynPath, size: impl Into<Option<u64>>) -> Result<Box<dyn Sink>> {
    path.create(CreateHint { size: size.into(), ..CreateHint::default() }).await
}

/// Hands all bytes to a sink in the parts that it wants, one after the other.
pub async fn fill(sink: &dyn Sink, bytes: &Bytes) -> Result<()> {
    let part = usize::try_from(sink.layout().part_size).expect("a part fits in memory");
    for at in (0..bytes.len()).step_by(part) {
        let piece = bytes.slice(at..bytes.len().min(at + part));
        sink.write_part(at as u64, piece.len() as u64, body(piece)).await?;
    }
    Ok(())
}

/// Writes a whole object.
pub async fn write(path: &DynPath, bytes: impl Into<Bytes>, on: Precondition) -> Result<Entry> {
    let bytes = bytes.into();
    let sink = begin(path, bytes.len() as u64).await?;
    fill(&*sink, &bytes).await?;
    sink.commit(on).await.map(|placed| placed.entry)
}

/// Reads a whole object.
pub async fn read(path: &DynPath) -> Result<Bytes> {
    gather(path.read(None, Precondition::None).await?).await
}

/// All of a body.
pub async fn gather(body: Body) -> Result<Bytes> {
    let pieces: Vec<Bytes> = body.try_collect().await?;
    Ok(pieces.concat().into())
}

/// Bytes that no part size divides: a block of odd length, again and again.
pub fn noise(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    let block: Vec<u8> = (0..65_537).map(|_| next()).collect();
    let mut bytes = block.repeat(len.div_ceil(block.len()));
    bytes.truncate(len);
    bytes.into()
}

/// The failure, which must be of this kind.
#[track_caller]
pub fn fails<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind) -> bifold::model::VfsError {
    let error = result.expect_err("it must fail");
    assert_eq!(error.kind, kind, "{error}");
    error
}
