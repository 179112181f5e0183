//! Markdown, laid out for a width.

use std::io;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::MIB;
use super::cells::{MOST_CELLS, cells};
use super::grid::Grid;
use super::input::Input;
use super::lines::{as_utf8, inked, plain, size};
use crate::model::text::{head, width};
use crate::model::{Ink, Piece, StyledLine};
use crate::preview::{Document, Shape};

/// How much of a file is read.
const MOST: u64 = MIB;

pub fn render(input: &Input, shape: &Shape) -> io::Result<Document> {
    let (bytes, mut warning) = (as_utf8(input.head(MOST)?), input.cut(MOST));
    let text = shallow(&String::from_utf8_lossy(&bytes));
    let mut options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    if cells(&text) > MOST_CELLS {
        options.remove(Options::ENABLE_TABLES);
        let cells = "its tables are not laid out: they have too many cells".to_owned();
        warning = Some(warning.map_or(cells.clone(), |warning| format!("{cells}; {warning}")));
    }
    let mut page = Page::new(usize::from(shape.frame.columns).clamp(8, 1000), shape.tab);
    let bounds = input.bounds();
    for event in Parser::new_ext(&text, options) {
        if let Err(error) = bounds.check() {
            warning = Some(error.to_string());
            break;
        }
        page.event(event);
    }
    page.end_block();
    let about = format!("Markdown · {}", size(input.len()));
    Ok(Document { lines: page.lines, about, warning, ..Document::default() })
}

/// The text without the marks that would begin more than so many blocks in each other: the parser takes a
/// time that grows with their square, and can't be stopped.
fn shallow(text: &str) -> String {
    let mark =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'>' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9');
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let marks = line.bytes().take_while(|byte| mark(byte)).count();
        // Marks are single bytes, so that the line is never cut inside a character.
        out.push_str(&line[..marks.min(MOST_MARKS)]);
        out.push_str(&line[marks..]);
    }
    out
}

/// What stands before the lines of a block: a bar for a quote, a bullet for an item.
struct Before {
    first: String,
    rest: String,
    used: bool,
}

/// The most marks and spaces at the beginning of a line.
const MOST_MARKS: usize = 80;

/// The page as it is written.
struct Page {
    lines: Vec<StyledLine>,
    columns: usize,
    tab: usize,
    before: Vec<Before>,
    lists: Vec<Option<u64>>,
    /// The text of the block that is being read.
    text: Vec<Piece>,
    style: Piece,
    strong: u32,
    emphasis: u32,
    links: Vec<String>,
    code: bool,
    table: Option<Grid>,
    row: Vec<String>,
    /// Whether a block stands above, so that an empty line comes before the next.
    apart: bool,
}

