//! `--dry-run`: what a command would do is printed, and nothing is written.

use std::io::Write;

use futures::TryStreamExt;
use serde_json::{Value, json};

use super::Status;
use super::context::{Context, Failure};
use super::out::{Out, tell};
use super::row::Row;
use crate::model::{ErrorKind, Freshness, Op, S3Uri, StorageClass, Uri, VfsError};
use crate::transfer::plan::{Found, Refusal, Tally};
use crate::transfer::{Conflict, ConflictPolicy, JobKind, JobSpec, LinkPolicy, Plan, Target};
use crate::view::format;

/// Whether to plan only.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Dry {
    /// Print what would be done, with what it would take, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Prints the plan of each job. What wouldn't get there makes it a failure, and so does what a copy would leave
/// out unasked.
pub(super) async fn print(
    context: &Context,
    specs: Vec<JobSpec>,
    json: bool,
    out: &mut Out,
) -> Result<Status, Failure> {
    let (mut refused, mut unsaid, mut unmatched) = (0, 0, false);
    for spec in specs {
        need_bucket(context, &spec).await?;
        let (asks_links, includes) =
            (spec.options.links == LinkPolicy::Ask, !spec.options.selection.include.is_empty());
        let (policy, class) = (spec.options.conflict, spec.options.attributes.class.clone());
        let mut plans = context.services.engine.plan(spec);
        let mut last = None;
        while let Some(plan) = plans.try_next().await? {
            last = Some(plan);
        }
        let Some(plan) = last else { continue };
        refused += plan.refusals.count;
        unsaid += if asks_links { plan.losses.links } else { 0 };
        unmatched |= includes && plan.counts.files == 0;
        if json {
            writeln!(out, "{}", as_json(&plan, policy, class.as_ref()))?;
        } else {
            for line in lines(&plan, policy, class.as_ref()) {
                out.line(line.as_bytes())?;
            }
        }
    }
    out.flush()?;
    let left_out = || format::counted(unsaid, "symbolic link", "symbolic links");
    let told = [
        (refused > 0).then(|| format!("{refused} would fail")),
        (unsaid > 0).then(|| format!("{} would be left out (--links says what becomes of them)", left_out())),
        unmatched.then(|| UNMATCHED.to_owned()),
    ];
    told.iter().flatten().for_each(|text| tell(text));
    Ok(if told.iter().all(Option::is_none) { Status::Done } else { Status::Failed })
}

/// What `--include` came to when nothing has such a name.
pub(super) const UNMATCHED: &str = "nothing matched: no file below has a name that --include means";

/// A bucket that doesn't exist holds nothing, too, but nothing could be put there. Where it can't be told, the plan
/// says what it finds.
async fn need_bucket(context: &Context, spec: &JobSpec) -> Result<(), Failure> {
    let target = spec.target.as_ref().map(Target::place);
    let Some(s3) = target.and_then(Uri::as_s3).filter(|s3| s3.bucket.is_some()) else { return Ok(()) };
    let bucket = context.path(&Uri::S3(S3Uri { key: "".into(), ..s3.clone() }))?;
    match bucket.stat(Freshness::Past).await {
        Err(error) if error.kind == ErrorKind::NotFound => {
            let error = VfsError::new(Op::Write, error.uri, ErrorKind::NotFound, "the bucket doesn't exist");
            Err(error.with_hint("make it first, with mkdir, or check its name").into())
        }
        _ => Ok(()),
    }
}

/// Buckets go by one request each, and only when they are empty.
pub(super) fn print_buckets(buckets: &[Uri], as_json: bool, out: &mut Out) -> Result<(), Failure> {
    for uri in buckets {
        if as_json {
            writeln!(out, "{}", json!({ "event": "plan", "kind": "delete", "bucket": uri.to_string() }))?;
        } else {
            out.line(format!("would delete the bucket {uri}, if it is empty").as_bytes())?;
        }
    }
    Ok(())
}

fn lines(plan: &Plan, policy: ConflictPolicy, class: Option<&StorageClass>) -> Vec<String> {
    let total = plan.total(policy);
    let mut lines = vec![headline(plan)];
    lines.push(requests(&total));
    if total.egress > 0 {
        lines.push(format!("{} leave the service", format::size(total.egress)));
    }
    if let Some(cost) = plan.cost(policy, class) {
        lines.push(format!("about {} at list price (AWS, us-east-1)", format::dollars(cost)));
    }
    let short = plan.short_of(policy);
    if short > 0 {
        lines.push(format!("{} more than is free at the destination", format::size(short)));
    }
    lines.extend(losses(plan));
    lines.extend(conflicts(plan, policy));
    let name = |Refusal { uri, why, .. }: &Refusal| format!("  {uri}: {why}");
    lines.extend(named(&plan.refusals, "would fail", name));
    lines
}

