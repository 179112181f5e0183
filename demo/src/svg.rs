//! A terminal's screen as an SVG picture.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

const CELL_W: f32 = 8.4;
const CELL_H: f32 = 18.0;
const MARGIN: f32 = 14.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d3d7de";

/// The sixteen colours of the picture's terminal.
const PALETTE: [&str; 16] = [
    "#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d3d7de", "#6b7280",
    "#f28b82", "#b5e08f", "#f5d58f", "#8ac6ff", "#dba0f0", "#7fd6e0", "#ffffff",
];

/// A run of cells of one look.
#[derive(Default)]
struct Run {
    text: String,
    from: u16,
    cells: u16,
    look: Look,
}

#[derive(Clone, Default, PartialEq)]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

/// Draws the screen.
pub fn render(screen: &Screen) -> String {
    let (rows, cols) = screen.size();
    let (rows, cols) = (rows.get(), cols.get());
    let width = f32::from(cols) * CELL_W + 2.0 * MARGIN;
    let height = f32::from(rows) * CELL_H + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for row in 0..rows {
        for run in runs(screen, row, cols) {
            draw(&mut svg, row, &run);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn runs(screen: &Screen, row: u16, cols: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for col in 0..cols {
        let Some(cell) = screen.cell(row, col).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let look = look(cell);
        let width = if cell.is_wide() { 2 } else { 1 };
        let text = if cell.contents().is_empty() { " " } else { cell.contents() };
        match runs.last_mut() {
            Some(run) if run.look == look && width == 1 => {
                run.text.push_str(text);
                run.cells += width;
            }
            _ => runs.push(Run { text: text.to_owned(), from: col, cells: width, look }),
        }
    }
    runs
}

fn look(cell: &Cell) -> Look {
    let ink = color(cell.fgcolor());
    let paper = color(cell.bgcolor());
    let (ink, paper) = if cell.inverse() {
        (paper.unwrap_or_else(|| PAPER.to_owned()), Some(ink.unwrap_or_else(|| INK.to_owned())))
    } else {
        (ink.unwrap_or_else(|| INK.to_owned()), paper)
    };
    Look {
        ink,
        paper,
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(at) if at < 16 => Some(PALETTE[usize::from(at)].to_owned()),
        Color::Idx(at) if at < 232 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let at = at - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(at / 36), level(at / 6 % 6), level(at % 6)))
        }
        Color::Idx(at) => {
            let grey = 8 + 10 * (at - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}

fn draw(svg: &mut String, row: u16, run: &Run) {
    let x = MARGIN + f32::from(run.from) * CELL_W;
    let y = MARGIN + f32::from(row) * CELL_H;
    let width = f32::from(run.cells) * CELL_W;
    if let Some(paper) = &run.look.paper {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_H}\" fill=\"{paper}\"/>"
        );
    }
    if run.text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    for (on, css) in [
        (run.look.bold, " font-weight=\"bold\""),
        (run.look.dim, " opacity=\"0.6\""),
        (run.look.italic, " font-style=\"italic\""),
        (run.look.underline, " text-decoration=\"underline\""),
    ] {
        if on {
            style.push_str(css);
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" fill=\"{}\"{style}>{}</text>",
        y + CELL_H * 0.74,
        run.look.ink,
        escape(&run.text)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU16;

    #[test]
    fn a_screen_becomes_runs_of_one_look() {
        let mut parser = vt100::Parser::new(NonZeroU16::new(2).unwrap(), NonZeroU16::new(10).unwrap(), 0);
        parser.process(b"a\x1b[31m<b>\x1b[7mc\x1b[0m");
        let svg = render(parser.screen());
        assert!(svg.contains("&lt;b&gt;</text>"), "{svg}");
        assert!(svg.contains("fill=\"#e06c75\""), "{svg}");
        assert_eq!(svg.matches("<text").count(), 3, "{svg}");
    }
}
