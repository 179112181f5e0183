//! A write that misbehaves as the script says.

use std::fs::File;
use std::ops::Range;

use async_trait::async_trait;

use super::{Call, Faulty, inner};
use crate::cache::disk::Lent;
use crate::model::{Op, Result};
use crate::vfs::{Attributes, Body, Layout, PartRecord, Placed, Precondition, Sink, SinkState, VfsPath};

#[derive(Debug)]
pub(super) struct FaultySink {
    pub inner: Box<dyn Sink>,
    pub path: Faulty,
}

#[async_trait]
impl Sink for FaultySink {
    fn layout(&self) -> Layout {
        self.inner.layout()
    }

    async fn write_part(&self, offset: u64, len: u64, body: Body) -> Result<()> {
        let fate = self.path.before(Call::WritePart, Op::Write).await?;
        fate.answer(self.inner.write_part(offset, len, body).await)
    }

    async fn copy_part(
        &self,
        from: &dyn VfsPath,
        source: &Precondition,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        let fate = self.path.before(Call::WritePart, Op::Write).await?;
        fate.answer(self.inner.copy_part(inner(from), source, offset, len).await)
    }

    async fn copy_held(&self, offset: u64, len: u64, held: Box<Lent>) -> Result<bool> {
        let fate = self.path.before(Call::WritePart, Op::Write).await?;
        fate.answer(self.inner.copy_held(offset, len, held).await)
    }

    fn file(&self) -> Option<File> {
        self.inner.file()
    }

    fn part(&self, offset: u64) -> Option<PartRecord> {
        self.inner.part(offset)
    }

    fn is_complete(&self) -> bool {
        self.inner.is_complete()
    }

    fn unproven(&self) -> Vec<Range<u64>> {
        self.inner.unproven()
    }

    async fn prove(&self, offset: u64, body: Body) -> Result<bool> {
        let fate = self.path.before(Call::WritePart, Op::Write).await?;
        fate.answer(self.inner.prove(offset, body).await)
    }

    fn dress(&self, attributes: &Attributes) {
        self.inner.dress(attributes);
    }

    fn keep(&self) {
        self.inner.keep();
    }

    fn state(&self) -> SinkState {
        self.inner.state()
    }

    async fn commit(&self, precondition: Precondition) -> Result<Placed> {
        let fate = self.path.before(Call::Commit, Op::Write).await?;
        fate.answer(self.inner.commit(precondition).await)
    }

    async fn abort(&self) -> Result<()> {
        let fate = self.path.before(Call::Abort, Op::Write).await?;
        fate.answer(self.inner.abort().await)
    }
}
