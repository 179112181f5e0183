//! Values separated by commas, semicolons, tabs or bars, as a table.

use std::io;

use super::MIB;
use super::grid::Grid;
use super::input::Input;
use super::lines::{as_utf8, counted, cut_bytes, size};
use crate::preview::{Document, Shape};

/// How much of a file is read.
const MOST: u64 = 4 * MIB;
/// The most rows.
const MOST_ROWS: usize = 10_000;
/// The most columns.
const MOST_COLUMNS: usize = 200;
/// The most bytes of memory: a value takes more room in a table than in its file.
const MOST_HELD: usize = 64 << 20;
/// The bytes of a value that are looked at: more than any column shows.
const MOST_VALUE: usize = 200;

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let (bytes, cut) = (as_utf8(input.head(MOST)?), input.cut(MOST));
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if cut.is_some() => &bytes[..end],
        _ => &bytes[..],
    };
    let delimiter = delimiter(whole, input.name());
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(whole);
    let (mut grid, mut most, mut warning) = (Grid::default(), 0, cut);
    let (mut record, bounds) = (csv::ByteRecord::new(), input.bounds());
    let mut first = true;
    while reader.read_byte_record(&mut record).map_err(io::Error::other)? {
        most = most.max(record.len());
        let values = record.iter().take(MOST_COLUMNS).map(|value| cut_bytes(value, MOST_VALUE)).collect();
        if std::mem::take(&mut first) {
            grid.heading(values);
        } else {
            grid.row(values);
        }
        if grid.len() >= MOST_ROWS || grid.held() > MOST_HELD {
            let rows = counted(grid.len() as u64, "row", "rows");
            warning = Some(format!("only the first {rows} of {} are shown", size(input.len())));
            break;
        }
        if let Err(error) = bounds.check() {
            warning = Some(error.to_string());
            break;
        }
    }
    if most > MOST_COLUMNS {
        let columns = format!("only the first {MOST_COLUMNS} of {most} columns are shown");
        warning = Some(warning.map_or(columns.clone(), |warning| format!("{columns}; {warning}")));
    }
    let about = format!(
        "{} · {} · {} · {}",
        named(delimiter),
        counted(grid.len() as u64, "row", "rows"),
        counted(most as u64, "column", "columns"),
        size(input.len())
    );
    Ok(Document { lines: grid.lines(), about, warning, ..Document::default() })
}

fn named(delimiter: u8) -> &'static str {
    match delimiter {
        b'\t' => "values by tabs",
        b';' => "values by semicolons",
        b'|' => "values by bars",
        _ => "values by commas",
    }
}

/// What stands between values: the one that the first lines have equally often, and often.
fn delimiter(bytes: &[u8], name: &[u8]) -> u8 {
    let name = name.to_ascii_lowercase();
    if name.ends_with(b".tsv") || name.ends_with(b".tab") {
        return b'\t';
    }
    let lines: Vec<&[u8]> =
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(40).collect();
    let score = |delimiter: u8| {
        let counts: Vec<usize> = lines.iter().map(|line| outside_quotes(line, delimiter)).collect();
        let first = counts.first().copied().unwrap_or(0);
        let alike = counts.iter().filter(|count| **count == first && first > 0).count();
        (alike, first)
    };
    let mut best = (b',', score(b','));
    for delimiter in [b';', b'\t', b'|'] {
        let scored = score(delimiter);
        if scored > best.1 {
            best = (delimiter, scored);
        }
    }
    best.0
}

fn outside_quotes(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let mut count = 0;
    for byte in line {
        quoted ^= *byte == b'"';
        count += usize::from(!quoted && *byte == delimiter);
    }
    count
}
