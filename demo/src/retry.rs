//! What a job that broke off at 90 % sends when it goes on: counted at the server.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::config::{Env, Settings};
use bifold::model::{Freshness, S3Uri, Uri};
use bifold::transfer::{
    Engine, JobEvent, JobHandle, JobId, JobKind, JobOptions, JobSpec, Journal, Limits, Outcome, SourceItem,
    Target,
};
use bifold::vfs::registry::Registry;

use crate::{Effect, Gate, Options, Rule, Server};

const BUCKET: &str = "retry";
/// The least part that a service takes.
const PART: u64 = 5 << 20;
/// How many files the small ones are.
const FILES: u64 = 100;

/// What one job cost, and its retry.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was copied, and how it broke off.
    pub what: String,
    /// How many bytes there are to copy.
    pub bytes: u64,
    /// Bytes, requests and time until it broke off, and of the retry.
    pub attempts: [Cost; 2],
}

/// What one attempt cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Bytes of bodies that the server got, or sent.
    pub bytes: u64,
    /// Requests that the server saw.
    pub requests: u64,
    /// How long it took.
    pub took: Duration,
}

/// Breaks off an upload, a download and a copy of a hundred files at 90 %, and goes on with each. `size` is that
/// of the large file, and of all the small ones together, in bytes: more than 10 parts of 5 MiB.
///
/// # Errors
/// When the server can't be started, a file can't be written, or a retry doesn't get to its end.
pub async fn measure(size: u64, latency: Duration) -> io::Result<Vec<Row>> {
    Ok(vec![
        upload(Bench::new(latency).await?, size).await?,
        download(Bench::new(latency).await?, size).await?,
        many(Bench::new(latency).await?, size).await?,
    ])
}

/// The service can't be reached any more once nine of ten parts are there.
async fn upload(bench: Bench, size: u64) -> io::Result<Row> {
    let path = bench.dir.path().join("large");
    std::fs::write(&path, body(size))?;
    let sent = u32::try_from(size / PART * 9 / 10).unwrap_or(u32::MAX);
    let faults = bench.server.faults();
    faults.add(Rule::on("UploadPart", Effect::Drop).skip(sent).always());
    for operation in ["CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"] {
        faults.add(Rule::on(operation, Effect::Drop).always());
    }
    let spec = bench.spec(vec![Uri::Local(path)], Target::Into(at(""))).await?;
    let what = "one file up; the service can't be reached any more";
    bench.twice(what, size, spec, Upward::Yes, Break::ByItself).await
}

/// The program is left once nine of ten parts are there.
async fn download(bench: Bench, size: u64) -> io::Result<Row> {
    bench.server.store().put(BUCKET, "large", body(size));
    let came = u32::try_from(size / PART * 9 / 10).unwrap_or(u32::MAX);
    let gate = Gate::new();
    bench.server.faults().add(Rule::on("GetObject", Effect::Hold(gate.clone())).skip(came).always());
    let spec = bench.spec(vec![at("large")], Target::Into(Uri::Local(bench.dir.path().into()))).await?;
    let what = "one file down; the program is left";
    bench.twice(what, size, spec, Upward::No, Break::Left(gate)).await
}

/// The service refuses the last ten of a hundred files.
async fn many(bench: Bench, size: u64) -> io::Result<Row> {
    let mut sources = Vec::new();
    for number in 0..FILES {
        let path = bench.dir.path().join(format!("{number:03}"));
        std::fs::write(&path, body(size / FILES))?;
        sources.push(Uri::Local(path));
    }
    for number in FILES * 9 / 10..FILES {
        let refused = Rule::on("PutObject", Effect::access_denied()).key(&format!("{number:03}"));
        bench.server.faults().add(refused.always());
    }
    let spec = bench.spec(sources, Target::Into(at(""))).await?;
    let what = "100 files up; the service refuses the last ten";
    bench.twice(what, size, spec, Upward::Yes, Break::ByItself).await
}

/// Which way the bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upward {
    Yes,
    No,
}

/// How the first attempt ends.
enum Break {
    /// It fails.
    ByItself,
    /// It is left when a request arrives here.
    Left(Gate),
}

/// A server, an engine whose jobs a journal keeps, and a directory.
struct Bench {
    server: Server,
    registry: Registry,
    engine: Engine,
    dir: tempfile::TempDir,
    _state: tempfile::TempDir,
}

