//! Every screen as it is drawn: text and styles at three sizes, no panic at any, no byte from outside
//! that a terminal would obey.

mod held;

use std::sync::Arc;

use bifold::app::dialog::{
    Button, Buttons, Chosen, Completion, DeleteQuestion, EqInput, JobQuestion, Pick, PickItem, Prompt,
    PromptKind, TextView,
};
use bifold::app::msg::Candidate;
use bifold::app::pane::Listing;
use bifold::app::state::{Notice, Screen, Tone, Typing};
use bifold::app::stats::{ConnectionStats, LayerShare, LayerStats, LinkStats, OpStats};
use bifold::app::{Action, Dialog, Key, Keymap, Msg, ReqId, Session, Side, Start, State, Stats, update};
use bifold::model::uri::UriContext;
use bifold::model::{
    Arrangement, ETag, Entry, ErrorKind, Ink, Kind, Name, Op, Piece, S3Uri, Screenful, Seen, SortBy, SortKey,
    StorageClass, StyledLine, Tag, Timestamp, Uri, VfsError, ViewKind,
};
use bifold::transfer::{
    Conflict, Counts, JobEvent, JobKind, JobOptions, JobSpec, Outcome, Progress, Question, SourceItem, Target,
};
use bifold::view::format::Zone;
use bifold::view::theme::{ASCII, UNICODE};
use bifold::view::{Pictures, Theme, pane_rows, render};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// 2026-11-20 10:00:00 UTC.
const NOW: i64 = 1_795_168_800_000;
const MINUTE: i64 = 60_000;
const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (120, 40)];

fn theme() -> Theme {
    Theme { zone: Zone::Utc, ..Theme::default() }
}

fn s3(key: &str) -> Uri {
    Uri::S3(S3Uri::new("s3", "lake", key))
}

fn local(path: &str) -> Uri {
    Uri::Local(path.into())
}

fn file(name: &str, size: u64, minutes_ago: i64) -> Entry {
    Entry {
        size: Some(size),
        modified: Some(Timestamp(NOW - minutes_ago * MINUTE)),
        mode: Some(0o644),
        ..Entry::new(name.into(), Kind::File)
    }
}

fn dir(name: &str) -> Entry {
    Entry { modified: Some(Timestamp(NOW - 1000 * MINUTE)), ..Entry::new(name.into(), Kind::Dir) }
}

fn object(name: &str, size: u64, class: Option<&str>) -> Entry {
    Entry {
        mode: None,
        tag: Some(Tag::ETag(ETag::new("9b2cf535f27731c974343645a3985328-16"))),
        class: class.map(StorageClass::new),
        ..file(name, size, 348)
    }
}

/// Two empty panes, both read.
fn blank() -> State {
    let context = UriContext {
        connections: vec!["s3".into(), "prod".into()],
        base: "/home/me".into(),
        home: Some("/home/me".into()),
    };
    let session = Session {
        locations: [local("/home/me/exports/2026"), s3("events/dt=2026-11-20/")],
        arrangements: [Arrangement::default(), Arrangement::default()],
        active: Side::Left,
    };
    let start = Start { session, keymap: Keymap::default(), context, read_only: ["prod".into()].into() };
    let mut state = State::new(start, Timestamp(NOW));
    for pane in &mut state.panes {
        pane.read_at = Some(Timestamp(NOW - 12_000));
    }
    state.stats.enabled = true;
    state
}

/// The usual screen: a local directory and a prefix.
fn browse() -> State {
    let mut state = blank();
    state.panes[0].rows.push(Arc::new(vec![
        dir("raw"),
        dir("reports"),
        file("customers.csv", 412_003_117, 105),
        file("customers.2025.csv", 398_700_000, 463_000),
        file("orders.parquet", 410_300_000, 104),
        file("notes.md", 12_400, 2),
        file("weird\nname\x1b[31m.txt", 18, 12_960),
        Entry {
            link: Some(Box::new(bifold::model::entry::Link { target: "nowhere".into(), leads_to: None })),
            ..Entry::new("latest".into(), Kind::Symlink)
        },
        Entry::new(Name::from(&b"caf\xe9.txt"[..]), Kind::File),
        file("日本語のとても長い名前のファイル.データ.2026-11-20.csv", 77_000, 5),
    ]));
    let mut objects = vec![Entry { modified: None, ..dir("_delta_log") }, object("_SUCCESS", 0, None)];
    objects.extend((0..1282).map(|at| {
        let class = (at % 4 == 3).then_some("GLACIER");
        object(&format!("part-{at:05}-8f2a6d4e-91c1.c000.snappy.parquet"), 126_000_000 + at * 40_000, class)
    }));
    state.panes[1].rows.push(Arc::new(objects));
    for place in [2, 3, 8] {
        state.panes[0].rows.mark(place, true);
    }
    state.panes[0].cursor = 3;
    state.panes[1].cursor = 4;
    state.stats = stats();
    for (before, hits, misses) in
        [(300_000, 40, 60), (200_000, 900, 90), (100_000, 1_200, 100), (0, 1_700, 112)]
    {
        state.history.take(&Stats { hits, misses, ..Stats::default() }, Timestamp(NOW - before));
    }
    state
}

