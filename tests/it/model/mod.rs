//! Random operations on a real backend, compared after each with the memory model.
//!
//! Names are drawn from a few letters, so that they collide: a file where a directory is wanted, `a`
//! beside `a/`, `a-` between them.

mod acts;
mod disk;
mod s3;
