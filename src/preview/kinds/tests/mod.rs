//! Each kind on what it is made for, and on what is made against it.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{document, is_document};
use crate::model::{ErrorKind, Frame, Freshness, Result, ViewKind};
use crate::preview::{Document, Shape, Source};
use crate::vfs::local::LocalPath;

fn shape(columns: u16) -> Shape {
    let frame = Frame { columns, rows: 24 };
    Shape { frame, theme: String::new(), tab: 4, wrap: true, cell: (8, 16) }
}

async fn show_as(kind: ViewKind, name: &str, bytes: &[u8]) -> Result<Document> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    let path = LocalPath::at(file);
    let entry = path.stat(Freshness::Past).await.unwrap();
    let source = Arc::new(Source::open(path, entry).await.unwrap());
    let document = document(kind, &source, &shape(40)).await;
    if let Ok(document) = &document {
        check(document);
    }
    document
}

/// What must be true of every document.
#[track_caller]
fn check(document: &Document) {
    let clean = |text: &str| !text.chars().any(char::is_control);
    for line in &document.lines {
        assert!(line.pieces.iter().all(|piece| clean(&piece.text)), "{line:?}");
    }
    assert!(clean(&document.about) && document.warning.as_deref().is_none_or(clean), "{document:?}");
    let mut open: Vec<usize> = Vec::new();
    for fold in &document.folds {
        assert!(
            fold.head + 1 < fold.end && fold.end <= document.lines.len() && clean(&fold.summary),
            "{fold:?}"
        );
        while open.last().is_some_and(|end| *end <= fold.head) {
            open.pop();
        }
        assert!(open.last().is_none_or(|end| fold.end <= *end), "{fold:?} leaves the one around it");
        open.push(fold.end);
    }
}

fn text(document: &Document) -> Vec<String> {
    let line =
        |line: &crate::model::StyledLine| line.pieces.iter().map(|piece| piece.text.as_str()).collect();
    document.lines.iter().map(line).collect()
}

#[tokio::test]
async fn json_is_laid_out_and_stays_as_it_was_written() {
    let raw = br#"{"b":1.10,"a":[1e400,-0,12345678901234567890],"b":{},"s":"\u001b\"x","e":[]}"#;
    let document = show_as(ViewKind::Json, "x.json", raw).await.unwrap();
    let wanted = [
        "{",
        "  \"b\": 1.10,",
        "  \"a\": [",
        "    1e400,",
        "    -0,",
        "    12345678901234567890",
        "  ],",
        "  \"b\": {},",
        "  \"s\": \"\\u001b\\\"x\",",
        "  \"e\": []",
        "}",
    ];
    assert_eq!(text(&document), wanted);
    let folds: Vec<_> = document.folds.iter().map(|fold| (fold.head, fold.end, &fold.summary[..])).collect();
    assert_eq!(folds, [(0, 11, "… 5 items }"), (2, 7, "… 3 items ],")]);
    assert_eq!(document.warning, None);
}

#[tokio::test]
async fn damaged_json_says_where_and_shows_what_could_be_read() {
    for (raw, told) in [
        ("{\n \"a\": 1,\n \"b\": nul\n}", "line 3, column 7: a value is missing"),
        ("{\"a\" 1}", "line 1, column 6: a colon is missing"),
        ("[1 2]", "line 1, column 4: a comma or a closing bracket is missing"),
        ("[01]", "line 1, column 2: this is no number"),
        ("[1]]", "line 1, column 4: more text after the value"),
        ("[\"a\nb\"]", "a control character inside a string"),
        ("[\"\\x\"]", "no such escape"),
        ("[1,", "the text ends before the value does"),
        ("{\"a\": \"b", "a string that began here has no end"),
    ] {
        let document = show_as(ViewKind::Json, "x.json", raw.as_bytes()).await.unwrap();
        let warning = document.warning.clone().unwrap();
        assert!(warning.contains(told), "{raw}: {warning}");
        assert!(text(&document).last().unwrap().contains(told), "{raw}");
    }
    let document = show_as(ViewKind::Json, "x.json", b"{\"a\": 1, oops").await.unwrap();
    assert_eq!(text(&document)[..2], ["{", "  \"a\": 1,"]);
}

#[tokio::test]
async fn json_too_deep_or_too_long_is_bounded() {
    for raw in ["[".repeat(100_000), format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))] {
        let begin = Instant::now();
        let document = show_as(ViewKind::Json, "x.json", raw.as_bytes()).await.unwrap();
        assert!(document.warning.is_some() && document.lines.len() <= 200_010);
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    let long = format!("[\"{}\"]", "x".repeat(5 << 20));
    let document = show_as(ViewKind::Json, "x.json", long.as_bytes()).await.unwrap();
    assert!(document.warning.unwrap().starts_with("only the first 4.2 MB of 5.2 MB"));
}