fn stats() -> Stats {
    let operation = |name: &str, requests, hits, misses, saved| OpStats {
        name: name.into(),
        requests,
        hits,
        misses,
        saved,
    };
    Stats {
        enabled: true,
        hits: 1_700,
        misses: 112,
        shared: 4,
        expired: 9,
        invalidated: 31,
        saved: 1_812,
        entries: 37,
        bytes: 2_100_000,
        max_entries: 4_096,
        max_bytes: 64 << 20,
        requests: [("LIST", 41), ("HEAD", 3), ("GET", 12), ("PUT", 9), ("COPY", 0), ("DELETE", 0)]
            .map(|(kind, count)| (kind.to_owned(), count))
            .to_vec(),
        operations: vec![
            operation("ListObjectsV2", 41, 1_500, 41, 1_612),
            operation("HeadObject", 3, 200, 71, 200),
        ],
        connections: vec![ConnectionStats {
            name: "s3".into(),
            place: "eu-west-1".into(),
            requests: vec![("ListObjectsV2".into(), 41), ("HeadObject".into(), 3), ("GetObject".into(), 12)],
            hits: 1_700,
            misses: 112,
            saved: 1_812,
            bytes: 2_100_000,
        }],
        stale: 6,
        patched: 1_204,
        evicted: 40,
        evicted_again: 25,
        saved_cost: Some(8_140_000),
        oldest: Some(Timestamp(NOW - 300_000)),
        layers: vec![LayerStats {
            name: "Objects on disk".into(),
            setting: "cache.objects".into(),
            hits: 30,
            misses: 10,
            validations: 12,
            requests_saved: 18,
            bytes_saved: 310_000_000,
            evicted: 7,
            entries: 12,
            max_entries: 2_000,
            bytes: 81_000_000,
            max_bytes: 500_000_000,
            oldest: Some(Timestamp(NOW - 7_200_000)),
            known: true,
            run_hits: 3,
            run_misses: 1,
            saved_cost: Some(7_200),
            connections: vec![LayerShare {
                name: "s3".into(),
                hits: 30,
                misses: 10,
                requests_saved: 18,
                bytes_saved: 310_000_000,
                entries: 12,
                bytes: 81_000_000,
            }],
            ..LayerStats::default()
        }],
        links: LinkStats { issued: 12, reused: 36, refreshed: 2, expired: 1, held: 11 },
    }
}

fn item(uri: Uri, entry: Entry) -> SourceItem {
    SourceItem { uri, entry }
}

fn spec(kind: JobKind, count: usize, target: Option<Uri>) -> JobSpec {
    let sources = (0..count).map(|at| {
        let name = format!("customers.{at}.csv");
        item(local(&format!("/home/me/exports/2026/{name}")), file(&name, 400, 1))
    });
    JobSpec {
        kind,
        sources: sources.collect(),
        target: target.map(Target::Into),
        options: JobOptions::default(),
    }
}

/// Jobs under way: the first with its numbers, the second still counting.
fn working() -> State {
    let mut state = browse();
    let id = state.jobs.add(spec(JobKind::Copy, 3, Some(s3("backup/"))), Timestamp(NOW - 4_000));
    state.jobs.take_turns(Timestamp(NOW - 4_000));
    let job = state.jobs.get_mut(id).expect("the job");
    job.progress = Progress {
        total: Counts { files: 3, dirs: 0, bytes: 1_221_000_000 },
        total_known: true,
        done: Counts { files: 1, dirs: 0, bytes: 744_810_000 },
        ..Progress::default()
    };
    job.rate.per_second = 184_000_000.0;
    let id = state.jobs.add(spec(JobKind::Delete, 1, None), Timestamp(NOW - 300));
    state.jobs.take_turns(Timestamp(NOW - 300));
    let job = state.jobs.get_mut(id).expect("the job");
    job.progress.total = Counts { files: 812, dirs: 3, bytes: 73_000_000 };
    state
}

