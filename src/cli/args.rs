//! The arguments as they are typed: [`Args`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::cache::args::Cache;
use super::options::{Cat, Selecting, Transferring, Working};
use super::plan::Dry;

/// Two panes over local disks and S3. Without a subcommand the panes open.
#[derive(Clone, Debug, Parser)]
#[command(name = "bifold", version, after_help = AFTER_HELP)]
pub struct Args {
    /// Where the left pane begins; without it, where one left off
    pub left: Option<OsString>,
    /// Where the right pane begins
    pub right: Option<OsString>,
    /// The settings file to read in place of the usual one
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// One setting for this run, as cache.enabled=false
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
    /// What to do without panes.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER_HELP: &str = "Locations: a local path, s3://BUCKET/KEY, NAME://BUCKET/KEY on the connection called NAME, \
s3:// for the list of buckets. A local file that is called like a subcommand: ./ls";

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List a directory, a prefix or the buckets
    Ls(Ls),
    /// Copy files, objects and trees; - is standard input or output
    Cp(Cp),
    /// Move or rename
    Mv(Cp),
    /// Delete
    Rm(Rm),
    /// Make a tree what another is: copy what differs, and with --delete remove what only it has
    Sync(Sync),
    /// Compare two trees without transferring; local files are read, objects are not
    Verify(Verify),
    /// Make directories or buckets
    Mkdir(Locations),
    /// Show everything known of one thing
    Stat(Stat),
    /// Write files and objects to standard output
    Cat(Cat),
    /// Edit a file or an object in $VISUAL or $EDITOR; an object goes back only over what was fetched
    Edit(Edit),
    /// Print links that let others read or write objects for a while, without credentials of their own
    Presign(Presign),
    /// What was begun in parts and never ended: it shows in no listing, and is billed
    #[command(subcommand)]
    Uploads(Uploads),
    /// List, resume, pause and cancel jobs that were begun here or in the panes
    Jobs(Jobs),
    /// What the caches on disk hold and did; how a location is answered from them
    #[command(subcommand)]
    Cache(Cache),
    /// Print the settings in force and where each came from
    Config,
}

impl Command {
    /// Whether it runs jobs, or asks for those of the journal.
    pub(super) fn keeps_jobs(&self) -> bool {
        matches!(self, Self::Cp(_) | Self::Mv(_) | Self::Rm(_) | Self::Sync(_) | Self::Jobs(_))
    }
}

/// `ls`.
#[derive(Clone, Debug, clap::Args)]
pub struct Ls {
    /// What to list
    #[arg(default_value = ".")]
    pub uri: OsString,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// All that lies below, too
    #[arg(long, short)]
    pub recursive: bool,
}

/// `cp` and `mv`.
#[derive(Clone, Debug, clap::Args)]
pub struct Cp {
    /// What to copy (dir/. means the contents of dir), then where to: a destination that ends in / or
    /// is an existing local directory receives, any other is the new name
    #[arg(required = true, num_args = 2.., value_names = ["SRC", "DST"])]
    pub locations: Vec<OsString>,
    /// Directories with all that lies below
    #[arg(long, short)]
    pub recursive: bool,
    /// What to do when something is there already
    #[arg(long, value_enum)]
    pub conflict: Option<OnConflict>,
    /// What to do with symbolic links where they can't be kept. Unsaid, it is asked on the terminal; without
    /// one they are left out and told, and the exit status is 1
    #[arg(long, value_enum)]
    pub links: Option<OnLink>,
    /// Whether to plan only.
    #[command(flatten)]
    pub dry: Dry,
    /// How.
    #[command(flatten)]
    pub transferring: Transferring,
}

/// `rm`.
#[derive(Clone, Debug, clap::Args)]
pub struct Rm {
    /// What to delete
    #[arg(required = true)]
    pub locations: Vec<OsString>,
    /// Directories with all that lies below
    #[arg(long, short)]
    pub recursive: bool,
    /// Whether to plan only.
    #[command(flatten)]
    pub dry: Dry,
    /// Which files of directories.
    #[command(flatten)]
    pub selecting: Selecting,
    /// How much at once.
    #[command(flatten)]
    pub working: Working,
}

