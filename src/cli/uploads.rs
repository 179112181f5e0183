//! `bifold uploads`: what was begun in parts and never ended. It shows in no listing and is billed.
//!
//! Nothing is ended unasked: `abort` names each upload before it ends any.

use std::collections::HashSet;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::stream::{self, StreamExt};
use serde_json::json;

use super::Status;
use super::args::{AbortUploads, ListUploads, Uploads};
use super::ask;
use super::context::{Context, Failure};
use super::out::{Out, tell};
use super::row;
use crate::config;
use crate::model::{ErrorKind, Op, Result as VfsResult, Timestamp, Uri, VfsError};
use crate::transfer::journal::{JobState, Journal, RecordedUpload};
use crate::vfs::OpenUpload;

/// Uploads whose parts are asked for at once.
const AT_ONCE: usize = 16;

/// Whose an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    /// This journal's: its row there, the job that may go on with it, and whether that runs now.
    Own { row: u64, job: Option<u64>, running: bool },
    /// Begun about when this journal meant to begin one whose id nobody was told.
    Perhaps,
    /// Somebody else's.
    Other,
}

impl Whose {
    fn name(&self) -> &'static str {
        match self {
            Self::Own { .. } => "yes",
            Self::Perhaps => "perhaps",
            Self::Other => "no",
        }
    }

    fn job(&self) -> Option<u64> {
        match self {
            Self::Own { job, .. } => *job,
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Own { job: Some(job), .. } => format!("own, job {job}"),
            Self::Own { .. } => "own".to_owned(),
            Self::Perhaps => "perhaps own".to_owned(),
            Self::Other => "-".to_owned(),
        }
    }
}

/// An upload with all that is known of it.
struct Found {
    upload: OpenUpload,
    whose: Whose,
    /// Bytes and parts; `None` where the service doesn't say.
    size: Option<(u64, u64)>,
}

impl Found {
    /// How long ago it was begun, in milliseconds.
    fn age(&self, now: Timestamp) -> u64 {
        u64::try_from(now.0.saturating_sub(self.upload.since.0)).unwrap_or_default()
    }

    fn line(&self, now: Timestamp) -> String {
        let number = |at: fn((u64, u64)) -> u64| self.size.map_or("-".to_owned(), |it| at(it).to_string());
        let (bytes, parts, age) = (number(|it| it.0), number(|it| it.1), text_of_age(self.age(now)));
        let (whose, OpenUpload { uri, id, .. }) = (self.whose.text(), &self.upload);
        format!("{age:>5}  {bytes:>15}  {parts:>5}  {whose:<12}  {id}  {uri}")
    }

    fn json(&self, now: Timestamp) -> String {
        let at = self.upload.uri.as_s3();
        json!({
            "uri": self.upload.uri.to_string(),
            "bucket": at.and_then(|at| at.bucket.as_deref()),
            "key": at.map(|at| &*at.key),
            "id": &*self.upload.id,
            "since": row::utc(self.upload.since),
            "age_seconds": self.age(now) / 1000,
            "bytes": self.size.map(|it| it.0),
            "parts": self.size.map(|it| it.1),
            "own": self.whose.name(),
            "job": self.whose.job(),
        })
        .to_string()
    }
}

/// Lists or ends uploads.
pub(super) async fn run(args: &Uploads, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    match args {
        Uploads::Ls(args) => list(args, context, out).await,
        Uploads::Abort(args) => abort(args, context, out).await,
    }
}

async fn list(args: &ListUploads, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let place = bucket(context, &args.uri)?;
    let (journal, _) = Journal::open(context.state.as_deref()).await;
    let mut found = found(context, &journal, &place).await?;
    let status = measure(context, &mut found).await;
    let now = now();
    for upload in &found {
        let line = if args.json { upload.json(now) } else { upload.line(now) };
        out.line(line.as_bytes())?;
    }
    Ok(status)
}

