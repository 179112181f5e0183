//! What is asked and told of what the caches hold, as plain data: [`HeldAsk`], [`Heard`].

use crate::app::stats::Standing;
use crate::model::{Timestamp, Uri};

/// A cache whose entries can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Layer {
    /// Answers to requests, in memory.
    #[default]
    Answers,
    /// Bodies of objects, on disk.
    Objects,
    /// Rendered previews, on disk.
    Previews,
}

impl Layer {
    /// All, in the order of the screen.
    pub const ALL: [Self; 3] = [Self::Answers, Self::Objects, Self::Previews];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Answers => "Answers in memory",
            Self::Objects => "Objects on disk",
            Self::Previews => "Previews on disk",
        }
    }

    /// The table of its settings.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Answers => "cache.operations",
            Self::Objects => "cache.objects",
            Self::Previews => "cache.previews",
        }
    }

    /// Whether it is on disk, where entries can be pinned and checked.
    pub fn on_disk(self) -> bool {
        self != Self::Answers
    }

    /// The next one, or the one before.
    #[must_use]
    pub fn turned(self, forward: bool) -> Self {
        let step = if forward { 1 } else { Self::ALL.len() - 1 };
        Self::ALL[(self as usize + step) % Self::ALL.len()]
    }
}

/// What tells an entry from others of its cache. Only the runtime knows what it means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldId(pub String);

/// What an entry is of.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldAt {
    /// This location.
    Uri(Uri),
    /// What would be typed as this; empty where it isn't known.
    Typed(String),
}

/// An entry of a cache.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldItem {
    /// Which.
    pub id: HeldId,
    /// What it is of.
    pub at: HeldAt,
    /// The version, where one was asked for.
    pub version: Option<String>,
    /// The bytes that it takes.
    pub bytes: u64,
    /// When it was fetched, or rendered.
    pub since: Timestamp,
    /// What else is known.
    pub what: HeldWhat,
}

/// What is known of an entry, by its cache.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldWhat {
    /// An answer in memory.
    Answer {
        /// S3's own name of the request.
        operation: String,
        /// The rows of a listing.
        rows: Option<u64>,
        /// Whether it says that nothing is there.
        negative: bool,
        /// Whether it still answers.
        life: HeldLife,
    },
    /// A file on disk.
    File {
        /// The size of the whole, in bytes.
        size: u64,
        /// Whether all of it is held.
        whole: bool,
        /// When it was last used.
        used: Timestamp,
        /// When the service last said that it is right.
        validated: Timestamp,
        /// How often it was served.
        hits: u64,
        /// Whether it stays whatever the bounds say.
        pinned: bool,
        /// The tag of its content.
        tag: String,
    },
}

/// Whether an answer in memory still answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldLife {
    /// Until then.
    Until(Timestamp),
    /// It is shown only until it was read again.
    Stale,
    /// No longer.
    Over,
}

/// A part of what a cache holds, in the order of locations.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct HeldPage {
    /// Whether it keeps anything.
    pub standing: Standing,
    /// The place of the first item among all that were asked for.
    pub skip: usize,
    /// The items.
    pub items: Vec<HeldItem>,
    /// How many there are in all.
    pub total: usize,
    /// The bytes of all.
    pub bytes: u64,
}

/// What is asked of a cache. `below` is the beginning of a location; none is all.
#[derive(Clone, Debug, PartialEq)]
pub enum HeldAsk {
    /// A part of what it holds: `Page`.
    List {
        /// The cache.
        layer: Layer,
        /// Which entries.
        below: Option<Uri>,
        /// How many come before the part.
        skip: usize,
        /// The most items.
        most: usize,
    },
    /// How much there is: `Counted`.
    Count(Layer, Uri),
    /// Forget one: `Dropped`.
    Drop(Layer, HeldId),
    /// Forget all: `Dropped`.
    DropBelow(Layer, Uri),
    /// Keep one whatever the bounds say, or no longer: `Pinned`.
    Pin(Layer, HeldId, bool),
    /// Read and check one: `Verified`.
    Verify(Layer, HeldId),
    /// Read and check all: `Verifying` from time to time, then `Verified`.
    VerifyAll(Layer, Option<Uri>),
}

/// What a cache answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A part of what it holds.
    Page(HeldPage),
    /// How much there is.
    Counted {
        /// Entries.
        entries: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// So many were forgotten.
    Dropped(u64),
    /// It was pinned or unpinned; `false` where it is gone.
    Pinned(bool),
    /// How far the checking is.
    Verifying(Checked),
    /// What the checking showed.
    Verified(Checked),
}

/// What checking showed so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Checked {
    /// Entries that were read.
    pub entries: u64,
    /// Of so many.
    pub total: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Pieces that were damaged, and are forgotten now.
    pub damaged: u64,
}
