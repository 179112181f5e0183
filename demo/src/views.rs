//! What it costs to look at an object again: counted at the server.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use bifold::cache::DiskCaches;
use bifold::cache::ops::SharedOpCache;
use bifold::config::{Dirs, Env, Settings};
use bifold::model::{Freshness, S3Uri, Uri, VfsError};
use bifold::vfs::registry::Registry;
use bifold::vfs::{DynPath, Fetch};
use futures::TryStreamExt as _;

use crate::retry::{body, megabytes, seconds};
use crate::{Options, Server};

const BUCKET: &str = "views";

/// The looks, in their order.
const LOOKS: [&str; 4] = ["first", "second", "second, validated", "after a change"];

/// What one look cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The size of the object in bytes.
    pub size: u64,
    /// Which look.
    pub look: &'static str,
    /// Requests that the server saw.
    pub requests: u64,
    /// Bytes of bodies that it sent.
    pub bytes: u64,
    /// How long it took until all of the object was read.
    pub took: Duration,
}

/// Looks four times at an object of each of these sizes, in bytes: for the first time, again by the row that a
/// listing told, again with the service asked whether it is still right, and after somebody changed it.
///
/// # Errors
/// When the server can't be started, or a read fails.
pub async fn measure(sizes: &[u64], latency: Duration) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for size in sizes {
        rows.extend(object(*size, latency).await?);
    }
    Ok(rows)
}

async fn object(size: u64, latency: Duration) -> io::Result<Vec<Row>> {
    let server = Server::start(Options { latency, ..Options::default() })?;
    server.store().create_bucket(BUCKET);
    let content = body(size);
    server.store().put(BUCKET, "object", content.clone());
    let dir = tempfile::tempdir()?;
    let registry = registry(&server, dir.path());
    let path = registry.resolve(&Uri::S3(S3Uri::new("s3", BUCKET, "object"))).map_err(failed)?;
    let entry = path.stat(Freshness::Past).await.map_err(failed)?;
    let hows = [Fetch::view(entry.clone()), Fetch::view(entry), Fetch::now(), Fetch::now()];
    let mut rows = Vec::new();
    for (look, how) in LOOKS.into_iter().zip(hows) {
        if look == LOOKS[3] {
            server.store().put(BUCKET, "object", content.iter().rev().copied().collect::<Vec<u8>>());
        }
        rows.push(one(&server, &path, look, size, &how).await?);
        registry.disk().settle().await;
    }
    Ok(rows)
}

async fn one(server: &Server, path: &DynPath, look: &'static str, size: u64, how: &Fetch) -> io::Result<Row> {
    server.reset_counts();
    let begun = Instant::now();
    let mut stream = path.fetch(None, how).await.map_err(failed)?.body;
    let mut read = 0;
    while let Some(bytes) = stream.try_next().await.map_err(failed)? {
        read += bytes.len() as u64;
    }
    let took = begun.elapsed();
    if read != size {
        return Err(io::Error::other(format!("{read} of {size} bytes were read")));
    }
    let counts = server.counts();
    Ok(Row { size, look, requests: counts.total(), bytes: counts.bytes_out, took })
}

/// A registry whose caches on disk are in this directory.
fn registry(server: &Server, dir: &Path) -> Registry {
    let env: Env = server.env().into_iter().collect();
    let settings = Settings::default();
    let below = |name: &str| Some(dir.join(name));
    let dirs = Dirs { state: below("state"), cache: below("cache"), ..Dirs::default() };
    let operations = SharedOpCache::new(settings.cache.operations());
    let disk = DiskCaches::new(&settings.cache, &dirs);
    Registry::with_caches(&settings, &env, operations, disk)
}

fn failed(error: VfsError) -> io::Error {
    io::Error::other(error)
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| object | look | requests | bytes | in |\n|--:|---|--:|--:|--:|\n");
    for Row { size, look, requests, bytes, took } in rows {
        let (size, bytes) = (megabytes(*size), megabytes(*bytes));
        let _ = writeln!(text, "| {size} | {look} | {requests} | {bytes} | {} |", seconds(*took)); // into a String
    }
    text
}
