//! The places that the suite runs on, each fresh for each case.

use std::any::Any;
use std::sync::Arc;

use bifold::vfs::DynPath;
use bifold::vfs::faulty::Script;
use bifold::vfs::local::LocalPath;
use bifold::vfs::memory::Memory;

/// An empty directory, and what keeps it there.
pub(super) struct Fresh {
    pub dir: DynPath,
    keep: Vec<Box<dyn Any + Send + Sync>>,
}

impl Fresh {
    fn new(dir: DynPath, keep: Vec<Box<dyn Any + Send + Sync>>) -> Self {
        Self { dir, keep }
    }

    /// The end of a case.
    pub async fn end(self) {
        drop(self.keep);
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

/// A wrapper forwards every call.
pub(super) async fn wrapped() -> Fresh {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Fresh::new(Script::new().wrap(LocalPath::at(dir.path())), vec![Box::new(dir)])
}
