//! How a job is heard of on the command line: lines for a person, or JSON for a program.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use super::out::{Out, tell};
use super::progress::Line;
use super::record::kind;
use crate::model::Uri;
use crate::transfer::job::{FileEnd, FileReport};
use crate::transfer::{Counts, JobSpec, Outcome, Progress};
use crate::vfs::Proof;

/// The proofs in the order in which an outcome counts them, with their words for programs.
const PROOFS: [(Proof, &str); 4] =
    [(Proof::Checksum, "checksum"), (Proof::Parts, "parts"), (Proof::ETag, "etag"), (Proof::Size, "size")];

/// Where what happens is told.
pub(super) struct Telling<'a> {
    json: bool,
    out: &'a mut Out,
    line: Line,
    /// Why standard output can't be written any more; the job goes on all the same.
    broken: Option<io::Error>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(json: bool, out: &'a mut Out) -> Self {
        Self { json, out, line: Line::new(), broken: None }
    }

    /// Whether a program listens.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// What went wrong with standard output, at the end.
    pub(super) fn take_broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Makes room on the terminal for something else.
    pub(super) fn clear(&mut self) {
        self.line.clear();
    }

    /// A job is about to begin.
    pub(super) fn plan(&mut self, spec: &JobSpec) {
        let sources: Vec<_> = spec.sources.iter().map(|source| source.uri.to_string()).collect();
        let target = spec.target.as_ref().map(|target| target.place().to_string());
        self.event("plan", || json!({ "kind": kind(spec.kind), "sources": sources, "target": target }));
    }

    /// The journal keeps it.
    pub(super) fn kept(&mut self, number: u64) {
        self.event("kept", || json!({ "job": number }));
    }

    /// How far it is.
    pub(super) fn progress(&mut self, progress: &Progress) {
        if self.json {
            return self.event("progress", || far(progress));
        }
        self.line.show(progress);
    }

    /// It was paused, or goes on.
    pub(super) fn paused(&mut self, paused: bool) {
        self.event("paused", || json!({ "paused": paused }));
    }

    /// A file is over.
    pub(super) fn file(&mut self, report: &FileReport) {
        self.event("file", || of_file(report));
    }

    /// Something to know of.
    pub(super) fn note(&mut self, text: &str) {
        self.clear();
        tell(text);
        self.event("note", || json!({ "text": text }));
    }

    /// It is over: what failed, how the rest was verified, how it goes on.
    pub(super) fn finished(&mut self, outcome: &Outcome) {
        self.clear();
        for failure in &outcome.failures {
            tell(&failure.error.to_string());
        }
        if outcome.failures.len() > 1 {
            tell(&format!("{} of {} failed", outcome.failures.len(), outcome.files()));
        }
        if outcome.cancelled {
            tell("cancelled");
        }
        if outcome.suspended {
            tell(&paused(outcome.number));
        } else if let Some(text) =
            verified(outcome.proofs).filter(|_| !self.json && io::stderr().is_terminal())
        {
            tell(&text);
        }
        self.event("finished", || of_outcome(outcome));
    }

    fn event(&mut self, name: &str, fields: impl FnOnce() -> Value) {
        if !self.json || self.broken.is_some() {
            return;
        }
        let mut event = json!({ "event": name });
        if let (Some(event), Value::Object(fields)) = (event.as_object_mut(), fields()) {
            event.extend(fields);
        }
        let written = self.out.line(event.to_string().as_bytes()).and_then(|()| self.out.flush());
        self.broken = written.err();
    }
}

/// What to do about a job that was left on the way.
pub(super) fn paused(number: Option<u64>) -> String {
    match number {
        Some(number) => format!("paused: go on with `bifold jobs resume {number}`"),
        None => "stopped: it can't be resumed, since no journal is kept".to_owned(),
    }
}

/// How files were verified, by counts.
fn verified(proofs: [u64; 4]) -> Option<String> {
    let counted = PROOFS.iter().zip(proofs).filter(|(_, count)| *count > 0);
    let parts: Vec<_> = counted.map(|((proof, _), count)| format!("{count} by {proof}")).collect();
    (!parts.is_empty()).then(|| format!("verified: {}", parts.join(", ")))
}

fn counts(counts: Counts) -> Value {
    json!({ "files": counts.files, "dirs": counts.dirs, "bytes": counts.bytes })
}

fn far(progress: &Progress) -> Value {
    json!({
        "done": counts(progress.done),
        "total": counts(progress.total),
        "total_known": progress.total_known,
        "kept": counts(progress.kept),
        "failed": progress.failed,
        "skipped": progress.skipped,
        "current": progress.current.as_ref().map(Uri::to_string),
    })
}

fn of_file(report: &FileReport) -> Value {
    let (end, proof, error) = match &report.end {
        FileEnd::Copied(proof) => ("copied", Some(*proof), None),
        FileEnd::Renamed => ("renamed", None, None),
        FileEnd::Deleted => ("deleted", None, None),
        FileEnd::Skipped => ("skipped", None, None),
        FileEnd::AsBefore => ("done_before", None, None),
        FileEnd::Failed(error) => ("failed", None, Some(error.to_string())),
    };
    let word = |proof: Proof| PROOFS.iter().find(|(known, _)| *known == proof).map(|(_, word)| *word);
    json!({
        "source": report.source.to_string(),
        "target": report.target.as_ref().map(Uri::to_string),
        "bytes": report.bytes,
        "end": end,
        "proof": proof.and_then(word),
        "error": error,
    })
}

/// The word for how it ended.
fn state(outcome: &Outcome) -> &'static str {
    match () {
        () if outcome.suspended => "suspended",
        () if outcome.cancelled => "cancelled",
        () if outcome.failures.is_empty() => "done",
        () => "failed",
    }
}

fn of_outcome(outcome: &Outcome) -> Value {
    let failure = |failure: &crate::transfer::Failure| json!({ "uri": failure.item.uri.to_string(), "error": failure.error.to_string() });
    let proofs: serde_json::Map<_, _> = PROOFS
        .iter()
        .zip(outcome.proofs)
        .map(|((_, word), count)| ((*word).to_owned(), count.into()))
        .collect();
    let mut fields = json!({
        "state": state(outcome),
        "job": outcome.number,
        "verified": proofs,
        "undoable": outcome.undoable,
        "failures": outcome.failures.iter().map(failure).collect::<Vec<_>>(),
    });
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), far(&outcome.progress)) {
        fields.extend(more);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_counted_the_strongest_first() {
        assert_eq!(verified([0; 4]), None);
        let told = verified([2, 0, 0, 1]).unwrap();
        assert_eq!(told, "verified: 2 by checksum of the whole, 1 by size");
    }

    #[test]
    fn an_outcome_tells_its_state_and_how_to_go_on() {
        let outcome = Outcome { suspended: true, number: Some(12), ..Outcome::default() };
        let fields = of_outcome(&outcome);
        assert_eq!((&fields["state"], &fields["job"]), (&"suspended".into(), &12.into()));
        assert_eq!(paused(outcome.number), "paused: go on with `bifold jobs resume 12`");
        assert_eq!(state(&Outcome { cancelled: true, ..Outcome::default() }), "cancelled");
        assert_eq!(state(&Outcome::default()), "done");
    }
}