#[tokio::test]
async fn json_lines_are_a_fold_a_value() {
    let raw = b"{\"id\":1,\"name\":\"one\"}\n\n[2]\nnot json\n{\"id\":3}\n";
    let document = show_as(ViewKind::JsonLines, "x.jsonl", raw).await.unwrap();
    let numbers: Vec<_> = document.lines.iter().filter_map(|line| line.number).collect();
    assert_eq!(numbers, [1, 3, 4, 5]);
    assert!(document.folds.iter().all(|fold| fold.closed));
    assert_eq!(document.folds[0].summary, "\"id\":1,\"name\":\"one\"}");
    assert_eq!(document.warning.as_deref(), Some("1 line is no JSON"));
    assert!(text(&document).iter().any(|line| line.contains("damaged at column 1")));
}

#[tokio::test]
async fn a_table_is_aligned_whatever_parts_its_values() {
    for raw in [
        "name,size\n\"a,b\",1\nlonger,20\n",
        "name;size\n\"a,b\";1\nlonger;20\n",
        "name\tsize\na,b\t1\nlonger\t20\n",
    ] {
        let document = show_as(ViewKind::Table, "x.csv", raw.as_bytes()).await.unwrap();
        assert_eq!(
            text(&document),
            ["name   │ size", "───────┼─────", "a,b    │    1", "longer │   20"],
            "{raw}"
        );
    }
    let raw = "a,b\r\n\"line\nbreak\",\x1b[31m\r\nonly\r\n";
    let document = show_as(ViewKind::Table, "x.csv", raw.as_bytes()).await.unwrap();
    assert_eq!(text(&document)[2], "line␊break │ ␛[31m");
}

#[tokio::test]
async fn a_table_without_measure_is_bounded() {
    let wide = vec!["1"; 1_000_000].join(",");
    let document = show_as(ViewKind::Table, "x.csv", wide.as_bytes()).await.unwrap();
    assert!(document.warning.unwrap().contains("200 of 1000000 columns"));
    let long = "1,2\n".repeat(20_000);
    let document = show_as(ViewKind::Table, "x.csv", long.as_bytes()).await.unwrap();
    assert!(document.lines.len() <= 10_002 && document.warning.unwrap().contains("10,000 rows"));
}

#[tokio::test]
async fn markdown_is_laid_out_for_the_width() {
    let raw = "# Title\n\nSome *text* that is **long** enough to be wrapped [here](http://x.y).\n\n\
               - one\n- two\n  1. inner\n\n> quoted\n\n```rust\nlet\tx;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n";
    let document = show_as(ViewKind::Markdown, "x.md", raw.as_bytes()).await.unwrap();
    let wanted = [
        "# Title",
        "",
        "Some text that is long enough to be ",
        "wrapped here ‹http://x.y›.",
        "",
        "• one",
        "• two",
        "  1. inner",
        "",
        "│ quoted",
        "",
        "  rust",
        "  ┆ let    x;",
        "",
        "a │ b",
        "──┼──",
        "1 │ 2",
        "",
        &"─".repeat(40),
    ];
    assert_eq!(text(&document), wanted);
    let deep = "> ".repeat(50_000) + "deep\n" + &"lazy\n".repeat(50_000);
    show_as(ViewKind::Markdown, "x.md", deep.as_bytes()).await.unwrap();
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let image = image::RgbaImage::from_fn(width, height, |x, y| image::Rgba([x as u8, y as u8, 9, 255]));
    image.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[tokio::test]
async fn a_picture_fits_the_frame() {
    let document = show_as(ViewKind::Image, "x.png", &png(1000, 500)).await.unwrap();
    let pixels = document.pixels.unwrap();
    assert_eq!((pixels.width, pixels.height), (320, 160), "40 columns of 8 pixels");
    assert_eq!(pixels.rgba.len(), 320 * 160 * 4);
    assert!(document.about.starts_with("PNG · 1,000 × 500"), "{}", document.about);
    let small = show_as(ViewKind::Image, "x.png", &png(10, 5)).await.unwrap().pixels.unwrap();
    assert_eq!((small.width, small.height), (10, 5), "small ones stay as they are");
}

#[tokio::test]
async fn a_picture_of_any_claim_is_refused_before_it_takes_memory() {
    let mut bytes = png(8, 8);
    bytes[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000u32.to_be_bytes());
    let crc = {
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[12..29]);
        crc.sum()
    };
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = show_as(ViewKind::Image, "x.png", &bytes).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("20000 pixels"), "{error}");
}

