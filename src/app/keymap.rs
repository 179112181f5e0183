//! Which key does what: [`Keymap`].

use std::collections::HashMap;
use std::fmt;

use super::action::{Action, Group, Scope};
use super::key::Key;

const DEFAULT: &str = include_str!("../../assets/keymaps/default.toml");

/// The keymaps that come with the program, by name: changes to the first.
const PRESETS: [(&str, &str); 3] = [
    ("default", ""),
    ("mc", include_str!("../../assets/keymaps/mc.toml")),
    ("vim", include_str!("../../assets/keymaps/vim.toml")),
];

/// The keys of each action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    keys: HashMap<Action, Vec<Key>>,
    actions: HashMap<(Scope, Key), Action>,
}

/// What is wrong with a keymap file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeymapError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for KeymapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for KeymapError {}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { keys: HashMap::new(), actions: HashMap::new() };
        let errors = keymap.overlay(DEFAULT);
        debug_assert!(errors.is_empty(), "{errors:?}");
        keymap
    }
}

impl Keymap {
    /// The names of the keymaps that come with the program.
    pub fn presets() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// A keymap that comes with the program.
    pub fn preset(name: &str) -> Option<Self> {
        let (_, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
        let mut keymap = Self::default();
        let errors = keymap.overlay(text);
        debug_assert!(errors.is_empty(), "{errors:?}");
        Some(keymap)
    }

    /// Takes the keys of a file (`action = ["key", …]`) in place of those of the same actions. What is
    /// wrong is told and left out; the rest counts. A key that the file gives to one action leaves any other.
    pub fn overlay(&mut self, text: &str) -> Vec<KeymapError> {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return vec![syntax_error(text, &error)],
        };
        let mut errors = Vec::new();
        for (id, value) in &table {
            let outcome = read_keys(value).and_then(|keys| {
                let action = Action::by_id(id).ok_or_else(|| format!("\"{id}\" is no action"))?;
                Ok((action, keys))
            });
            match outcome {
                Ok((action, keys)) => self.bind(action, &keys),
                Err(message) => errors.push(KeymapError { line: line_of(text, id), message }),
            }
        }
        errors
    }

    /// Gives these keys, and only these, to the action.
    pub fn bind(&mut self, action: Action, keys: &[Key]) {
        for key in self.keys.remove(&action).unwrap_or_default() {
            self.actions.remove(&(action.scope(), key));
        }
        for key in keys {
            if let Some(other) = self.actions.insert((action.scope(), *key), action) {
                self.keys.entry(other).or_default().retain(|held| held != key);
            }
        }
        self.keys.insert(action, keys.to_vec());
    }

    /// What this key does here.
    pub fn action(&self, scope: Scope, key: Key) -> Option<Action> {
        self.actions.get(&(scope, key)).copied()
    }

