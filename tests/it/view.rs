//! The viewer: what is seen, and what it costs at the server.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bifold::cache::DiskCaches;
use bifold::cache::previews::Previews;
use bifold::config::{Dirs, PreviewSettings, Settings};
use bifold::model::archive::ArchiveUri;
use bifold::model::{
    Ask, Entry, ErrorKind, Frame, Freshness, Ink, Screenful, Seen, Uri, ViewKind, Viewed, text,
};
use bifold::preview::{Backstage, view};
use bifold::vfs::DynPath;
use bifold::vfs::registry::Registry;
use demo::{Blob, Effect, Options, Rule, Server};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::support::{at, rows, serve, uncached};

const FRAME: Frame = Frame { columns: 80, rows: 24 };

/// An open view.
struct Open {
    asks: UnboundedSender<Ask>,
    seen: UnboundedReceiver<Seen>,
    _task: AbortOnDropHandle<()>,
}

impl Open {
    fn of(back: Arc<Backstage>, what: Viewed) -> Self {
        let (asks, heard) = unbounded_channel();
        let (tells, seen) = unbounded_channel();
        let tell = move |it| drop(tells.send(it));
        let task = AbortOnDropHandle::new(tokio::spawn(view(back, what, FRAME, heard, tell)));
        Self { asks, seen, _task: task }
    }

    fn ask(&self, ask: Ask) {
        self.asks.send(ask).expect("an open view");
    }

    async fn hear(&mut self) -> Seen {
        timeout(Duration::from_secs(20), self.seen.recv())
            .await
            .expect("something to see")
            .expect("an open view")
    }

