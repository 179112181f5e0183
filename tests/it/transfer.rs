//! The transfer engine on real backends: the memory model, the local disk and S3 over HTTP.

mod bed;
mod conflicts;
mod deletes;
mod faults;
mod http;
mod moves;
mod trees;
