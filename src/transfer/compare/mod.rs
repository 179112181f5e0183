//! Comparing two trees: what stands on both sides ([`merge`]), and whether it is the same ([`judge`]).
//!
//! Both sides come in the order of their paths, so they are merged as they come: what is held doesn't grow
//! with the trees. Nothing here asks for anything; [`super::Engine::compare`] does.

pub mod judge;
pub mod merge;

use crate::model::{Entry, Name, VfsError};

/// One of the two trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first: a sync's source.
    Here,
    /// The second: a sync's destination.
    There,
}

/// How two trees differ at one path.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// The second tree has no such file.
    OnlyHere(Entry),
    /// The first tree has no such file.
    OnlyThere(Entry),
    /// Both have it, and it isn't the same.
    Differs(Box<(Entry, Entry)>, Why),
    /// Both have it, and it is the same.
    Same(Box<(Entry, Entry)>, Known),
    /// A link, a pipe, a socket or a device, which isn't compared; what the other side has there is left
    /// alone.
    LeftOut(Entry, Side),
    /// It can't be told, or the other side can't hold it.
    Failed(Name, VfsError),
}

impl Difference {
    /// The path below both trees.
    pub fn path(&self) -> &Name {
        match self {
            Self::OnlyHere(entry) | Self::OnlyThere(entry) | Self::LeftOut(entry, _) => &entry.name,
            Self::Differs(both, _) | Self::Same(both, _) => &both.0.name,
            Self::Failed(path, _) => path,
        }
    }
}

/// Why two files aren't the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// One of them is a directory's name, a link, or otherwise no file.
    Kind,
    /// They have different sizes.
    Size,
    /// They were modified at different times.
    Time,
    /// Their checksums differ.
    Content,
    /// Nothing shows that they are the same: the entity tag fits no usual size of parts, or none is told.
    Unproven,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kind => "another kind of thing",
            Self::Size => "another size",
            Self::Time => "another time",
            Self::Content => "another content",
            Self::Unproven => "the content could not be shown to be the same",
        })
    }
}

/// How two files are known to be the same, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    /// By the CRC64NVME of the whole.
    Checksum,
    /// By an entity tag that is the MD5 of the whole, or the same on both sides.
    ETag,
    /// By an entity tag made of the MD5s of the parts.
    Composite,
    /// By size and time of modification.
    Time,
    /// By size alone.
    Size,
}

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Checksum => "checksum",
            Self::ETag => "entity tag",
            Self::Composite => "entity tag of the parts",
            Self::Time => "size and time",
            Self::Size => "size",
        })
    }
}

/// How hard two files of the same size are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum By {
    /// By their times: what a kept time tells costs a request, once.
    #[default]
    Time,
    /// By their content, as far as checksums are told: local bytes are read, an object's never.
    Content,
    /// By their content, and objects are read, too.
    Download,
    /// By size alone.
    Size,
}