impl Page {
    fn new(columns: usize, tab: u8) -> Self {
        Self {
            lines: Vec::new(),
            columns,
            tab: tab.into(),
            before: Vec::new(),
            lists: Vec::new(),
            text: Vec::new(),
            style: Piece::default(),
            strong: 0,
            emphasis: 0,
            links: Vec::new(),
            code: false,
            table: None,
            row: Vec::new(),
            apart: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => self.code_text(&text),
            Event::Text(text) => self.put(&text, None),
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.put(&text, Some(Ink::Accent));
            }
            Event::Html(text) | Event::InlineHtml(text) => self.put(text.trim_end(), Some(Ink::Dim)),
            Event::FootnoteReference(name) => self.put(&format!("[{name}]"), Some(Ink::Dim)),
            Event::SoftBreak => self.put(" ", None),
            Event::HardBreak => self.flush(),
            Event::Rule => {
                self.begin_block();
                let room = self.columns.saturating_sub(self.indent());
                self.push(vec![Piece::inked("─".repeat(room.min(60)), Ink::Dim)]);
                self.apart = true;
            }
            Event::TaskListMarker(done) => self.put(if done { "☒ " } else { "☐ " }, None),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.begin_block(),
            Tag::Heading { level, .. } => self.start_heading(level),
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.indent_by("│ ".into(), "│ ".into());
            }
            Tag::CodeBlock(kind) => self.start_code(&kind),
            Tag::MetadataBlock(_) => self.start_code(&CodeBlockKind::Indented),
            Tag::List(first) => {
                self.flush();
                if self.lists.is_empty() {
                    self.begin_block();
                }
                self.lists.push(first);
            }
            Tag::Item => self.start_item(),
            Tag::Table(_) => {
                self.begin_block();
                self.table = Some(Grid::default());
            }
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } => self.links.push(dest_url.into_string()),
            Tag::Image { dest_url, .. } => {
                self.put("image: ", Some(Ink::Dim));
                self.links.push(dest_url.into_string());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            TagEnd::Heading(_) => {
                self.style = Piece::default();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.before.pop();
            }
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => {
                self.code = false;
                self.before.pop();
                self.apart = true;
            }
            TagEnd::Item => self.end_item(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.apart = self.lists.is_empty();
            }
            TagEnd::TableCell => self.row.push(self.text.drain(..).map(|piece| piece.text).collect()),
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(matches!(tag, TagEnd::TableHead)),
            TagEnd::Table => {
                for line in self.table.take().unwrap_or_default().lines() {
                    self.push(line.pieces);
                }
                self.apart = true;
            }
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn start_heading(&mut self, level: HeadingLevel) {
        self.begin_block();
        self.style = Piece { bold: true, ink: Ink::Accent, ..Piece::default() };
        self.style.underlined = level == HeadingLevel::H1;
        let marks = "#".repeat(level as usize);
        self.text.push(Piece::inked(format!("{marks} "), Ink::Dim));
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) {
        self.begin_block();
        if let CodeBlockKind::Fenced(language) = kind
            && !language.is_empty()
        {
            self.push(vec![inked(&format!("  {language}"), Ink::Dim)]);
        }
        self.indent_by("  ┆ ".into(), "  ┆ ".into());
        self.code = true;
    }

    fn code_text(&mut self, text: &str) {
        for line in text.lines() {
            let line = line.replace('\t', &" ".repeat(self.tab.max(1)));
            self.push(vec![plain(&line)]);
        }
    }

    fn start_item(&mut self) {
        self.flush();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "• ".to_owned(),
        };
        let rest = " ".repeat(width(&marker));
        self.indent_by(marker, rest);
        self.apart = false;
    }

    fn end_item(&mut self) {
        let unused = self.before.last().is_some_and(|before| !before.used);
        if self.text.is_empty() && unused {
            self.push(Vec::new());
        }
        self.flush();
        self.before.pop();
    }

    fn end_row(&mut self, heading: bool) {
        let mut row = std::mem::take(&mut self.row);
        // The parser fills short rows with empty cells, as many as the heading has.
        row.truncate(row.iter().rposition(|cell| !cell.is_empty()).map_or(1, |last| last + 1));
        if let Some(table) = &mut self.table {
            if heading { table.heading(row) } else { table.row(row) }
        }
    }

    fn end_link(&mut self) {
        let Some(to) = self.links.pop() else { return };
        let says_it = self.text.last().is_some_and(|piece| piece.text == to);
        if !says_it && !to.is_empty() {
            self.text.push(inked(&format!(" ‹{to}›"), Ink::Dim));
        }
    }

    fn put(&mut self, text: &str, ink: Option<Ink>) {
        let mut piece = plain(text);
        piece.ink = ink.unwrap_or(self.style.ink);
        piece.bold = self.style.bold || self.strong > 0;
        piece.italic = self.emphasis > 0;
        piece.underlined = self.style.underlined || !self.links.is_empty();
        self.text.push(piece);
    }

    fn indent_by(&mut self, first: String, rest: String) {
        self.before.push(Before { first, rest, used: false });
    }

    /// The columns that stand before a block; where they would leave it no room, none do.
    fn indent(&self) -> usize {
        if self.before.len() > 32 {
            return 0;
        }
        let wide = self.before.iter().map(|before| width(&before.rest)).sum();
        if wide + 8 > self.columns { 0 } else { wide }
    }

    /// A block begins: what came before ends, and an empty line parts them.
    fn begin_block(&mut self) {
        self.flush();
        if std::mem::take(&mut self.apart) {
            self.push(Vec::new());
        }
    }

    fn end_block(&mut self) {
        self.flush();
        self.apart = !self.lines.is_empty();
    }

    /// Writes the text of the block, wrapped.
    fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let room = self.columns.saturating_sub(self.indent()).max(8);
        for line in wrapped(std::mem::take(&mut self.text), room) {
            self.push(line);
        }
    }

    fn push(&mut self, pieces: Vec<Piece>) {
        let mut line = StyledLine::default();
        if self.indent() > 0 {
            // An empty line between blocks uses up no bullet.
            let written = !pieces.is_empty() || self.lists.is_empty();
            let mut text = String::new();
            for before in &mut self.before {
                text.push_str(if before.used { &before.rest } else { &before.first });
                before.used |= written;
            }
            line.pieces.push(Piece::inked(text, Ink::Dim));
        }
        line.pieces.extend(pieces);
        self.lines.push(line);
    }
}

/// Lines of at most `room` columns, broken at spaces where there are any.
fn wrapped(pieces: Vec<Piece>, room: usize) -> Vec<Vec<Piece>> {
    let (mut lines, mut line, mut used) = (Vec::new(), Vec::<Piece>::new(), 0);
    for piece in pieces {
        for word in piece.text.split_inclusive(' ') {
            let solid = width(word.trim_end());
            if used > 0 && used + solid > room {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            let mut rest = if used == 0 { word.trim_start() } else { word };
            let end = rest.len() - rest.trim_end().len();
            loop {
                // Only what fits is measured: a word may be as long as the file.
                let fits = head(rest, room);
                if fits.len() + end >= rest.len() {
                    break;
                }
                let at =
                    if fits.is_empty() { rest.chars().next().map_or(1, char::len_utf8) } else { fits.len() };
                lines.push(vec![piece.with(&rest[..at])]);
                rest = &rest[at..];
            }
            used += width(rest);
            add(&mut line, rest, &piece);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Adds text to a line, to its last piece where that looks the same.
fn add(line: &mut Vec<Piece>, text: &str, style: &Piece) {
    if text.is_empty() {
        return;
    }
    if let Some(last) = line.last_mut()
        && (last.ink, last.bold, last.italic, last.underlined)
            == (style.ink, style.bold, style.italic, style.underlined)
    {
        return last.text.push_str(text);
    }
    line.push(style.with(text));
}