#[tokio::test]
async fn a_large_picture_is_refused_by_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.png");
    std::fs::File::create(&file).unwrap().set_len(65 << 20).unwrap();
    let path = LocalPath::at(file);
    let entry = path.stat(Freshness::Past).await.unwrap();
    let source = Arc::new(Source::open(path, entry).await.unwrap());
    let error = document(ViewKind::Image, &source, &shape(80)).await.unwrap_err();
    assert!(error.to_string().contains("only decoded up to 67.1 MB"), "{error}");
    assert_eq!(source.asked(), 0, "nothing of it was read");
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn tar_of(members: usize, size: usize) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for at in 0..members {
        let mut header = tar::Header::new_gnu();
        header.set_size(size as u64);
        header.set_mode(0o755);
        header.set_mtime(1_700_000_000);
        builder.append_data(&mut header, format!("dir/file-{at}"), &vec![0; size][..]).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn an_archive_is_listed() {
    for (name, bytes) in [("x.tar", tar_of(2, 10)), ("x.tgz", gz(&tar_of(2, 10)))] {
        let document = show_as(ViewKind::Archive, name, &bytes).await.unwrap();
        let lines = text(&document);
        assert_eq!(lines[0], "mode       │ size │ modified         │ name", "{name}");
        assert_eq!(lines[2], "-rwxr-xr-x │   10 │ 2023-11-14 22:13 │ dir/file-0", "{name}");
        assert_eq!((lines.len(), document.warning), (4, None), "{name}");
    }
}

#[tokio::test]
async fn an_archive_bomb_is_cut_and_says_so() {
    let begin = Instant::now();
    let bomb = gz(&tar_of(12, 4 << 20));
    let document = show_as(ViewKind::Archive, "x.tar.gz", &bomb).await.unwrap();
    let warning = document.warning.unwrap();
    assert!(warning.starts_with("only the first") && document.lines.len() < 14, "{warning}");
    let many = tar_of(10_050, 0);
    let document = show_as(ViewKind::Archive, "x.tar", &many).await.unwrap();
    // On a busy machine its time may be over first.
    assert!(document.warning.is_some() && document.lines.len() <= 10_002);
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// A zip file of empty members, so many that its directory alone is large.
fn zip_of(members: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..members {
        let mut head = [0u8; 46];
        head[..4].copy_from_slice(b"PK\x01\x02");
        head[28] = 1;
        out.extend(head);
        out.push(b'a');
    }
    let size = out.len() as u32;
    let mut end = [0u8; 22];
    end[..4].copy_from_slice(b"PK\x05\x06");
    end[12..16].copy_from_slice(&size.to_le_bytes());
    out.extend(end);
    out
}

#[tokio::test]
async fn a_zip_of_half_a_million_members_is_cut_early() {
    let document = show_as(ViewKind::Archive, "x.zip", &zip_of(500_000)).await.unwrap();
    assert!(document.warning.unwrap().contains("more than 10000 members"));
    assert_eq!(document.lines.len(), 10_002);
}

const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
    2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
    3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n\
    4 0 obj\n<</Title(A \\(small\\) one)/Author(Me)>>\nendobj\n\
    trailer\n<</Root 1 0 R/Info 4 0 R/Size 5>>\n";

#[tokio::test]
async fn a_pdf_tells_of_itself() {
    let document = show_as(ViewKind::Pdf, "x.pdf", PDF).await.unwrap();
    let all = text(&document).join("\n");
    assert!(all.contains("1.4") && all.contains("A (small) one") && all.contains("Me"), "{all}");
    let mut large = PDF[..9].to_vec();
    large.resize(9 << 20, b' ');
    large.extend(b"<</Type /Pages /Count 12>> <</Title <FEFF00E9> /Producer (x)>>");
    let document = show_as(ViewKind::Pdf, "x.pdf", &large).await.unwrap();
    let all = text(&document).join("\n");
    assert!(all.contains("12") && all.contains('é'), "{all}");
    assert!(document.warning.unwrap().contains("only the first and the last"));
}

/// A sound of silence: one second of it.
fn wav() -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    out.extend(8000u32.to_le_bytes());
    out.extend(8000u32.to_le_bytes());
    out.extend(b"\x01\0\x08\0data");
    out.extend(8000u32.to_le_bytes());
    out.resize(out.len() + 8000, 128);
    let len = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    out
}

#[tokio::test]
async fn a_sound_tells_of_itself() {
    let document = show_as(ViewKind::Media, "x.wav", &wav()).await.unwrap();
    let all = text(&document).join("\n");
    assert!(all.contains("0:01") && all.contains("8000 Hz"), "{all}");
}

#[test]
fn a_film_tells_its_sides() {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "byte strings are references")]
    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
    }
    let mut mvhd = [0u8; 100];
    mvhd[12..16].copy_from_slice(&1000u32.to_be_bytes());
    mvhd[16..20].copy_from_slice(&61_000u32.to_be_bytes());
    let mut tkhd = [0u8; 84];
    tkhd[76..80].copy_from_slice(&(1920u32 << 16).to_be_bytes());
    tkhd[80..84].copy_from_slice(&(1080u32 << 16).to_be_bytes());
    let trak = boxed(b"trak", &boxed(b"tkhd", &tkhd));
    let moov = boxed(b"moov", &[boxed(b"mvhd", &mvhd), trak].concat());
    let bytes = [boxed(b"ftyp", b"isom\0\0\0\0"), boxed(b"mdat", &[0; 50]), moov].concat();
    let film = super::media::film(&mut std::io::Cursor::new(bytes)).unwrap();
    assert_eq!((film.seconds, film.sides), (Some(61), Some((1920, 1080))));
}

