//! The integration tests: one binary, a module per subject.

mod archive;
mod bodies;
mod bodies_cli;
mod cache;
mod cli;
mod cli_cache;
mod cli_rules;
mod conformance;
mod jobs;
mod links;
mod local;
mod model;
mod pty;
mod pty_edit;
mod pty_jobs;
mod pty_view;
mod requests;
mod s3;
mod screens;
mod security;
mod support;
mod sync;
mod terminal;
mod tidy;
mod transfer;
mod view;
