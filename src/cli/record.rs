//! A job of the journal as it is printed.

use std::fmt::{self, Write as _};

use humansize::{DECIMAL, format_size};
use serde_json::{Value, json};

use super::row::{local, utc};
use crate::model::Uri;
use crate::transfer::journal::{JobRecord, JobState, Ownership};
use crate::transfer::{JobKind, JobSpec};

/// The word for what a job does.
pub(super) fn kind(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Copy => "copy",
        JobKind::Move => "move",
        JobKind::Delete => "delete",
    }
}

/// What a job is about, in a few words.
pub(super) fn about(spec: &JobSpec) -> String {
    let mut text = match spec.sources.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.uri.to_string(),
        [first, rest @ ..] => format!("{} and {} more", first.uri, rest.len()),
    };
    if let Some(target) = &spec.target {
        let _ = write!(text, " to {}", target.place());
    }
    text
}

/// Who runs it, where that is told.
fn owner(job: &JobRecord) -> Option<String> {
    match &job.owner {
        Ownership::Other { host, elsewhere: true, .. } => Some(format!("on {host}")),
        Ownership::Other { pid, .. } => Some(format!("in process {pid}")),
        Ownership::This | Ownership::Nobody => None,
    }
}

/// One line of `jobs ls`.
pub(super) struct Line<'a>(pub &'a JobRecord);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = self.0;
        let (done, total) = (job.progress.done, job.progress.total);
        let files = format!("{} of {} files", done.files, total.files);
        write!(
            f,
            "{:>5}  {:<11}  {}  {files:>20}",
            job.number,
            job.state.word(),
            local(Some(job.last_attempt))
        )?;
        if job.progress.failed > 0 {
            write!(f, ", {} failed", job.progress.failed)?;
        }
        write!(f, "  {} {}", kind(job.spec.kind), about(&job.spec))?;
        owner(job).map_or(Ok(()), |owner| write!(f, "  ({owner})"))
    }
}

/// A job as JSON.
pub(super) fn json(job: &JobRecord) -> Value {
    let uris = |uris: Vec<&Uri>| uris.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (owner_host, owner_pid) = match &job.owner {
        Ownership::Other { host, pid, .. } => (Some(host.clone()), Some(*pid)),
        Ownership::This | Ownership::Nobody => (None, None),
    };
    let progress = &job.progress;
    json!({
        "job": job.number,
        "state": job.state.word(),
        "kind": kind(job.spec.kind),
        "sources": uris(job.spec.sources.iter().map(|source| &source.uri).collect()),
        "target": job.spec.target.as_ref().map(|target| target.place().to_string()),
        "owner_host": owner_host,
        "owner_pid": owner_pid,
        "attempts": job.attempts,
        "created": utc(job.created),
        "last_attempt": utc(job.last_attempt),
        "files_done": progress.done.files,
        "files_total": progress.total.files,
        "bytes_done": progress.done.bytes,
        "bytes_total": progress.total.bytes,
        "total_known": progress.total_known,
        "failed": progress.failed,
        "skipped": progress.skipped,
        "open": job.open,
        "undoable": job.undoable,
        "identities": job.identities,
        "errors": job.errors,
    })
}

/// Everything about a job, line by line.
pub(super) fn sheet(job: &JobRecord) -> Vec<String> {
    let progress = &job.progress;
    let so_far = if progress.total_known { "" } else { " so far" };
    let size = |bytes| format_size(bytes, DECIMAL);
    let mut lines = vec![
        line("job", job.number),
        line(
            "state",
            owner(job).map_or(job.state.word().to_owned(), |by| format!("{} {by}", job.state.word())),
        ),
        line("does", kind(job.spec.kind)),
    ];
    lines.extend(job.spec.sources.iter().map(|source| line("source", &source.uri)));
    lines.extend(job.spec.target.as_ref().map(|target| line("target", target.place())));
    lines.extend(job.identities.iter().map(|identity| line("connection", identity)));
    lines.extend([
        line("begun", local(Some(job.created))),
        line("attempts", format!("{}, the last {}", job.attempts, local(Some(job.last_attempt)))),
        line("files", format!("{} of {}{so_far}", progress.done.files, progress.total.files)),
        line("bytes", format!("{} of {}{so_far}", size(progress.done.bytes), size(progress.total.bytes))),
        line("failed", progress.failed),
        line("skipped", progress.skipped),
        line("half done", job.open),
        line("can be undone", job.undoable),
    ]);
    lines.extend(job.errors.iter().map(|error| line("failure", error)));
    if job.state.waits() || job.state == JobState::Failed {
        lines.push(line("go on with", format!("bifold jobs resume {}", job.number)));
    }
    lines.push(String::new());
    lines
}

fn line(name: &str, value: impl fmt::Display) -> String {
    format!("{name:<20} {value}")
}
