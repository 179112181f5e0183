//! The seam between the machine and whoever does its work: what is to be done ([`Action`], [`Io`]) and
//! what came of it ([`Event`], [`Reply`]). All of it is plain data, so that a journal can keep it.

mod words;

use std::sync::Arc;

use super::job::{Answer, FileReport, Outcome, Question};
use crate::model::{Entry, ErrorKind, Name, Result, Uri};
use crate::vfs::{Attributes, CreateHint, Layout, Placed, Precondition, Removal, Removed, SinkState};

pub use words::{Copied, Earlier, Left, Relation};

/// Tells one piece of work under way from another.
pub type IoId = u64;

/// Tells one file of a job from another: its open sink goes by this number.
pub type ItemId = u64;

/// Tells one directory of a job from another: its open listing goes by this number.
pub type DirId = u64;

/// One piece of work. Each is one call of a backend, or a few that belong together.
#[derive(Clone, Debug, PartialEq)]
pub enum Io {
    /// How two locations relate as things, whatever they are called.
    Relate {
        /// What is to be copied.
        source: Uri,
        /// Where to.
        target: Uri,
    },
    /// A page of a directory; page 0 opens the listing (anew), past every cache.
    Page {
        /// The directory.
        dir: DirId,
        /// Which page.
        page: u32,
        /// Where it is.
        at: Uri,
    },
    /// Sees to it that things can be written below here: makes a real directory, looks into a prefix.
    MakeDir {
        /// Where.
        at: Uri,
        /// Whether a link that leads to a directory will do: only where a person named it.
        follow: bool,
        /// Whether the directories above are made, too.
        above: bool,
    },
    /// Gives a directory that was made the mode and the time of its source.
    DressDir {
        /// Where.
        at: Uri,
        /// What it shall have.
        attributes: Box<Attributes>,
    },
    /// What the journal knows of a file of a job that goes on after an interruption.
    Recall {
        /// The source.
        source: Uri,
    },
    /// Whether what is in the way was put there by an earlier attempt of this very job, which died before
    /// it could say so.
    Recognize {
        /// The source.
        from: Uri,
        /// The source as it is.
        entry: Box<Entry>,
        /// The destination.
        at: Uri,
        /// What is there.
        found: Box<Entry>,
        /// What the journal kept of writing it, where it kept any.
        state: Option<Box<SinkState>>,
    },
    /// Keeps an empty directory where directories are prefixes: puts its marker.
    Mark {
        /// Where.
        at: Uri,
    },
    /// Gives another name in one step.
    Rename {
        /// The old name.
        from: Uri,
        /// The new one.
        to: Uri,
        /// What must be true of the new one.
        precondition: Precondition,
    },
    /// What is there, past every cache.
    Look {
        /// Where.
        at: Uri,
    },
    /// What a symbolic link leads to in the end.
    Resolve {
        /// The link.
        link: Uri,
    },
    /// Makes a symbolic link.
    Link {
        /// Where.
        at: Uri,
        /// What it points to.
        target: Name,
        /// What must be true of the place.
        precondition: Precondition,
    },
    /// A copy without the bytes passing through here.
    Native {
        /// The source.
        from: Uri,
        /// The source as it must still be.
        entry: Box<Entry>,
        /// The destination.
        to: Uri,
        /// What must be true of it.
        precondition: Precondition,
    },
    /// Begins to write.
    Create {
        /// The file whose sink this becomes.
        item: ItemId,
        /// The source, for what the new object carries.
        from: Uri,
        /// The source as the plan saw it.
        entry: Box<Entry>,
        /// The destination.
        at: Uri,
        /// What is known of the whole.
        hint: Box<CreateHint>,
        /// Whether it is large, so that an upload in parts may have to be begun.
        large: bool,
    },
    /// Goes on with what an earlier attempt began to write.
    Resume {
        /// The file whose sink this becomes.
        item: ItemId,
        /// The source, to prove by it what the journal doesn't know.
        from: Uri,
        /// The destination.
        at: Uri,
        /// What the journal kept of it.
        state: Box<SinkState>,
        /// What it was begun with.
        hint: Box<CreateHint>,
    },
    /// Fills a part of the sink from the source without the bytes passing through here.
    CopyPart {
        /// The file.
        item: ItemId,
        /// The source.
        from: Uri,
        /// What the source must still be.
        precondition: Precondition,
        /// Where the range begins.
        offset: u64,
        /// Its length in bytes.
        len: u64,
    },
    /// Reads a range of the source into the sink.
    Part {
        /// The file.
        item: ItemId,
        /// The source.
        from: Uri,
        /// What the source must still be.
        precondition: Precondition,
        /// Where the range begins.
        offset: u64,
        /// Its length in bytes.
        len: u64,
        /// Whether it is all of the file.
        whole: bool,
    },
    /// Makes the file visible.
    Commit {
        /// The file.
        item: ItemId,
        /// The destination.
        at: Uri,
        /// What must be true of the destination.
        precondition: Precondition,
        /// The source and the version of it that was read.
        source: Box<(Uri, Entry)>,
        /// Whether its checksum is to be compared first.
        verify: bool,
        /// Whether it waits for others to be flushed with it, and so takes no share of what may be under
        /// way.
        waits: bool,
    },
    /// Ends a sink, leaving nothing.
    Abort {
        /// The file.
        item: ItemId,
        /// The source.
        from: Uri,
        /// The destination.
        at: Uri,
    },
    /// Removes a source that was copied, if it is still the version that was copied.
    RemoveSource {
        /// Where.
        at: Uri,
        /// The version.
        entry: Box<Entry>,
        /// Its copy, which is looked at before; `None` where the copy is a directory's being there.
        copy: Option<Box<Copied>>,
    },
    /// Removes one thing.
    Remove {
        /// Where.
        at: Uri,
        /// What must be true of it.
        precondition: Precondition,
    },
    /// Removes several things of one directory.
    RemoveMany {
        /// The directory.
        dir: Uri,
        /// What.
        removals: Vec<Removal>,
    },
    /// Removes a directory that should be empty by now.
    RemoveDir {
        /// Where.
        at: Uri,
        /// Which one it must still be.
        precondition: Precondition,
    },
}

