//! The pure words of bifold: locations, entries, listings, errors and text.
//!
//! Nothing here touches a disk, a network, a clock or a terminal.

pub mod archive;
pub mod entry;
pub mod error;
pub mod filter;
pub mod head;
pub mod link;
pub mod listing;
pub mod pages;
pub mod preview;
mod saved;
pub mod sort;
pub mod text;
pub mod units;
pub mod uri;

pub use entry::{ETag, Entry, Kind, Link, Name, StorageClass, Tag, Timestamp};
pub use error::{ErrorKind, Op, Result, VfsError};
pub use filter::Filter;
pub use head::{Head, WRITE_ID};
pub use link::{Cut, LinkAsk, LinkHeaders, LinkMethod, Redacted, SignedLink};
pub use listing::{Freshness, Page, Source};
pub use pages::Pages;
pub use preview::{Ask, Frame, Ink, Piece, Pixels, Screenful, Seen, StyledLine, ViewKind, Viewed};
pub use sort::{Arrangement, Order, SortBy, SortKey};
pub use uri::{ConnName, S3Uri, Uri, UriError};
