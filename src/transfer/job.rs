//! The words of a transfer, all plain data: what is asked ([`JobSpec`]), what is heard on the way
//! ([`JobEvent`]) and how it ended ([`Outcome`]).

use serde::{Deserialize, Serialize};

use crate::model::{Entry, Tag, Uri, VfsError};
use crate::vfs::{Attributes, Proof, Trust};

/// Tells one job from another within a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What a job does with its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Copies them.
    Copy,
    /// Copies them, and removes each source file after its own copy was verified. Within a place
    /// that can, it renames. A rename is a move [`Target::As`].
    Move,
    /// Removes them.
    Delete,
}

/// One thing that was chosen, bound to its full location and to what was shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceItem {
    /// Where it is. For a directory on S3 this is the prefix (`…/a/`), for a marker the same text
    /// with an entry of kind `File`.
    pub uri: Uri,
    /// The row as it was shown: kind, size and tag.
    pub entry: Entry,
}

/// Where a copy goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Below this directory, each under its own name.
    Into(Uri),
    /// Exactly here: the new name of the only source.
    As(Uri),
    /// The contents of the only source (a directory) below this one, without its own name.
    ContentsInto(Uri),
    /// Each source exactly to its own place.
    Each {
        /// The directory that all of them are below.
        base: Uri,
        /// The places, in the order of the sources.
        targets: Vec<Uri>,
    },
}

impl Target {
    /// The location that was named.
    pub fn place(&self) -> &Uri {
        let (Self::Into(place)
        | Self::As(place)
        | Self::ContentsInto(place)
        | Self::Each { base: place, .. }) = self;
        place
    }
}

/// What to do when something is at the destination already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// Ask, by [`Question::Conflict`].
    #[default]
    Ask,
    /// Replace it, bound to what was seen (`If-Match`); a change since then asks again.
    Overwrite,
    /// Leave it and the source.
    Skip,
    /// Write beside it under a free name: `a (2).txt`.
    Rename,
    /// Replace it only where the source is newer.
    Newer,
}

/// What to do with a symbolic link where links can't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPolicy {
    /// Ask once, by [`Question::Links`].
    #[default]
    Ask,
    /// Copy what they lead to.
    Follow,
    /// Leave them out, and count them.
    Skip,
}

/// How hard a finished file is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// By what the transfer itself tells, and by one HEAD for large files and for moves.
    #[default]
    Auto,
    /// Every file by the strongest proof that both ends have, also where that costs a request a file.
    Always,
}

/// Which names of a tree a job is about: globs over the path below the source, with `/` between names.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// Files that match one of these, where there are any.
    pub include: Vec<String>,
    /// But none that matches one of these.
    pub exclude: Vec<String>,
}

/// What a job may decide by itself, and how it goes about it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobOptions {
    /// For conflicts.
    pub conflict: ConflictPolicy,
    /// For links where the destination can't keep them.
    pub links: LinkPolicy,
    /// Which of the files below directories.
    pub selection: Selection,
    /// What the copies carry otherwise than their sources or the connection's settings say: storage
    /// class, encryption, content type.
    pub attributes: Attributes,
    /// The size of parts, in bytes; else as fits the file and the service.
    pub part_size: Option<u64>,
    /// How many requests at once; else as [`super::Limits`] says.
    pub at_once: Option<usize>,
    /// The most bytes a second.
    pub rate: Option<u64>,
    /// How hard to verify.
    pub verify: Verify,
    /// Whether local files may show under their names before they are safe from a loss of power.
    pub no_flush: bool,
    /// Whether bodies that are held on disk stand for what a service would send.
    pub bodies: Trust,
}

/// What a job is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Copy, move or delete.
    pub kind: JobKind,
    /// What was chosen.
    pub sources: Vec<SourceItem>,
    /// Where it goes; `None` for a delete.
    pub target: Option<Target>,
    /// What it may decide by itself.
    pub options: JobOptions,
}