/// A job that waits for an answer, over a list of buckets.
fn asking() -> State {
    use bifold::app::jobs::Pending;
    let mut state = working();
    let id = state.jobs.iter().next_back().expect("a job").id;
    let question = Question::Links(local("/home/me/exports/2026/latest"));
    let job = state.jobs.get_mut(id).expect("the job");
    job.questions.push_back(Pending { number: 1, question, put_off: true });
    state.panes[1] = bifold::app::Pane::new(Uri::S3(S3Uri::buckets("s3")), Arrangement::default());
    state.panes[1].read_at = Some(Timestamp(NOW));
    let bucket = |name: &str| Entry { kind: Kind::Bucket, ..dir(name) };
    state.panes[1].rows.push(Arc::new(["lake", "logs", "media"].map(bucket).to_vec()));
    state
}

fn ended() -> State {
    use bifold::app::jobs::Phase;
    let mut state = working();
    let failed = spec(JobKind::Move, 5, Some(s3("archive/")));
    let id = state.jobs.add(failed.clone(), Timestamp(NOW - 90_000));
    state.jobs.take_turns(Timestamp(NOW - 90_000));
    let job = state.jobs.get_mut(id).expect("the job");
    job.ended = Some(Timestamp(NOW - 30_000));
    let error = VfsError::new(
        Op::Write,
        s3("archive/customers.0.csv"),
        ErrorKind::Denied,
        "access denied: s3:PutObject is not allowed",
    );
    let failures = vec![bifold::transfer::Failure { item: failed.sources[0].clone(), error }];
    let progress = Progress {
        total: Counts { files: 5, dirs: 0, bytes: 2_000 },
        done: Counts { files: 4, dirs: 0, bytes: 1_600 },
        failed: 1,
        total_known: true,
        ..Progress::default()
    };
    job.phase = Phase::Finished(Box::new(Outcome { progress, failures, ..Outcome::default() }));
    state.dialogs.push(Dialog::Jobs { selected: 2 });
    state
}

/// A listing that is still arriving beside one that was refused.
fn trouble() -> State {
    let mut state = browse();
    state.active = Side::Right;
    let pane = &mut state.panes[0];
    *pane = bifold::app::Pane::new(s3("logs/"), Arrangement::default());
    let started = Timestamp(NOW - 900);
    pane.listing =
        Some(Listing { req: ReqId(7), started, read_at: Some(started), source: None, held: false });
    pane.read_at = Some(Timestamp(NOW - 900));
    pane.rows
        .push(Arc::new((0..1000).map(|at| object(&format!("{at:04}.log.gz"), 1_000 + at, None)).collect()));
    let pane = &mut state.panes[1];
    *pane = bifold::app::Pane::new(Uri::S3(S3Uri::new("s3", "secret", "")), Arrangement::default());
    pane.error = Some(denied());
    state.notice = Some(Notice { text: denied().to_string(), tone: Tone::Bad });
    state
}

fn denied() -> VfsError {
    VfsError::new(Op::List, Uri::S3(S3Uri::new("s3", "secret", "")), ErrorKind::Denied, "access denied")
        .with_hint("the credentials in use need s3:ListBucket on the bucket \"secret\"")
}

/// Nothing to see: a filter without a match, and an empty prefix.
fn empty() -> State {
    let mut state = browse();
    let mut arrangement = Arrangement::default();
    arrangement.filter.text = "nothing".into();
    state.panes[0].rows.unmark();
    state.panes[0].rows.arrange(arrangement);
    state.panes[0].cursor = 0;
    state.panes[1] = bifold::app::Pane::new(s3("void/"), Arrangement::default());
    state.panes[1].read_at = Some(Timestamp(NOW - 700_000));
    state.stats.enabled = false;
    state
}

