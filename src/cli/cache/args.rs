//! The arguments of `bifold cache`: [`Cache`].

use std::ffi::OsString;

use clap::Subcommand;

/// `cache`.
#[derive(Clone, Debug, Subcommand)]
pub enum Cache {
    /// What the caches on disk hold and did, of all windows and runs
    Stats(Json),
    /// List the objects that are held: bytes on disk, last use, hits, where from
    Ls(List),
    /// Read and check all that is held; what is damaged is forgotten, and the exit status is 1
    Verify(Json),
    /// Forget what is held, after naming how much that is and asking
    Clear(Clear),
    /// Hold objects, whole and as they are now
    Warm(Warm),
    /// Print where the caches on disk are
    Path,
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

/// What only tells.
#[derive(Clone, Debug, clap::Args)]
pub struct Json {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `cache ls`.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only what begins so
    pub prefix: Option<OsString>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `cache clear`.
#[derive(Clone, Debug, clap::Args)]
pub struct Clear {
    /// Only objects whose location begins so, and previews of them
    #[arg(long, value_name = "URI")]
    pub prefix: Option<OsString>,
    /// Don't ask
    #[arg(long, short)]
    pub yes: bool,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `cache warm`.
#[derive(Clone, Debug, clap::Args)]
pub struct Warm {
    /// Which objects
    #[arg(required = true)]
    pub locations: Vec<OsString>,
    /// Prefixes with all that lies below
    #[arg(long, short)]
    pub recursive: bool,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}
