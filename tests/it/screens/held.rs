//! What the caches hold and did, as it is drawn.

use bifold::app::dialog::{
    Checked, Heard, HeldAsk, HeldAt, HeldId, HeldItem, HeldLife, HeldPage, HeldWhat, Layer,
};
use bifold::app::stats::{LayerStats, Standing};
use bifold::app::{Cmd, Dialog, Key, Msg, ReqId, State, update};
use bifold::model::{S3Uri, Timestamp, Uri};
use bifold::view::Theme;
use bifold::view::theme::ASCII;

use super::{MINUTE, NOW, Zone, browse, drawn, numbers, picture, press, s3, theme};

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

/// Presses a key, and gives the request that it leads to with what is asked.
fn asked(state: &mut State, key: &str) -> (ReqId, HeldAsk) {
    let cmds = update(state, Msg::Key(Key::parse(key).unwrap()), Timestamp(NOW));
    let mut asked = cmds.into_iter().filter_map(|cmd| match cmd {
        Cmd::Held { req, ask } => Some((req, *ask)),
        _ => None,
    });
    asked.next().expect("something is asked")
}

fn tell(state: &mut State, req: ReqId, heard: Heard) {
    update(state, Msg::Held { req, heard: Box::new(heard) }, Timestamp(NOW));
}

fn body(at: i64) -> HeldItem {
    HeldItem {
        id: HeldId(format!("{at:064x}")),
        at: HeldAt::Uri(s3(&format!("events/dt=2026-11-20/part-{at:05}-8f2a6d4e-91c1.c000.snappy.parquet"))),
        version: None,
        bytes: if at == 1 { 65_536 } else { 12_600_000 + at.unsigned_abs() * 100 },
        since: Timestamp(NOW - 200 * MINUTE),
        what: HeldWhat::File {
            size: 12_600_000 + at.unsigned_abs() * 100,
            whole: at != 1,
            used: Timestamp(NOW - at * MINUTE),
            validated: Timestamp(NOW - 12 * MINUTE),
            hits: at.unsigned_abs() * 7,
            pinned: at == 2,
            tag: "\"9b2cf535f27731c974343645a3985328-16\"".into(),
        },
    }
}

fn answer(uri: Uri, operation: &str, rows: Option<u64>, life: HeldLife) -> HeldItem {
    let what = HeldWhat::Answer { operation: operation.into(), rows, negative: rows == Some(0), life };
    let (id, since) = (HeldId(format!("{operation} {uri}")), Timestamp(NOW - 40_000));
    HeldItem { id, at: HeldAt::Uri(uri), version: None, bytes: 210_400, since, what }
}

fn page(items: Vec<HeldItem>, total: usize) -> HeldPage {
    HeldPage { items, total, bytes: 310_000_000, ..HeldPage::default() }
}

/// Objects on disk: 10,000 of them, of which a part is here.
fn objects() -> State {
    let mut state = browse();
    let (req, ask) = asked(&mut state, "I");
    assert!(matches!(ask, HeldAsk::List { layer: Layer::Objects, below: None, skip: 0, most: 200 }));
    tell(&mut state, req, Heard::Page(page((0..200).map(body).collect(), 10_000)));
    press(&mut state, &["j", "j"]);
    state
}

fn answers() -> State {
    let mut state = objects();
    let (req, _) = asked(&mut state, "left");
    let until = |seconds: i64| HeldLife::Until(Timestamp(NOW + seconds * 1_000));
    let items = vec![
        answer(Uri::S3(S3Uri::buckets("s3")), "ListBuckets", Some(12), until(260)),
        answer(s3(""), "ListObjectsV2", Some(1_284), HeldLife::Stale),
        answer(s3("events/gone/"), "ListObjectsV2", Some(0), HeldLife::Over),
        answer(s3("events/part-00000.parquet"), "HeadObject", None, until(20)),
    ];
    tell(&mut state, req, Heard::Page(page(items, 4)));
    state
}

fn previews() -> State {
    let mut state = objects();
    let (req, _) = asked(&mut state, "tab");
    let local = HeldItem { at: HeldAt::Typed("/home/me/notes.md".into()), ..preview(3, "document") };
    let unknown = HeldItem { at: HeldAt::Typed(String::new()), ..preview(4, "preview") };
    tell(&mut state, req, Heard::Page(page(vec![local, unknown, preview(5, "screen")], 3)));
    state
}

fn preview(at: i64, part: &str) -> HeldItem {
    let mut item = body(at);
    if let HeldWhat::File { tag, .. } = &mut item.what {
        part.clone_into(tag);
    }
    item
}

