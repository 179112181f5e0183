//! A write that was completed before its journal heard of it: [`Finished`].

use std::collections::BTreeMap;
use std::io;

use async_trait::async_trait;

use super::place::Spot;
use super::sink::good_parts;
use super::{read, row};
use crate::model::{ErrorKind, Op, Result, Uri, VfsError};
use crate::vfs::{Attributes, Body, Layout, PartRecord, Placed, Precondition, Sink, SinkState};

/// What is left to do of it: to tell what is there.
#[derive(Debug)]
pub(super) struct Finished {
    uri: Uri,
    state: SinkState,
    placed: Placed,
}

/// Looks whether the file itself is what the journal tells of: as long, and with all parts' checksums.
/// Otherwise nothing is known of it, and what is there is another's.
pub(super) fn find(target: &Spot, uri: &Uri, state: &SinkState) -> io::Result<Option<Finished>> {
    let Ok(source) = read::open(target) else { return Ok(None) };
    if state.size != Some(row::size(&source.stat)) || state.parts.is_empty() {
        return Ok(None);
    }
    let good = good_parts(&source.file, state.parts.clone())?;
    if covered(&good) != state.size {
        return Ok(None);
    }
    let entry = row::row(&target.dir, &target.name, row::name_of(&target.name), &source.stat);
    Ok(Some(Finished { uri: uri.clone(), state: state.clone(), placed: Placed::by_size(entry) }))
}

/// How far parts follow each other from the first byte; `None` where there is a gap.
fn covered(parts: &BTreeMap<u64, PartRecord>) -> Option<u64> {
    parts.values().try_fold(0, |end, part| (part.offset == end).then_some(end + part.len))
}

#[async_trait]
impl Sink for Finished {
    fn layout(&self) -> Layout {
        Layout { part_size: self.state.part_size, parallel: 1 }
    }

    async fn write_part(&self, _: u64, _: u64, _: Body) -> Result<()> {
        let reason = "the file has all its bytes already";
        Err(VfsError::new(Op::Write, self.uri.clone(), ErrorKind::Unsupported, reason))
    }

    fn dress(&self, _: &Attributes) {}

    fn keep(&self) {}

    fn state(&self) -> SinkState {
        self.state.clone()
    }

    /// Whatever the precondition: it held when the file got its name.
    async fn commit(&self, _: Precondition) -> Result<Placed> {
        Ok(self.placed.clone())
    }

    async fn abort(&self) -> Result<()> {
        Ok(())
    }
}