/// A location in a bucket.
fn bucket(context: &Context, text: &std::ffi::OsStr) -> Result<Uri, Failure> {
    let uri = context.typed(text)?.uri;
    if uri.as_s3().is_some_and(|at| at.bucket.is_some()) {
        return Ok(uri);
    }
    Err(Failure::Usage(format!("{uri} is no bucket: name one, as s3://BUCKET or s3://BUCKET/PREFIX")))
}

async fn found(context: &Context, journal: &Journal, place: &Uri) -> VfsResult<Vec<Found>> {
    let uploads = context.path(place)?.uploads().await?;
    let recorded = journal.uploads().await.unwrap_or_default();
    let jobs = journal.jobs().await.unwrap_or_default();
    let running = jobs.iter().filter(|job| job.state == JobState::Running).map(|job| job.number);
    let running: HashSet<u64> = running.collect();
    let of = |upload: &OpenUpload| whose(upload, &recorded, &running);
    Ok(uploads.into_iter().map(|it| Found { whose: of(&it), upload: it, size: None }).collect())
}

fn whose(upload: &OpenUpload, recorded: &[RecordedUpload], running: &HashSet<u64>) -> Whose {
    let key = |uri: &Uri| uri.as_s3().map(|at| (at.bucket.clone(), at.key.clone()));
    let mut same = recorded.iter().filter(|own| key(&own.uri) == key(&upload.uri));
    let mut perhaps = same.clone();
    // The journal keeps what a sink says of itself: the id of the write, and that of the upload.
    let id = |own: &RecordedUpload| Some(own.upload.as_ref()?.split_once(':')?.1.to_owned());
    if let Some(own) = same.find(|own| id(own).as_deref() == Some(&*upload.id)) {
        let running = own.job.is_some_and(|job| running.contains(&job));
        return Whose::Own { row: own.row, job: own.job, running };
    }
    // The clocks of both sides differ, but rarely by an hour.
    let about = |own: &RecordedUpload| own.since.0.abs_diff(upload.since.0) < 3_600_000;
    if perhaps.any(|own| own.upload.is_none() && about(own)) { Whose::Perhaps } else { Whose::Other }
}

/// Asks what each holds. One that was ended meanwhile is no longer one.
async fn measure(context: &Context, found: &mut Vec<Found>) -> Status {
    let sizes = stream::iter(found.iter()).map(|it| size(context, &it.upload)).buffered(AT_ONCE);
    let sizes: Vec<VfsResult<(u64, u64)>> = sizes.collect().await;
    let mut status = Status::Done;
    let all = std::mem::take(found).into_iter().zip(sizes);
    found.extend(all.filter_map(|(upload, size)| match size {
        Ok(size) => Some(Found { size: Some(size), ..upload }),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => {
            status = Failure::from(error).told();
            Some(upload)
        }
    }));
    status
}

async fn size(context: &Context, upload: &OpenUpload) -> VfsResult<(u64, u64)> {
    context.path(&upload.uri)?.upload_size(&upload.id).await
}

async fn abort(args: &AbortUploads, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let older = older_than(args)?;
    let place = bucket(context, &args.uri)?;
    context.writable(Op::Write, &place)?;
    let (journal, _) = Journal::open(context.state.as_deref()).await;
    let mut chosen = found(context, &journal, &place).await?;
    let now = now();
    let missing = args.ids.iter().find(|id| chosen.iter().all(|it| *it.upload.id != ***id));
    if let Some(id) = missing {
        let why = format!("no open upload here has the id {id}; nothing was ended");
        return Err(VfsError::new(Op::Write, place, ErrorKind::NotFound, why).into());
    }
    chosen.retain(|it| {
        let by_id = args.ids.is_empty() || args.ids.iter().any(|id| *id == *it.upload.id);
        let own = !args.own || matches!(it.whose, Whose::Own { .. });
        by_id && own && older.is_none_or(|least| it.age(now) >= least)
    });
    let running = |it: &Found| matches!(it.whose, Whose::Own { running: true, .. });
    for busy in chosen.iter().filter(|it| running(it)) {
        let job = busy.whose.job().unwrap_or_default();
        tell(&format!("job {job} is writing {} right now: it was left alone", busy.upload.uri));
    }
    let busy = chosen.iter().any(running);
    chosen.retain(|it| !running(it));
    measure(context, &mut chosen).await;
    if chosen.is_empty() {
        tell("no open upload is to be ended");
        return Ok(if busy { Status::Failed } else { Status::Done });
    }
    for it in &chosen {
        out.line(it.line(now).as_bytes())?;
    }
    io::Write::flush(out)?;
    if !args.yes && !agreed(&chosen)? {
        tell("nothing was ended");
        return Ok(Status::Failed);
    }
    let ended = end(context, &journal, &chosen).await;
    Ok(if busy { Status::Failed } else { ended })
}

