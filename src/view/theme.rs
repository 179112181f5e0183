//! How things look: [`Theme`], made of the terminal's own colours, modifiers and [`Glyphs`].
//!
//! Only the sixteen ANSI colours are named, so the person's palette decides, on dark and on light
//! grounds alike: text in colour is magenta or red, which read on both, and a coloured ground always
//! comes with the colour of its text. Red means an error and nothing else does. Whatever a colour
//! says, a sign or a word says too.

use ratatui::style::{Color, Modifier, Style};

use super::format::Zone;
use crate::config::{ColourChoice, Env, GlyphChoice, UiSettings};

/// The looks of everything on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// What is there to be found, not to be noticed: ages, rules, labels.
    pub dim: Style,
    /// Directories, and words that carry a sentence.
    pub strong: Style,
    /// What is active: the cursor's band, the title of the active pane, the chosen button.
    pub accent: Style,
    /// The cursor's band in the pane that isn't active.
    pub idle: Style,
    /// Marked rows.
    pub mark: Style,
    /// Errors, and nothing else.
    pub error: Style,
    /// Bars that fill.
    pub bar: Style,
    /// Fields that are typed into.
    pub field: Style,
    /// Whether it shows colours of 24 bits; others are brought to the nearest of 256.
    pub deep: bool,
    /// The signs.
    pub glyphs: Glyphs,
    /// Whose clock times are shown by.
    pub zone: Zone,
}

/// The signs that the screen is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name says what it stands for")]
pub struct Glyphs {
    pub cursor: &'static str,
    pub mark: &'static str,
    /// The cursor on a marked row.
    pub both: &'static str,
    pub ellipsis: &'static str,
    pub bar_full: &'static str,
    pub bar_head: &'static str,
    pub bar_empty: &'static str,
    pub wall: &'static str,
    pub rule: &'static str,
    pub corners: [&'static str; 4],
    pub spinner: &'static [&'static str],
    pub job: &'static str,
    pub dot: &'static str,
    pub none: &'static str,
    pub link: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub good: &'static str,
    pub bad: &'static str,
    /// Whether every other character that isn't ASCII is replaced, too: the terminal couldn't show it.
    pub ascii_only: bool,
}

/// The signs of a terminal that speaks UTF-8.
pub const UNICODE: Glyphs = Glyphs {
    cursor: "▸",
    mark: "●",
    both: "◉",
    ellipsis: "…",
    bar_full: "━",
    bar_head: "╸",
    bar_empty: "─",
    wall: "│",
    rule: "─",
    corners: ["┌", "┐", "└", "┘"],
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    job: "⇅",
    dot: "·",
    none: "–",
    link: "→",
    up: "▲",
    down: "▼",
    good: "✓",
    bad: "✗",
    ascii_only: false,
};

/// Their stand-ins.
pub const ASCII: Glyphs = Glyphs {
    cursor: ">",
    mark: "*",
    both: "#",
    ellipsis: "~",
    bar_full: "=",
    bar_head: ">",
    bar_empty: "-",
    wall: "|",
    rule: "-",
    corners: ["+", "+", "+", "+"],
    spinner: &["|", "/", "-", "\\"],
    job: "%",
    dot: "-",
    none: "-",
    link: "->",
    up: "^",
    down: "v",
    good: "+",
    bad: "!",
    ascii_only: true,
};

impl Theme {
    /// A theme in colour, or in modifiers alone.
    pub fn new(colour: bool, glyphs: Glyphs) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let (accent, idle, mark, error, bar) = if colour {
            (
                plain.fg(Color::Black).bg(Color::Cyan),
                plain.fg(Color::White).bg(Color::DarkGray),
                bold.fg(Color::Magenta),
                plain.fg(Color::Red),
                plain.fg(Color::Cyan),
            )
        } else {
            let band = plain.add_modifier(Modifier::REVERSED);
            (band, plain.add_modifier(Modifier::UNDERLINED), bold, bold, plain)
        };
        let dim = plain.add_modifier(Modifier::DIM);
        let field = plain.add_modifier(Modifier::UNDERLINED);
        Self {
            text: plain,
            dim,
            strong: bold,
            accent,
            idle,
            mark,
            error,
            bar,
            field,
            deep: colour,
            glyphs,
            zone: Zone::Local,
        }
    }

    /// Whether it has colours.
    pub fn has_colour(&self) -> bool {
        self.accent.bg.is_some()
    }

    /// The theme that fits a terminal, where the settings leave it open: no colour where `NO_COLOR` is set
    /// or the terminal is `dumb`; stand-ins for signs where the locale isn't UTF-8 or the terminal has
    /// few glyphs.
    pub fn detect(env: &Env, ui: &UiSettings) -> Self {
        let term = env.get("TERM").unwrap_or_default();
        let colour = ui.colours == ColourChoice::Auto && env.get("NO_COLOR").is_none() && term != "dumb";
        let glyphs = match ui.glyphs {
            GlyphChoice::Unicode => UNICODE,
            GlyphChoice::Auto if speaks_utf8(env) && !matches!(term, "dumb" | "linux") => UNICODE,
            GlyphChoice::Auto | GlyphChoice::Ascii => ASCII,
        };
        Self { deep: colour && is_deep(env), ..Self::new(colour, glyphs) }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::new(true, UNICODE)
    }
}

