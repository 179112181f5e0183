//! The caches and their figures. Nothing here knows of a backend or of a screen.

pub mod meter;

pub use meter::{Meter, OpKind, RequestCounts};