/// Sorted, filtered, and the filter being typed.
fn typing() -> State {
    let mut state = browse();
    let mut arrangement =
        Arrangement { sort: SortBy { key: SortKey::Size, descending: true }, ..Arrangement::default() };
    arrangement.filter.text = "cus".into();
    state.panes[0].rows.arrange(arrangement);
    state.panes[0].cursor = 1;
    state.typing = Some(Typing::Filter(EqInput("cus".into())));
    state
}

fn chosen() -> Chosen {
    let sources = spec(JobKind::Copy, 9, None).sources;
    Chosen { origin: local("/home/me/exports/2026"), sources, bytes: 1_221_000_000 }
}

const YES_NO: Buttons = Buttons {
    all: &[
        Button { label: "Cancel", letter: 'c', danger: false },
        Button { label: "Delete", letter: 'd', danger: true },
    ],
    focus: 0,
};

fn over(dialog: Dialog) -> State {
    let mut state = browse();
    state.dialogs.push(dialog);
    state
}

fn delete() -> State {
    let counts = Counts { files: 1_284, dirs: 12, bytes: 159_000_000_000 };
    over(Dialog::Delete(Box::new(DeleteQuestion {
        chosen: Box::new(chosen()),
        counts,
        counting: Some(ReqId(3)),
        failed: None,
        bucket: None,
        buttons: YES_NO,
    })))
}

fn bucket() -> State {
    let chosen = Chosen {
        origin: Uri::S3(S3Uri::buckets("s3")),
        sources: vec![item(s3(""), Entry::new("lake".into(), Kind::Bucket))],
        bytes: 0,
    };
    over(Dialog::Delete(Box::new(DeleteQuestion {
        chosen: Box::new(chosen),
        counts: Counts::default(),
        counting: None,
        failed: None,
        bucket: Some(bifold::app::dialog::BucketName {
            name: "lake".into(),
            input: EqInput("lak".into()),
            problem: Some("this isn't its name".into()),
        }),
        buttons: YES_NO,
    })))
}

fn conflict() -> State {
    let mut state = working();
    let job = state.jobs.iter().next().expect("a job").id;
    let conflict = Conflict {
        source: local("/home/me/exports/2026/customers.csv"),
        source_entry: file("customers.csv", 412_003_117, 105),
        target: s3("backup/customers.csv"),
        target_entry: object("customers.csv", 398_700_000, None),
        changed: false,
    };
    state.dialogs.push(Dialog::Job(Box::new(JobQuestion {
        job,
        number: 1,
        question: Question::Conflict(Box::new(conflict)),
        for_all: true,
        buttons: Buttons {
            all: &[
                Button { label: "Skip", letter: 's', danger: false },
                Button { label: "Keep both", letter: 'k', danger: false },
                Button { label: "Newer only", letter: 'n', danger: true },
                Button { label: "Overwrite", letter: 'o', danger: true },
                Button { label: "Cancel the job", letter: 'c', danger: false },
            ],
            focus: 1,
        },
        since: Timestamp(NOW - 900),
    })));
    state
}

fn go_to() -> State {
    let candidates =
        ["events", "exports", "extra-long-name-of-a-prefix-that-hardly-fits-anywhere-at-all", "old"]
            .map(|name| Candidate { name: name.into(), kind: Kind::Dir });
    over(Dialog::Prompt(Box::new(Prompt {
        kind: PromptKind::GoTo,
        input: EqInput("s3://lake/e".into()),
        preset: None,
        problem: None,
        completion: Completion {
            stem: "s3://lake/".into(),
            candidates: candidates.to_vec(),
            selected: Some(1),
            req: None,
        },
        checking: None,
        planning: None,
    })))
}

fn copy() -> State {
    over(Dialog::Prompt(Box::new(Prompt {
        kind: PromptKind::Transfer { kind: JobKind::Copy, chosen: Box::new(chosen()) },
        input: EqInput("s3://lak/backup/".into()),
        preset: None,
        problem: Some("no bucket is called \"lak\"".into()),
        completion: Completion::default(),
        checking: None,
        planning: None,
    })))
}

fn help() -> State {
    let rows = Keymap::default().help();
    over(Dialog::Help { rows, top: 3 })
}

fn numbers() -> State {
    over(Dialog::Stats { top: 0 })
}

fn error() -> State {
    let text = format!(
        "{}\n\nCaused by: {}",
        denied(),
        "the service answered 403 with a body that goes on and on. ".repeat(30)
    );
    over(Dialog::Text(TextView { title: "Error".into(), text, top: 4 }))
}

