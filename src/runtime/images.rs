//! How the terminal takes pictures, as its environment and the settings tell: [`Means`].
//!
//! The terminal isn't asked: its answer would come among the keys that are typed meanwhile.

use crossterm::terminal::window_size;

use crate::config::{Env, ImageProtocol};
use crate::view::{Drawing, Theme};

/// What a cell measures where the terminal doesn't tell, in pixels.
const USUAL: (u16, u16) = (8, 16);
/// A half block is a pixel: two of them are a cell.
const HALVES: (u16, u16) = (1, 2);

/// How pictures are drawn; none at all where there are no colours, or no signs but ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Means {
    how: Option<Drawing>,
    /// Whether a person asked for it by name.
    forced: bool,
}

impl Means {
    /// As the setting wants it, or as the terminal calls itself.
    pub(super) fn detect(setting: ImageProtocol, env: &Env, theme: &Theme) -> Self {
        let how = match setting {
            ImageProtocol::Off => None,
            ImageProtocol::Auto => Some(by_name(env)),
            ImageProtocol::Kitty => Some(Drawing::Kitty),
            ImageProtocol::Sixel => Some(Drawing::Sixel),
            ImageProtocol::Iterm2 => Some(Drawing::Iterm2),
            ImageProtocol::Halfblocks => Some(Drawing::Halfblocks),
        };
        let blocks = theme.has_colour() && !theme.glyphs.ascii_only;
        let how = how.filter(|how| *how != Drawing::Halfblocks || blocks);
        Self { how, forced: setting != ImageProtocol::Auto }
    }

    /// How to draw now, and the pixels of a cell. A terminal that doesn't tell how large its cells are can only
    /// be trusted with half blocks.
    pub(super) fn now(self) -> Option<(Drawing, (u16, u16))> {
        let how = self.how?;
        if how == Drawing::Halfblocks {
            return Some((how, HALVES));
        }
        match (cell(), self.forced) {
            (Some(cell), _) => Some((how, cell)),
            (None, true) => Some((how, USUAL)),
            (None, false) => Some((Drawing::Halfblocks, HALVES)),
        }
    }
}

/// The pixels of a cell, as the kernel knows them.
fn cell() -> Option<(u16, u16)> {
    let size = window_size().ok()?;
    let cell = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
    (cell.0 > 0 && cell.1 > 0).then_some(cell)
}

/// What a terminal of this name takes. Within tmux and screen only text is sure to arrive.
fn by_name(env: &Env) -> Drawing {
    let get = |name: &str| env.get(name).unwrap_or_default();
    let (term, program) = (get("TERM"), get("TERM_PROGRAM"));
    let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
    if env.get("TMUX").is_some() || begins(&["tmux", "screen"]) {
        return Drawing::Halfblocks;
    }
    if env.get("KITTY_WINDOW_ID").is_some()
        || begins(&["xterm-kitty", "xterm-ghostty"])
        || program == "ghostty"
    {
        return Drawing::Kitty;
    }
    if matches!(program, "iTerm.app" | "WezTerm") || get("LC_TERMINAL") == "iTerm2" {
        return Drawing::Iterm2;
    }
    if begins(&["foot", "contour", "mlterm", "yaft"]) {
        return Drawing::Sixel;
    }
    Drawing::Halfblocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::{ASCII, UNICODE};

    fn detect(setting: ImageProtocol, variables: &[(&str, &str)]) -> Option<Drawing> {
        Means::detect(setting, &variables.iter().copied().collect(), &Theme::default()).how
    }

    #[test]
    fn terminals_are_known_by_what_they_call_themselves() {
        for (variables, drawing) in [
            (&[("TERM", "xterm-kitty")][..], Drawing::Kitty),
            (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], Drawing::Kitty),
            (&[("TERM", "xterm-ghostty")], Drawing::Kitty),
            (&[("TERM_PROGRAM", "WezTerm")], Drawing::Iterm2),
            (&[("TERM_PROGRAM", "iTerm.app")], Drawing::Iterm2),
            (&[("TERM", "foot-extra")], Drawing::Sixel),
            (&[("TERM", "xterm-256color")], Drawing::Halfblocks),
            (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")], Drawing::Halfblocks),
            (&[("TMUX", "/tmp/tmux"), ("TERM_PROGRAM", "WezTerm")], Drawing::Halfblocks),
        ] {
            assert_eq!(detect(ImageProtocol::Auto, variables), Some(drawing), "{variables:?}");
        }
    }

    #[test]
    fn the_setting_decides_before_the_terminal() {
        let kitty = [("TERM", "xterm-kitty")];
        assert_eq!(detect(ImageProtocol::Off, &kitty), None);
        assert_eq!(detect(ImageProtocol::Sixel, &kitty), Some(Drawing::Sixel));
        assert_eq!(detect(ImageProtocol::Halfblocks, &kitty), Some(Drawing::Halfblocks));
    }

    #[test]
    fn half_blocks_want_colours_and_signs() {
        let env = Env::default();
        for theme in [Theme::new(false, UNICODE), Theme::new(true, ASCII)] {
            assert_eq!(Means::detect(ImageProtocol::Auto, &env, &theme).now(), None);
        }
        let theme = Theme::new(true, UNICODE);
        assert_eq!(
            Means::detect(ImageProtocol::Auto, &env, &theme).now(),
            Some((Drawing::Halfblocks, HALVES))
        );
    }
}
