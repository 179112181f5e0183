//! Copying, moving and deleting: what to do as data ([`job`]), decided by a plan and a machine without
//! I/O, done by an engine on tokio.

pub mod compare;
pub mod edit;
mod exec;
pub mod io;
pub mod job;
pub mod journal;
pub mod machine;
pub mod names;
pub mod plan;
mod selection;
#[cfg(test)]
mod testing;

pub use exec::{Comparing, Engine, Identify, JobControl, JobHandle, Resolver, ResumeError};
pub use job::{
    Answer, Choice, Conflict, ConflictPolicy, Counts, Failure, FileEnd, FileReport, JobEvent, JobId, JobKind,
    JobOptions, JobSpec, LinkPolicy, Outcome, Progress, Question, SourceItem, Target,
};
pub use journal::{Journal, JournalError};
pub use machine::Limits;
pub use plan::Plan;
pub use selection::Matcher;

pub use crate::vfs::{Encryption, Proof, Trust};