/// `sync`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = SYNC_HELP)]
pub struct Sync {
    /// The tree as it should be
    pub source: OsString,
    /// The tree that is made so
    pub destination: OsString,
    /// Delete files that only the destination has, after all else went well; typing it is agreeing to it
    #[arg(long)]
    pub delete: bool,
    /// Delete nothing at all where it would be more than so many
    #[arg(long, value_name = "N", requires = "delete")]
    pub max_delete: Option<u64>,
    /// Delete also where the source holds no file
    #[arg(long, requires = "delete")]
    pub allow_empty: bool,
    /// Compare the content of files of one size, not their times
    #[arg(long)]
    pub checksum: bool,
    /// Only tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// How the files are transferred; what isn't selected is neither copied nor deleted.
    #[command(flatten)]
    pub transferring: Transferring,
}

const SYNC_HELP: &str = "Files are the same when their sizes and times of modification are; an object's time \
is the one that it keeps of its file, else that of its last write. A file is only replaced or deleted while it is \
what was listed. Symbolic links are not part of it: they are left out, told and counted, which is no failure, and what the \
other side has there is left alone; directories without \
files are not made. Nothing is deleted if anything failed.";

/// `verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct Verify {
    /// The one tree
    pub source: OsString,
    /// The other
    pub destination: OsString,
    /// Compare sizes alone
    #[arg(long, conflicts_with = "download")]
    pub size_only: bool,
    /// Read objects, too, where their service tells no checksum
    #[arg(long)]
    pub download: bool,
    /// Which files.
    #[command(flatten)]
    pub selecting: Selecting,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `edit`.
#[derive(Clone, Debug, clap::Args)]
pub struct Edit {
    /// What to edit
    pub location: OsString,
}

