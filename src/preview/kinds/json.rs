//! JSON, indented and folded; JSON lines, a fold a value. Numbers, the order of keys and keys that come twice
//! stay exactly as they are written.

use std::io;

use super::MIB;
use super::input::{Bounds, Input};
use super::json_print::{Damage, Printer};
use super::lines::{as_utf8, count, counted, cut_bytes, size};
use crate::model::text::{cut_end, escape_bytes};
use crate::model::{Ink, Piece, StyledLine};
use crate::preview::{Document, Fold, Shape};

/// How much of a file is read.
const MOST: u64 = 4 * MIB;

/// A fold below the outermost two levels that is longer than this is closed at first.
const LONG: usize = 12;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let (bytes, cut) = (as_utf8(input.head(MOST)?), input.cut(MOST));
    let mut printer = Printer::new(&bytes);
    let ended = printer.value(&input.bounds()).and_then(|()| printer.nothing_follows());
    let whole = ended.is_ok();
    let mut warning = cut;
    if let Err(damage) = ended {
        warning = Some(told(&mut printer, &damage, warning));
    }
    let about = format!("JSON · {} · {}", size(input.len()), shown(whole, printer.values));
    let (lines, mut folds) = printer.finish();
    for (fold, depth) in &mut folds {
        fold.closed = *depth > 1 && fold.end - fold.head > LONG;
    }
    let folds = folds.into_iter().map(|(fold, _)| fold).collect();
    Ok(Document { lines, folds, pixels: None, about, warning })
}

fn shown(whole: bool, values: u64) -> String {
    let values = counted(values, "value", "values");
    if whole { values } else { format!("{values} could be read") }
}

/// What to tell of damage: nothing more where the file merely wasn't read to its end.
fn told(printer: &mut Printer<'_>, damage: &Damage, cut: Option<String>) -> String {
    let at_end = damage.at >= printer.len();
    match cut {
        Some(cut) if at_end => cut,
        _ if damage.bound => damage.why.clone(),
        _ => {
            let (line, column) = printer.place(damage.at);
            let told = format!("damaged at line {}, column {}: {}", count(line), count(column), damage.why);
            printer.error_line(&told);
            told
        }
    }
}

pub fn render_lines(input: &Input, shape: &Shape) -> io::Result<Document> {
    let (bytes, cut) = (as_utf8(input.head(MOST)?), input.cut(MOST));
    let mut records = Records { columns: shape.frame.columns.into(), ..Records::default() };
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if cut.is_some() => &bytes[..end],
        _ => &bytes[..],
    };
    let mut warning = cut;
    for (at, line) in (1..).zip(whole.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if records.document.lines.len() > super::json_print::MOST_LINES {
            warning = Some(format!("only the first {} are shown", counted(records.count, "value", "values")));
            break;
        }
        if let Err(error) = records.add(at, line, &input.bounds()) {
            warning = Some(error.to_string());
            break;
        }
    }
    let mut document = records.document;
    if records.damaged > 0 {
        let damaged = counted(records.damaged, "line is no JSON", "lines are no JSON");
        warning = Some(warning.map_or(damaged.clone(), |warning| format!("{damaged}; {warning}")));
    }
    document.about =
        format!("JSON lines · {} · {}", size(input.len()), counted(records.count, "value", "values"));
    document.warning = warning;
    Ok(document)
}

/// Values, a line each.
#[derive(Default)]
struct Records {
    document: Document,
    columns: usize,
    count: u64,
    damaged: u64,
}

impl Records {
    fn add(&mut self, number: u64, line: &[u8], bounds: &Bounds) -> io::Result<()> {
        bounds.check()?;
        let mut printer = Printer::new(line);
        if let Err(damage) = printer.value(bounds).and_then(|()| printer.nothing_follows()) {
            if damage.bound {
                return Err(io::Error::other(damage.why));
            }
            self.add_damaged(number, line, &damage);
            return Ok(());
        }
        self.count += 1;
        let (mut lines, folds) = printer.finish();
        if let Some(first) = lines.first_mut() {
            first.number = Some(number);
        }
        let begin = self.document.lines.len();
        for (fold, depth) in folds {
            let outer = depth == 0;
            let summary = if outer { self.summary(line) } else { fold.summary };
            let (head, end) = (fold.head + begin, fold.end + begin);
            self.document.folds.push(Fold { head, end, closed: outer || fold.closed, summary });
        }
        self.document.lines.append(&mut lines);
        Ok(())
    }

    /// The value itself as far as there is room, after its first bracket.
    fn summary(&self, line: &[u8]) -> String {
        let head = &line[1..line.len().min(1 + self.columns.max(8) * 4)];
        cut_end(&escape_bytes(head), self.columns.saturating_sub(2).max(8), "…").into_owned()
    }

    fn add_damaged(&mut self, number: u64, line: &[u8], damage: &Damage) {
        self.damaged += 1;
        let raw = Piece::plain(cut_bytes(line, 4096));
        self.document.lines.push(StyledLine { pieces: vec![raw], number: Some(number) });
        let told = format!("  ↑ damaged at column {}: {}", count(damage.at as u64 + 1), damage.why);
        self.document.lines.push(StyledLine::of(Piece::inked(told, Ink::Error)));
    }
}
