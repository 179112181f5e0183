//! `[ui]`: how the panes look, and which keys they take: [`UiSettings`].

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

/// The keymaps that come with the program, by name.
pub const KEYMAPS: [&str; 3] = ["default", "mc", "vim"];

/// `[ui]`: the panes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UiSettings {
    /// Which keys do what.
    pub keymap: KeymapChoice,
    /// The signs that the screen is drawn with.
    pub glyphs: GlyphChoice,
    /// Whether there are colours.
    pub colours: ColourChoice,
    /// Whether hidden rows are shown at the start.
    pub hidden: HiddenChoice,
}

/// Which keys do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeymapChoice {
    /// One of [`KEYMAPS`].
    Preset(String),
    /// A file with changes to the default keys, as it was written.
    File(String),
}

/// The signs that the screen is drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GlyphChoice {
    /// Those that the terminal is able to show, by `TERM` and the locale.
    #[default]
    Auto,
    /// All of them.
    Unicode,
    /// Stand-ins in ASCII.
    Ascii,
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourChoice {
    /// Where the terminal has some and `NO_COLOR` isn't set.
    #[default]
    Auto,
    /// None: bold, underlined and reversed text alone.
    Never,
}

/// Whether hidden rows are shown at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HiddenChoice {
    /// As one left them; shown at the very first.
    #[default]
    Auto,
    /// Shown.
    Show,
    /// Left out.
    Hide,
}

impl<'de> Deserialize<'de> for KeymapChoice {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(KeymapVisitor)
    }
}

struct KeymapVisitor;

impl Visitor<'_> for KeymapVisitor {
    type Value = KeymapChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or the path of a file, with a / in it", KEYMAPS.join(", "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<KeymapChoice, E> {
        match text {
            _ if KEYMAPS.contains(&text) => Ok(KeymapChoice::Preset(text.to_owned())),
            _ if text.contains('/') => Ok(KeymapChoice::File(text.to_owned())),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    fn keymap(text: &str) -> Result<KeymapChoice, String> {
        let value = toml::Value::String(text.to_owned());
        KeymapChoice::deserialize(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_keymap_is_a_name_or_a_path() {
        assert_eq!(keymap("vim"), Ok(KeymapChoice::Preset("vim".into())));
        assert_eq!(keymap("./mc"), Ok(KeymapChoice::File("./mc".into())));
        let error = keymap("emacs").unwrap_err();
        assert!(error.contains("emacs") && error.contains("default, mc, vim, or the path"), "{error}");
    }

    #[test]
    fn the_defaults_leave_it_to_the_terminal_and_the_person() {
        let ui = Settings::default().ui;
        assert_eq!(ui.keymap, KeymapChoice::Preset("default".into()));
        assert_eq!(
            (ui.glyphs, ui.colours, ui.hidden),
            (GlyphChoice::Auto, ColourChoice::Auto, HiddenChoice::Auto)
        );
    }
}
