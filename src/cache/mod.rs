//! The caches and their figures. Nothing here knows of a backend or of a screen.

mod caches;
pub mod clock;
mod connection;
pub mod disk;
pub mod kept;
pub mod meter;
pub mod objects;
pub mod ops;
pub mod presigned;
pub mod previews;
pub mod stats;

pub use caches::{DiskCaches, dir as cache_dir};
pub use clock::{Clock, ManualClock, Moment, SystemClock};
pub use connection::ConnectionId;
pub use kept::KeptListings;
pub use meter::{Meter, OpKind, RequestCounts};
pub use ops::{OpCache, OpKey, Query, SharedOpCache};
pub use presigned::{Holder, LinkCache, LinkFigures, LinkKey, Signer, Signing};
pub use stats::{CacheStats, Figures};
