//! What is open in a view: [`Opened`].

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::Interval;

use super::events::{Progress, progress};
use super::hunting::Search;
use super::painting::Painted;
use super::sheet::Sheet;
use super::{Backstage, held, renewed};
use crate::cache::previews::PreviewKey;
use crate::model::{Ask, ErrorKind, Frame, Result, ViewKind, Viewed, text};
use crate::preview::charset::Charset;
use crate::preview::detect::{Guess, guess};
use crate::preview::feed::Feed;
use crate::preview::hex::HexView;
use crate::preview::paged::Paged;
use crate::preview::search::{Hunt, Outcome};
use crate::preview::source::{BLOCK, Source};
use crate::preview::text::TextView;
use crate::preview::{Document, Shape, kinds};

/// In a quick view larger ones are shown by their bytes: texts, and what is decoded whole.
const QUICK: (u64, u64) = (256 << 10, 8 << 20);

/// A thing that is shown.
pub struct Opened {
    pub(super) back: Arc<Backstage>,
    pub(super) quick: bool,
    /// The bytes as they are.
    pub(super) raw: Arc<Feed>,
    /// The bytes as text: unpacked, where they are packed.
    pub(super) text: Arc<Feed>,
    pub(super) frame: Frame,
    pub(super) wrap: bool,
    pub(super) guess: Guess,
    pub(super) kind: ViewKind,
    pub(super) charset: Charset,
    pub(super) sheet: Sheet,
    /// What is told beside what is seen, until one moves on.
    pub(super) note: Option<String>,
    pub(super) search: Option<Search>,
    /// Whether what is looked for is a line by its number.
    pub(super) by_number: bool,
    pub(super) hunting: Option<BoxFuture<'static, Result<Outcome>>>,
    /// The hunt that waits for leave to read on.
    pub(super) waiting: Option<Hunt>,
    pub(super) progress: Progress,
    /// The bytes that it has looked at.
    pub(super) searched: u64,
    /// Whether one was given up for something else, and nobody was told yet.
    pub(super) stopped: bool,
    pub(super) painting: Option<JoinHandle<Painted>>,
    pub(super) rendering: Option<BoxFuture<'static, Result<Document>>>,
    pub(super) following: Option<Interval>,
    /// Whether what is followed was gone at the last look.
    pub(super) gone: bool,
    /// What was asked of a document before there was one.
    pub(super) postponed: Vec<Ask>,
    /// Under which the first screen is kept when it is whole.
    pub(super) key: Option<PreviewKey>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("kind", &self.kind).field("sheet", &self.sheet).finish_non_exhaustive()
    }
}

impl Opened {
    /// Opens it and finds out what it is, by its first block.
    pub async fn open(
        back: &Arc<Backstage>,
        source: Arc<Source>,
        what: &Viewed,
        frame: Frame,
    ) -> Result<Self> {
        let bytes = Bytes::open(source, what.quick).await?;
        let mut opened = Self {
            back: back.clone(),
            quick: what.quick,
            raw: bytes.raw,
            text: bytes.text,
            frame,
            wrap: back.settings.wrap,
            kind: bytes.guess.kind,
            guess: bytes.guess,
            charset: bytes.charset,
            sheet: Sheet::Blank,
            note: None,
            search: None,
            by_number: false,
            hunting: None,
            waiting: None,
            progress: progress(),
            searched: 0,
            stopped: false,
            painting: None,
            rendering: None,
            following: None,
            gone: false,
            postponed: Vec::new(),
            key: None,
        };
        let kind = what.kind.unwrap_or_else(|| opened.first_kind());
        opened.turn_to(kind).await?;
        Ok(opened)
    }

    /// The best kind; in a quick view one that costs little.
    fn first_kind(&self) -> ViewKind {
        let (kind, len) = (self.guess.kind, self.raw.len());
        match kind {
            ViewKind::Markdown | ViewKind::Json | ViewKind::JsonLines | ViewKind::Table
                if self.quick && len > QUICK.0 =>
            {
                ViewKind::Text
            }
            ViewKind::Image | ViewKind::Media if self.quick && len > QUICK.1 => ViewKind::Hex,
            kind => kind,
        }
    }

    /// Tells this beside what is seen.
    pub fn note(&mut self, note: impl Into<String>) {
        self.note = Some(note.into());
    }