/// Numbers of a plan or of a job under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Files, objects, links.
    pub files: u64,
    /// Directories and prefixes.
    pub dirs: u64,
    /// Bytes.
    pub bytes: u64,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// All there is to do, as far as it is known.
    pub total: Counts,
    /// Whether `total` is final, or still growing ("so far").
    pub total_known: bool,
    /// What is done. Bytes count as they pass; files when they are whole and verified.
    pub done: Counts,
    /// Of what is done, that which an earlier attempt had done already.
    pub kept: Counts,
    /// Files that failed.
    pub failed: u64,
    /// Files that were skipped: conflicts, links.
    pub skipped: u64,
    /// One of those under way.
    pub current: Option<Uri>,
}

/// Something at the destination is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The source's location.
    pub source: Uri,
    /// The source as the plan saw it.
    pub source_entry: Entry,
    /// The destination's location.
    pub target: Uri,
    /// What is there.
    pub target_entry: Entry,
    /// Whether an earlier answer is void because the destination changed since.
    pub changed: bool,
}

/// What a job asks of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What to do about a conflict.
    Conflict(Box<Conflict>),
    /// Links were met where they can't be kept: this is the first.
    Links(Uri),
}

/// One way out of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Replace it.
    Overwrite,
    /// Leave it.
    Skip,
    /// Keep both.
    KeepBoth,
    /// Replace it if the source is newer.
    NewerOnly,
    /// Follow links.
    FollowLinks,
    /// Skip links.
    SkipLinks,
    /// Give up the whole job.
    Cancel,
}

/// The person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    /// What to do.
    pub choice: Choice,
    /// For all further questions of this kind in this job, too.
    pub for_all: bool,
}

/// One thing that failed, and why; the rest went on.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What it was, for a retry.
    pub item: SourceItem,
    /// Why.
    pub error: VfsError,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Outcome {
    /// Its last numbers.
    pub progress: Progress,
    /// What failed; nothing of it was lost.
    pub failures: Vec<Failure>,
    /// Whether it was cancelled before its end.
    pub cancelled: bool,
    /// Whether it was left as it is, to be resumed from the journal.
    pub suspended: bool,
    /// The number under which the journal keeps it.
    pub number: Option<u64>,
    /// How many finished files were verified by each [`Proof`], the strongest first.
    pub proofs: [u64; 4],
    /// How many deletions and overwrites can be undone, since their bucket keeps versions.
    pub undoable: u64,
    /// What a retry has to do again: the failed steps alone, as jobs with their exact targets.
    pub retry: Vec<JobSpec>,
}

impl Outcome {
    /// How many files it was about in the end: at least those that were counted before, and what was done,
    /// skipped or failed.
    pub fn files(&self) -> u64 {
        let dealt_with = self.progress.done.files + self.progress.skipped + self.failures.len() as u64;
        dealt_with.max(self.progress.total.files)
    }
}

/// What is heard of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum JobEvent {
    /// How far it is; at most 10 times a second.
    Progress(Progress),
    /// It waits for an answer to question number `.0`; the rest of the job goes on.
    Asks(u64, Question),
    /// A directory was written into or removed from: panes on it may list again.
    Touched(Uri),
    /// The journal keeps it under this number.
    Kept(u64),
    /// It was paused, or goes on.
    Paused(bool),
    /// A file is over; heard only after [`super::JobControl::tell_files`].
    File(Box<FileReport>),
    /// Something a person should know of, in a sentence: a file that starts over because it changed.
    Note(String),
    /// It is over.
    Finished(Box<Outcome>),
}

/// One file that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct FileReport {
    /// The source.
    pub source: Uri,
    /// Where it went; none for a delete.
    pub target: Option<Uri>,
    /// Its size in bytes.
    pub bytes: u64,
    /// What tells the content that was written from another, where that was told.
    pub tag: Option<Tag>,
    /// How it ended.
    pub end: FileEnd,
}

/// How one file ended.
#[derive(Clone, Debug, PartialEq)]
pub enum FileEnd {
    /// Copied (and its source removed, in a move), and verified so.
    Copied(Proof),
    /// Given another name.
    Renamed,
    /// Removed.
    Deleted,
    /// Left where it is.
    Skipped,
    /// An earlier attempt had finished it.
    AsBefore,
    /// Failed; the source and what was at the destination are as they were.
    Failed(VfsError),
}