/// The age to go by in milliseconds. Something has to be said of which are meant.
fn older_than(args: &AbortUploads) -> Result<Option<u64>, Failure> {
    if args.ids.is_empty() && args.older_than.is_none() && !args.own {
        let which = "say which uploads: by their ids, --older-than 7d or --own";
        return Err(Failure::Usage(which.to_owned()));
    }
    let Some(text) = &args.older_than else { return Ok(None) };
    let age = config::time(text).map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    age.map(Some).ok_or_else(|| Failure::Usage(format!("\"{text}\" is no age: write 7d, 12h or 30m")))
}

/// Asks the person; without one it has to be said beforehand.
fn agreed(chosen: &[Found]) -> Result<bool, Failure> {
    if !ask::possible() {
        let why = "this ends the uploads above: say --yes, since nobody can be asked here";
        return Err(Failure::Usage(why.to_owned()));
    }
    let bytes: u64 = chosen.iter().filter_map(|it| it.size).map(|it| it.0).sum();
    let uploads =
        if chosen.len() == 1 { "this upload".to_owned() } else { format!("these {} uploads", chosen.len()) };
    Ok(ask::yes(&format!("End {uploads} and throw away {bytes} bytes? (y/n)")))
}

async fn end(context: &Context, journal: &Journal, chosen: &[Found]) -> Status {
    let mut status = Status::Done;
    for Found { upload, whose, .. } in chosen {
        let ended = async { context.path(&upload.uri)?.abort_upload(&upload.id).await };
        match ended.await {
            Err(error) if error.kind != ErrorKind::NotFound => status = Failure::from(error).told(),
            _ => {
                if let Whose::Own { row, .. } = whose
                    && let Err(error) = journal.forget_upload(*row).await
                {
                    tell(&format!("the journal still has the upload: {error}"));
                }
            }
        }
    }
    status
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// An age in its largest unit.
fn text_of_age(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::S3Uri;

    fn recorded(upload: Option<&str>, key: &str, job: u64) -> RecordedUpload {
        let uri = Uri::S3(S3Uri::new("s3", "b", key));
        let upload = upload.map(str::to_owned);
        RecordedUpload { row: 7, uri, upload, since: Timestamp(10_000_000), job: Some(job) }
    }

    #[test]
    fn an_upload_is_ours_by_its_id_and_perhaps_by_its_time() {
        let upload = |id: &str, key: &str, since| OpenUpload {
            uri: Uri::S3(S3Uri::new("other", "b", key)),
            id: id.into(),
            since: Timestamp(since),
        };
        let journal = [recorded(Some("write:id"), "k", 3), recorded(None, "lost", 4)];
        let running = HashSet::from([3]);
        let of = |upload: OpenUpload| whose(&upload, &journal, &running);
        assert_eq!(of(upload("id", "k", 0)), Whose::Own { row: 7, job: Some(3), running: true });
        assert_eq!(of(upload("id", "another", 0)), Whose::Other);
        assert_eq!(of(upload("x", "k", 10_000_000)), Whose::Other);
        assert_eq!(of(upload("x", "lost", 10_060_000)), Whose::Perhaps);
        assert_eq!(of(upload("x", "lost", 20_000_000)), Whose::Other);
    }

    #[test]
    fn ages_are_short() {
        for (millis, text) in
            [(0, "0s"), (59_999, "59s"), (60_000, "1m"), (3_600_000, "1h"), (86_400_000 * 400, "400d")]
        {
            assert_eq!(text_of_age(millis), text);
        }
    }
}
