//! S3 as a backend.
//!
//! `path` is the [`super::VfsPath`]; it speaks to a [`S3Api`], of which there are two: `sdk`, which
//! asks the service, and `cached`, which wraps any other.

pub mod api;
mod bound;
pub mod cached;
mod checksum;
mod copy;
pub mod endpoint;
mod fetch;
pub mod limits;
mod links;
mod path;
mod profile;
mod reasons;
pub mod sdk;
mod tree;
mod upload;
mod versions;

pub use api::S3Api;
pub use cached::Cached;
pub use path::{S3Path, Service};
pub use sdk::Sdk;
