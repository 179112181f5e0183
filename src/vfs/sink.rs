//! How a file or an object is written: [`Sink`].

use std::fmt::Debug;

use async_trait::async_trait;

use super::{Attributes, Body, Precondition};
use crate::model::{Entry, Result};

/// What is known of the whole before the first byte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateHint {
    /// The size in bytes; `None` for a pipe, whose parts then come in order.
    pub size: Option<u64>,
    /// What the new object carries.
    pub attributes: Attributes,
    /// A part size that the caller insists on.
    pub part_size: Option<u64>,
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
/// A sink that is dropped before either `commit` succeeded or `abort` was called removes a local
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

    /// What a journal must keep.
    fn state(&self) -> SinkState;

    /// Makes the whole visible under its name if `precondition` holds (else `Conflict`, and the old
    /// content stays), after its size (and checksum, where there is one) was verified. Gives the new
    /// entry with its tag. A directory of that name is `AlreadyExists`, whatever the precondition: no
    /// answer makes a file replace it.
    ///
    /// After a failure the sink still holds all its parts, so that it can be committed again: after
    /// SlowDown, or bound to what a person agreed to replace. Not every service keeps them then; a sink
    /// that lost them says `Unsupported`, and the caller begins anew. After a success only dropping is left.
    async fn commit(&self, precondition: Precondition) -> Result<Entry>;

    /// Leaves nothing behind: no temporary file, no open upload. May be called again when it failed,
    /// and does nothing after a successful `commit`.
    async fn abort(&self) -> Result<()>;
}
