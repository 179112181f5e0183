//! PDF: what is found in it, and what it can't make this program unpack.

use super::{show_as, text};
use crate::model::ViewKind;

pub const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n\
    2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
    3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n\
    4 0 obj\n<</Title(A \\(small\\) one)/Author(Me)>>\nendobj\n\
    trailer\n<</Root 1 0 R/Info 4 0 R/Size 5>>\n";

async fn shown(bytes: &[u8]) -> String {
    text(&show_as(ViewKind::Pdf, "x.pdf", bytes).await.unwrap()).join("\n")
}

#[tokio::test]
async fn a_pdf_tells_of_itself() {
    let all = shown(PDF).await;
    assert!(all.contains("1.4") && all.contains("A (small) one") && all.contains("Me"), "{all}");
    assert!(all.contains("pages         1"), "{all}");
    let mut large = PDF[..9].to_vec();
    large.resize(9 << 20, b' ');
    large.extend(b"<</Type /Pages /Count 12>> <</Title <FEFF00E9> /Producer (x)>>");
    let document = show_as(ViewKind::Pdf, "x.pdf", &large).await.unwrap();
    let all = text(&document).join("\n");
    assert!(all.contains("12") && all.contains('é'), "{all}");
    assert!(document.warning.unwrap().contains("only the first and the last"));
}

/// A PDF that is being written, and where its objects begin.
struct Draft {
    bytes: Vec<u8>,
    at: Vec<usize>,
}

impl Draft {
    fn new() -> Self {
        let mut draft = Self { bytes: b"%PDF-1.5\n".to_vec(), at: vec![0] };
        draft.object(b"<</Type/Catalog/Pages 2 0 R>>");
        draft.object(b"<</Type/Pages/Kids[]/Count 7>>");
        draft
    }

    fn object(&mut self, body: &[u8]) {
        self.at.push(self.bytes.len());
        let number = self.at.len() - 1;
        self.bytes.extend([format!("{number} 0 obj\n").as_bytes(), body, b"\nendobj\n"].concat());
    }

    /// A stream, packed, of which its dictionary also tells this.
    fn stream(&mut self, tells: &str, body: &[u8]) {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packed, body).unwrap();
        let packed = packed.finish().unwrap();
        let head = format!("<<{tells}/Filter/FlateDecode/Length {}>>stream\n", packed.len());
        self.object(&[head.as_bytes(), &packed, b"\nendstream"].concat());
    }

    /// Ends it by a packed table of cross references. The objects in `held` are in that stream.
    fn end(mut self, tells: &str, held: &[(usize, u32)], more: usize) -> Vec<u8> {
        let (own, begin) = (self.at.len(), self.bytes.len());
        self.at.push(begin);
        let mut table = vec![0; (own + 1 + more) * 7];
        for (number, at) in self.at.iter().enumerate().skip(1) {
            table[number * 7] = 1;
            table[number * 7 + 1..number * 7 + 5].copy_from_slice(&(*at as u32).to_be_bytes());
        }
        for (number, stream) in held {
            table[number * 7] = 2;
            table[number * 7 + 1..number * 7 + 5].copy_from_slice(&stream.to_be_bytes());
        }
        self.at.pop();
        let size = table.len() / 7;
        self.stream(&format!("/Type/XRef/Root 1 0 R/W[1 4 2]/Size {size}{tells}"), &table);
        self.bytes.extend(format!("startxref\n{begin}\n%%EOF\n").bytes());
        self.bytes
    }
}

/// A PDF whose fourth object stands so far inside a packed stream of objects.
fn held_deep(far: usize) -> Vec<u8> {
    let mut draft = Draft::new();
    let body = format!("4 {far} {}<</Producer(who made it)>>", " ".repeat(far));
    draft.stream(&format!("/Type/ObjStm/N 1/First {}", format!("4 {far} ").len()), body.as_bytes());
    // The object that is held, whose own place is none.
    draft.at.push(0);
    draft.end("/Info 4 0 R", &[(4, 3)], 0)
}

#[tokio::test]
async fn a_pdf_unpacks_no_more_than_its_bound() {
    let all = shown(&held_deep(100)).await;
    assert!(all.contains("who made it") && all.contains("pages         7"), "{all}");
    let deep = held_deep(12 << 20);
    assert!(deep.len() < 100_000);
    let all = shown(&deep).await;
    assert!(!all.contains("who made it"), "12 MiB were unpacked for it: {all}");
    assert!(all.contains("pages         7"), "{all}");
}

#[tokio::test]
async fn the_cross_references_of_a_pdf_are_not_unpacked() {
    let mut draft = Draft::new();
    draft.object(b"<</Producer(by the table)>>");
    draft.bytes.extend(b"3 0 obj\n<</Producer(in plain)>>\nendobj\n");
    let bytes = draft.end("/Info 3 0 R", &[], 200_000);
    assert!(bytes.len() < 10_000);
    let all = shown(&bytes).await;
    assert!(all.contains("in plain") && !all.contains("by the table"), "{all}");
}

#[tokio::test]
async fn bookmarks_and_branches_of_pages_are_no_words_of_a_pdf() {
    let mut bytes = PDF.to_vec();
    bytes.extend(
        b"<</Title(A bookmark)/Parent 5 0 R>>\n<</Type/Outlines/Count 300>>\n\
          <</Type/Pages/Parent 2 0 R/Count 200/Resources<</Font<<>>>>>>",
    );
    let all = shown(&bytes).await;
    assert!(all.contains("A (small) one") && !all.contains("bookmark"), "{all}");
    assert!(all.contains("pages         1"), "{all}");
}

#[tokio::test]
async fn an_encrypted_pdf_says_so_and_shows_no_scrambled_text() {
    let encrypted = PDF.strip_suffix(b">>\n").unwrap();
    let all = shown(&[encrypted, b"/Encrypt 9 0 R>>\n"].concat()).await;
    assert!(all.contains("encrypted     yes") && all.contains("pages         1"), "{all}");
    assert!(!all.contains("small"), "{all}");
    assert!(!shown(&[PDF, b"/EncryptMetadata true"].concat()).await.contains("encrypted"));
}