fn nothing(standing: Standing) -> State {
    let mut state = browse();
    let (req, _) = asked(&mut state, "I");
    tell(&mut state, req, Heard::Page(HeldPage { standing, ..HeldPage::default() }));
    state
}

fn checking() -> State {
    let mut state = objects();
    let (req, ask) = asked(&mut state, "V");
    assert_eq!(ask, HeldAsk::VerifyAll(Layer::Objects, None));
    let checked = Checked { entries: 1_234, total: 10_000, bytes: 812_000_000, damaged: 3 };
    tell(&mut state, req, Heard::Verifying(checked));
    state
}

/// Asked whether to forget all that lies below the directory of the entry.
fn forgetting() -> State {
    let mut state = objects();
    press(&mut state, &["D"]);
    let (req, ask) = asked(&mut state, "enter");
    assert_eq!(ask, HeldAsk::Count(Layer::Objects, s3("events/dt=2026-11-20/")));
    tell(&mut state, req, Heard::Counted { entries: 1_284, bytes: 310_000_000 });
    state
}

fn drop_prompt() -> State {
    let mut state = objects();
    press(&mut state, &["D"]);
    state
}

type Make = fn() -> State;
const SCREENS: [(&str, Make); 9] = [
    ("objects", objects),
    ("answers", answers),
    ("previews", previews),
    ("checking", checking),
    ("forgetting", forgetting),
    ("drop_prompt", drop_prompt),
    ("none", || nothing(Standing::On)),
    ("off", || nothing(Standing::SetOff)),
    ("broken", || nothing(Standing::Broken)),
];

#[test]
fn what_is_held_at_two_sizes() {
    for (name, make) in SCREENS {
        for (columns, rows) in SIZES {
            let picture = picture(&drawn(make(), columns, rows, &theme()));
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), picture);
        }
    }
}

#[test]
fn no_size_panics_and_every_sign_has_its_stand_in() {
    let plain = Theme { zone: Zone::Utc, ..Theme::new(false, ASCII) };
    for (name, make) in SCREENS {
        let state = make();
        for (columns, rows) in
            (1..=70).step_by(3).flat_map(|columns| (1..=24).map(move |rows| (columns, rows)))
        {
            drawn(state.clone(), columns, rows, &theme());
        }
        let buf = drawn(state, 80, 24, &plain);
        assert!(buf.content.iter().all(|cell| cell.symbol().is_ascii()), "{name}");
    }
}

#[test]
fn names_in_the_caches_are_not_obeyed() {
    let nasty = "\x1b[31m\x1b]52;c;ZXZpbA==\x07\u{9b}2J\u{202e}gpj\u{200b}\n\r\tx";
    let mut state = browse();
    let (req, _) = asked(&mut state, "I");
    let uri = HeldItem { at: HeldAt::Uri(s3(nasty)), version: Some(nasty.into()), ..body(0) };
    let typed = HeldItem { at: HeldAt::Typed(nasty.into()), ..body(0) };
    let tagged = HeldItem {
        what: HeldWhat::File {
            size: 1,
            whole: true,
            used: Timestamp(NOW),
            validated: Timestamp(NOW),
            hits: 1,
            pinned: false,
            tag: nasty.into(),
        },
        ..body(0)
    };
    tell(&mut state, req, Heard::Page(page(vec![uri, typed, tagged], 3)));
    for key in ["g", "j", "G", "D"] {
        press(&mut state, &[key]);
        for cell in drawn(state.clone(), 160, 50, &theme()).content {
            assert_eq!(bifold::model::text::escape(cell.symbol()), cell.symbol());
        }
    }
}

#[test]
fn the_statistics_of_each_cache_at_two_sizes() {
    let mut state = numbers();
    let off = LayerStats {
        name: "Previews on disk".into(),
        setting: "cache.previews".into(),
        rendered: true,
        standing: Standing::SetOff,
        ..LayerStats::default()
    };
    state.stats.layers.push(off);
    state.stats.layers[0].evicted_again = 7;
    state.ahead.budget = 30;
    let run = |run_hits, run_misses| {
        let layer = LayerStats { run_hits, run_misses, ..LayerStats::default() };
        bifold::app::Stats { layers: vec![layer], hits: 1_700, misses: 112, ..bifold::app::Stats::default() }
    };
    state.history.take(&run(4, 9), Timestamp(NOW - 90_000));
    state.history.take(&run(30, 10), Timestamp(NOW));
    for (columns, rows) in SIZES {
        state.dialogs = vec![Dialog::Stats { top: 15 }];
        insta::assert_snapshot!(
            format!("figures_{columns}x{rows}"),
            picture(&drawn(state.clone(), columns, rows, &theme()))
        );
    }
}
