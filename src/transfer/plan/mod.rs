//! What a job would do, before it does any of it: [`Plan`].
//!
//! A plan holds numbers and the first of what a person should see by name, never a list of steps: that of a
//! million files is as small as that of one. It is made by a [`Planner`], which is told what the directories
//! of both sides hold and answers which to look into next; it does no I/O.
//!
//! What conflicts cost is told apart, so that the numbers for each policy are known at once.

mod planner;
pub mod price;
mod requests;
mod there;
mod way;

use super::job::{Conflict, ConflictPolicy, Counts, JobKind};
use crate::model::{Entry, StorageClass, Uri};

pub use planner::{Look, Planner, Source, Target, Visit, VisitId};
pub use price::NanoDollars;
pub use requests::{Request, Requests};
pub use there::There;
pub use way::{Asked, At, Way};

/// How many conflicts and refusals are told by name.
pub const NAMED: usize = 100;

/// How many there are, and the first of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// All of them.
    pub count: u64,
    /// The first [`NAMED`].
    pub first: Vec<T>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Found<T> {
    fn add(&mut self, one: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(one());
        }
    }

    /// How many aren't told by name.
    pub fn more(&self) -> u64 {
        self.count - self.first.len() as u64
    }
}

/// Why something won't get to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalKind {
    /// The destination doesn't hold anything so large.
    Limit,
    /// Its name can't stand at the destination.
    Name,
    /// Another source has its name at the destination.
    Collision,
    /// It is archived, and can't be read before it is restored.
    Archived,
    /// It can't be read or listed.
    Unreadable,
    /// A directory stands where a file should go, or the other way round.
    InTheWay,
    /// It would be wrong: onto itself, into itself, on a read-only connection.
    Invalid,
}

impl RefusalKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Limit,
        Self::Name,
        Self::Collision,
        Self::Archived,
        Self::Unreadable,
        Self::InTheWay,
        Self::Invalid,
    ];

    /// In a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Self::Limit => "too large",
            Self::Name => "bad name",
            Self::Collision => "same name",
            Self::Archived => "archived",
            Self::Unreadable => "unreadable",
            Self::InTheWay => "blocked",
            Self::Invalid => "impossible",
        }
    }
}

/// Something that won't get to its destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What.
    pub uri: Uri,
    /// Of which kind the reason is.
    pub kind: RefusalKind,
    /// The reason.
    pub why: String,
}

/// What the destination can't keep of what it gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Links that are left out.
    pub links: u64,
    /// Files that may be run, which a service doesn't know of.
    pub modes: u64,
    /// Objects whose headers, metadata and tags a disk doesn't keep.
    pub metadata: u64,
}

/// Files, and what they take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files, objects and links that are transferred or removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these, the bytes that leave a service.
    pub egress: u64,
    /// The requests at both ends.
    pub requests: Requests,
    bill: Bill,
}

/// What has a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bill {
    /// Of what is asked at a source.
    read: NanoDollars,
    /// What is asked at the destination: its price depends on the class of what is written.
    written: Requests,
    /// Bytes.
    egress: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.egress += other.egress;
        self.requests += other.requests;
        self.bill.read += other.bill.read;
        self.bill.written += other.bill.written;
        self.bill.egress += other.bill.egress;
    }
}

impl Tally {
    fn ask(&mut self, way: &Way, asked: Asked, class: Option<&StorageClass>) {
        self.requests += asked.from;
        self.requests += asked.to;
        if way.fetches().is_some_and(|terms| terms.aws) {
            self.bill.read += price::requests(&asked.from, class);
        }
        if way.writes.is_some_and(|terms| terms.aws) {
            self.bill.written += asked.to;
        }
    }

