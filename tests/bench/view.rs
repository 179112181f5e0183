//! The viewer: the first screen of an object of 5 GB at 50 ms a request, whose round trips are printed; a page in
//! a local log of 10 GB, at its beginning and at its end.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::cache::previews::Previews;
use bifold::config::{Env, PreviewSettings, Settings};
use bifold::model::{Ask, Frame, Freshness, S3Uri, Screenful, Seen, Uri, Viewed};
use bifold::preview::{Backstage, view};
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
    let settings = PreviewSettings { theme: String::new(), ..Settings::default().preview };
    let resolve = Arc::new(move |uri: &Uri| registry.resolve(uri));
    Arc::new(Backstage { resolve, previews: Previews::off(), settings, cell: (8, 16) })
}

fn first_screen(c: &mut Criterion) {
    let server = Server::start(Options { latency: LATENCY, ..Options::default() }).expect("a free port");
    server.store().create_bucket("lake");
    server.store().put("lake", "big.log", Blob::repeat(log(0), 5 << 30));
    let env: Env = server.env().into_iter().collect();
    let registry = Registry::new(&Settings::default(), &env);
    let tokio = Runtime::new().expect("a runtime");
    let dir = registry.resolve(&Uri::S3(S3Uri::new("s3", "lake", ""))).expect("a path");
    let listing = dir.list(Freshness::Past).try_collect::<Vec<_>>();
    let entry = tokio.block_on(listing).expect("a listing")[0].entries[0].clone();
    let uri = Uri::S3(S3Uri::new("s3", "lake", "big.log"));
    let back = back(registry);
    c.bench_function("view/first screen of 5 GB at 50 ms", |bench| {
        bench.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                server.reset_counts();
                let what = Viewed { uri: uri.clone(), entry: entry.clone(), kind: None, quick: false };
                let begun = Instant::now();
                tokio.block_on(async { Open::of(back.clone(), what).screen().await });
                took += begun.elapsed();
                assert!(server.counts().total() <= 2, "{:?}", server.counts());
            }
            took
        });
    });
    println!("first screen of 5 GB: {} round trip(s)", server.counts().total());
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

/// 10 GB of which the first and the last 64 MiB are on the disk.
fn sparse(path: &Path) {
    let file = File::create(path).expect("a file");
    file.set_len(10 << 30).expect("a sparse file");
    for at in 0..64 {
        let piece = log(at << 14);
        file.write_all_at(&piece, (at as u64) << 20).expect("room on the disk");
        file.write_all_at(&piece, (10 << 30) - ((at as u64 + 1) << 20)).expect("room on the disk");
    }
}

fn scroll(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("big.log");
    sparse(&path);
    let registry = Registry::new(&Settings::default(), &Env::default());
    let uri = Uri::Local(path);
    let tokio = Runtime::new().expect("a runtime");
    let handle = registry.resolve(&uri).expect("a path");
    let entry = tokio.block_on(handle.stat(Freshness::Past)).expect("its row");
    let back = back(registry);
    for (place, begin, by) in [("beginning", Ask::Top, 1), ("end", Ask::Bottom, -1)] {
        let what = Viewed { uri: uri.clone(), entry: entry.clone(), kind: None, quick: false };
        let mut open = tokio.block_on(async { Open::of(back.clone(), what) });
        tokio.block_on(open.screen());
        c.bench_function(&format!("view/a page of 10 GB at its {place}"), |bench| {
            tokio.block_on(open.after(begin.clone()));
            bench.iter(|| {
                let screen = tokio.block_on(open.after(Ask::Pages(by)));
                if screen.offset.is_some_and(|at| at.min((10 << 30) - at) > 60 << 20) {
                    tokio.block_on(open.after(begin.clone()));
                }
            });
        });
    }
}

criterion_group!(benches, first_screen, scroll);
criterion_main!(benches);