    /// The keys of an action, the one to show first.
    pub fn keys(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The keys of an action as a text: `F5, c, Esc 5`.
    pub fn describe(&self, action: Action) -> String {
        self.keys(action).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The rows of the help: a heading, or keys with what they do.
    pub fn help(&self) -> Vec<HelpRow> {
        Group::ALL.iter().flat_map(|group| self.help_of(*group)).collect()
    }

    fn help_of(&self, group: Group) -> Vec<HelpRow> {
        let actions = Action::ALL.iter().filter(|action| action.info().group == group);
        let rows = actions.filter(|action| !self.keys(**action).is_empty());
        let rows =
            rows.map(|action| HelpRow::Keys { keys: self.describe(*action), help: action.info().help });
        std::iter::once(HelpRow::Heading(group.title())).chain(rows).collect()
    }

    /// The table of keys for the README, in Markdown.
    pub fn markdown(&self) -> String {
        let rows = self.help().into_iter().map(|row| match row {
            HelpRow::Heading(title) => format!("| **{title}** | |\n"),
            HelpRow::Keys { keys, help } => format!("| `{}` | {help} |\n", keys.replace(", ", "` `")),
        });
        std::iter::once("| Keys | |\n|---|---|\n".to_owned()).chain(rows).collect()
    }
}

/// A row of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpRow {
    /// A heading.
    Heading(&'static str),
    /// Keys, and what they do.
    Keys {
        /// The keys as a text.
        keys: String,
        /// What they do.
        help: &'static str,
    },
}

fn read_keys(value: &toml::Value) -> Result<Vec<Key>, String> {
    let list = value.as_array().ok_or_else(|| "expected a list of keys, as [\"f5\", \"c\"]".to_owned())?;
    list.iter().map(read_key).collect()
}

fn read_key(value: &toml::Value) -> Result<Key, String> {
    let text = value.as_str().ok_or_else(|| format!("expected a key in quotation marks, not {value}"))?;
    Key::parse(text)
        .ok_or_else(|| format!("\"{text}\" is no key: expected such as f5, ctrl-r, alt-., space, G"))
}

fn syntax_error(text: &str, error: &toml::de::Error) -> KeymapError {
    let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
    KeymapError { line: before.matches('\n').count() + 1, message: error.message().to_owned() }
}

fn line_of(text: &str, id: &str) -> usize {
    let at = text.lines().position(|line| {
        let name = line.split('=').next().unwrap_or_default();
        name.trim().trim_matches(['"', '\'']) == id
    });
    at.map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::key::Code;
    use super::*;

    fn presets() -> impl Iterator<Item = (&'static str, Keymap)> {
        Keymap::presets().map(|name| (name, Keymap::preset(name).unwrap()))
    }

    #[test]
    fn every_preset_is_right_and_binds_no_key_twice() {
        for (name, text) in PRESETS.iter().chain(&[("all", DEFAULT)]) {
            assert_eq!(Keymap::default().overlay(text), [], "{name}");
        }
        for (name, keymap) in presets() {
            let mut seen = HashSet::new();
            for action in Action::ALL {
                for key in keymap.keys(*action) {
                    assert!(seen.insert((action.scope(), *key)), "{name}: {key} twice");
                    assert_eq!(keymap.action(action.scope(), *key), Some(*action));
                }
            }
        }
    }

    #[test]
    fn every_action_has_a_key_and_every_f_key_a_twin() {
        let is_f = |key: &Key| matches!(key.code, Code::F(_));
        for (name, keymap) in presets() {
            for action in Action::ALL.iter().filter(|action| action.scope() == Scope::Panes) {
                let keys = keymap.keys(*action);
                assert!(!keys.is_empty(), "{name}: {action:?}");
                let ctrl_f = |key: &Key| key.ctrl && is_f(key);
                assert!(keys.iter().any(|key| !is_f(key)) || keys.iter().all(ctrl_f), "{name}: {action:?}");
            }
        }
    }

    #[test]
    fn the_readme_has_this_table() {
        let readme = include_str!("../../README.md");
        let table =
            readme.split("<!-- keys -->\n").nth(1).and_then(|rest| rest.split("<!-- /keys -->").next());
        let made = Keymap::default().markdown();
        assert!(table == Some(&made), "the table of keys in README.md should be:\n{made}");
    }

    #[test]
    fn k_never_destroys() {
        for (name, keymap) in presets() {
            for text in ["k", "alt-k", "ctrl-k"] {
                let action = keymap.action(Scope::Panes, Key::parse(text).unwrap());
                assert!(!action.is_some_and(Action::is_destructive), "{name}: {text}");
            }
        }
    }

    #[test]
    fn a_wrong_line_is_named_and_the_rest_counts() {
        let mut keymap = Keymap::default();
        let errors = keymap.overlay("fly = [\"f5\"]\n\ncopy = [\"f55\"]\nmove = [\"C\"]\nquit = 3\n");
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines.len(), 3);
        assert!([1, 3, 5].iter().all(|line| lines.contains(line)), "{errors:?}");
        assert_eq!(keymap.describe(Action::Move), "C");
        assert_eq!(keymap.describe(Action::Copy), "F5, c, Esc 5");
        assert_eq!(Keymap::default().overlay("a = [\n\n=")[0].line, 3);
    }

    #[test]
    fn a_key_that_moves_leaves_its_old_action() {
        let mut keymap = Keymap::default();
        assert_eq!(keymap.overlay("copy = [\"x\"]"), []);
        assert_eq!(keymap.action(Scope::Panes, Key::parse("x").unwrap()), Some(Action::Copy));
        assert_eq!(keymap.describe(Action::Delete), "F8, Esc 8, Delete");
        assert_eq!(keymap.action(Scope::Jobs, Key::parse("x").unwrap()), Some(Action::JobCancel));
    }
}
