//! Colours of source text: [`Brush`], and what it paints: [`Job`].
//!
//! Only what is seen is painted, from a place a little before it whose state is known or guessed; a thread
//! that may block does it, and is done soon whatever the text is.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use syntect::highlighting::{FontStyle, HighlightIterator, HighlightState, Highlighter, Style, Theme};
use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};
use two_face::theme::{EmbeddedLazyThemeSet, EmbeddedThemeName};

use super::text::Paint;
use crate::model::{Ink, Piece};

/// Longer lines stay plain: some grammars take a long time for them.
const LONGEST: usize = 4 << 10;

/// The most time for one job; what is left then stays plain.
const LONG: Duration = Duration::from_secs(2);

static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// The colours for one language. A clone is another handle on the same.
#[derive(Clone)]
pub struct Brush {
    syntax: &'static SyntaxReference,
    theme: Arc<Theme>,
}

/// What is known before a line: where one paints on from.
#[derive(Clone)]
pub struct State {
    parse: ParseState,
    highlight: HighlightState,
}

impl fmt::Debug for Brush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Brush({})", self.syntax.name)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

/// Lines to paint, each with its place in the file.
#[derive(Debug)]
pub struct Job {
    /// The colours.
    pub brush: Brush,
    /// What is known before the first line.
    pub state: Option<State>,
    /// The lines, without their ends. Not escaped.
    pub lines: Vec<(u64, String)>,
    /// The state is kept before this place.
    pub keep: u64,
}

/// What was painted.
#[derive(Debug, Default)]
pub struct Done {
    /// The colours of each line.
    pub lines: Vec<(u64, Vec<Paint>)>,
    /// What is known before some of them.
    pub states: Vec<(u64, State)>,
}

impl Brush {
    /// The colours for a file of this name that begins with this line; `None` for a language or a theme that
    /// is unknown. Blocks while the grammars are loaded, once.
    pub fn find(theme: &str, name: &str, first_line: &str) -> Option<Self> {
        let names = EmbeddedLazyThemeSet::theme_names();
        let theme: EmbeddedThemeName = *names.iter().find(|it| it.as_name() == theme)?;
        let theme = two_face::theme::extra().get(theme).clone();
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        let end = name.rsplit_once('.').map(|(_, end)| end);
        let by_name =
            [Some(name), end].into_iter().flatten().find_map(|it| SYNTAXES.find_syntax_by_extension(it));
        let syntax = by_name.or_else(|| SYNTAXES.find_syntax_by_first_line(first_line))?;
        (syntax.name != "Plain Text").then(|| Self { syntax, theme: Arc::new(theme) })
    }

    /// The language.
    pub fn language(&self) -> &str {
        &self.syntax.name
    }
}

impl Job {
    /// Paints. Blocks.
    pub fn run(self) -> Done {
        let highlighter = Highlighter::new(&self.brush.theme);
        let plain = highlighter.get_default();
        let mut state = self.state.unwrap_or_else(|| State {
            parse: ParseState::new(self.brush.syntax),
            highlight: HighlightState::new(&highlighter, ScopeStack::new()),
        });
        let (mut done, begun) = (Done::default(), Instant::now());
        let last = self.lines.len();
        for (count, (at, line)) in self.lines.into_iter().enumerate() {
            if at == self.keep || count + 1 == last {
                done.states.push((at, state.clone()));
            }
            let late = line.len() > LONGEST || begun.elapsed() > LONG;
            let paint = if late { Vec::new() } else { state.paint(&highlighter, line, plain) };
            done.lines.push((at, paint));
        }
        done
    }
}

impl State {
    fn paint(&mut self, highlighter: &Highlighter<'_>, mut line: String, plain: Style) -> Vec<Paint> {
        line.push('\n');
        // A grammar that fails leaves its line plain.
        let Ok(ops) = self.parse.parse_line(&line, &SYNTAXES) else { return Vec::new() };
        let mut at = 0;
        let styles = HighlightIterator::new(&mut self.highlight, &ops, &line, highlighter);
        let mut paint = Vec::new();
        for (style, text) in styles {
            if style != plain && !text.trim().is_empty() {
                paint.push(Paint { range: at..at + text.len(), style: piece(style, plain) });
            }
            at += text.len();
        }
        paint
    }
}

/// A style of a theme as a piece without text. The theme's ordinary colour is the terminal's.
fn piece(style: Style, plain: Style) -> Piece {
    let colour = style.foreground;
    let ink = if colour == plain.foreground || colour.a <= 1 {
        Ink::Plain
    } else {
        Ink::Rgb(colour.r, colour.g, colour.b)
    };
    let has = |kind| style.font_style.contains(kind);
    Piece {
        bold: has(FontStyle::BOLD),
        italic: has(FontStyle::ITALIC),
        underlined: has(FontStyle::UNDERLINE),
        ..Piece::inked("", ink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEME: &str = "base16-ocean.dark";

    fn paint(brush: &Brush, state: Option<State>, lines: &[(u64, &str)]) -> Done {
        let lines = lines.iter().map(|(at, line)| (*at, (*line).to_owned())).collect();
        Job { brush: brush.clone(), state, lines, keep: 0 }.run()
    }

    #[test]
    fn a_language_is_known_by_name_or_first_line() {
        for (name, first, language) in [
            ("main.rs", "", Some("Rust")),
            ("Makefile", "", Some("Makefile")),
            ("x.py.gz", "", Some("Python")),
            ("run", "#!/bin/bash", Some("Bourne Again Shell (bash)")),
            ("a.txt", "", None),
            ("a", "", None),
        ] {
            let brush = Brush::find(THEME, name, first);
            assert_eq!(brush.as_ref().map(Brush::language), language, "{name}");
        }
        assert!(Brush::find("", "main.rs", "").is_none(), "no theme, no colours");
        assert!(Brush::find("no such theme", "main.rs", "").is_none());
    }

    #[test]
    fn painting_goes_on_from_a_state() {
        let brush = Brush::find(THEME, "a.rs", "").unwrap();
        // Grammars are compiled when they are used first.
        paint(&brush, None, &[(0, "/* a */ fn c() {}")]);
        let whole = paint(&brush, None, &[(0, "/* a"), (5, "fn b */ fn c() {}")]);
        let state = whole.states.iter().find(|(at, _)| *at == 5).unwrap().1.clone();
        let rest = paint(&brush, Some(state), &[(5, "fn b */ fn c() {}")]);
        assert_eq!(rest.lines[0], whole.lines[1], "the comment goes on");
        let alone = paint(&brush, None, &[(5, "fn b */ fn c() {}")]);
        assert_ne!(alone.lines[0], whole.lines[1]);
    }

    #[test]
    fn a_line_that_is_too_long_stays_plain() {
        let brush = Brush::find(THEME, "a.rs", "").unwrap();
        let long = "fn ".repeat(5_000);
        assert_eq!(paint(&brush, None, &[(0, &long)]).lines, [(0, Vec::new())]);
    }
}