impl Bench {
    async fn new(latency: Duration) -> io::Result<Self> {
        let server = Server::start(Options { latency, ..Options::default() })?;
        server.store().create_bucket(BUCKET);
        let (dir, state) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let env: Env = server.env().into_iter().collect();
        let registry = Registry::new(&Settings::default(), &env);
        let engine = engine(&registry, state.path()).await?;
        Ok(Self { server, registry, engine, dir, _state: state })
    }

    async fn spec(&self, sources: Vec<Uri>, target: Target) -> io::Result<JobSpec> {
        let mut items = Vec::with_capacity(sources.len());
        for uri in sources {
            let path = self.registry.resolve(&uri).map_err(io::Error::other)?;
            let entry = path.stat(Freshness::Past).await.map_err(io::Error::other)?;
            items.push(SourceItem { uri, entry });
        }
        let options = JobOptions { part_size: Some(PART), ..JobOptions::default() };
        Ok(JobSpec { kind: JobKind::Copy, sources: items, target: Some(target), options })
    }

    async fn twice(self, what: &str, bytes: u64, spec: JobSpec, up: Upward, stop: Break) -> io::Result<Row> {
        self.server.reset_counts();
        let begun = Instant::now();
        let job = self.engine.start(JobId(1), spec);
        let first = finish(job, stop).await?;
        self.server.faults().clear();
        let first_cost = self.cost(begun, up);
        self.server.reset_counts();
        let number = first.number.ok_or_else(|| io::Error::other("the journal doesn't keep the job"))?;
        let begun = Instant::now();
        let job = self.engine.resume(JobId(2), number).await.map_err(io::Error::other)?;
        let second = finish(job, Break::ByItself).await?;
        if let Some(failure) = second.failures.first() {
            return Err(io::Error::other(failure.error.to_string()));
        }
        Ok(Row { what: what.to_owned(), bytes, attempts: [first_cost, self.cost(begun, up)] })
    }

    fn cost(&self, begun: Instant, up: Upward) -> Cost {
        let took = begun.elapsed();
        let counts = self.server.counts();
        let bytes = if up == Upward::Yes { counts.bytes_in } else { counts.bytes_out };
        Cost { bytes, requests: counts.total(), took }
    }
}

async fn engine(registry: &Registry, state: &Path) -> io::Result<Engine> {
    let registry = registry.clone();
    let (journal, told) = Journal::open(Some(state)).await;
    if let Some(told) = told {
        return Err(io::Error::other(told));
    }
    // One after the other, so that nine of ten are nine of ten; two tries, so that it is given up soon.
    let limits = Limits { tries: 2, parts: 2, small: 1, ..Limits::default() };
    Ok(Engine::new(Arc::new(move |uri| registry.resolve(uri)), limits).with_journal(journal))
}

async fn finish(mut job: JobHandle, stop: Break) -> io::Result<Outcome> {
    let control = job.control();
    let stopped = async {
        match stop {
            Break::ByItself => std::future::pending().await,
            Break::Left(gate) => gate.arrived(1).await,
        }
    };
    tokio::pin!(stopped);
    let mut left = false;
    loop {
        tokio::select! {
            () = &mut stopped, if !left => {
                left = true;
                control.suspend();
            }
            event = job.next() => match event {
                Some(JobEvent::Finished(outcome)) => return Ok(*outcome),
                Some(_) => {}
                None => return Err(io::Error::other("the job ended without a word")),
            },
        }
    }
}

fn at(key: &str) -> Uri {
    Uri::S3(S3Uri::new("s3", BUCKET, key))
}

/// Bytes of which no block is like another.
pub(crate) fn body(size: u64) -> Vec<u8> {
    let mut bytes = vec![0x5a; usize::try_from(size).unwrap_or(usize::MAX)];
    for (number, block) in bytes.chunks_mut(4096).enumerate() {
        let stamp = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        block.iter_mut().zip(stamp).for_each(|(byte, stamp)| *byte = stamp);
    }
    bytes
}

/// The rows as a Markdown table.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what, and how it broke off at 90 % | of | sent until then | in | sent again | requests | in |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for Row { what, bytes, attempts: [first, again] } in rows {
        let line = format!(
            "| {what} | {} | {} | {} | {} | {} | {} |",
            megabytes(*bytes),
            megabytes(first.bytes),
            seconds(first.took),
            megabytes(again.bytes),
            again.requests,
            seconds(again.took),
        );
        let _ = writeln!(text, "{line}"); // into a String
    }
    text
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
