//! Each kind on what it is made for, and on what is made against it.

mod archives;
mod media;
mod pdf;
mod tables;
mod texts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{document, is_document};
use crate::model::{Frame, Freshness, Result, ViewKind};
use crate::preview::{Document, Shape, Source};
use crate::vfs::local::LocalPath;

fn shape(columns: u16) -> Shape {
    let frame = Frame { columns, rows: 24 };
    Shape { frame, theme: String::new(), tab: 4, wrap: true, cell: (8, 16) }
}

pub async fn show_as(kind: ViewKind, name: &str, bytes: &[u8]) -> Result<Document> {
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

pub fn text(document: &Document) -> Vec<String> {
    let line =
        |line: &crate::model::StyledLine| line.pieces.iter().map(|piece| piece.text.as_str()).collect();
    document.lines.iter().map(line).collect()
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
    drop(tokio::time::timeout(Duration::from_millis(1), document(ViewKind::Json, &source, &shape)).await);
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
        media::png(6, 4),
        archives::tar_of(2, 3),
        archives::gz(&archives::tar_of(1, 3)),
        archives::zip_of(2),
        pdf::PDF.to_vec(),
        media::wav(),
        tables::parquet(3),
        media::matroska(),
        media::turned(6),
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