fn menu() -> State {
    let mut items: Vec<PickItem> =
        Action::ALL.iter().take(20).map(|action| PickItem::Action(*action)).collect();
    items.push(PickItem::Place(s3("")));
    over(Dialog::Pick(Pick { title: "What to do", items, selected: 2 }))
}

fn quit() -> State {
    let mut state = working();
    press(&mut state, &["q"]);
    state
}

/// The same when the jobs have ended meanwhile.
fn quit_done() -> State {
    let mut state = quit();
    for id in state.jobs.iter().map(|job| job.id).collect::<Vec<_>>() {
        update(&mut state, Msg::Job(id, JobEvent::Finished(Box::default())), Timestamp(NOW));
    }
    state
}

/// Keys as a person presses them.
fn press(state: &mut State, keys: &[&str]) {
    for key in keys {
        update(state, Msg::Key(Key::parse(key).expect("a key")), Timestamp(NOW));
    }
}

/// The view that is open, over both panes or beside, tells this.
fn tell(state: &mut State, seen: Seen) {
    let beside = state.quick.as_ref().and_then(|quick| quick.view.as_ref());
    let id = state.viewer.as_ref().or(beside).expect("a view").id;
    update(state, Msg::Seen(id, seen), Timestamp(NOW));
}

/// Source text in the middle of a file.
fn source(first: u64) -> Screenful {
    let line = |at: u64| StyledLine {
        pieces: vec![
            Piece { bold: true, ..Piece::inked("let ", Ink::Rgb(180, 142, 173)) },
            Piece::inked(format!("line_{at}"), Ink::Rgb(143, 161, 179)),
            Piece::plain(" = \"some text that goes on for a while\"; "),
            Piece { italic: true, ..Piece::inked("// with a remark at the end of it", Ink::Dim) },
        ],
        number: Some(at),
    };
    Screenful {
        kinds: vec![ViewKind::Text, ViewKind::Hex],
        lines: (first..first + 40).map(line).collect(),
        about: "UTF-8 · Rust".into(),
        progress: Some(0.354),
        at_top: false,
        at_end: false,
        wrap: true,
        ..Screenful::new(ViewKind::Text)
    }
}

fn viewer() -> State {
    let mut state = browse();
    press(&mut state, &["f3"]);
    tell(&mut state, Seen::Screenful(Box::new(source(1_234))));
    state
}

fn searching() -> State {
    let mut state = viewer();
    press(&mut state, &["/", "a", "b", "enter"]);
    tell(&mut state, Seen::Searching(48 << 20));
    state
}

fn searched() -> State {
    let mut state = viewer();
    press(&mut state, &["/", "a", "b"]);
    state
}

fn reading_on() -> State {
    let mut state = viewer();
    state.priced.insert("s3".into());
    if let Some(viewer) = &mut state.viewer {
        viewer.what.uri = s3("events/customers.csv");
    }
    tell(&mut state, Seen::AsksToRead(4 << 30));
    state
}

fn folded() -> State {
    let mut state = viewer();
    let screen = Screenful {
        kinds: vec![ViewKind::Json, ViewKind::Text, ViewKind::Hex],
        lines: vec![
            StyledLine::of(Piece::plain("{")),
            StyledLine {
                pieces: vec![Piece::inked("  \"rows\"", Ink::Accent), Piece::plain(": [ … 12 items ]")],
                number: None,
            },
            StyledLine {
                pieces: vec![Piece::plain("  "), Piece::inked("\"found\"", Ink::Found)],
                number: None,
            },
            StyledLine::of(Piece::plain("}")),
        ],
        about: "4 values".into(),
        warning: Some("cut after 8 MB: 404 MB aren't shown".into()),
        cursor: Some(1),
        held: true,
        ..Screenful::new(ViewKind::Json)
    };
    tell(&mut state, Seen::Screenful(Box::new(screen)));
    state
}

fn unviewable() -> State {
    let mut state = viewer();
    tell(
        &mut state,
        Seen::Failed(
            VfsError::new(Op::Read, s3("events/x"), ErrorKind::Archived, "it is in cold storage")
                .with_hint("restore it first"),
        ),
    );
    state
}

fn quick() -> State {
    let mut state = browse();
    press(&mut state, &["ctrl-q"]);
    tell(&mut state, Seen::Screenful(Box::new(source(1))));
    state
}

