//! The arguments of `bifold cache`: [`Cache`].

use std::ffi::OsString;

use clap::Subcommand;

/// `cache`.
#[derive(Clone, Debug, Subcommand)]
pub enum Cache {
    /// Open a location twice, and print each request, hit and miss with its reason and time
    Trace(Trace),
}

/// `cache trace`.
#[derive(Clone, Debug, clap::Args)]
pub struct Trace {
    /// What to open: a directory is listed, of a file the beginning is read
    pub uri: OsString,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}
