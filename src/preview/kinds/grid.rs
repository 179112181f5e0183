//! Values in columns: [`Grid`].

use crate::model::text::{Align, cut_end, pad, width};
use crate::model::{Ink, Piece, StyledLine};

/// The widest that a column gets.
const WIDEST: usize = 48;

/// A table of escaped values, whose first row may be its heading.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    heading: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    /// Whether each column has held numbers only.
    numbers: Vec<bool>,
    /// The bytes of all that is held.
    held: usize,
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

    /// The bytes of memory that its text takes.
    pub fn held(&self) -> usize {
        self.held
    }

    fn measured(&mut self, values: Vec<String>) -> Vec<String> {
        self.widths.resize(self.widths.len().max(values.len()), 1);
        let mut kept = Vec::with_capacity(values.len());
        for (value, widest) in values.into_iter().zip(&mut self.widths) {
            let value = cut_end(&value, WIDEST, "…").into_owned();
            *widest = (*widest).max(width(&value));
            self.held += value.len() + size_of::<String>();
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

    /// The same with a last column of any width: a piece of text a row, and its name in the heading.
    pub fn lines_with(self, last: Vec<String>) -> Vec<StyledLine> {
        let columns = self.widths.len();
        let last_name =
            self.heading.as_ref().filter(|names| names.len() >= columns).and_then(|it| it.last().cloned());
        let mut lines = Self { widths: self.widths[..columns.saturating_sub(1)].to_vec(), ..self }.lines();
        let names = last_name.into_iter().chain([String::new()]).chain(last);
        for (at, (line, name)) in lines.iter_mut().zip(names).enumerate() {
            let (ink, bold) = if at == 0 { (Ink::Accent, true) } else { (Ink::Plain, false) };
            let bar = if at == 1 { "─┼─" } else { " │ " };
            line.pieces.push(Piece::inked(bar, Ink::Dim));
            line.pieces.push(Piece { bold, ..Piece::inked(name, ink) });
        }
        lines
    }

    fn line(&self, values: &[String], heading: bool) -> StyledLine {
        let mut pieces = Vec::with_capacity(self.widths.len() * 2);
        for (at, columns) in self.widths.iter().enumerate() {
            if at > 0 {
                pieces.push(Piece::inked(" │ ", Ink::Dim));
            }
            let value = values.get(at).map_or("", String::as_str);
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
