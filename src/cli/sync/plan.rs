//! What is told of a sync: each step where that was asked for, and the numbers at the end.

use std::io;

use serde_json::{Value, json};

use super::super::out::{Out, tell};
use crate::model::{Name, VfsError};

/// How many of each there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) copied: u64,
    pub(super) bytes: u64,
    pub(super) deleted: u64,
    pub(super) same: u64,
    pub(super) failed: u64,
    pub(super) left_out: u64,
    /// Files of the source that it is about.
    pub(super) source: u64,
}

/// Where it is told.
pub(super) struct Teller<'a> {
    pub(super) out: &'a mut Out,
    pub(super) json: bool,
    pub(super) dry: bool,
}

impl Teller<'_> {
    /// Tells of one file: what was done to it, or would be.
    pub(super) fn step(&mut self, what: &str, path: &Name, why: Option<&str>) -> io::Result<()> {
        if self.json {
            let mut line = json!({ "event": what, "path": path.to_lossy() });
            line["why"] = why.map_or(Value::Null, Value::from);
            return self.out.line(line.to_string().as_bytes());
        }
        if !self.dry {
            return Ok(());
        }
        let why = why.map(|why| format!("  ({why})")).unwrap_or_default();
        self.out.line(&[what.as_bytes(), b"  ", path.as_bytes(), why.as_bytes()].concat())
    }

    /// Tells of a failure, on standard error, too.
    pub(super) fn failed(&mut self, path: Option<&Name>, error: &VfsError) -> io::Result<()> {
        tell(&error.to_string());
        match path {
            Some(path) if self.json => self.step("failed", path, Some(&error.to_string())),
            _ => Ok(()),
        }
    }

    /// The last line.
    pub(super) fn end(&mut self, counts: &Counts, complete: bool) -> io::Result<()> {
        if self.json {
            let line = json!({
                "event": "finished", "dry_run": self.dry, "complete": complete,
                "copied": counts.copied, "bytes": counts.bytes, "deleted": counts.deleted,
                "same": counts.same, "failed": counts.failed, "left_out": counts.left_out,
            });
            return self.out.line(line.to_string().as_bytes());
        }
        let (copied, deleted) = if self.dry { ("to copy", "to delete") } else { ("copied", "deleted") };
        let mut text = format!(
            "{} {copied}, {} {deleted}, {} same, {} failed",
            counts.copied, counts.deleted, counts.same, counts.failed
        );
        if counts.left_out > 0 {
            text = format!("{text}, {} left out (links, pipes, devices)", counts.left_out);
        }
        self.out.line(text.as_bytes())
    }
}
