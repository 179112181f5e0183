//! What it takes to get a file from one place to another, by the rules of the engine: [`Way`].

use super::super::job::JobKind;
use super::requests::{Request, Requests};
use crate::model::Entry;
use crate::vfs::s3::limits::Beyond;
use crate::vfs::{Caps, Terms};

/// The parts in which an object comes down to a disk, unless the job insists on others.
const DISK_PART: u64 = 8 << 20;

/// The requests of a step: those at the source's service, and those at the destination's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// At the source.
    pub from: Requests,
    /// At the destination.
    pub to: Requests,
}

impl std::ops::AddAssign for Asked {
    fn add_assign(&mut self, other: Self) {
        self.from += other.from;
        self.to += other.to;
    }
}

/// What stands where a file goes.
#[derive(Clone, Debug, PartialEq)]
pub enum At {
    /// Nothing can: the directory is new.
    Fresh,
    /// Nothing does.
    Free,
    /// This.
    Taken(Box<Entry>),
}

/// What lies between a source and the destination of a job.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Copy, move or delete.
    pub kind: JobKind,
    /// A size of parts that the job insists on.
    pub part_size: Option<u64>,
    /// From this size on a file is large to the engine.
    pub large_from: u64,
    /// What the source's place can do.
    pub from: Caps,
    /// What the destination can do; `None` in a delete.
    pub to: Option<Caps>,
    /// The service that is read, where one is.
    pub reads: Option<Terms>,
    /// The service of the archive that is unpacked, where one has it.
    pub unpacks: Option<Terms>,
    /// The service that is written to, where one is.
    pub writes: Option<Terms>,
    /// Whether the bytes needn't pass through here.
    pub native: bool,
    /// Whether both are on one disk, where a move is a new name.
    pub one_disk: bool,
    /// Whether every file is verified, whatever it costs.
    pub verifies: bool,
}

impl Way {
    /// The service whose bytes come here.
    pub fn fetches(&self) -> Option<Terms> {
        self.reads.or(self.unpacks)
    }

    /// Whether a move is a new name and nothing else.
    pub fn renames(&self) -> bool {
        self.kind == JobKind::Move && self.one_disk && self.from.atomic_rename
    }

    /// Whether small files are put without a look, and directories written into without one: the service
    /// itself refuses to replace what mustn't be.
    fn puts_blindly(&self) -> bool {
        self.writes.is_some() && self.reads.is_none() && self.to.is_some_and(|to| to.conditional_put)
    }

    /// Looking whether something is in the way of a file; `blind` under a policy that leaves it to the service.
    pub fn look(&self, size: u64, at: &At, blind: bool) -> Asked {
        let mut asked = Asked::default();
        if self.writes.is_none() || self.renames() {
            return asked;
        }
        if blind && self.puts_blindly() {
            let taken = matches!(at, At::Taken(_));
            asked.to.add(Request::Put, u64::from(taken && size < self.large_from));
            asked.to.add(Request::Head, u64::from(taken || size >= self.large_from));
        } else if !matches!(at, At::Fresh) {
            asked.to.add(Request::Head, 1);
        }
        asked
    }

    /// The transfer of a file of this size, and in a move what removes its source.
    ///
    /// # Errors
    /// Where the destination doesn't hold it.
    pub fn transfer(&self, size: u64) -> Result<Asked, Beyond> {
        let mut asked = if self.renames() {
            Asked::default()
        } else if self.native && self.writes.is_some() {
            self.copy(size)?
        } else {
            self.stream(size)?
        };
        if self.kind == JobKind::Move && !self.renames() {
            asked += self.removal();
        }
        Ok(asked)
    }

    /// A copy on the service. What the source carries is asked for first, since it has to be said again.
    fn copy(&self, size: u64) -> Result<Asked, Beyond> {
        let mut asked = Asked { from: Requests::of(Request::Head, 1), to: Requests::default() };
        let Some(to) = self.writes else { return Ok(asked) };
        if size > to.limits.max_object {
            return Err(Beyond::Object(to.limits.max_object));
        }
        match to.limits.copy_parts(size, self.part_size) {
            None => {
                asked.to.add(Request::Head, u64::from(!to.limits.conditional_copy));
                asked.to.add(Request::Copy, 1);
            }
            Some(parts) => {
                asked.from.add(Request::Tags, 1);
                asked.to.add(Request::Create, 1);
                asked.to.add(Request::PartCopy, parts);
                asked.to.add(Request::Complete, 1);
            }
        }
        Ok(asked)
    }

    /// The bytes pass through here.
    fn stream(&self, size: u64) -> Result<Asked, Beyond> {
        let mut asked = Asked::default();
        let parts = match self.writes {
            Some(to) => to.limits.parts(size, self.part_size)?,
            None => Some(size.div_ceil(self.part_size.unwrap_or(DISK_PART).max(1)).max(1)),
        };
        if self.writes.is_some() {
            match parts {
                None => asked.to.add(Request::Put, 1),
                Some(parts) => {
                    asked.to.add(Request::Create, 1);
                    asked.to.add(Request::Part, parts);
                    asked.to.add(Request::Complete, 1);
                }
            }
        }
        if self.unpacks.is_some() {
            // Of what is packed fewer: about so many.
            let part = self.part_size.unwrap_or(DISK_PART).max(1);
            asked.from.add(Request::Get, size.div_ceil(part).max(1));
        }
        if self.reads.is_some() {
            // What the source carries besides its bytes goes from service to service.
            asked.from.add(Request::Head, u64::from(self.writes.is_some()));
            asked.from.add(Request::Get, parts.unwrap_or(1));
            let verified = self.verifies || size >= self.large_from || self.kind == JobKind::Move;
            asked.from.add(Request::Head, u64::from(verified && parts.is_some()));
        }
        Ok(asked)
    }

    /// Both sides are looked at before a source is removed, and the source once more where its service
    /// would remove it whatever it has become.
    fn removal(&self) -> Asked {
        let mut asked = Asked::default();
        asked.to.add(Request::Head, u64::from(self.writes.is_some()));
        if let Some(from) = self.reads {
            asked.from.add(Request::Head, 1 + u64::from(!from.limits.conditional_delete));
            asked.from.add(Request::Delete, 1);
        }
        asked
    }

    /// A directory at the destination: where directories are prefixes it is looked whether anything is
    /// there.
    pub fn directory(&self, blind: bool) -> Asked {
        let mut asked = Asked::default();
        let looks = self.writes.is_some() && !(blind && self.puts_blindly());
        asked.to.add(Request::List, u64::from(looks));
        asked
    }

    /// The marker of a directory that holds nothing.
    pub fn mark(&self) -> Asked {
        let mut asked = Asked::default();
        asked.to.add(Request::Put, u64::from(self.writes.is_some()));
        asked
    }

    /// The marker at the source of a directory that was moved to a disk.
    pub fn marker_removal(&self) -> Asked {
        Asked { to: Requests::default(), ..self.removal() }
    }

    /// The removal of so many things of one directory, `bound` of them to what was shown.
    pub fn removals(&self, count: u64, bound: u64) -> Asked {
        let mut asked = Asked::default();
        let Some(from) = self.reads.filter(|_| count > 0) else { return asked };
        asked.from.add(Request::DeleteMany, count.div_ceil(self.from.remove_batch.clamp(1, 1000) as u64));
        if bound > 0 && !from.limits.conditional_delete {
            match bound {
                // As far as the batches go; each looks for itself.
                0..=16 => asked.from.add(Request::Head, bound),
                _ => asked.from.add(Request::List, count.div_ceil(1000).pow(2)),
            }
        }
        asked
    }
}
