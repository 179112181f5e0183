//! The transfer engine on real backends: the memory model, the local disk and S3 over HTTP.

pub mod bed;
mod conflicts;
mod deletes;
mod disk;
mod faults;
mod http;
mod kill;
mod matrix;
mod moves;
mod plan;
mod resume;
mod trees;