fn quick_of_directory() -> State {
    let mut state = browse();
    press(&mut state, &["up", "up", "ctrl-q"]);
    state
}

/// A state of the application.
type Make = fn() -> State;

const SCREENS: [(&str, Make); 28] = [
    ("blank", blank),
    ("browse", browse),
    ("working", working),
    ("asking", asking),
    ("trouble", trouble),
    ("empty", empty),
    ("typing", typing),
    ("delete", delete),
    ("bucket", bucket),
    ("conflict", conflict),
    ("go_to", go_to),
    ("copy", copy),
    ("jobs", ended),
    ("help", help),
    ("numbers", numbers),
    ("error", error),
    ("menu", menu),
    ("quit", quit),
    ("quit_done", quit_done),
    ("hostile", hostile),
    ("viewer", viewer),
    ("searching", searching),
    ("searched", searched),
    ("reading_on", reading_on),
    ("folded", folded),
    ("unviewable", unviewable),
    ("quick", quick),
    ("quick_of_directory", quick_of_directory),
];

/// Draws a state as a terminal of this size shows it: the app hears of the size first.
fn drawn(mut state: State, columns: u16, rows: u16, theme: &Theme) -> Buffer {
    let height = pane_rows(columns, rows);
    state.screen = Screen { columns, rows, pane_rows: height };
    for pane in &mut state.panes {
        pane.show_cursor(height.into());
    }
    let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
    let caret = render(&mut buf, Rect::new(0, 0, columns, rows), &state, theme, &Pictures::default());
    if let Some(caret) = caret {
        assert!(buf.area.contains(caret), "the cursor at {caret} of {columns}x{rows}");
    }
    buf
}

/// The text of a buffer, and below it its styles: for each line the columns of each style.
fn picture(buf: &Buffer) -> String {
    let mut legend: Vec<Style> = Vec::new();
    let (mut text, mut styles) = (String::new(), String::new());
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut runs: Vec<(usize, u16, u16)> = Vec::new();
        let mut skip = 0;
        for x in 0..buf.area.width {
            let cell = &buf[(x, y)];
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = bifold::model::text::width(cell.symbol()).saturating_sub(1);
            } else {
                skip -= 1;
            }
            let style = Style { underline_color: None, ..cell.style() };
            let plain = style.fg == Some(Color::Reset)
                && style.bg == Some(Color::Reset)
                && style.add_modifier.is_empty();
            if plain || (cell.symbol() == " " && only_shows_on_text(style)) {
                continue;
            }
            let name = legend.iter().position(|known| *known == style).unwrap_or_else(|| {
                legend.push(style);
                legend.len() - 1
            });
            match runs.last_mut() {
                Some((last, _, end)) if *last == name && *end + 1 == x => *end = x,
                _ => runs.push((name, x, x)),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
        if !runs.is_empty() {
            let runs = runs.iter().map(|(name, from, to)| format!(" {}{from}-{to}", letter(*name)));
            styles.extend([format!("{y:>2}"), runs.collect(), "\n".to_owned()]);
        }
    }
    let legend =
        legend.iter().enumerate().map(|(at, style)| format!("{} {}\n", letter(at), describe(*style)));
    format!("{text}\n{styles}\n{}", legend.collect::<String>())
}

fn only_shows_on_text(style: Style) -> bool {
    style.bg == Some(Color::Reset)
        && !style.add_modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
}

fn letter(at: usize) -> char {
    char::from(b'a' + u8::try_from(at).expect("few styles"))
}

fn describe(style: Style) -> String {
    let name = |colour: Option<Color>| colour.unwrap_or_default().to_string();
    format!("{} on {} {:?}", name(style.fg), name(style.bg), style.add_modifier)
}

#[test]
fn every_screen_at_three_sizes() {
    for (name, make) in SCREENS {
        for (columns, rows) in SIZES {
            let picture = picture(&drawn(make(), columns, rows, &theme()));
            insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), picture);
        }
    }
}

