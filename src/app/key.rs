//! A key press as plain data, and how it is written: [`Key`].

use std::fmt;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those on the keys")]
pub enum Code {
    /// A character as it is typed: a capital needs no shift beside it.
    Char(char),
    /// F1 and so on.
    F(u8),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt, or after Esc.
    pub alt: bool,
    /// With Shift; always false for characters.
    pub shift: bool,
}

impl From<Code> for Key {
    fn from(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }
}

/// The names of the keys that aren't characters, as keymaps write them.
const NAMES: [(&str, Code); 15] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
];

impl Key {
    /// A key as a terminal reports it, brought to the one form that keymaps use: shift is dropped from
    /// characters, and a letter with Ctrl is a small one.
    pub fn new(code: Code, ctrl: bool, alt: bool, shift: bool) -> Self {
        match code {
            Code::Char(c) if ctrl => {
                Self { code: Code::Char(c.to_ascii_lowercase()), ctrl, alt, shift: false }
            }
            Code::Char(_) => Self { code, ctrl, alt, shift: false },
            _ => Self { code, ctrl, alt, shift },
        }
    }

    /// The character that this key types into a text, if it does.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// The same key after Esc.
    #[must_use]
    pub fn with_alt(self) -> Self {
        Self { alt: true, ..self }
    }

    /// Reads `f5`, `shift-f6`, `ctrl-r`, `alt-.`, `space`, `G`, `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut ctrl, mut alt, mut shift) = (text, false, false, false);
        loop {
            let (flag, tail) = match rest.split_once('-') {
                Some(("ctrl", tail)) => (&mut ctrl, tail),
                Some(("alt", tail)) => (&mut alt, tail),
                Some(("shift", tail)) => (&mut shift, tail),
                _ => break,
            };
            if tail.is_empty() {
                break;
            }
            *flag = true;
            rest = tail;
        }
        parse_code(rest).map(|code| Self::new(code, ctrl, alt, shift))
    }
}

fn parse_code(text: &str) -> Option<Code> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(Code::Char(c));
    }
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*code);
    }
    let number: u8 = text.strip_prefix('f')?.parse().ok()?;
    (1..=24).contains(&number).then_some(Code::F(number))
}

impl fmt::Display for Key {
    /// As the help writes it: `F5`, `Shift-F6`, `Ctrl-R`, `Alt-.`, `Esc 5`, `Space`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = matches!(self.code, Code::Char('0'..='9'));
        let prefixes =
            [(self.ctrl, "Ctrl-"), (self.alt, if digit { "Esc " } else { "Alt-" }), (self.shift, "Shift-")];
        for (_, prefix) in prefixes.iter().filter(|(on, _)| *on) {
            f.write_str(prefix)?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            Code::PageUp => f.write_str("PgUp"),
            Code::PageDown => f.write_str("PgDn"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_written() {
        for (text, shown) in [
            ("f5", "F5"),
            ("shift-f6", "Shift-F6"),
            ("ctrl-r", "Ctrl-R"),
            ("ctrl-\\", "Ctrl-\\"),
            ("alt-.", "Alt-."),
            ("alt-5", "Esc 5"),
            ("space", "Space"),
            ("-", "-"),
            ("alt--", "Alt--"),
            ("G", "G"),
            ("pagedown", "PgDn"),
            ("esc", "Esc"),
        ] {
            assert_eq!(Key::parse(text).map(|key| key.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "f0", "f25", "ctrl-", "hyper-x", "fx"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
