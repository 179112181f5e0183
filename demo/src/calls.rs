//! How many requests a screen costs: counted at the server, driven through bifold's own backend.

use std::fmt::Write as _;
use std::io;

use bifold::config::{Env, Settings};
use bifold::model::{Freshness, S3Uri, Uri, VfsError};
use bifold::vfs::registry::Registry;
use bifold::vfs::{CreateHint, DynPath, Precondition};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{Options, Server};

const BUCKET: &str = "calls";
/// How many objects the directories hold.
const SIZES: [usize; 4] = [20, 100, 1000, 2500];

/// What one directory cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The objects in the directory.
    pub objects: usize,
    /// Whether the operation cache was on.
    pub cached: bool,
    /// Requests for the first, the second, and the opening after a write (the write not counted).
    pub opened: [u64; 3],
    /// Requests when each row is asked for once, beside the listing.
    pub head_per_row: u64,
}

/// Opens directories of 20, 100, 1,000 and 2,500 objects with the cache off and on.
///
/// # Errors
/// When the server can't be started, or a request fails.
pub async fn measure() -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for objects in SIZES {
        for cached in [false, true] {
            rows.push(directory(objects, cached).await?);
        }
    }
    Ok(rows)
}

async fn directory(objects: usize, cached: bool) -> io::Result<Row> {
    let server = Server::start(Options::default())?;
    server.store().create_bucket(BUCKET);
    for at in 0..objects {
        server.store().put(BUCKET, &format!("dir/{at:05}.txt"), "x");
    }
    let mut settings = Settings::default();
    settings.cache.operations.enabled = cached;
    let env: Env = server.env().into_iter().collect();
    let registry = Registry::new(&settings, &env);
    let at = |key: &str| registry.resolve(&Uri::S3(S3Uri::new("s3", BUCKET, key))).map_err(failed);
    let dir = at("dir/")?;
    let first = open(&server, &dir).await?;
    let second = open(&server, &dir).await?;
    write(&at("dir/new.txt")?).await.map_err(failed)?;
    let after = open(&server, &dir).await?;
    Ok(Row { objects, cached, opened: [first, second, after], head_per_row: first + objects as u64 })
}

/// Lists all of a directory, and gives the requests that it took.
async fn open(server: &Server, dir: &DynPath) -> io::Result<u64> {
    server.reset_counts();
    let mut pages = dir.list(Freshness::Cached);
    while let Some(page) = pages.next().await {
        page.map_err(failed)?;
    }
    Ok(server.counts().total())
}

async fn write(path: &DynPath) -> Result<(), VfsError> {
    let sink = path.create(CreateHint { size: Some(1), ..CreateHint::default() }).await?;
    let body = stream::iter([Ok(bytes::Bytes::from_static(b"x"))]).into_stream().boxed();
    sink.write_part(0, 1, body).await?;
    sink.commit(Precondition::None).await.map(drop)
}

fn failed(error: VfsError) -> io::Error {
    io::Error::other(error)
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| objects | cache | first time | second time | after a write | with a HEAD per row |\n|--:|---|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let cache = if row.cached { "on" } else { "off" };
        let [first, second, after] = row.opened;
        let (objects, heads) = (thousands(row.objects as u64), thousands(row.head_per_row));
        let _ = writeln!(text, "| {objects} | {cache} | {first} | {second} | {after} | {heads} |"); // into a String
    }
    text
}

fn thousands(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) }
}