impl Io {
    /// Whether cancelling may drop it midway. What changes something in one step is awaited instead, so
    /// that its outcome is known, and so is a native copy, which ends itself and cleans up first.
    pub fn interruptible(&self) -> bool {
        matches!(
            self,
            Self::Relate { .. }
                | Self::Page { .. }
                | Self::Look { .. }
                | Self::Resolve { .. }
                | Self::Recognize { .. }
                | Self::Part { .. }
                | Self::CopyPart { .. }
        )
    }

    /// The location that it is about.
    pub fn place(&self) -> &Uri {
        match self {
            Self::Relate { source: at, .. }
            | Self::Page { at, .. }
            | Self::MakeDir { at, .. }
            | Self::DressDir { at, .. }
            | Self::Recall { source: at }
            | Self::Recognize { at, .. }
            | Self::Resume { at, .. }
            | Self::CopyPart { from: at, .. }
            | Self::Mark { at }
            | Self::Rename { from: at, .. }
            | Self::Look { at }
            | Self::Resolve { link: at }
            | Self::Link { at, .. }
            | Self::Native { from: at, .. }
            | Self::Create { at, .. }
            | Self::Part { from: at, .. }
            | Self::RemoveSource { at, .. }
            | Self::Remove { at, .. }
            | Self::RemoveMany { dir: at, .. }
            | Self::RemoveDir { at, .. }
            | Self::Commit { at, .. }
            | Self::Abort { at, .. } => at,
        }
    }

    /// Whether it changes the destination, so that it mustn't be done again blindly after an answer was
    /// lost.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Native { .. } | Self::Commit { .. } | Self::Rename { .. } | Self::Link { .. })
    }

    /// Whether it may simply be done again after a failure of this kind. A listing can't be taken up in
    /// its middle, and would tell its first pages twice.
    pub fn repeatable(&self, kind: ErrorKind) -> bool {
        match self {
            Self::Page { page, .. } => *page == 0,
            _ => !(self.writes() && kind.outcome_unknown()),
        }
    }
}

/// What came of an [`Io`].
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done, and there is nothing to tell.
    Done,
    /// Of `Relate`.
    Relation(Relation),
    /// Of `Page`; `None` is the end.
    Page(Option<Arc<Vec<Entry>>>),
    /// Of `MakeDir`: whether nothing was there before.
    Made {
        /// Nothing was there before, so nothing below can be in the way.
        fresh: bool,
    },
    /// Of `Look`.
    Looked(Option<Entry>),
    /// Of `Resolve`.
    Resolved(Uri, Entry),
    /// Of `Native`; `None` asks for streaming.
    Native(Option<Box<Placed>>),
    /// Of `Recall`: what was done about copies of that source, what is open first.
    Recalled(Vec<Earlier>),
    /// Of `Recognize`: whether it is the job's own. What is whole by what the journal kept of it is told as
    /// committed.
    Recognized(bool),
    /// Of `Create`.
    Created {
        /// How the sink wants its bytes.
        layout: Layout,
        /// Whether they get there without passing through here.
        copies: bool,
    },
    /// Of `Resume`.
    Resumed {
        /// How the sink wants its bytes.
        layout: Layout,
        /// The parts that are there: where each begins, and its length.
        parts: Vec<(u64, u64)>,
        /// Whether it was completed after all, so that only the commit is left, which tells so.
        settled: bool,
    },
    /// Of `Commit`.
    Committed(Box<Placed>),
    /// Of `Remove` and `RemoveSource`.
    Gone(Removed),
    /// Of `RemoveMany`, in order.
    Removed(Vec<Result<Removed>>),
}

/// What the machine hears.
#[derive(Clone, Debug)]
pub enum Event {
    /// Begin.
    Start,
    /// Time has passed, see [`super::machine::Machine::wake`].
    Tick,
    /// A piece of work ended.
    Done(IoId, Result<Reply>),
    /// The person answered.
    Answer(u64, Answer),
    /// The person gives up.
    Cancel,
    /// Hand out nothing more for now; what is under way goes on to its end.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Leave it as it is, to be resumed from the journal.
    Suspend,
    /// Whether each file that is over is to be told.
    TellFiles(bool),
}

/// What the machine wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Do this and tell what came of it.
    Do(IoId, Io),
    /// Ask the person.
    Ask(u64, Question),
    /// Cut short what may be cut short; every piece still reports.
    Interrupt,
    /// A file is over.
    File(Box<FileReport>),
    /// Something a person should know of.
    Note(String),
    /// It is over: nothing is under way, and no sink is open but those that a suspended job keeps.
    Finish(Box<Outcome>),
}
