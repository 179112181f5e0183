//! `bifold verify`: compares two trees without transferring, and tells of each file how it was compared.

use std::collections::BTreeMap;
use std::io;

use futures::StreamExt;
use serde_json::{Value, json};

use super::Status;
use super::args::Verify;
use super::context::{Context, Failure};
use super::out::{Out, tell};
use super::sync::{matcher, trees};
use crate::model::Name;
use crate::transfer::Comparing;
use crate::transfer::compare::{By, Difference, Known, Side};

/// What was found.
#[derive(Debug, Default)]
struct Found {
    same: BTreeMap<Known, u64>,
    differences: u64,
    failed: u64,
    left_out: u64,
    complete: bool,
}

/// Compares, and tells.
pub(super) async fn run(args: &Verify, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let (here, there) = trees(context, &args.source, &args.destination).await?;
    let by = match (args.size_only, args.download) {
        (true, _) => By::Size,
        (_, true) => By::Download,
        _ => By::Content,
    };
    let selection = matcher(&args.selecting)?;
    let how = Comparing { by, selection, ..Comparing::default() };
    let mut differences = context.services.engine.compare(&here, &there, how);
    let mut found = Found { complete: true, ..Found::default() };
    while let Some(batch) = differences.next().await {
        match batch {
            Ok(batch) => batch.iter().try_for_each(|one| found.tell(one, args.json, out))?,
            Err(error) => {
                found.failed += 1;
                found.complete = false;
                tell(&error.to_string());
            }
        }
    }
    found.end(args.json, out)?;
    let well = found.differences == 0 && found.failed == 0;
    Ok(if well { Status::Done } else { Status::Failed })
}

impl Found {
    fn tell(&mut self, difference: &Difference, as_json: bool, out: &mut Out) -> io::Result<()> {
        let (word, why) = self.count(difference);
        let path = difference.path();
        if as_json {
            return out.line(line(word, path, &why).to_string().as_bytes());
        }
        let head = format!("{word:<8}  {why:<24}  ");
        out.line(&[head.as_bytes(), path.as_bytes()].concat())
    }

    fn count(&mut self, difference: &Difference) -> (&'static str, String) {
        match difference {
            Difference::Same(_, known) => {
                *self.same.entry(*known).or_default() += 1;
                return ("same", known.to_string());
            }
            Difference::LeftOut(_, side) => {
                self.left_out += 1;
                return ("left out", format!("no file in {}", word(*side)));
            }
            Difference::Failed(_, error) => {
                self.failed += 1;
                tell(&error.to_string());
                return ("failed", error.without_location());
            }
            _ => self.differences += 1,
        }
        let why = match difference {
            Difference::Differs(_, why) => why.to_string(),
            Difference::OnlyHere(_) => format!("only in {}", word(Side::Here)),
            _ => format!("only in {}", word(Side::There)),
        };
        ("differs", why)
    }

    fn end(&self, as_json: bool, out: &mut Out) -> io::Result<()> {
        let same: u64 = self.same.values().sum();
        let by: BTreeMap<String, u64> = self.same.iter().map(|(known, n)| (known.to_string(), *n)).collect();
        if as_json {
            let line = json!({
                "event": "finished", "complete": self.complete, "same": same, "by": by,
                "differs": self.differences, "failed": self.failed, "left_out": self.left_out,
            });
            return out.line(line.to_string().as_bytes());
        }
        let by: Vec<String> = by.iter().map(|(known, count)| format!("{count} by {known}")).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        let (differ, failed) = (self.differences, self.failed);
        out.line(format!("{same} same{by}, {differ} differ, {failed} failed").as_bytes())
    }
}

fn word(side: Side) -> &'static str {
    match side {
        Side::Here => "the first tree",
        Side::There => "the second tree",
    }
}

fn line(word: &str, path: &Name, why: &str) -> Value {
    json!({ "event": word, "path": path.to_lossy(), "why": why })
}