/// A Parquet file of numbers and names.
fn parquet(rows: i64) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let schema = "message row { REQUIRED INT64 id; REQUIRED BYTE_ARRAY name (UTF8); }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let ids: Vec<i64> = (0..rows).collect();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names: Vec<ByteArray> = (0..rows).map(|at| ByteArray::from(&*format!("n\x1b{at}"))).collect();
    column.typed::<ByteArrayType>().write_batch(&names, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn parquet_shows_its_schema_its_groups_and_its_first_rows() {
    let document = show_as(ViewKind::Parquet, "x.parquet", &parquet(1000)).await.unwrap();
    let lines = text(&document);
    let all = lines.join("\n");
    assert!(all.contains("REQUIRED INT64 id") && all.contains("snappy"), "{all}");
    assert!(lines.iter().any(|line| line.contains("1,000")), "{all}");
    assert!(lines.iter().any(|line| line.starts_with("99 ") && line.contains("n␛99")), "{all}");
    assert_eq!(document.warning, None);
}

#[tokio::test]
async fn parquet_with_a_page_that_lies_is_shown_without_rows() {
    let bytes = parquet(1000);
    let at = bytes.windows(4).position(|four| four == b"PAR1").unwrap() + 4;
    let mut lying = bytes.clone();
    lying[at + 3..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    let document = show_as(ViewKind::Parquet, "x.parquet", &lying).await.unwrap();
    assert!(document.warning.unwrap().starts_with("its rows can't be shown"));
    let error = show_as(ViewKind::Parquet, "x.parquet", &bytes[..bytes.len() / 2]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
}

#[tokio::test]
async fn whoever_leaves_ends_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.json");
    std::fs::write(&file, "[".repeat(4 << 20)).unwrap();
    let path = LocalPath::at(file);
    let entry = path.stat(Freshness::Past).await.unwrap();
    let source = Arc::new(Source::open(path, entry).await.unwrap());
    let shape = shape(80);
    let left =
        tokio::time::timeout(Duration::from_millis(1), document(ViewKind::Json, &source, &shape)).await;
    assert!(left.is_err() || left.is_ok());
    let begin = Instant::now();
    while Arc::strong_count(&source) > 1 && begin.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(Arc::strong_count(&source), 1, "the thread let go of it");
}

fn kinds() -> impl Iterator<Item = ViewKind> {
    ViewKind::ALL.into_iter().filter(|kind| is_document(*kind))
}

/// Something of each kind, to be broken.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        b"{\"a\": [1, {\"b\": \"x\"}]}".to_vec(),
        b"a,b\n1,\"2\n3\"\n".to_vec(),
        b"# a\n\n> b\n- [ ] c\n\n| d |\n|---|\n".to_vec(),
        png(6, 4),
        tar_of(2, 3),
        gz(&tar_of(1, 3)),
        zip_of(2),
        PDF.to_vec(),
        wav(),
        parquet(3),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_bytes_break_a_kind(
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for mut bytes in seeds().into_iter().chain([noise]) {
            if !whole && !bytes.is_empty() {
                bytes.truncate(cut.index(bytes.len()));
            }
            for (at, byte) in hits.iter().take(if bytes.is_empty() { 0 } else { 6 }) {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            for kind in kinds() {
                let shown = runtime.block_on(show_as(kind, "x", &bytes));
                if let Err(error) = shown {
                    prop_assert!(!error.reason.contains("broke down"), "{kind:?}: {error}");
                }
            }
        }
    }
}
