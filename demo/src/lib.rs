//! The demo: an S3 service in memory, with sample buckets. It is the service that bifold's tests take
//! for the truth.
//!
//! [`Server::start`] gives a running service on a free loopback port. Any AWS client speaks to it over
//! HTTP with signed requests; a test seeds and inspects it through [`Store`], counts what was asked
//! ([`Server::counts`], [`Server::log`]), and scripts what goes wrong ([`Faults`]):
//!
//! ```
//! use demo::{Effect, Options, Rule, Server};
//!
//! let server = Server::start(Options { max_page: 2, ..Options::default() })?;
//! server.store().create_bucket("lake");
//! server.store().put("lake", "a/b.txt", "hello");
//! server.faults().add(Rule::on("ListObjectsV2", Effect::slow_down()).times(2));
//! assert_eq!(server.counts().total(), 0);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The protocol (routing, signatures, XML) is the `s3s` crate's; what an operation means is here:
//! an ordered map of exact keys behind one lock. Nothing is written to disk.

mod access;
mod blob;
pub mod calls;
mod faults;
mod front;
pub mod picture;
pub mod presign;
pub mod retry;
pub mod samples;
mod server;
#[allow(clippy::wildcard_imports, reason = "of the protocol's types each file uses a dozen")]
#[allow(clippy::needless_pass_by_value, reason = "the operations have one shape, whatever they use of it")]
mod service;
mod store;
pub mod svg;
mod traffic;
pub mod views;

pub use access::{ACCESS_KEY, RESTRICTED_KEY, RESTRICTED_SECRET, SECRET_KEY, WrongRegion};
pub use blob::Blob;
pub use faults::{Effect, Faults, Gate, Rule};
pub use server::{Options, Server};
pub use store::{Attributes, Info, Now, Store, Versioning};
pub use traffic::{Counts, REFUSED, Record};