fn headline(plan: &Plan) -> String {
    let verb = match plan.kind {
        JobKind::Copy => "copy",
        JobKind::Move => "move",
        JobKind::Delete => "delete",
    };
    let mut what = vec![format::counted(plan.counts.files, "file", "files")];
    if plan.counts.dirs > 0 {
        what.push(format::counted(plan.counts.dirs, "directory", "directories"));
    }
    what.push(format::size(plan.counts.bytes));
    format!("would {verb} {}", what.join(", "))
}

fn requests(total: &Tally) -> String {
    let kinds = total.requests.iter();
    let kinds: Vec<String> =
        kinds.map(|(kind, count)| format!("{} {}", kind.operation(), format::count(count))).collect();
    match total.requests.total() {
        0 => "no request to a service".to_owned(),
        all => format!("{}: {}", format::counted(all, "request", "requests"), kinds.join(", ")),
    }
}

fn losses(plan: &Plan) -> Option<String> {
    let losses = &plan.losses;
    let lost = [
        (losses.links, "symbolic link", "symbolic links"),
        (losses.modes, "permission to run", "permissions to run"),
        (losses.metadata, "object's headers and metadata", "objects' headers and metadata"),
    ];
    let lost = lost.into_iter().filter(|(count, ..)| *count > 0);
    let lost: Vec<String> = lost.map(|(count, one, many)| format::counted(count, one, many)).collect();
    (!lost.is_empty()).then(|| format!("not kept at the destination: {}", lost.join(", ")))
}

fn conflicts(plan: &Plan, policy: ConflictPolicy) -> Vec<String> {
    let fate = match policy {
        ConflictPolicy::Ask => "are there already, and would be asked about",
        ConflictPolicy::Overwrite => "are there already, and would be replaced",
        ConflictPolicy::Skip => "are there already, and would be left",
        ConflictPolicy::Rename => "are there already, and would be kept beside the new ones",
        ConflictPolicy::Newer => "are there already, and would be replaced where the source is newer",
    };
    named(&plan.conflicts, fate, |Conflict { target, .. }| format!("  {target}"))
}

fn named<T>(found: &Found<T>, what: &str, name: impl Fn(&T) -> String) -> Vec<String> {
    if found.count == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!("{} {what}:", format::count(found.count))];
    lines.extend(found.first.iter().map(name));
    if found.more() > 0 {
        lines.push(format!("  and {} more", format::count(found.more())));
    }
    lines
}

fn as_json(plan: &Plan, policy: ConflictPolicy, class: Option<&StorageClass>) -> Value {
    let total = plan.total(policy);
    let requests: serde_json::Map<String, Value> =
        total.requests.iter().map(|(kind, count)| (kind.operation().to_owned(), count.into())).collect();
    let conflict = |one: &Conflict| {
        json!({
            "source": Row::new(&one.source, &one.source_entry),
            "target": Row::new(&one.target, &one.target_entry),
        })
    };
    let refusal =
        |one: &Refusal| json!({ "uri": one.uri.to_string(), "kind": one.kind.word(), "why": one.why });
    json!({
        "event": "plan",
        "kind": plan.kind,
        "files": plan.counts.files,
        "dirs": plan.counts.dirs,
        "bytes": plan.counts.bytes,
        "transferred": { "files": total.files, "bytes": total.bytes, "egress": total.egress },
        "requests": requests,
        "cost_usd": plan.cost(policy, class).map(|nanos| nanos as f64 / 1e9),
        "room": plan.room,
        "conflicts": {
            "count": plan.conflicts.count,
            "first": plan.conflicts.first.iter().map(conflict).collect::<Vec<_>>(),
        },
        "refusals": {
            "count": plan.refusals.count,
            "first": plan.refusals.first.iter().map(refusal).collect::<Vec<_>>(),
        },
        "lost": {
            "links": plan.losses.links,
            "modes": plan.losses.modes,
            "metadata": plan.losses.metadata,
        },
    })
}
