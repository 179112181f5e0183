//! Copying, moving and deleting: what to do as data ([`job`]), decided by a plan and a machine without
//! I/O, done by an engine on tokio.

pub mod job;

pub use job::{
    Answer, Choice, Conflict, ConflictPolicy, Counts, Failure, JobEvent, JobId, JobKind, JobOptions, JobSpec,
    LinkPolicy, Outcome, Progress, Question, SourceItem, Target,
};