    fn carry(&mut self, way: &Way, entry: &Entry, size: u64) {
        self.files += 1;
        self.bytes += size;
        if way.kind == JobKind::Delete || way.fetches().is_none() {
            return;
        }
        let aws = way.fetches().is_some_and(|terms| terms.aws);
        if aws {
            self.bill.read += price::retrieval(size, entry.class.as_ref());
        }
        if !way.native {
            self.egress += size;
            self.bill.egress += if aws { size } else { 0 };
        }
    }

    /// What this costs by the list, if what is written gets this class.
    pub fn cost(&self, class: Option<&StorageClass>) -> NanoDollars {
        let Bill { read, written, egress } = &self.bill;
        read + price::requests(written, class) + price::egress(*egress)
    }
}

/// What a job would do, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Copy, move or delete.
    pub kind: JobKind,
    /// Whether the numbers are final, or still grow ("so far").
    pub known: bool,
    /// All that was chosen, with what lies below.
    pub counts: Counts,
    /// What is done whatever becomes of conflicts.
    pub sure: Tally,
    /// Looking for conflicts where the service itself refuses to replace anything.
    pub blind: Tally,
    /// Looking for conflicts where nothing is to be put in vain.
    pub looks: Tally,
    /// What is done besides where all conflicts are replaced.
    pub replaced: Tally,
    /// And where those are whose source is newer.
    pub newer: Tally,
    /// And where both are kept.
    pub both: Tally,
    /// What is at the destination already.
    pub conflicts: Found<Conflict>,
    /// What won't get there.
    pub refusals: Found<Refusal>,
    /// How many of each [`RefusalKind`], in the order of [`RefusalKind::ALL`].
    pub refused: [u64; RefusalKind::ALL.len()],
    /// What the destination can't keep.
    pub losses: Losses,
    /// The bytes that are free at a local destination.
    pub room: Option<u64>,
    /// Whether one end is at AWS, whose prices are known.
    pub priced: bool,
}

impl Plan {
    /// A plan of which nothing is known yet.
    pub fn new(kind: JobKind) -> Self {
        Self {
            kind,
            known: false,
            counts: Counts::default(),
            sure: Tally::default(),
            blind: Tally::default(),
            looks: Tally::default(),
            replaced: Tally::default(),
            newer: Tally::default(),
            both: Tally::default(),
            conflicts: Found::default(),
            refusals: Found::default(),
            refused: [0; RefusalKind::ALL.len()],
            losses: Losses::default(),
            room: None,
            priced: false,
        }
    }

    /// What is done under a policy for conflicts; where it is asked, at most.
    pub fn total(&self, policy: ConflictPolicy) -> Tally {
        let mut total = self.sure;
        match policy {
            ConflictPolicy::Ask | ConflictPolicy::Overwrite => total += self.replaced,
            ConflictPolicy::Newer => total += self.newer,
            ConflictPolicy::Rename => total += self.both,
            ConflictPolicy::Skip => {}
        }
        total += match policy {
            ConflictPolicy::Skip | ConflictPolicy::Newer => self.looks,
            _ => self.blind,
        };
        total
    }

    /// An estimate at list price; `None` where no price is known.
    pub fn cost(&self, policy: ConflictPolicy, class: Option<&StorageClass>) -> Option<NanoDollars> {
        self.priced.then(|| self.total(policy).cost(class))
    }

    /// How many bytes are missing at a local destination, as far as it is known.
    pub fn short_of(&self, policy: ConflictPolicy) -> u64 {
        self.room.map_or(0, |room| self.total(policy).bytes.saturating_sub(room))
    }

    /// The kinds of refusals that there are, each with its number.
    pub fn refusal_kinds(&self) -> impl Iterator<Item = (RefusalKind, u64)> + '_ {
        RefusalKind::ALL.into_iter().zip(self.refused).filter(|(_, count)| *count > 0)
    }

    fn refuse(&mut self, uri: &Uri, kind: RefusalKind, why: impl Into<String>) {
        self.refused[kind as usize] += 1;
        self.refusals.add(|| Refusal { uri: uri.clone(), kind, why: why.into() });
    }
}
