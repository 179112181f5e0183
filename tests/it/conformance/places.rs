//! The places that the suite runs on, each fresh for each case.

use std::any::Any;
use std::sync::Arc;

use bifold::config::{Connection, Env, Settings};
use bifold::model::{Freshness, Kind, S3Uri, Uri};
use bifold::vfs::faulty::Script;
use bifold::vfs::local::LocalPath;
use bifold::vfs::memory::Memory;
use bifold::vfs::registry::Registry;
use bifold::vfs::{DynPath, Precondition};
use demo::{Options, Server};
use futures::stream::TryStreamExt;

/// An empty directory, and what keeps it there.
pub(super) struct Fresh {
    pub dir: DynPath,
    /// What lives as long as the case.
    keep: Vec<Box<dyn Any + Send + Sync>>,
    /// Whether it must be removed in the end.
    goes: bool,
}

impl Fresh {
    fn new(dir: DynPath, keep: Vec<Box<dyn Any + Send + Sync>>) -> Self {
        Self { dir, keep, goes: false }
    }

    /// The end of a case.
    pub async fn end(self) {
        if self.goes {
            empty(&self.dir).await;
            self.dir.remove(Precondition::None).await.expect("an empty bucket goes");
        }
        drop(self.keep);
    }
}

/// S3 over HTTP on the demo's server, by so many keys a page.
pub(super) async fn s3(page: u16, cached: bool) -> Fresh {
    let server = Server::start(Options::default()).expect("a free port");
    server.store().create_bucket("bucket");
    let registry = registry(&server.env().into_iter().collect(), page, cached);
    let dir = registry.resolve(&Uri::S3(S3Uri::new("s3", "bucket", ""))).expect("a known connection");
    Fresh::new(dir, vec![Box::new(server), Box::new(registry)])
}

fn registry(env: &Env, page: u16, cached: bool) -> Registry {
    let mut settings = Settings::default();
    settings.cache.operations.enabled = cached;
    let connection = Connection { page_size: Some(page), ..Connection::default() };
    settings.connections.insert("s3".into(), connection);
    Registry::new(&settings, env)
}

/// A new bucket of another service, where `BIFOLD_TEST_ENDPOINT` names one; its credentials and region
/// are in the environment as for any AWS client.
pub(super) async fn elsewhere() -> Option<Fresh> {
    let env = Env::from_process();
    let endpoint = env.get("BIFOLD_TEST_ENDPOINT")?.to_owned();
    let registry = registry(&env.with("AWS_ENDPOINT_URL", endpoint), 1_000, true);
    let bucket = format!("bifold-test-{:016x}", fastrand::u64(..));
    let dir = registry.resolve(&Uri::S3(S3Uri::new("s3", &bucket, ""))).expect("a known connection");
    dir.mkdir().await.expect("the service makes buckets");
    Some(Fresh { goes: true, ..Fresh::new(dir, vec![Box::new(registry)]) })
}

/// Removes all that a case left in a place that outlives it.
async fn empty(dir: &DynPath) {
    let mut dirs = vec![dir.clone()];
    while let Some(dir) = dirs.pop() {
        let pages: Vec<_> = dir.list(Freshness::Past).try_collect().await.expect("a listing");
        for row in pages.iter().flat_map(|page| page.entries.iter()) {
            let path = dir.join(&row.name, row.kind).expect("a row's own name");
            if row.kind == Kind::Dir {
                dirs.push(path);
            } else {
                path.remove(Precondition::None).await.expect("a removal");
            }
        }
    }
}

pub(super) async fn memory_like_s3(page: usize) -> Fresh {
    let memory = Arc::new(Memory::like_s3("mem").with_page_size(page).with_part_size(5 << 20));
    memory.put_dir("bucket");
    Fresh::new(memory.at_key("bucket"), vec![Box::new(memory)])
}

pub(super) async fn memory_like_a_disk() -> Fresh {
    let memory = Arc::new(Memory::like_disk());
    memory.put_dir("dir");
    Fresh::new(memory.at_key("dir"), vec![Box::new(memory)])
}

pub(super) async fn local() -> Fresh {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Fresh::new(LocalPath::at(dir.path()), vec![Box::new(dir)])
}

/// An archive of this name, read as a directory.
pub(super) async fn archive(name: &str) -> Fresh {
    let (dir, keep) = super::packed::place(name);
    Fresh::new(dir, vec![keep])
}

/// A wrapper forwards every call.
pub(super) async fn wrapped() -> Fresh {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Fresh::new(Script::new().wrap(LocalPath::at(dir.path())), vec![Box::new(dir)])
}
