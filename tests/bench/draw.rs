//! Update and draw with a million rows, and what a row costs in memory.
//!
//! A draw must not depend on the number of rows: the aim is at most a millisecond at 200×50.

use std::hint::black_box;
use std::sync::Arc;

use bifold::app::state::Screen;
use bifold::app::{Code, Key, Keymap, Msg, Session, Side, Start, State, update};
use bifold::model::uri::UriContext;
use bifold::model::{Arrangement, ETag, Entry, Kind, S3Uri, Tag, Timestamp, Uri};
use bifold::view::{Theme, pane_rows, render};
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
                render(black_box(&mut buf), area, &state, &theme)
            });
        });
        let keys = [Code::Down, Code::PageDown, Code::Up, Code::PageUp].map(Key::from);
        let mut next = keys.iter().cycle();
        c.bench_function(&format!("update and draw {rows} rows"), |bench| {
            bench.iter(|| {
                let key = next.next().copied().unwrap_or(keys[0]);
                black_box(update(&mut state, Msg::Key(key), NOW));
                buf.reset();
                render(&mut buf, area, &state, &theme)
            });
        });
    }
}

criterion_group!(benches, draw);
criterion_main!(benches);
