//! A link as a QR code: [`Code`].

use qrcode::{EcLevel, QrCode};

use crate::model::Redacted;

/// Light modules around the code, on each side: scanners want an edge.
const EDGE: usize = 2;

/// The modules of a QR code, two of them in a cell, one above the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    width: usize,
    dark: Redacted<Vec<bool>>,
}

impl Code {
    /// The code of a text; `None` where it is too long for any.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
        Some(Self { width: code.width(), dark: Redacted::new(dark) })
    }

    fn side(&self) -> usize {
        self.width + 2 * EDGE
    }

    /// The columns that it takes.
    pub fn columns(&self) -> u16 {
        u16::try_from(self.side()).unwrap_or(u16::MAX)
    }

    /// The rows that it takes.
    pub fn rows(&self) -> u16 {
        u16::try_from(self.side().div_ceil(2)).unwrap_or(u16::MAX)
    }

    /// Whether the upper and the lower module of a cell are dark.
    pub fn cell(&self, column: u16, row: u16) -> [bool; 2] {
        let (x, y) = (usize::from(column), usize::from(row) * 2);
        [self.is_dark(x, y), self.is_dark(x, y + 1)]
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let within = |at: usize| at.checked_sub(EDGE).filter(|at| *at < self.width);
        match (within(x), within(y)) {
            (Some(x), Some(y)) => self.dark.expose()[y * self.width + x],
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corners_and_a_light_edge() {
        let code = Code::of("https://example.org/").unwrap();
        assert_eq!((code.columns(), code.rows()), (29, 15), "version 2: 25 modules and the edge");
        assert_eq!(code.cell(0, 0), [false, false]);
        assert_eq!(code.cell(2, 1), [true, true], "the corner of a finder pattern");
        assert_eq!(code.cell(3, 1), [true, false]);
        assert_eq!(code.cell(28, 14), [false, false]);
        assert_eq!(code.cell(200, 200), [false, false]);
    }

    #[test]
    fn what_no_code_can_hold_has_none() {
        assert_eq!(Code::of(&"x".repeat(4000)), None);
    }
}
