//! The caches and their figures. Nothing here knows of a backend or of a screen.

mod connection;
pub mod meter;

pub use connection::ConnectionId;
pub use meter::{Meter, OpKind, RequestCounts};