    /// Shows it in another way, at the same place where both go by bytes.
    pub async fn turn_to(&mut self, kind: ViewKind) -> Result<()> {
        self.drop_work();
        self.kind = kind;
        if kinds::is_document(kind) {
            self.rendering = Some(self.render(kind));
            return Ok(());
        }
        // What is packed has other offsets than what it holds.
        let at = if self.text.packed().is_none() { self.sheet.offset() } else { 0 };
        self.sheet = if kind == ViewKind::Text {
            Sheet::Text(Box::new(self.text_view()))
        } else {
            self.kind = ViewKind::Hex;
            Sheet::Hex(HexView::new(self.raw.clone(), self.frame))
        };
        self.begin_painting();
        if at > 0 { self.sheet.go_to(at).await } else { Ok(()) }
    }

    fn text_view(&self) -> TextView {
        let tab = self.back.settings.tab;
        let mut view = TextView::new(self.text.clone(), self.charset, self.frame, self.wrap, tab);
        view.ink(self.search.as_ref().map(|search| search.needle.clone()));
        view
    }

    /// Ends what is under way for what isn't shown any more.
    pub fn drop_work(&mut self) {
        self.drop_hunt();
        self.rendering = None;
        if let Some(painting) = self.painting.take() {
            painting.abort();
        }
    }

    /// Ends a search that something else makes void.
    pub fn drop_hunt(&mut self) {
        let (hunting, waiting) = (self.hunting.take(), self.waiting.take());
        self.stopped |= hunting.is_some() || waiting.is_some();
    }

    /// What shapes a rendering.
    pub fn shape(&self) -> Shape {
        Shape {
            frame: self.frame,
            theme: self.back.settings.theme.clone(),
            tab: self.back.settings.tab,
            wrap: self.wrap,
            cell: self.back.cell,
        }
    }

    fn render(&self, kind: ViewKind) -> BoxFuture<'static, Result<Document>> {
        Box::pin(held::document(self.back.clone(), kind, self.raw.source().clone(), self.shape()))
    }

    /// Shows a document that was rendered; what isn't what it seemed to be is shown by its bytes.
    pub async fn rendered(&mut self, document: Result<Document>) -> Result<()> {
        match document {
            Ok(document) => {
                let needle = self.search.as_ref().map(|search| search.needle.clone());
                self.sheet = Sheet::Paged(Box::new(Paged::new(self.kind, document, self.frame)), needle);
                Ok(())
            }
            Err(error)
                if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Invalid) =>
            {
                let as_text =
                    self.guess.kinds.iter().find(|kind| matches!(kind, ViewKind::Text | ViewKind::Hex));
                let told = format!("not shown as {}: {}", self.kind.title(), text::escape(&error.reason));
                self.turn_to(as_text.copied().unwrap_or(ViewKind::Hex)).await?;
                self.note(told);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the same location anew, since it holds something else now, at the same place.
    pub async fn reopen(&mut self, note: &str) -> Result<()> {
        let bytes = Bytes::open(renewed(self.raw.source()).await?, self.quick).await?;
        (self.raw, self.text, self.guess, self.charset) = (bytes.raw, bytes.text, bytes.guess, bytes.charset);
        self.key = None;
        self.turn_to(self.kind).await?;
        self.note(note);
        Ok(())
    }
}

/// What was found out about a source.
struct Bytes {
    raw: Arc<Feed>,
    text: Arc<Feed>,
    guess: Guess,
    charset: Charset,
}

impl Bytes {
    async fn open(source: Arc<Source>, quick: bool) -> Result<Self> {
        let raw = Arc::new(Feed::new(source.clone(), quick));
        let head = raw.read(0..BLOCK).await?;
        let name = source.entry().name.as_bytes().to_vec();
        let mut guess = guess(&name, &head);
        let Some(packed) = guess.packed.filter(|_| guess.kind == ViewKind::Text) else {
            return Ok(Self { text: raw.clone(), raw, charset: Charset::detect(&head), guess });
        };
        let text = Arc::new(Feed::unpacked(source, packed));
        let head = text.read(0..BLOCK).await?;
        guess.refine(&name, &head);
        Ok(Self { raw, text, charset: Charset::detect(&head), guess })
    }
}
