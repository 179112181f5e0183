//! bifold: a two-pane terminal file manager, local disks and S3 side by side.

pub mod app;
pub mod cache;
pub mod cli;
pub mod config;
pub mod model;
pub mod runtime;
pub mod transfer;
pub mod vfs;
pub mod view;
