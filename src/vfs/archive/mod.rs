//! Archives as read-only directories.
//!
//! Four difficulties, and how each is solved:
//!
//! 1. *An archive is asked by many handles.* A [`Shelf`] keeps the last few that were opened, each with its
//!    members; entering a directory inside asks nothing again. Every read is bound to the tag that the archive
//!    had when its members were read, so that no byte of another version is taken for one of this.
//! 2. *What is packed has no middle.* A part of a packed member, or any member of a packed tar, comes from a
//!    temporary file without a name, into which the one stream is unpacked as far as somebody reads (`spool`):
//!    a copy in parts unpacks once, not once a part. The file goes when nobody has read it for a minute. A look
//!    unpacks only so much, and is told before how far it may go ([`super::VfsPath::reach`]).
//! 3. *Archives lie.* A member that unpacks to more than it declares is an error, and so is one whose
//!    checksum differs; its last bytes are given only when all of it was right. How many members, and how
//!    many bytes of names, is bounded while they are read: a listing that would have to be cut is refused
//!    instead.
//! 4. *Names are hostile.* They are shown byte for byte, cut at slashes only (`.` names nothing): `..`, the
//!    empty name and NUL are names like others here, and it is the destination that refuses them. Links are
//!    told, never followed.

mod body;
mod contents;
mod links;
mod opened;
mod outer;
mod path;
mod shelf;
mod spool;
mod tar;
mod tree;
mod unpack;
mod zip;

pub use contents::{Data, Member, Most, contents};
pub use path::ArchivePath;
pub use shelf::Shelf;

#[cfg(test)]
mod tests;
