//! The viewer: the first screen of an object of 5 GB at 50 ms a request, whose round trips are printed; a screen
//! that was rendered before; a page in a local log of 10 GB, at its beginning, in its middle and at its end.
//!
//! Beside each stands what the machine takes for the least that it could be, in the same run: the one request for
//! the same bytes; the file that the kept screen is in, read; a page of the log, read.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::cache::DiskCaches;
use bifold::cache::previews::Previews;
use bifold::config::{Dirs, Env, PreviewSettings, Settings};
use bifold::model::{Ask, Frame, Freshness, S3Uri, Screenful, Seen, Uri, Viewed};
use bifold::preview::{Backstage, view};
use bifold::vfs::Precondition;
use bifold::vfs::registry::Registry;
use criterion::{Criterion, criterion_group, criterion_main};
use demo::{Blob, Options, Server};
use futures::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const FRAME: Frame = Frame { columns: 160, rows: 50 };
const LATENCY: Duration = Duration::from_millis(50);

/// An open view and its first screen.
struct Open {
    asks: UnboundedSender<Ask>,
    seen: UnboundedReceiver<Seen>,
}

impl Open {
    fn of(back: Arc<Backstage>, what: Viewed) -> Self {
        let (asks, heard) = unbounded_channel();
        let (tells, seen) = unbounded_channel();
        tokio::spawn(view(back, what, FRAME, heard, move |it| drop(tells.send(it))));
        Self { asks, seen }
    }

    async fn screen(&mut self) -> Screenful {
        loop {
            match self.seen.recv().await.expect("an open view") {
                Seen::Screenful(screen) => return *screen,
                Seen::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    async fn after(&mut self, ask: Ask) -> Screenful {
        self.asks.send(ask).expect("an open view");
        self.screen().await
    }
}

fn back(registry: Registry) -> Arc<Backstage> {
    keeping(registry, Previews::off())
}

fn keeping(registry: Registry, previews: Previews) -> Arc<Backstage> {
    let settings = PreviewSettings { theme: String::new(), ..Settings::default().preview };
    let resolve = Arc::new(move |uri: &Uri| registry.resolve(uri));
    Arc::new(Backstage { resolve, previews, settings, cell: (8, 16) })
}

/// The service, the object, and what views it.
struct Remote {
    server: Server,
    registry: Registry,
    what: Viewed,
}

impl Remote {
    fn new(tokio: &Runtime) -> Self {
        let server = Server::start(Options { latency: LATENCY, ..Options::default() }).expect("a free port");
        server.store().create_bucket("lake");
        server.store().put("lake", "big.log", Blob::repeat(log(0), 5 << 30));
        let env: Env = server.env().into_iter().collect();
        let registry = Registry::new(&Settings::default(), &env);
        let dir = registry.resolve(&Uri::S3(S3Uri::new("s3", "lake", ""))).expect("a path");
        let listing = dir.list(Freshness::Past).try_collect::<Vec<_>>();
        let entry = tokio.block_on(listing).expect("a listing")[0].entries[0].clone();
        let uri = Uri::S3(S3Uri::new("s3", "lake", "big.log"));
        Self { server, registry, what: Viewed { uri, entry, kind: None, quick: false } }
    }
}

fn first_screen(c: &mut Criterion) {
    let tokio = Runtime::new().expect("a runtime");
    let Remote { server, registry, what } = Remote::new(&tokio);
    let path = registry.resolve(&what.uri).expect("a path");
    c.bench_function("view/one request for 64 KiB at 50 ms (reference)", |bench| {
        bench.iter(|| {
            let read = async {
                path.read(Some(0..64 << 10), Precondition::None).await?.try_collect::<Vec<_>>().await
            };
            tokio.block_on(read).expect("its beginning")
        });
    });
    let back = back(registry);
    c.bench_function("view/first screen of 5 GB at 50 ms", |bench| {
        bench.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                server.reset_counts();
                let begun = Instant::now();
                tokio.block_on(async { Open::of(back.clone(), what.clone()).screen().await });
                took += begun.elapsed();
                assert!(server.counts().total() <= 2, "{:?}", server.counts());
            }
            took
        });
    });
    println!("first screen of 5 GB: {} round trip(s)", server.counts().total());
}