/// Whether the terminal says that it shows colours of 24 bits.
fn is_deep(env: &Env) -> bool {
    let term = env.get("TERM").unwrap_or_default();
    let says = env.get("COLORTERM").is_some_and(|value| matches!(value, "truecolor" | "24bit"));
    says || ["-direct", "-kitty", "-ghostty"].iter().any(|end| term.ends_with(end))
}

/// Whether the locale is UTF-8, by the order of precedence of POSIX. A Mac's terminal may set none of
/// the variables, and speaks it.
fn speaks_utf8(env: &Env) -> bool {
    match ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name)) {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(target_os = "macos"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Theme {
        Theme::detect(&variables.iter().copied().collect(), &UiSettings::default())
    }

    #[test]
    fn no_color_leaves_modifiers_alone() {
        let theme = detect(&[("NO_COLOR", "1"), ("LANG", "C.UTF-8")]);
        for style in [theme.text, theme.dim, theme.accent, theme.idle, theme.mark, theme.error, theme.bar] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(theme.accent, theme.idle);
        assert!(detect(&[("NO_COLOR", ""), ("LANG", "C.UTF-8")]).accent.bg.is_some());
    }

    #[test]
    fn a_coloured_ground_names_the_colour_of_its_text() {
        let theme = detect(&[("LANG", "C.UTF-8")]);
        for style in [theme.accent, theme.idle, theme.mark, theme.error, theme.bar] {
            assert!(
                style.bg.is_none() || style.fg.is_some(),
                "{style:?}: unreadable on a light or a dark ground"
            );
        }
    }

    #[test]
    fn signs_fit_the_terminal() {
        assert_eq!(detect(&[("LANG", "de_AT.UTF-8")]).glyphs, UNICODE);
        assert_eq!(detect(&[("LANG", "C")]).glyphs, ASCII);
        assert_eq!(detect(&[("LC_ALL", "C"), ("LANG", "de_AT.UTF-8")]).glyphs, ASCII);
        assert_eq!(detect(&[("TERM", "linux"), ("LANG", "C.utf8")]).glyphs, ASCII);
    }

    #[test]
    fn the_settings_decide_before_the_terminal() {
        let with = |glyphs, colours| UiSettings { glyphs, colours, ..UiSettings::default() };
        let (rich, poor) = (Env::default().with("LANG", "C.UTF-8"), Env::default().with("LANG", "C"));
        let unicode = Theme::detect(&poor, &with(GlyphChoice::Unicode, ColourChoice::Auto));
        assert_eq!(unicode, Theme { deep: false, ..Theme::new(true, UNICODE) });
        let plain = Theme::detect(&rich, &with(GlyphChoice::Ascii, ColourChoice::Never));
        assert_eq!(plain, Theme::new(false, ASCII));
    }

    #[test]
    fn stand_ins_are_ascii_and_every_sign_keeps_its_width() {
        let signs = |g: &Glyphs| {
            let mut all = vec![
                g.cursor,
                g.mark,
                g.both,
                g.ellipsis,
                g.bar_full,
                g.bar_head,
                g.bar_empty,
                g.wall,
                g.rule,
                g.job,
                g.dot,
                g.none,
                g.up,
                g.down,
                g.good,
                g.bad,
            ];
            all.extend(g.corners);
            all.extend(g.spinner);
            all
        };
        assert!(signs(&ASCII).iter().all(|sign| sign.is_ascii()) && ASCII.link.is_ascii());
        for sign in signs(&ASCII).into_iter().chain(signs(&UNICODE)) {
            assert_eq!(crate::model::text::width(sign), 1, "{sign}");
        }
    }
}
