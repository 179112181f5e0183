//! Archives entered and copied out of by the built program, and what they and bounded kinds cost on a service.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use bifold::config::Connection;
use bifold::model::archive::ArchiveUri;
use bifold::model::{Frame, Freshness, S3Uri, Uri, ViewKind};
use bifold::preview::{Shape, Source, document};
use bifold::vfs::registry::Registry;
use bifold::vfs::{DynPath, Precondition};
use demo::{Options, Server};

use crate::cli::Place;
use crate::support;

/// A tar file whose names no other library would write.
fn tar(members: &[(&str, u8, &str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, link, bytes) in members {
        let mut block = [0u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[100..108].copy_from_slice(b"0004755\0");
        block[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
        block[136..148].copy_from_slice(b"00000001750\0");
        block[156] = *kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        out.extend(block);
        out.extend_from_slice(bytes);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_path_buf()];
    while let Some(at) = dirs.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                dirs.push(path.clone());
            }
            found.push(path.strip_prefix(dir).unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_in_an_archive_leaves_where_it_is_copied_to() {
    let place = Place::new();
    let outside = place.path("outside");
    fs::create_dir(&outside).unwrap();
    let led = outside.to_string_lossy().into_owned();
    let members: &[(&str, u8, &str, &[u8])] = &[
        ("../escaped", b'0', "", b"1"),
        ("a/../../escaped", b'0', "", b"2"),
        ("/tmp-abs/escaped", b'0', "", b"3"),
        ("link", b'2', &led, b""),
        ("link/planted", b'0', "", b"4"),
        ("..\\..\\escaped", b'0', "", b"5"),
        ("C:/escaped", b'0', "", b"6"),
        ("twice", b'0', "", b"old"),
        ("twice", b'0', "", b"new"),
        ("good/file", b'0', "", b"kept"),
    ];
    fs::write(place.path("x.tar"), tar(members)).unwrap();
    let output = place.run(&["cp", "-r", "x.tar!/", "out/"]);
    assert!(!output.status.success(), "what couldn't be copied is told by the exit status");
    assert_eq!(place.read("out/good/file"), "kept");
    assert_eq!((place.read("out/..\\..\\escaped"), place.read("out/C:/escaped")), ("5".into(), "6".into()));
    assert_eq!(place.read("out/twice"), "new");
    assert!(files(&outside).is_empty(), "a link was followed");
    let mut around = files(&place.path("."));
    around.retain(|name| name.contains("escaped"));
    assert!(around.iter().all(|name| name.starts_with("out/")), "{around:?}");
    assert!(!Path::new("/tmp-abs").exists());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("another directory on a disk"), "{told}");
    let mode = fs::metadata(place.path("out/good/file")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0, "no suid is restored");
}

#[test]
fn an_archive_is_listed_printed_and_copied_out_of_by_typing() {
    let place = Place::new();
    let big: Vec<u8> = support::noise(17 << 20).to_vec();
    let members = [("d/one.txt".to_owned(), b"one\n".to_vec()), ("d/big".to_owned(), big.clone())];
    fs::write(place.path("x.zip"), zip(&members)).unwrap();
    let out = |args: &[&str]| {
        let output = place.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(out(&["ls", "x.zip!/"]).contains("d/"));
    assert!(out(&["ls", "x.zip!/d"]).contains("one.txt"));
    assert_eq!(out(&["cat", "x.zip!/d/one.txt"]), "one\n");
    out(&["cp", "-r", "x.zip!/d", "."]);
    assert_eq!(fs::read(place.path("d/big")).unwrap(), big, "it went in parts");
    place.server.store().put("box", "p/y.zip", zip(&members));
    let plan = out(&["cp", "-r", "--dry-run", "s3://box/p/y.zip!/", "from/"]);
    assert!(plan.contains("4 requests: GetObject 4"), "3 for the large one: {plan}");
    out(&["cp", "-r", "s3://box/p/y.zip!/", "from/"]);
    assert_eq!(fs::read(place.path("from/d/big")).unwrap(), big);
    out(&["cp", "-r", "x.zip!/d", "s3://box/to/"]);
    assert_eq!(place.object("to/d/one.txt").as_deref(), Some("one\n"));
    fs::create_dir(place.path("w.zip!")).unwrap();
    fs::write(place.path("w.zip!/f"), "literal").unwrap();
    assert_eq!(out(&["cat", "w.zip!!/f"]), "literal", "a real name is written with one ! more");
}

#[test]
fn a_copy_goes_on_past_members_that_cant_be_read() {
    let place = Place::new();
    let names = ["a", "nul\0here", "secret", "z"];
    let members: Vec<_> = names.iter().map(|name| ((*name).to_owned(), b"bytes".to_vec())).collect();
    let mut bytes = zip(&members);
    let is_it =
        |at: &usize| bytes[*at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(b"secret");
    let at = (0..bytes.len() - 52).find(is_it).unwrap();
    bytes[at + 8] |= 1;
    place.server.store().put("box", "x.zip", bytes);
    let output = place.run(&["cp", "-r", "s3://box/x.zip!/", "out/"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("x.zip!/secret") && told.contains("it is encrypted"), "{told}");
    assert!(told.contains("nul\u{2400}here"), "{told}");
    assert_eq!(files(&place.path("out")), ["a", "z"]);
}

#[test]
fn every_change_in_an_archive_is_refused_and_changes_nothing() {
    let place = Place::new();
    let bytes = zip(&[("d/one.txt".to_owned(), b"one\n".to_vec())]);
    fs::write(place.path("x.zip"), &bytes).unwrap();
    fs::write(place.path("f"), "mine").unwrap();
    place.server.store().put("box", "y.zip", bytes.clone());
    for (tried, args) in [
        ("write", &["cp", "f", "x.zip!/"][..]),
        ("write", &["cp", "f", "x.zip!/d/new"]),
        ("write", &["cp", "f", "s3://box/y.zip!/d/"]),
        ("write", &["cp", "-", "x.zip!/d/new"]),
        ("write", &["mv", "f", "x.zip!/d/"]),
        ("delete", &["mv", "x.zip!/d/one.txt", "."]),
        ("delete", &["mv", "s3://box/y.zip!/d/one.txt", "s3://box/out/"]),
        ("delete", &["rm", "x.zip!/d/one.txt"]),
        ("delete", &["rm", "-r", "x.zip!/d"]),
        ("make the directory", &["mkdir", "x.zip!/new"]),
        ("write", &["edit", "x.zip!/d/one.txt"]),
        ("write", &["sync", ".", "s3://box/y.zip!/d"]),
    ] {
        let output = place.run(args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(told.contains(&format!("could not {tried} ")) && told.contains(".zip!/"), "{args:?}: {told}");
        assert!(told.contains("only read here") && told.contains("pack it anew"), "{args:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{args:?}: {told}");
    }
    assert_eq!(fs::read(place.path("x.zip")).unwrap(), bytes);
    assert_eq!(place.read("f"), "mine", "what wasn't moved stays");
    assert!(!place.path("one.txt").exists(), "what can't be moved isn't copied either");
    assert_eq!(place.server.counts().get("PutObject"), 0);
}

struct Service {
    server: Server,
    registry: Registry,
}

impl Service {
    fn new() -> Self {
        let server = support::serve(Options::default());
        let registry = support::registry_of(&server, Connection::default());
        Self { server, registry }
    }

    fn at(&self, key: &str, inner: Option<&[u8]>) -> DynPath {
        let outer = Uri::S3(S3Uri::new("s3", "box", key));
        let uri = inner.map_or(outer.clone(), |inner| Uri::Archive(ArchiveUri::new(outer, inner)));
        self.registry.resolve(&uri).unwrap()
    }

    async fn source(&self, key: &str) -> Arc<Source> {
        let path = self.at(key, None);
        let entry = path.stat(Freshness::Past).await.unwrap();
        self.server.reset_counts();
        Arc::new(Source::open(path, entry).await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entering_an_archive_asks_once() {
    let service = Service::new();
    let members: Vec<_> =
        (0..2000).map(|at| (format!("d{}/f{at}", at % 7), support::noise(5000).to_vec())).collect();
    let bytes = zip(&members);
    let whole = bytes.len() as u64;
    service.server.store().put("box", "x.zip", bytes);
    let root = service.at("x.zip", Some(b""));
    service.server.reset_counts();
    assert_eq!(support::rows(&root).await.unwrap().len(), 7);
    let counts = service.server.counts();
    assert!(counts.get("GetObject") <= 3 && counts.get("HeadObject") == 1, "{counts:?}");
    service.server.reset_counts();
    for dir in 0..7 {
        let dir = service.at("x.zip", Some(format!("d{dir}/").as_bytes()));
        let pages: Vec<_> = futures::TryStreamExt::try_collect(dir.list(Freshness::Cached)).await.unwrap();
        assert!(pages.iter().map(|page: &bifold::model::Page| page.entries.len()).sum::<usize>() > 280);
    }
    assert_eq!(service.server.counts().total(), 0, "what is held is shown");
    service.server.reset_counts();
    let file = service.at("x.zip", Some(b"d0/f7"));
    assert_eq!(support::read(&file).await.unwrap(), support::noise(5000));
    let counts = service.server.counts();
    assert_eq!(counts.get("GetObject"), 1, "{counts:?}");
    assert!(counts.bytes_out < whole / 10, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packed_member_read_in_parts_is_fetched_once() {
    let service = Service::new();
    let big = support::noise(16 << 20).to_vec();
    let bytes = zip(&[("big".to_owned(), big.clone())]);
    let packed = bytes.len() as u64;
    service.server.store().put("box", "x.zip", bytes);
    let file = service.at("x.zip", Some(b"big"));
    file.stat(Freshness::Past).await.unwrap();
    service.server.reset_counts();
    let parts = (1..16u64).map(|part| {
        let file = file.clone();
        async move {
            let body = file.read(Some(part << 20..(part + 1) << 20), Precondition::None).await.unwrap();
            support::gather(body).await.unwrap()
        }
    });
    let parts = futures::future::join_all(parts).await.concat();
    assert!(parts == big[1 << 20..]);
    let counts = service.server.counts();
    assert!(counts.bytes_out <= packed + (1 << 20), "{counts:?} of {packed}");
}

fn shape() -> Shape {
    let frame = Frame { columns: 80, rows: 24 };
    Shape { frame, theme: String::new(), tab: 4, wrap: true, cell: (8, 16) }
}

fn parquet(groups: i64, rows: i64) -> Vec<u8> {
    use parquet::data_type::Int64Type;
    use parquet::file::writer::SerializedFileWriter;
    let schema = "message row { REQUIRED INT64 id; REQUIRED INT64 other; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    for group in 0..groups {
        let ids: Vec<i64> = (0..rows).map(|row| (row * 7919 + group) ^ 0x5555).collect();
        let mut open = writer.next_row_group().unwrap();
        while let Some(mut column) = open.next_column().unwrap() {
            column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
            column.close().unwrap();
        }
        open.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parquet_is_read_by_its_footer_and_one_row_group() {
    let service = Service::new();
    let bytes = parquet(20, 100_000);
    let whole = bytes.len() as u64;
    service.server.store().put("box", "x.parquet", bytes);
    let source = service.source("x.parquet").await;
    let shown = document(ViewKind::Parquet, &source, &shape()).await.unwrap();
    assert!(shown.warning.is_none() && shown.lines.len() > 120, "{:?}", shown.warning);
    let counts = service.server.counts();
    assert!(counts.bytes_out < whole / 10, "{counts:?} of {whole}");
    assert!(counts.total() < 30, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bounded_kinds_ask_for_their_bounds() {
    let service = Service::new();
    service.server.store().put("box", "x.csv", "a,b,c\n".repeat(4 << 20));
    let source = service.source("x.csv").await;
    let shown = document(ViewKind::Table, &source, &shape()).await.unwrap();
    assert!(shown.warning.is_some());
    let counts = service.server.counts();
    assert!(counts.total() == 1 && counts.bytes_out < 5 << 20, "{counts:?}");
}
