//! S3 as a backend.
//!
//! `path` is the [`super::VfsPath`]; it speaks to a [`S3Api`], of which there are two: `sdk`, which
//! asks the service, and `cached`, which wraps any other.

pub mod api;
pub mod cached;

pub use api::S3Api;
