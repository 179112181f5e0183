//! `bifold cache trace`: a location is opened twice, and each request, hit and miss is told.

use std::io::Write;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use serde_json::{Value, json};

use super::super::Status;
use super::super::context::{Context, Failure, as_directory, dir_shaped};
use super::super::out::Out;
use super::args::Trace;
use super::hear::{self, Heard};
use crate::model::{Entry, ErrorKind, Freshness, Kind, Result as VfsResult, Uri};
use crate::vfs::{DynPath, Fetch};
use crate::view::format;

/// How much of a file is read, as a view of its beginning does.
const HEAD: u64 = 64 << 10;

/// Between what is told and its being heard: a request is told by the task that sent it.
const LATE: Duration = Duration::from_millis(20);

/// One opening.
struct Look {
    took: Duration,
    events: Vec<(Duration, Heard)>,
}

impl Look {
    fn requests(&self) -> usize {
        self.events.iter().filter(|(_, heard)| heard.is_request()).count()
    }
}

/// Opens it twice.
pub(super) async fn run(args: &Trace, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let uri = context.typed(&args.uri)?.uri;
    hear::take();
    for off in turned_off(context) {
        if args.json {
            out.line(json!({ "event": "off", "which": off.0, "reason": off.1 }).to_string().as_bytes())?;
        } else {
            out.line(format!("{} is off: {}", off.0, off.1).as_bytes())?;
        }
    }
    let mut looks = Vec::new();
    for name in ["first", "second"] {
        let look = look(context, &uri).await?;
        print(args.json, name, &look, out)?;
        looks.push(look);
    }
    if !args.json {
        let [first, second] = looks.as_slice() else { return Ok(Status::Done) };
        out.line(summary(first, second).as_bytes())?;
    }
    Ok(Status::Done)
}

/// The caches that answer nothing, whatever is asked, and why.
fn turned_off(context: &Context) -> Vec<(&'static str, &'static str)> {
    let registry = &context.services.registry;
    let operations = (!registry.cache().enabled()).then_some((
        "the operation cache",
        "[cache] or [cache.operations] turns it off, and each listing is a request",
    ));
    let objects = registry.disk().objects.shelf().is_none().then_some((
        "the cache of bodies",
        "[cache] or [cache.objects] turns it off, or there is no state directory, and each read is a request",
    ));
    operations.into_iter().chain(objects).collect()
}

async fn look(context: &Context, uri: &Uri) -> Result<Look, Failure> {
    let begun = Instant::now();
    open(context, uri).await?;
    let took = begun.elapsed();
    tokio::time::sleep(LATE).await;
    let since = |heard: Heard| (heard.at.saturating_duration_since(begun), heard);
    Ok(Look { took, events: hear::take().into_iter().map(since).collect() })
}

/// Opens it as a pane would: a directory is listed, and of a file the beginning is viewed.
async fn open(context: &Context, uri: &Uri) -> VfsResult<()> {
    match what_is(context, uri).await? {
        Some(entry) if entry.kind == Kind::File => view(&context.path(uri)?, entry).await,
        Some(entry) if !entry.can_enter() => Ok(()),
        _ => list(&context.path(&as_directory(uri))?).await,
    }
}

/// The row of what isn't a directory by its shape. A prefix without its slash has none.
async fn what_is(context: &Context, uri: &Uri) -> VfsResult<Option<Entry>> {
    if dir_shaped(uri) {
        return Ok(None);
    }
    match context.path(uri)?.stat(Freshness::Cached).await {
        Err(error) if error.kind == ErrorKind::NotFound && uri.as_s3().is_some() => Ok(None),
        found => found.map(Some),
    }
}

async fn list(path: &DynPath) -> VfsResult<()> {
    let mut pages = path.list(Freshness::Cached);
    while pages.try_next().await?.is_some() {}
    Ok(())
}

async fn view(path: &DynPath, entry: Entry) -> VfsResult<()> {
    let len = entry.size.unwrap_or(0).min(HEAD);
    if len == 0 {
        return Ok(());
    }
    let mut body = path.fetch(Some(0..len), &Fetch::view(entry)).await?.body;
    while body.try_next().await?.is_some() {}
    Ok(())
}

fn print(json: bool, name: &str, look: &Look, out: &mut Out) -> Result<(), Failure> {
    if json {
        for (at, heard) in &look.events {
            out.line(as_json(name, *at, heard).to_string().as_bytes())?;
        }
        let total = json!({
            "look": name, "event": "total", "requests": look.requests(), "ms": millis(look.took),
        });
        out.line(total.to_string().as_bytes())?;
    } else {
        out.line(name.as_bytes())?;
        for (at, heard) in &look.events {
            out.line(as_text(*at, heard).as_bytes())?;
        }
    }
    Ok(out.flush()?)
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

fn as_text(at: Duration, heard: &Heard) -> String {
    let what = match heard.get("operation") {
        Some(operation) => format!("{} {operation}", heard.what),
        None => heard.what.clone(),
    };
    let mut text = format!("{:>8.1} ms  {what:<24}  {}", millis(at), heard.which);
    let status = heard.get("status").map(|status| format!("status {status}"));
    let took = heard.get("ms").map(|ms| format!("{ms} ms"));
    let notes: Vec<String> = [heard.reason.clone(), status, took].into_iter().flatten().collect();
    if !notes.is_empty() {
        text = format!("{text}  ({})", notes.join(", "));
    }
    text
}

fn as_json(look: &str, at: Duration, heard: &Heard) -> Value {
    let mut event = json!({
        "look": look, "event": heard.what, "at_ms": millis(at), "which": heard.which, "reason": heard.reason,
    });
    for (name, value) in &heard.more {
        event[*name] = value.parse::<u64>().map_or_else(|_| Value::from(value.as_str()), Value::from);
    }
    event
}

fn summary(first: &Look, second: &Look) -> String {
    let told = |look: &Look| {
        let requests = format::counted(look.requests() as u64, "request", "requests");
        format!("{requests} in {:.1} ms", millis(look.took))
    };
    format!("first: {}; second: {}", told(first), told(second))
}