/// `stat`.
#[derive(Clone, Debug, clap::Args)]
pub struct Stat {
    /// What to look up
    #[arg(required = true)]
    pub locations: Vec<OsString>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `presign`.
#[derive(Clone, Debug, clap::Args)]
pub struct Presign {
    /// Objects
    #[arg(required = true, value_name = "URI")]
    pub locations: Vec<OsString>,
    /// How long it works, as 15min, 12h or 7d, which is the most; without it, links.expires of the settings
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// A link to write the object, not to read it
    #[arg(long)]
    pub put: bool,
    /// The version to read
    #[arg(long, value_name = "ID", conflicts_with = "put")]
    pub version: Option<String>,
    /// The Content-Type that the answer will have, or that whoever writes must send
    #[arg(long = "response-content-type", visible_alias = "content-type", value_name = "TYPE")]
    pub content_type: Option<String>,
    /// Its Content-Disposition, as: attachment; filename="a.csv"
    #[arg(long = "response-content-disposition", visible_alias = "content-disposition", value_name = "TEXT")]
    pub content_disposition: Option<String>,
    /// Its Content-Encoding
    #[arg(long = "response-content-encoding", visible_alias = "content-encoding", value_name = "TEXT")]
    pub content_encoding: Option<String>,
    /// Its Content-Language
    #[arg(long = "response-content-language", visible_alias = "content-language", value_name = "TEXT")]
    pub content_language: Option<String>,
    /// Its Cache-Control
    #[arg(long = "response-cache-control", visible_alias = "cache-control", value_name = "TEXT")]
    pub cache_control: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `uploads`.
#[derive(Clone, Debug, Subcommand)]
pub enum Uploads {
    /// List all open uploads: age, bytes, parts, whether they are our own, id (a request for each of them)
    Ls(ListUploads),
    /// End open uploads, after naming each of them and asking
    Abort(AbortUploads),
}

/// `uploads ls`.
#[derive(Clone, Debug, clap::Args)]
pub struct ListUploads {
    /// The bucket, or what the keys begin with
    #[arg(value_name = "BUCKET[/PREFIX]")]
    pub uri: OsString,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `uploads abort`.
#[derive(Clone, Debug, clap::Args)]
pub struct AbortUploads {
    /// The bucket, or what the keys begin with
    #[arg(value_name = "BUCKET[/PREFIX]")]
    pub uri: OsString,
    /// Which, by their ids; with the options below, those of these that fit them
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Those begun at least so long ago, as 7d or 12h
    #[arg(long, value_name = "AGE")]
    pub older_than: Option<String>,
    /// Those that this bifold began, but for jobs that run
    #[arg(long)]
    pub own: bool,
    /// Don't ask
    #[arg(long, short)]
    pub yes: bool,
}

/// `jobs`.
#[derive(Clone, Debug, clap::Args)]
pub struct Jobs {
    /// What to do.
    #[command(subcommand)]
    pub command: JobsCommand,
}

/// The subcommands of `jobs`.
#[derive(Clone, Debug, Subcommand)]
pub enum JobsCommand {
    /// List all jobs
    Ls(JobsLs),
    /// Show everything known of jobs
    Show(JobsShow),
    /// Go on with jobs; without a number, with all that were interrupted or paused
    Resume(JobsResume),
    /// Leave running jobs, to be resumed later
    Pause(Numbers),
    /// Give jobs up, and remove what is half done of them
    Cancel(Numbers),
    /// Forget jobs
    Rm(Numbers),
}

/// `jobs ls`.
#[derive(Clone, Debug, clap::Args)]
pub struct JobsLs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `jobs show`.
#[derive(Clone, Debug, clap::Args)]
pub struct JobsShow {
    /// Which
    #[arg(required = true, value_name = "N")]
    pub numbers: Vec<u64>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `jobs resume`.
#[derive(Clone, Debug, clap::Args)]
pub struct JobsResume {
    /// Which
    #[arg(value_name = "N")]
    pub numbers: Vec<u64>,
    /// Also a job of a bifold on another machine, which is gone for good
    #[arg(long, requires = "numbers")]
    pub take_over: bool,
    /// Tell what happens on standard output, one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Jobs by their numbers.
#[derive(Clone, Debug, clap::Args)]
pub struct Numbers {
    /// Which
    #[arg(required = true, value_name = "N")]
    pub numbers: Vec<u64>,
}

/// Locations alone.
#[derive(Clone, Debug, clap::Args)]
pub struct Locations {
    /// Which
    #[arg(required = true)]
    pub locations: Vec<OsString>,
}

/// `--conflict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnConflict {
    /// Ask on the terminal
    Ask,
    /// Replace what is there
    Overwrite,
    /// Leave what is there
    Skip,
    /// Write beside it, under a free name
    Rename,
    /// Replace what is older
    Newer,
}

/// `--links`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnLink {
    /// Copy what they lead to
    Follow,
    /// Leave them out
    Skip,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn positions_and_subcommands_are_told_apart() {
        let panes = Args::try_parse_from(["bifold", "/tmp", "s3://b/"]).unwrap();
        assert_eq!((panes.left, panes.right), (Some("/tmp".into()), Some("s3://b/".into())));
        let ls =
            Args::try_parse_from(["bifold", "ls", "-r", "s3://b", "--set", "cache.enabled=false"]).unwrap();
        assert!(matches!(ls.command, Some(Command::Ls(Ls { recursive: true, .. }))));
        assert_eq!(ls.set, ["cache.enabled=false"]);
        let before =
            Args::try_parse_from(["bifold", "--set", "cache.enabled=false", "ls", "s3://b"]).unwrap();
        assert!(matches!((before.command, before.left), (Some(Command::Ls(_)), None)));
        assert!(Args::try_parse_from(["bifold", "cp", "a"]).is_err());
        let stdin = Args::try_parse_from(["bifold", "cp", "-", "s3://b/k"]).unwrap();
        assert!(matches!(stdin.command, Some(Command::Cp(Cp { locations, .. })) if locations[0] == "-"));
    }
}
