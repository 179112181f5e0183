//! What pieces of work and their answers are made of: [`Copied`], [`Earlier`], [`Relation`].

use crate::model::{Entry, Tag, Uri};
use crate::vfs::{CreateHint, Identity, Placed, SinkState};

/// The copy of a source that is about to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where.
    pub at: Uri,
    /// Its tag, where the write told one.
    pub tag: Option<Tag>,
    /// Whether the bytes passed through here, so that the copy carries an id of its own.
    pub streamed: bool,
}

/// What an earlier attempt of a job did about a file, as the journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// The source as it was then.
    pub entry: Entry,
    /// Where it went.
    pub target: Uri,
    /// How far it came.
    pub what: Left,
}

/// How far an earlier attempt came with a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// It was about to begin an upload; nobody knows whether the service heard of it.
    Intended,
    /// It was being written.
    Open(Box<SinkState>, Box<CreateHint>),
    /// The copy was whole and in place.
    Placed(Box<Placed>),
    /// And its source was removed.
    SourceRemoved,
}

/// How two locations relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They are different things.
    Apart,
    /// They are one thing.
    Same,
    /// The target lies inside the source.
    Inside,
}

impl Relation {
    /// That of two places.
    pub fn of(source: &Identity, target: &Identity) -> Self {
        match () {
            () if source == target => Self::Same,
            () if target.is_inside(source) => Self::Inside,
            () => Self::Apart,
        }
    }
}
