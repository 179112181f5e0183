//! The S3 backend over HTTP against the demo's server.

mod copying;
mod credentials;
mod dressing;
mod errors;
mod faults;
mod listing;
mod log;
mod objects;
mod proofs;
mod regions;
mod resuming;
mod undo;
mod uploads;
mod uploads_cli;
mod versions;