/// The second look: from the disk, without a request.
fn held_screen(c: &mut Criterion) {
    let tokio = Runtime::new().expect("a runtime");
    let Remote { server, registry, what } = Remote::new(&tokio);
    let home = tempfile::tempdir().expect("a directory");
    let dirs = Dirs {
        state: Some(home.path().join("state")),
        cache: Some(home.path().join("cache")),
        ..Dirs::default()
    };
    let caches = tokio.block_on(async { DiskCaches::new(&Settings::default().cache, &dirs) });
    let back = keeping(registry, caches.previews.clone());
    let look = || async { Open::of(back.clone(), what.clone()).screen().await };
    while !tokio.block_on(look()).held {
        std::thread::sleep(Duration::from_millis(50));
    }
    server.reset_counts();
    c.bench_function("view/a screen that was rendered before", |bench| {
        bench.iter(|| assert!(tokio.block_on(look()).held));
    });
    assert_eq!(server.counts().total(), 0, "nothing is asked");
    let kept = largest(&home.path().join("cache"));
    c.bench_function("view/the file that it is kept in, read (reference)", |bench| {
        bench.iter(|| std::fs::read(&kept).expect("a kept screen"));
    });
}

/// The largest file below a directory.
fn largest(dir: &Path) -> PathBuf {
    let (mut dirs, mut found) = (vec![dir.to_path_buf()], Vec::new());
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let entry = entry.expect("an entry");
            let meta = entry.metadata().expect("its metadata");
            if meta.is_dir() { dirs.push(entry.path()) } else { found.push((meta.len(), entry.path())) }
        }
    }
    found.into_iter().max().expect("something is kept").1
}

/// A mebibyte of lines as a log has them.
fn log(from: usize) -> Vec<u8> {
    let mut text = String::with_capacity(1 << 20);
    let mut at = from;
    while text.len() < (1 << 20) - 200 {
        text +=
            &format!("2026-01-01T00:00:00Z INFO worker-{} took request {at} in {} ms\n", at % 16, at % 977);
        at += 1;
    }
    text += &"-".repeat((1 << 20) - 1 - text.len());
    text.push('\n');
    text.into_bytes()
}

/// 10 GB of which 64 MiB at the beginning, in the middle and at the end are on the disk.
fn sparse(path: &Path) {
    let file = File::create(path).expect("a file");
    file.set_len(10 << 30).expect("a sparse file");
    for at in 0..64 {
        let piece = log(at << 14);
        file.write_all_at(&piece, (at as u64) << 20).expect("room on the disk");
        file.write_all_at(&piece, (5 << 30) + ((at as u64) << 20)).expect("room on the disk");
        file.write_all_at(&piece, (10 << 30) - ((at as u64 + 1) << 20)).expect("room on the disk");
    }
}

fn scroll(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("big.log");
    sparse(&path);
    let file = File::open(&path).expect("the log");
    let registry = Registry::new(&Settings::default(), &Env::default());
    let uri = Uri::Local(path);
    let tokio = Runtime::new().expect("a runtime");
    let handle = registry.resolve(&uri).expect("a path");
    let entry = tokio.block_on(handle.stat(Freshness::Past)).expect("its row");
    let back = back(registry);
    c.bench_function("view/the bytes of a page, read (reference)", |bench| {
        let (mut at, mut page) = (0, [0; 3_500]);
        bench.iter(|| {
            file.read_exact_at(&mut page, at).expect("a page");
            at = (at + page.len() as u64) % (60 << 20);
        });
    });
    let places = [("beginning", Ask::Top, 1), ("middle", Ask::Percent(50), 1), ("end", Ask::Bottom, -1)];
    for (place, begin, by) in places {
        let what = Viewed { uri: uri.clone(), entry: entry.clone(), kind: None, quick: false };
        let mut open = tokio.block_on(async { Open::of(back.clone(), what) });
        tokio.block_on(open.screen());
        c.bench_function(&format!("view/a page of 10 GB at its {place}"), |bench| {
            let first = tokio.block_on(open.after(begin.clone())).offset.unwrap_or_default();
            bench.iter(|| {
                let screen = tokio.block_on(open.after(Ask::Pages(by)));
                if screen.offset.is_some_and(|at| at.abs_diff(first) > 30 << 20) {
                    tokio.block_on(open.after(begin.clone()));
                }
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    targets = first_screen, held_screen, scroll
}
criterion_main!(benches);
