//! Values in columns: [`Grid`].

use crate::model::text::{Align, cut_end, pad, width};
use crate::model::{Ink, Piece, StyledLine};

/// The widest that a column gets.
const WIDEST: usize = 48;
/// The bar between two values.
const BAR: &str = " │ ";
/// What a value takes beside its text: its room here, and its piece and its bar's in a line.
const CELL: usize = size_of::<String>() + 2 * size_of::<Piece>() + BAR.len();

/// A table of escaped values, whose first row may be its heading.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    heading: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    /// How many values each column has.
    cells: Vec<usize>,
    /// Whether each column has held numbers only.
    numbers: Vec<bool>,
    /// The bytes of all text that is held.
    text: usize,
}

impl Grid {
    /// The names of the columns. Escaped.
    pub fn heading(&mut self, names: Vec<String>) {
        let names = self.measured(names);
        self.heading = Some(names);
    }

    /// One more row. Escaped.
    pub fn row(&mut self, values: Vec<String>) {
        self.numbers.resize(self.numbers.len().max(values.len()), true);
        for (value, number) in values.iter().zip(&mut self.numbers) {
            *number &= value.is_empty() || is_number(value);
        }
        let values = self.measured(values);
        self.rows.push(values);
    }

    /// The rows so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of memory that it takes with the lines that are made of it: a short value below a wide one takes
    /// the room of its column there.
    pub fn held(&self) -> usize {
        let cells = self.cells.iter().zip(&self.widths);
        2 * self.text + cells.map(|(cells, width)| cells * (width + CELL)).sum::<usize>()
    }

    fn measured(&mut self, values: Vec<String>) -> Vec<String> {
        self.widths.resize(self.widths.len().max(values.len()), 1);
        self.cells.resize(self.widths.len(), 0);
        let mut kept = Vec::with_capacity(values.len());
        for (value, (widest, cells)) in values.into_iter().zip(self.widths.iter_mut().zip(&mut self.cells)) {
            let value = cut_end(&value, WIDEST, "…").into_owned();
            *widest = (*widest).max(width(&value));
            *cells += 1;
            self.text += value.len();
            kept.push(value);
        }
        kept
    }

    /// The lines of it, the heading first.
    pub fn lines(self) -> Vec<StyledLine> {
        let mut lines = Vec::with_capacity(self.rows.len() + 2);
        if let Some(heading) = &self.heading {
            lines.push(self.line(heading, true));
            let rule = self.widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("─┼─");
            lines.push(StyledLine::of(Piece::inked(rule, Ink::Dim)));
        }
        lines.extend(self.rows.iter().map(|row| self.line(row, false)));
        lines
    }

    /// The same with a last column of any width: a piece of text a row, and its name in the heading. Each row has
    /// a value in all other columns.
    pub fn lines_with(self, last: Vec<String>) -> Vec<StyledLine> {
        let columns = self.widths.len();
        let last_name =
            self.heading.as_ref().filter(|names| names.len() >= columns).and_then(|it| it.last().cloned());
        let mut lines = Self { widths: self.widths[..columns.saturating_sub(1)].to_vec(), ..self }.lines();
        let names = last_name.into_iter().chain([String::new()]).chain(last);
        for (at, (line, name)) in lines.iter_mut().zip(names).enumerate() {
            let (ink, bold) = if at == 0 { (Ink::Accent, true) } else { (Ink::Plain, false) };
            let bar = if at == 1 { "─┼─" } else { BAR };
            line.pieces.push(Piece::inked(bar, Ink::Dim));
            line.pieces.push(Piece { bold, ..Piece::inked(name, ink) });
        }
        lines
    }

    /// It ends with its last value: filled up to all columns, a short row would take many times its room.
    fn line(&self, values: &[String], heading: bool) -> StyledLine {
        let mut pieces = Vec::with_capacity(values.len() * 2);
        for (at, (value, columns)) in values.iter().zip(&self.widths).enumerate() {
            if at > 0 {
                pieces.push(Piece::inked(BAR, Ink::Dim));
            }
            let right = self.numbers.get(at) == Some(&true) && !self.rows.is_empty();
            let padded = pad(value, *columns, if right { Align::Right } else { Align::Left }).into_owned();
            let ink = if heading { Ink::Accent } else { Ink::Plain };
            pieces.push(Piece { bold: heading, ..Piece::inked(padded, ink) });
        }
        StyledLine { pieces, number: None }
    }
}

fn is_number(value: &str) -> bool {
    let digits = value.trim().trim_start_matches(['-', '+']);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b',' | b'e' | b'E' | b'+' | b'-' | b'%'))
        && digits.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns as wide as they get, and rows below them.
    fn below_wide(columns: usize, rows: usize, row: &[String]) -> Grid {
        let mut grid = Grid::default();
        grid.heading(vec!["w".repeat(WIDEST); columns]);
        (0..rows).for_each(|_| grid.row(row.to_vec()));
        grid
    }

    fn bytes(lines: &[StyledLine]) -> usize {
        let pieces = lines.iter().flat_map(|line| &line.pieces);
        pieces.map(|piece| size_of::<Piece>() + piece.text.len()).sum()
    }

    #[test]
    fn a_row_of_one_value_makes_one_piece() {
        let lines = below_wide(200, 20, &["x".to_owned()]).lines();
        let most = lines[2..].iter().map(|line| line.pieces.len()).max();
        assert_eq!((lines.len(), most), (22, Some(1)));
    }

    #[test]
    fn what_the_lines_take_is_counted_as_held() {
        for row in [vec![String::new(); 200], vec!["x".to_owned(); 200], vec!["ä".repeat(WIDEST); 200]] {
            let grid = below_wide(200, 20, &row);
            let (held, lines) = (grid.held(), bytes(&grid.lines()));
            assert!(held >= lines, "{held} are counted, {lines} are made");
        }
    }
}