#[test]
fn without_colour_and_in_ascii_every_state_still_shows() {
    let theme = Theme { zone: Zone::Utc, ..Theme::new(false, ASCII) };
    for (name, make) in
        [("browse", browse as Make), ("working", working), ("trouble", trouble), ("viewer", viewer)]
    {
        let buf = drawn(make(), 80, 24, &theme);
        assert!(buf.content.iter().all(|cell| cell.symbol().is_ascii()), "{name}");
        assert!(buf.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{name}");
        insta::assert_snapshot!(format!("{name}_plain"), picture(&buf));
    }
}

#[test]
fn what_is_marked_shows_in_a_narrow_pane() {
    let mut state = browse();
    state.active = Side::Right;
    state.panes[1].rows.mark_each(|entry, _| entry.kind == Kind::File);
    for columns in [80, 100, 120] {
        let screen = picture(&drawn(state.clone(), columns, 24, &theme()));
        let title = screen.lines().next().unwrap_or_default();
        assert!(title.contains("1,283 ") && title.contains(" GB"), "{columns}: {title}");
    }
}

#[test]
fn marked_directories_tell_no_bytes() {
    let mut state = browse();
    state.panes[0].rows.unmark();
    state.panes[0].rows.mark(0, true);
    let screen = picture(&drawn(state, 120, 30, &theme()));
    assert!(screen.contains("1 marked ") && !screen.contains("1 marked 0 B"), "{screen}");
}

#[test]
fn only_the_dialog_on_top_is_drawn() {
    let mut state = browse();
    let view = |title: &str, lines: usize| {
        Dialog::Text(TextView { title: title.to_owned(), text: "line\n".repeat(lines), top: 0 })
    };
    state.dialogs = vec![view("below", 9), view("above", 2)];
    let screen = picture(&drawn(state, 100, 30, &theme()));
    assert!(screen.contains("above") && !screen.contains("below"), "{screen}");
}

#[test]
fn no_size_panics() {
    let odd = [(80, 1), (1, 80), (61, 2), (300, 100), (60, 12), (200, 3)];
    let small = (1..=60).flat_map(|columns| (1..=20).map(move |rows| (columns, rows)));
    for (_, make) in SCREENS {
        let state = make();
        for (columns, rows) in small.clone().chain(odd) {
            drawn(state.clone(), columns, rows, &theme());
        }
    }
}

/// Names, errors, keys and typed text full of what terminals obey.
fn hostile() -> State {
    let nasty = "\x1b[31m\x1b]52;c;ZXZpbA==\x07\u{9b}2J\u{202e}gpj\u{200b}\n\r\t\u{7f}\u{feff}x";
    let mut state = blank();
    let uri = Uri::S3(S3Uri::new("s3", "lake", nasty));
    state.panes[0] = bifold::app::Pane::new(uri.clone(), Arrangement::default());
    let link = bifold::model::entry::Link { target: nasty.into(), leads_to: None };
    let linked = Entry { link: Some(Box::new(link)), ..Entry::new("l".into(), Kind::Symlink) };
    let classed = Entry {
        class: Some(StorageClass::new(nasty)),
        tag: Some(Tag::ETag(ETag::new(nasty))),
        ..file(nasty, 1, 1)
    };
    state.panes[0].rows.push(Arc::new(vec![classed, linked, Entry::new(nasty.into(), Kind::Dir)]));
    state.panes[0].cursor = 3;
    state.panes[1] = bifold::app::Pane::new(local(&format!("/{nasty}")), Arrangement::default());
    state.panes[1].error = Some(VfsError::new(Op::List, uri.clone(), ErrorKind::Io, nasty).with_hint(nasty));
    state.notice = Some(Notice { text: nasty.into(), tone: Tone::Done });
    state.typing = Some(Typing::Search(EqInput(nasty.into())));
    state.stats.connections =
        vec![ConnectionStats { name: "s3".into(), place: nasty.into(), ..ConnectionStats::default() }];
    let sources = vec![item(uri, file(nasty, 1, 1)); 2];
    state.jobs.add(
        JobSpec {
            kind: JobKind::Copy,
            sources: sources.clone(),
            target: Some(Target::Into(s3(nasty))),
            options: JobOptions::default(),
        },
        Timestamp(NOW),
    );
    let chosen = Box::new(Chosen { origin: s3(nasty), sources, bytes: 2 });
    state.dialogs.push(Dialog::Prompt(Box::new(Prompt {
        kind: PromptKind::Transfer { kind: JobKind::Copy, chosen },
        input: EqInput(nasty.into()),
        preset: None,
        problem: Some(nasty.into()),
        completion: Completion {
            candidates: vec![Candidate { name: nasty.into(), kind: Kind::File }],
            ..Completion::default()
        },
        checking: None,
        planning: None,
    })));
    state
}

#[test]
fn nothing_from_outside_is_obeyed() {
    let mut states = vec![hostile()];
    let mut bare = hostile();
    bare.dialogs.clear();
    states.push(bare);
    let mut listed = hostile();
    listed.dialogs = vec![Dialog::Jobs { selected: 0 }];
    states.push(listed);
    let mut told = hostile();
    told.dialogs =
        vec![Dialog::Text(TextView { title: "\x1b[0m".into(), text: "\x1b]0;x\x07\u{202e}".into(), top: 0 })];
    states.push(told);
    let mut counted = hostile();
    counted.dialogs = vec![Dialog::Stats { top: 0 }];
    states.push(counted);
    for state in states {
        for (columns, rows) in [(200, 50), (80, 24), (40, 12)] {
            for cell in drawn(state.clone(), columns, rows, &theme()).content {
                let symbol = cell.symbol();
                assert_eq!(bifold::model::text::escape(symbol), symbol);
                assert!(bifold::model::text::width(symbol) > 0 || symbol.is_empty());
            }
        }
    }
}

#[test]
fn a_dialog_leaves_the_row_that_it_is_about() {
    for cursor in 0..browse().panes[0].len() {
        let mut state = delete();
        state.panes[0].cursor = cursor;
        let mut bare = state.clone();
        bare.dialogs.clear();
        let (with, without) = (drawn(state, 120, 40, &theme()), drawn(bare, 120, 40, &theme()));
        let line = 1 + u16::try_from(cursor).expect("few rows");
        let row = |buf: &Buffer| (0..120).map(|x| buf[(x, line)].symbol().to_owned()).collect::<String>();
        if cursor > 0 {
            assert_eq!(row(&with), row(&without), "row {cursor}");
        }
    }
}

#[test]
fn the_signs_are_those_of_the_theme() {
    let unicode = drawn(browse(), 80, 24, &theme());
    assert!(unicode.content.iter().any(|cell| cell.symbol() == UNICODE.mark));
    assert!(unicode.content.iter().any(|cell| cell.symbol() == UNICODE.both));
}

#[test]
fn a_warning_that_is_too_long_is_cut_and_not_left_out() {
    let mut state = viewer();
    let warning = Some("not shown as archive: it has no directory at its end. ".repeat(4));
    tell(&mut state, Seen::Screenful(Box::new(Screenful { warning, ..source(1) })));
    for (columns, rows) in [(160, 50), (80, 24), (40, 12)] {
        let shown = picture(&drawn(state.clone(), columns, rows, &theme()));
        assert!(shown.contains("! not shown as archive"), "{shown}");
    }
}

#[test]
fn a_wrong_place_to_go_to_is_told_of_beside_what_is_typed() {
    let mut state = viewer();
    press(&mut state, &["f5", "1", "5", "0", "%", "enter"]);
    for (columns, rows) in [(160, 50), (80, 24), (40, 12)] {
        let shown = picture(&drawn(state.clone(), columns, rows, &theme()));
        assert!(shown.contains("go to: 150%") && shown.contains("120 is a line"), "{shown}");
    }
}

/// All that is seen of a dialog as one goes down through it.
fn read_through(dialog: Dialog, steps: usize) -> String {
    let (mut state, mut text) = (blank(), String::new());
    state.dialogs.push(dialog);
    for _ in 0..steps {
        let buf = drawn(state.clone(), 80, 24, &theme());
        text.extend(buf.content.iter().map(ratatui::buffer::Cell::symbol));
        press(&mut state, &["down"]);
    }
    text
}

#[test]
fn help_and_menu_can_be_read_in_full_at_80_columns() {
    let rows = Keymap::default().help();
    let steps = rows.len();
    let help = read_through(Dialog::Help { rows, top: 0 }, steps);
    let items: Vec<_> = Action::ALL.iter().map(|action| PickItem::Action(*action)).collect();
    let menu =
        read_through(Dialog::Pick(Pick { title: "What to do", items, selected: 0 }), Action::ALL.len());
    for read in [help, menu] {
        assert!(!read.contains(UNICODE.ellipsis), "something is cut off");
        for word in Action::ALL.iter().flat_map(|action| action.info().help.split(' ')) {
            assert!(read.contains(word), "{word}");
        }
    }
}
