//! How a file or an object is written: [`Sink`].

use std::fmt::Debug;
use std::fs::File;
use std::ops::Range;

use async_trait::async_trait;

use super::{Attributes, Body, Placed, Precondition, VfsPath};
use crate::cache::disk::Lent;
use crate::model::Result;

/// What is known of the whole before the first byte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateHint {
    /// The size in bytes; `None` for a pipe, whose parts then come in order.
    pub size: Option<u64>,
    /// What the new object carries.
    pub attributes: Attributes,
    /// A part size that the caller insists on.
    pub part_size: Option<u64>,
    /// Whether the parts are copied without passing through here ([`Sink::copy_part`]): it shapes the
    /// layout. Ask [`VfsPath::copies_to`] before; `attributes` then hold what the source carries
    /// ([`VfsPath::carried`]).
    pub copies: bool,
    /// Tells the temporary files of one job from those of others, so that what a killed job left in a
    /// directory can be known and swept.
    pub job: Option<u32>,
    /// Whether it may show under its name before it is safe from a loss of power (`--no-flush`).
    pub no_flush: bool,
}

/// How a sink wants its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The size of every part but the last, in bytes. Part `n` begins at `n * part_size`.
    pub part_size: u64,
    /// How many parts may be under way at once; 1 means in order.
    pub parallel: usize,
}

/// One finished part, as a journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartRecord {
    /// Where it begins.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// The service's tag of the part, on S3.
    pub tag: Option<String>,
    /// The CRC64NVME of its bytes.
    pub crc64: u64,
}

/// What a journal must keep for [`super::VfsPath::resume`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SinkState {
    /// The upload id, or the temporary file's name.
    pub id: String,
    /// The size of the parts.
    pub part_size: u64,
    /// The size of the whole, where it is known.
    pub size: Option<u64>,
    /// What is safely there.
    pub parts: Vec<PartRecord>,
}

/// A write under way. The name shows nothing new, and keeps what it had, until `commit`.
///
/// A sink that is dropped before `commit` succeeded, or `abort` or `keep` was called, removes a local
/// temporary file; an upload is left to whoever kept its [`SinkState`]. The engine therefore always
/// ends with one of the two.
#[async_trait]
pub trait Sink: Debug + Send + Sync {
    /// How it wants its bytes.
    fn layout(&self) -> Layout;

    /// Writes one part, in any order and in parallel as the layout allows. On return the part is
    /// safe (flushed, or acknowledged). A part may be written again after a failure; the last
    /// success counts. `len` is exact: a body that is shorter or longer is an error.
    async fn write_part(&self, offset: u64, len: u64, body: Body) -> Result<()>;

    /// Fills one part from `from` without the bytes passing through here. On return the part is safe, as
    /// after [`Self::write_part`]. `source` is what must still be there. `false` means that this place can't:
    /// begin anew without [`CreateHint::copies`], since parts of its layout are too large to be held.
    ///
    /// Where the service tells no checksum of such a part its record has 0: the commit itself compares the
    /// whole with what the service keeps of the source.
    async fn copy_part(
        &self,
        from: &dyn VfsPath,
        source: &Precondition,
        offset: u64,
        len: u64,
    ) -> Result<bool> {
        let _ = (from, source, offset, len);
        Ok(false)
    }

    /// Fills one part from a file of the cache by the kernel, which lets both share their blocks where it can, and
    /// checks what arrived. On return with `true` the part is safe, as after [`Self::write_part`]; with `false` it is
    /// to be written by that.
    async fn copy_held(&self, offset: u64, len: u64, held: Box<Lent>) -> Result<bool> {
        let _ = (offset, len, held);
        Ok(false)
    }

    /// The file that all parts went to, before `commit`, for whoever can share its blocks.
    fn file(&self) -> Option<File> {
        None
    }

    /// The record of the part that begins at `offset`, once it is safe.
    fn part(&self, offset: u64) -> Option<PartRecord> {
        self.state().parts.into_iter().find(|part| part.offset == offset)
    }

    /// After [`VfsPath::resume`]: whether it was completed before the journal heard of it, so that only
    /// [`Self::commit`] is left, which tells what is there.
    fn is_complete(&self) -> bool {
        false
    }

    /// After [`VfsPath::resume`]: the ranges of parts that the place holds, but of which the journal has no
    /// record, or another one. Each is sent anew unless [`Self::prove`] finds it right.
    fn unproven(&self) -> Vec<Range<u64>> {
        Vec::new()
    }

    /// Compares such a part with its bytes, read again from the source: `true` if the place holds just
    /// these. The part then stands in [`Self::state`]. Worth it where reading is cheaper than sending.
    async fn prove(&self, offset: u64, body: Body) -> Result<bool> {
        let _ = (offset, body);
        Ok(false)
    }

    /// Adds what became known of the source only with its first bytes: the time of modification that was
    /// kept with an object, the headers of another service. What was given at the beginning stays. Before `commit`; what the place can't change
    /// any more after its first part is ignored.
    fn dress(&self, attributes: &Attributes);

    /// From now on dropping this removes nothing: whoever kept its [`SinkState`] goes on with it.
    fn keep(&self);

    /// What a journal must keep. On S3 the id is known from `create` on, where it goes by parts.
    fn state(&self) -> SinkState;

    /// Makes the whole visible under its name if `precondition` holds (else `Conflict`, and the old
    /// content stays), after its size (and checksum, where there is one) was verified. Gives the new
    /// entry with its tag, and how it was verified. A directory of that name is `AlreadyExists`, whatever the precondition: no
    /// answer makes a file replace it.
    ///
    /// After a failure the sink still holds all its parts, so that it can be committed again: after
    /// SlowDown, or bound to what a person agreed to replace. Not every service keeps them then; a sink
    /// that lost them says `Unsupported`, and the caller begins anew. After a success only dropping is left.
    async fn commit(&self, precondition: Precondition) -> Result<Placed>;

    /// Leaves nothing behind: no temporary file, no open upload. May be called again when it failed,
    /// and does nothing after a successful `commit`.
    async fn abort(&self) -> Result<()>;
}
