//! The demo: an in-memory S3 server with sample buckets.

pub mod picture;
pub mod svg;
