//! Update and draw with a million rows, and what a row costs in memory.
//!
//! A draw must not depend on the number of rows: the aim is at most a millisecond at 200×50. Nor may it, or
//! a key press, on the jobs under way: the aim is at most 1.2 times as long with 64 of them.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bifold::app::state::Screen;
use bifold::app::{Code, Key, Keymap, Msg, Session, Side, Start, State, update};
use bifold::model::uri::UriContext;
use bifold::model::{Arrangement, ETag, Entry, Kind, S3Uri, Tag, Timestamp, Uri};
use bifold::transfer::{JobEvent, JobId, JobKind, JobOptions, JobSpec, Progress, SourceItem, Target};
use bifold::view::{Pictures, Theme, pane_rows, render};
use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const COLUMNS: u16 = 200;
const ROWS: u16 = 50;
const PAGE: u64 = 1_000;
const NOW: Timestamp = Timestamp(1_795_168_800_000);

fn object(number: u64) -> Entry {
    Entry {
        size: Some(number * 7_919),
        modified: Some(Timestamp(NOW.0 - 60_000)),
        tag: Some(Tag::ETag(ETag::new(&format!("{number:032x}")))),
        ..Entry::new(format!("part-{number:08}-8f2a6d4e.snappy.parquet").as_str().into(), Kind::File)
    }
}

/// A state whose left pane holds this many objects, as pages bring them.
fn state(rows: u64) -> State {
    let session = Session {
        locations: [Uri::S3(S3Uri::new("s3", "lake", "events/")), Uri::Local("/tmp".into())],
        arrangements: [Arrangement::default(), Arrangement::default()],
        active: Side::Left,
    };
    let context = UriContext::default();
    let start = Start { session, keymap: Keymap::default(), context, read_only: [].into() };
    let mut state = State::new(start, NOW);
    state.screen = Screen { columns: COLUMNS, rows: ROWS, pane_rows: pane_rows(COLUMNS, ROWS) };
    for first in (0..rows).step_by(PAGE as usize) {
        let page = (first..first + PAGE).map(object).collect();
        state.panes[0].rows.push(Arc::new(page));
    }
    state.panes[0].read_at = Some(NOW);
    let middle = usize::try_from(rows / 2).expect("a row number");
    state.panes[0].set_cursor(middle, state.screen.pane_rows.into());
    state
}

/// The memory that this process holds, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn draw(c: &mut Criterion) {
    let theme = Theme::default();
    let area = Rect::new(0, 0, COLUMNS, ROWS);
    let pictures = Pictures::default();
    let mut buf = Buffer::empty(area);
    for rows in [1_000, 1_000_000] {
        let before = resident();
        let mut state = state(rows);
        let bytes = (resident() - before) * 1024;
        println!(
            "memory: {} bytes a row with {rows} rows (an entry alone: {})",
            bytes / rows,
            size_of::<Entry>()
        );
        c.bench_function(&format!("draw {rows} rows"), |bench| {
            bench.iter(|| {
                buf.reset();
                render(black_box(&mut buf), area, &state, &theme, &pictures)
            });
        });
        let keys = [Code::Down, Code::PageDown, Code::Up, Code::PageUp].map(Key::from);
        let mut next = keys.iter().cycle();
        c.bench_function(&format!("update and draw {rows} rows"), |bench| {
            bench.iter(|| {
                let key = next.next().copied().unwrap_or(keys[0]);
                black_box(update(&mut state, Msg::Key(key), NOW));
                buf.reset();
                render(&mut buf, area, &state, &theme, &pictures)
            });
        });
    }
}

/// The jobs that run while others wait.
const JOBS: u64 = 64;
/// How often the two are measured in turn, and how many turns of the keys each time.
const ROUNDS: usize = 41;
const TURNS: usize = 50;

/// The same with so many jobs under way, each of which was heard of.
fn working(jobs: u64) -> State {
    let mut state = state(1_000);
    for number in 0..jobs {
        let source =
            SourceItem { uri: Uri::Local(format!("/tmp/file-{number}").into()), entry: object(number) };
        let target = Some(Target::Into(Uri::S3(S3Uri::new("s3", "lake", "events/"))));
        let options = JobOptions::default();
        state.jobs.add(JobSpec { kind: JobKind::Copy, sources: vec![source], target, options }, NOW);
        state.jobs.take_turns(NOW);
    }
    for number in 1..=jobs {
        let mut progress = Progress { total_known: true, ..Progress::default() };
        (progress.total.bytes, progress.done.bytes) = (1 << 30, number << 20);
        update(&mut state, Msg::Job(JobId(number), JobEvent::Progress(progress)), NOW);
    }
    state
}

/// How long it takes to take in a key and to draw.
fn press_and_draw(state: &mut State, buf: &mut Buffer, theme: &Theme) -> Duration {
    let (area, began) = (buf.area, Instant::now());
    let keys = [Code::Down, Code::PageDown, Code::Up, Code::PageUp].map(Key::from);
    for key in keys.into_iter().cycle().take(TURNS) {
        black_box(update(state, Msg::Key(key), NOW));
        buf.reset();
        black_box(render(buf, area, state, theme, &Pictures::default()));
    }
    began.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// With jobs and without, in alternation, as a ratio.
fn beside_jobs(_: &mut Criterion) {
    let theme = Theme::default();
    let mut buf = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
    let (mut idle, mut busy) = (working(0), working(JOBS));
    assert_eq!(busy.jobs.active().count() as u64, JOBS);
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(press_and_draw(&mut idle, &mut buf, &theme));
        with.push(press_and_draw(&mut busy, &mut buf, &theme));
    }
    let (without, with) = (median(without), median(with));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    let each = without / u32::try_from(TURNS).unwrap_or(u32::MAX);
    println!("key press and draw with {JOBS} jobs: {ratio:.2} times as long as with none ({each:?})");
}

criterion_group!(benches, draw, beside_jobs);
criterion_main!(benches);