    /// The next screen, whatever else is told.
    async fn screen(&mut self) -> Screenful {
        loop {
            match self.hear().await {
                Seen::Screenful(screen) => return *screen,
                Seen::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    async fn until(&mut self, wanted: impl Fn(&Screenful) -> bool) -> Screenful {
        loop {
            let screen = self.screen().await;
            if wanted(&screen) {
                return screen;
            }
        }
    }

    async fn after(&mut self, ask: Ask) -> Screenful {
        self.ask(ask);
        self.screen().await
    }
}

fn plain() -> PreviewSettings {
    PreviewSettings { theme: String::new(), ..Settings::default().preview }
}

fn back(registry: &Registry, settings: PreviewSettings) -> Arc<Backstage> {
    let registry = registry.clone();
    let resolve = Arc::new(move |uri: &Uri| registry.resolve(uri));
    Arc::new(Backstage { resolve, previews: Previews::off(), settings, cell: (8, 16) })
}

fn viewed(path: &DynPath, entry: Entry) -> Viewed {
    Viewed { uri: path.uri().clone(), entry, kind: None, quick: false }
}

/// A bucket with one object, its row from a listing, and nothing counted yet.
async fn stored(key: &str, body: impl Into<Blob>, options: Options) -> (Server, Registry, Viewed) {
    let server = serve(options);
    server.store().put("box", key, body);
    let registry = uncached(&server);
    let row = rows(&at(&registry, "")).await.expect("a listing").into_iter().next().expect("a row");
    server.reset_counts();
    let what = viewed(&at(&registry, key), row);
    (server, registry, what)
}

/// A local file, and what views it.
async fn local(name: &str, bytes: &[u8]) -> (tempfile::TempDir, Registry, Viewed) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join(name);
    std::fs::write(&file, bytes).expect("a file");
    let registry = Registry::new(&Settings::default(), &bifold::config::Env::default());
    let path = registry.resolve(&Uri::Local(file.as_path().into())).expect("a local path");
    let entry = path.stat(Freshness::Past).await.expect("its row");
    (dir, registry, viewed(&path, entry))
}

fn lines(screen: &Screenful) -> Vec<String> {
    screen.lines.iter().map(|line| line.pieces.iter().map(|piece| &*piece.text).collect()).collect()
}

fn found(screen: &Screenful) -> Vec<&str> {
    let pieces = screen.lines.iter().flat_map(|line| &line.pieces);
    pieces.filter(|piece| piece.ink == Ink::Found).map(|piece| &*piece.text).collect()
}

/// 1,000 bytes a line.
fn long_lines(size: u64) -> Blob {
    Blob::repeat(format!("{}\n", "x".repeat(999)), size)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_screen_of_5_gb_is_one_request() {
    let options = Options { latency: Duration::from_millis(50), ..Options::default() };
    let (server, registry, what) = stored("big.log", long_lines(5 << 30), options).await;
    let mut open = Open::of(back(&registry, plain()), what);
    let screen = open.screen().await;
    assert_eq!((screen.kind, screen.lines.len(), screen.lines[0].number), (ViewKind::Text, 24, Some(1)));
    let counts = server.counts();
    assert_eq!((counts.get("GetObject"), counts.total()), (1, 1), "{counts:?}");
    assert!(counts.bytes_out <= 64 << 10, "{} bytes", counts.bytes_out);

    let screen = open.after(Ask::Show(ViewKind::Hex)).await;
    assert!(lines(&screen)[0].starts_with("0000000000  78 78"), "{:?}", lines(&screen)[0]);
    assert_eq!(server.counts().total(), 1, "the same bytes in another way");

    let screen = open.after(Ask::Bottom).await;
    assert!(screen.at_end);
    assert!(server.counts().total() <= 3, "{:?}", server.counts());
    let screen = open.after(Ask::Percent(50)).await;
    assert_eq!(screen.offset.map(|offset| offset >> 20), Some(2560));
    assert!(server.counts().total() <= 4, "{:?}", server.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn scrolling_asks_for_more_at_a_time() {
    let (server, registry, what) = stored("big.log", long_lines(1 << 30), Options::default()).await;
    let mut open = Open::of(back(&registry, PreviewSettings { wrap: false, ..plain() }), what);
    open.screen().await;
    for _ in 0..64 {
        open.after(Ask::Lines(250)).await;
    }
    let screen = open.after(Ask::Lines(0)).await;
    assert_eq!(screen.offset, Some(16_000_000));
    assert_eq!(screen.lines[0].number, Some(16_001));
    let counts = server.counts();
    assert!(counts.total() <= 18, "16 MB by {counts:?}");
    assert!(counts.bytes_out < 40 << 20, "{} bytes", counts.bytes_out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_asks_before_it_reads_much() {
    let blob = Blob::concat([long_lines(40 << 20), Blob::from("a needle here\n"), long_lines(1 << 20)]);
    let (server, registry, what) = stored("big.log", blob, Options::default()).await;
    let settings = PreviewSettings { search_ask: 6 << 20, ..plain() };
    let mut open = Open::of(back(&registry, settings), what);
    open.screen().await;
    open.ask(Ask::Search { pattern: "NEEDLE".into(), up: false });
    let asked = loop {
        match open.hear().await {
            Seen::AsksToRead(bytes) => break bytes,
            Seen::NotFound(told) => panic!("{told}"),
            _ => {}
        }
    };
    assert!(asked > 30 << 20, "{asked} bytes are left");
    assert!(server.counts().bytes_out <= 7 << 20, "{} bytes", server.counts().bytes_out);
    open.ask(Ask::ReadOn);
    loop {
        match open.hear().await {
            Seen::NotFound(told) => break assert!(told.contains("NEEDLE"), "{told}"),
            Seen::AsksToRead(_) => panic!("it was allowed already"),
            _ => {}
        }
    }
    open.ask(Ask::Search { pattern: "needle".into(), up: false });
    loop {
        match open.hear().await {
            Seen::AsksToRead(_) => open.ask(Ask::ReadOn),
            Seen::Screenful(screen) if !found(&screen).is_empty() => {
                break assert_eq!(found(&screen), ["needle"]);
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_in_a_member_of_an_archive_on_a_service_asks_too() {
    let mut header = tar::Header::new_gnu();
    header.set_path("inside.log").expect("a path");
    header.set_size(40 << 20);
    header.set_mode(0o644);
    header.set_cksum();
    let blob = Blob::concat([
        Blob::from(header.as_bytes().to_vec()),
        long_lines(40 << 20),
        Blob::from(vec![0; 1024]),
    ]);
    let (server, registry, what) = stored("big.tar", blob, Options::default()).await;
    let inside = Uri::Archive(ArchiveUri::new(what.uri, b"inside.log"));
    let path = registry.resolve(&inside).expect("a member");
    let what = viewed(&path, path.stat(Freshness::Cached).await.expect("its row"));
    let settings = PreviewSettings { search_ask: 6 << 20, ..plain() };
    let mut open = Open::of(back(&registry, settings), what);
    open.screen().await;
    open.ask(Ask::Search { pattern: "needle".into(), up: false });
    loop {
        match open.hear().await {
            Seen::AsksToRead(bytes) => break assert!(bytes > 30 << 20, "{bytes} bytes are left"),
            Seen::NotFound(told) => panic!("{told}"),
            _ => {}
        }
    }
    assert!(server.counts().bytes_out <= 9 << 20, "{} bytes", server.counts().bytes_out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_is_given_up_reads_no_more() {
    let (server, registry, what) = stored("big.log", long_lines(1 << 30), Options::default()).await;
    let mut open = Open::of(back(&registry, PreviewSettings { search_ask: 1 << 40, ..plain() }), what);
    open.screen().await;
    open.ask(Ask::Search { pattern: "absent".into(), up: false });
    while !matches!(open.hear().await, Seen::Searching(_)) {}
    open.after(Ask::Stop).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let then = server.counts().total();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.counts().total(), then);
    assert!(server.counts().bytes_out < 1 << 29);
}

/// Waits until the server saw so many answers given up.
async fn given_up(server: &Server, count: u64) {
    let waited = timeout(Duration::from_secs(10), async {
        while server.counts().given_up < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{:?}", server.counts()));
}

/// That the server is asked for nothing more, and sends nothing more.
async fn stays_quiet(server: &Server) {
    let then = server.counts();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let now = server.counts();
    assert_eq!((now.total(), now.bytes_out), (then.total(), then.bytes_out), "{now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_view_gives_its_request_up() {
    let slow = || Rule::on("GetObject", Effect::SlowBody(Duration::from_secs(2))).always();
    // A document that is rendered, a search that reads on, and bytes that never come.
    for (key, ask) in [
        ("big.md", None),
        ("big.log", Some(Ask::Search { pattern: "absent".into(), up: false })),
        ("big.txt", Some(Ask::Bottom)),
    ] {
        let (server, registry, what) = stored(key, long_lines(64 << 20), Options::default()).await;
        if ask.is_none() {
            server.faults().add(slow().skip(1));
        }
        let mut open = Open::of(back(&registry, PreviewSettings { search_ask: 1 << 40, ..plain() }), what);
        if let Some(ask) = ask {
            open.screen().await;
            let stalls = Rule::on("GetObject", Effect::StallBody(1000)).always();
            server.faults().add(if ask == Ask::Bottom { stalls } else { slow() });
            open.ask(ask);
        }
        let before = server.counts().total();
        let begun = timeout(Duration::from_secs(10), async {
            while server.counts().total() < before.max(1) + 1 || server.counts().bytes_out < 64 << 10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        begun.await.unwrap_or_else(|_| panic!("{key}: {:?}", server.counts()));
        tokio::time::sleep(Duration::from_millis(250)).await;
        drop(open);
        given_up(&server, 1).await;
        stays_quiet(&server).await;
        let counts = server.counts();
        assert!(counts.bytes_out < 4 << 20, "{key}: {counts:?} of 64 MiB");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_grows_is_followed() {
    let (server, registry, what) = stored("a.log", "begin\n".repeat(100_000), Options::default()).await;
    let mut open = Open::of(back(&registry, plain()), what);
    open.screen().await;
    let screen = open.after(Ask::Follow(true)).await;
    assert!(screen.following && screen.at_end);
    let before = server.counts().total();
    server.store().put("box", "a.log", format!("{}the end\n", "begin\n".repeat(100_000)));
    let screen = open.until(|screen| lines(screen).last().is_some_and(|line| line == "the end")).await;
    assert!(screen.following && screen.at_end);
    assert!(screen.warning.is_some_and(|told| told.contains("written anew")));
    let cost = server.counts();
    assert!(cost.get("HeadObject") <= 3 && cost.total() - before <= 6, "{cost:?}");
    open.after(Ask::Top).await;
    let then = server.counts().total();
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    assert_eq!(server.counts().total(), then, "who goes up doesn't follow, and asks nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_rotated_is_followed_on() {
    let (dir, registry, what) = local("a.log", b"one\n").await;
    let mut open = Open::of(back(&registry, plain()), what);
    open.screen().await;
    open.after(Ask::Follow(true)).await;
    std::fs::rename(dir.path().join("a.log"), dir.path().join("a.log.1")).expect("moved");
    while !matches!(open.hear().await, Seen::Failed(_)) {}
    std::fs::write(dir.path().join("a.log"), "two\n").expect("made anew");
    let two = |screen: &Screenful| lines(screen).iter().any(|line| line == "two");
    let screen = loop {
        match open.hear().await {
            Seen::Screenful(screen) if two(&screen) => break screen,
            Seen::Failed(error) => panic!("told once: {error}"),
            _ => {}
        }
    };
    assert!(screen.following);
    std::fs::write(dir.path().join("a.log"), "two\nthree\n").expect("more");
    open.until(|screen| lines(screen).iter().any(|line| line == "three")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_are_gone_through_in_both_directions() {
    let text: String =
        (1..=2_000).map(|at| format!("line {at}{}\n", if at % 500 == 0 { " Hit" } else { "" })).collect();
    let (_dir, registry, what) = local("a.txt", text.as_bytes()).await;
    let mut open = Open::of(back(&registry, plain()), what);
    open.screen().await;
    let at = |screen: &Screenful| {
        let hit = lines(screen).iter().position(|line| line.contains("Hit"))?;
        lines(screen)[hit].split(' ').nth(1).map(str::to_owned)
    };
    open.ask(Ask::Search { pattern: "h.t$".into(), up: false });
    let screen = open.until(|screen| !found(screen).is_empty()).await;
    assert_eq!((at(&screen).as_deref(), found(&screen)), (Some("500"), vec!["Hit"]));
    for (back, wanted) in [(false, "1000"), (false, "1500"), (true, "1000"), (true, "500")] {
        open.ask(Ask::Next { back });
        let screen = open.until(|screen| at(screen).as_deref() == Some(wanted)).await;
        assert_eq!(found(&screen), ["Hit"]);
    }
    open.ask(Ask::Next { back: true });
    while !matches!(open.hear().await, Seen::NotFound(_)) {}
    open.ask(Ask::Search { pattern: "(".into(), up: false });
    while !matches!(open.hear().await, Seen::NotFound(told) if told.contains("no regular expression")) {}
    open.ask(Ask::Line(1_200));
    let screen = open.until(|screen| screen.lines[0].number == Some(1_200)).await;
    assert_eq!(lines(&screen)[0], "line 1200");
    open.ask(Ask::Line(99_999));
    assert!(open.until(|screen| screen.at_end).await.at_end);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_meanwhile_is_read_anew_and_says_so() {
    let (server, registry, what) = stored("a.log", long_lines(1 << 20), Options::default()).await;
    let mut open = Open::of(back(&registry, plain()), what.clone());
    open.screen().await;
    server.store().put("box", "a.log", "new words\n".repeat(100_000));
    let screen = open.after(Ask::Bottom).await;
    assert_eq!(lines(&screen)[0], "new words");
    assert!(screen.warning.is_some_and(|told| told.contains("changed")));

    let mut open = Open::of(back(&registry, plain()), what);
    let screen = open.screen().await;
    assert_eq!(lines(&screen)[0], "new words", "its row was old from the beginning");
    assert!(screen.warning.is_some_and(|told| told.contains("changed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_followed_as_it_grows() {
    let (dir, registry, what) = local("a.log", "begin\n".repeat(100).as_bytes()).await;
    let mut open = Open::of(back(&registry, plain()), what);
    open.screen().await;
    let screen = open.after(Ask::Follow(true)).await;
    assert!(screen.following && screen.at_end);
    let path = dir.path().join("a.log");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("the file");
    for at in 0..3 {
        writeln!(file, "more {at}").expect("a line");
        let screen = open.screen().await;
        assert_eq!(lines(&screen).last(), Some(&format!("more {at}")));
    }
    std::fs::write(&path, "anew\n").expect("the file");
    let screen = open.screen().await;
    assert_eq!(lines(&screen), ["anew"]);
    assert!(screen.warning.is_some_and(|told| told.contains("replaced or cut short")) && screen.following);
    let screen = open.after(Ask::Top).await;
    assert!(!screen.following, "who goes up doesn't follow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sparse_file_of_10_gb_is_seen_from_both_ends() {
    let (dir, registry, _) = local("big.log", b"first line\n").await;
    let path = dir.path().join("big.log");
    let file = std::fs::OpenOptions::new().write(true).open(&path).expect("the file");
    file.set_len(10 << 30).expect("a sparse file");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("the file");
    for at in 0..1_000 {
        write!(file, "\ntail {at}").expect("a line");
    }
    let path = registry.resolve(&Uri::Local(path.as_path().into())).expect("a path");
    let entry = path.stat(Freshness::Past).await.expect("its row");
    let what = Viewed { kind: Some(ViewKind::Text), ..viewed(&path, entry) };
    let mut open = Open::of(back(&registry, plain()), what);
    assert_eq!(lines(&open.screen().await)[0], "first line");
    let screen = open.after(Ask::Bottom).await;
    assert_eq!(lines(&screen).last().map(String::as_str), Some("tail 999"));
    open.ask(Ask::Search { pattern: "tail 10$".into(), up: true });
    let screen = open.until(|screen| !found(screen).is_empty()).await;
    assert_eq!(found(&screen), ["tail 10"]);
    let screen = open.after(Ask::Percent(50)).await;
    assert_eq!(screen.offset.map(|offset| offset >> 30), Some(5));
    assert!(lines(&screen).iter().all(|line| line.chars().all(|c| c == '␀')));
    let screen = open.after(Ask::Pages(-3)).await;
    assert_eq!(screen.lines.len(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_text_is_unpacked_as_far_as_it_is_seen() {
    let text: String = (0..200_000).map(|at| format!("entry {at} {:x}\n", at * 7_919)).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).expect("memory");
    let packed = packer.finish().expect("memory");
    assert!(packed.len() > 300 << 10, "{} bytes", packed.len());
    let (server, registry, what) = stored("a.log.gz", packed, Options::default()).await;
    let mut open = Open::of(back(&registry, plain()), what);
    let screen = open.screen().await;
    assert_eq!(lines(&screen)[0], "entry 0 0");
    assert_eq!(screen.about, "UTF-8 · gzip");
    assert_eq!(server.counts().total(), 1, "{:?}", server.counts());
    let screen = open.after(Ask::Bottom).await;
    assert!(lines(&screen).last().is_some_and(|line| line.starts_with("entry 199999")));
    let screen = open.after(Ask::Show(ViewKind::Hex)).await;
    assert!(lines(&screen).iter().any(|line| line.contains("0000000000  1f 8b")), "the bytes as they are");
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_come_and_a_theme_can_be_none() {
    let source = "// a comment\nfn main() {\n    let x = \"text\";\n}\n";
    let coloured = |screen: &Screenful| {
        screen.lines.iter().flat_map(|line| &line.pieces).any(|piece| matches!(piece.ink, Ink::Rgb(..)))
    };
    let (_dir, registry, what) = local("main.rs", source.as_bytes()).await;
    let mut open = Open::of(back(&registry, Settings::default().preview), what.clone());
    let screen = open.until(coloured).await;
    assert_eq!(lines(&screen).join("\n"), source.trim_end());
    assert_eq!(screen.about, "UTF-8 · Rust");
    let mut open = Open::of(back(&registry, plain()), what);
    assert!(!coloured(&open.screen().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_fold_and_are_searched() {
    let (_dir, registry, what) =
        local("a.json", br#"{"name": "x", "list": [1, 2, {"deep": "needle"}]}"#).await;
    let mut open = Open::of(back(&registry, plain()), what);
    let screen = open.screen().await;
    assert_eq!(screen.kind, ViewKind::Json);
    assert!(screen.kinds.contains(&ViewKind::Text) && screen.cursor.is_some());
    let before = screen.lines.len();
    let screen = open.after(Ask::Fold).await;
    assert_ne!(screen.lines.len(), before);
    open.ask(Ask::Search { pattern: "needle".into(), up: false });
    open.until(|screen| found(screen) == ["needle"]).await;
    let screen = open.after(Ask::Show(ViewKind::Text)).await;
    assert_eq!(screen.kind, ViewKind::Text);

    let (_dir, registry, what) = local("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR damaged").await;
    let mut open = Open::of(back(&registry, plain()), what);
    let screen = open.screen().await;
    assert_eq!(screen.kind, ViewKind::Hex, "what isn't what it seemed is shown by its bytes");
    assert!(screen.warning.is_some_and(|told| told.starts_with("not shown as image")));
}

/// Names that terminals, shells and paths choke on.
const NAMES: [&str; 10] = [
    "\u{1b}[31mred.txt",
    "\u{1b}]52;c;QUJD\u{7}",
    "gpj\u{202e}exe.rs",
    "new\nline.md",
    "a\u{200b}b.csv",
    "$(touch P);-rf",
    "-rf",
    "c1\u{9b}31m",
    "..json",
    "a b%20+&?.jsonl",
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_and_contents_are_only_shown() {
    let server = serve(Options::default());
    let hostile = "\u{1b}[2J\u{1b}]52;c;QUJD\u{7}\u{202e}x\u{9b}31m\r\0\u{7f}\tend, a\n{\"\u{1b}[31m\": 1}\n# \u{1b}[1m\n";
    for name in NAMES {
        server.store().put("box", name, hostile);
    }
    let registry = uncached(&server);
    let listed = rows(&at(&registry, "")).await.expect("a listing");
    assert_eq!(listed.len(), NAMES.len());
    for row in listed {
        let path = at(&registry, row.name.as_str().expect("UTF-8"));
        for kind in
            [None, Some(ViewKind::Text), Some(ViewKind::Hex), Some(ViewKind::Markdown), Some(ViewKind::Table)]
        {
            let what = Viewed { kind, ..viewed(&path, row.clone()) };
            let mut open = Open::of(back(&registry, Settings::default().preview), what);
            let screen = open.screen().await;
            let mut shown = lines(&screen);
            shown.extend([screen.about.clone(), screen.warning.clone().unwrap_or_default()]);
            for line in shown {
                assert_eq!(text::escape(&line), &*line, "{:?} as {kind:?}", row.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quick_view_reads_the_head_alone() {
    let (server, registry, what) = stored("big.json", long_lines(1 << 30), Options::default()).await;
    let mut open = Open::of(back(&registry, Settings::default().preview), Viewed { quick: true, ..what });
    let screen = open.screen().await;
    assert_eq!(screen.kind, ViewKind::Text);
    for _ in 0..3 {
        open.after(Ask::Pages(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let counts = server.counts();
    assert!(counts.total() <= 2 && counts.bytes_out <= 128 << 10, "{counts:?}");
}

/// The caches on disk in a directory of their own.
fn kept(dir: &std::path::Path) -> DiskCaches {
    let below = |name: &str| Some(dir.join(name));
    let dirs = Dirs { state: below("state"), cache: below("cache"), ..Dirs::default() };
    DiskCaches::new(&Settings::default().cache, &dirs)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_look_costs_no_request_and_no_decoding() {
    let dir = tempfile::tempdir().expect("a directory");
    let caches = kept(dir.path());
    let body = format!("{{\"list\": [{}]}}", vec!["1"; 5_000].join(", "));
    let (server, registry, what) = stored("a.json", body, Options::default()).await;
    let with = |settings| {
        let back = back(&registry, settings);
        Arc::new(Backstage {
            resolve: back.resolve.clone(),
            previews: caches.previews.clone(),
            settings: back.settings.clone(),
            cell: (8, 16),
        })
    };
    let first = Open::of(with(plain()), what.clone()).screen().await;
    assert!(!first.held);
    let asked = server.counts().total();
    let mut open = loop {
        // It is kept beside what one does.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut open = Open::of(with(plain()), what.clone());
        if open.screen().await.held {
            break open;
        }
    };
    let asked = server.counts().total().max(asked);
    let screen = Open::of(with(plain()), what.clone()).screen().await;
    assert_eq!(Screenful { held: false, ..screen }, first);
    assert_eq!(server.counts().total(), asked, "nothing is asked");
    let screen = open.after(Ask::Lines(3)).await;
    assert!(!screen.held, "one goes on from there");

    let other = PreviewSettings { tab: 3, ..plain() };
    assert!(!Open::of(with(other), what.clone()).screen().await.held, "another setting is another key");
    server.store().put("box", "a.json", "{\"new\": 1}");
    let row = rows(&at(&registry, "")).await.expect("a listing")[0].clone();
    let screen = Open::of(with(plain()), Viewed { entry: row, ..what }).screen().await;
    assert!(!screen.held && lines(&screen).join(" ").contains("new"), "another content is another key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_in_what_cannot_be_read_ends_with_the_error() {
    let (server, registry, what) = stored("cold.log", long_lines(1 << 20), Options::default()).await;
    server.store().set_class("box", "cold.log", "DEEP_ARCHIVE");
    let mut open = Open::of(back(&registry, plain()), what);
    assert!(matches!(open.hear().await, Seen::Failed(_)));
    for ask in [Ask::Search { pattern: "abc".into(), up: false }, Ask::Next { back: false }] {
        open.ask(ask);
        let told = open.hear().await;
        assert!(matches!(&told, Seen::Failed(error) if error.kind == ErrorKind::Archived), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_leaves_a_search_alone_and_what_ends_it_says_so() {
    let blob = Blob::concat([long_lines(24 << 20), Blob::from("a needle here\n"), long_lines(1 << 20)]);
    let (server, registry, what) = stored("big.log", blob, Options::default()).await;
    let settings = PreviewSettings { search_ask: 1 << 40, wrap: false, ..plain() };
    let mut open = Open::of(back(&registry, settings), what);
    open.screen().await;
    server.faults().add(Rule::on("GetObject", Effect::SlowBody(Duration::from_millis(200))).always());
    open.ask(Ask::Search { pattern: "needle".into(), up: false });
    for ask in [Ask::Lines(1), Ask::Columns(8), Ask::Wrap(true), Ask::Columns(-8)] {
        open.screen().await;
        assert!(matches!(open.hear().await, Seen::Searching(_)), "a screen doesn't end it: {ask:?} is next");
        open.ask(ask);
    }
    assert_eq!(found(&open.until(|screen| !found(screen).is_empty()).await), ["needle"]);

    open.ask(Ask::Search { pattern: "absent".into(), up: true });
    open.screen().await;
    open.ask(Ask::Show(ViewKind::Hex));
    loop {
        match open.hear().await {
            Seen::NotFound(told) => break assert_eq!(told, "the search was stopped"),
            Seen::Screenful(_) | Seen::Searching(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_find_right_of_the_screen_is_scrolled_to() {
    let far = format!("{}NEEDLE{}\n", "x".repeat(300), "x".repeat(300));
    let near = format!("pin{}\n", "y".repeat(300));
    // As text, and as a document whose lines are as long as they are.
    for (name, text) in [("a.txt", format!("{near}{far}")), ("a.md", format!("```\n{near}{far}```\n"))] {
        let (_dir, registry, what) = local(name, text.as_bytes()).await;
        let mut open = Open::of(back(&registry, PreviewSettings { wrap: false, ..plain() }), what);
        open.screen().await;
        open.ask(Ask::Search { pattern: "NEEDLE".into(), up: false });
        let screen = open.until(|screen| !found(screen).is_empty()).await;
        assert_eq!(found(&screen), ["NEEDLE"], "{name}");
        assert!(screen.left > 200, "{name}: {}", screen.left);
        open.ask(Ask::Search { pattern: "pin".into(), up: false });
        let screen = open.until(|screen| !found(screen).is_empty()).await;
        assert_eq!((found(&screen), screen.left), (vec!["pin"], 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_is_that_of_what_is_shown() {
    let (dir, registry, what) = local("a.log", b"begin\n").await;
    let mut open = Open::of(back(&registry, plain()), what);
    assert_eq!(open.screen().await.size, Some(6));
    open.after(Ask::Follow(true)).await;
    let path = dir.path().join("a.log");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).expect("the file");
    writeln!(file, "more").expect("a line");
    assert_eq!(open.screen().await.size, Some(11));
    std::fs::write(&path, "anew\n").expect("the file");
    assert_eq!(open.screen().await.size, Some(5));

    let (server, registry, what) = stored("a.log", long_lines(1 << 20), Options::default()).await;
    server.store().put("box", "a.log", "new words\n");
    let mut open = Open::of(back(&registry, plain()), what);
    assert_eq!(open.screen().await.size, Some(10));
}
