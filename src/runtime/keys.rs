//! The keys that the settings ask for: [`keymap`].

use std::path::{Path, PathBuf};

use crate::app::Keymap;
use crate::config::{KeymapChoice, Loaded, Origin, Problem};

/// The setting's name.
const KEY: &str = "ui.keymap";

/// The keymap in force. What is wrong with a file of keys joins the problems of the settings, and the rest
/// of it counts.
pub(crate) fn keymap(loaded: &mut Loaded) -> Keymap {
    match loaded.settings.ui.keymap.clone() {
        KeymapChoice::Preset(name) => Keymap::preset(&name).unwrap_or_default(),
        KeymapChoice::File(text) => {
            let path = place(&text, loaded);
            let mut keymap = Keymap::default();
            let problems = read(&path, &mut keymap, loaded);
            loaded.problems.extend(problems);
            keymap
        }
    }
}

/// Takes the keys of a file, and tells what is wrong with it.
fn read(path: &Path, keymap: &mut Keymap, loaded: &Loaded) -> Vec<Problem> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let origin = origin(loaded);
            let reason = format!("{} can't be read: {error}; the default keys are in force", path.display());
            return vec![Problem { origin, key: KEY.to_owned(), reason }];
        }
    };
    let errors = keymap.overlay(&text).into_iter();
    let problem = |line, reason| Problem {
        origin: Origin::File { path: path.to_owned(), line },
        key: String::new(),
        reason,
    };
    errors.map(|error| problem(error.line, error.message)).collect()
}

/// Where the setting came from.
fn origin(loaded: &Loaded) -> Origin {
    let found = loaded.values().find(|(key, ..)| *key == KEY);
    found.map_or(Origin::Default, |(.., origin)| origin.clone())
}

/// The file that is meant: `~/` is the home directory, and a relative path begins where the settings file
/// that names it is, else in the working directory.
fn place(text: &str, loaded: &Loaded) -> PathBuf {
    let below_home = text.strip_prefix("~/").zip(loaded.dirs.home.as_ref());
    match (below_home, origin(loaded)) {
        (Some((rest, home)), _) => home.join(rest),
        (None, Origin::File { path, .. }) => path.parent().unwrap_or(Path::new("")).join(text),
        (None, _) => PathBuf::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Action;
    use crate::config::{Env, KEYMAPS, Overrides, load};

    /// The settings of a file in a directory of its own, which may hold a file `keys.toml`, too.
    fn loaded(settings: &str, keys: Option<&str>) -> (Loaded, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("settings.toml");
        std::fs::write(&file, settings).unwrap();
        if let Some(keys) = keys {
            std::fs::write(dir.path().join("keys.toml"), keys).unwrap();
        }
        let env = Env::default().with("HOME", dir.path());
        (load(&env, &Overrides { file: Some(file), set: Vec::new() }), dir)
    }

    #[test]
    fn every_name_that_the_settings_take_is_a_keymap() {
        assert_eq!(Keymap::presets().collect::<Vec<_>>(), KEYMAPS);
        let (mut loaded, _dir) = loaded("[ui]\nkeymap = \"vim\"\n", None);
        assert_eq!(Some(keymap(&mut loaded)), Keymap::preset("vim"));
        assert_ne!(Keymap::preset("vim"), Some(Keymap::default()));
    }

    #[test]
    fn a_file_beside_the_settings_or_at_home_changes_the_keys() {
        for path in ["./keys.toml", "~/keys.toml"] {
            let (mut loaded, _dir) =
                loaded(&format!("[ui]\nkeymap = \"{path}\"\n"), Some("copy = [\"C\"]\n"));
            let keymap = keymap(&mut loaded);
            assert_eq!(loaded.problems, []);
            assert_eq!(keymap.describe(Action::Copy), "C");
            assert_eq!(keymap.keys(Action::Move), Keymap::default().keys(Action::Move));
        }
    }

    #[test]
    fn a_wrong_line_is_named_with_its_file_and_the_rest_counts() {
        let keys = "copy = [\"C\"]\n\nfly = [\"f5\"]\n";
        let (mut loaded, dir) = loaded("[ui]\nkeymap = \"./keys.toml\"\n", Some(keys));
        assert_eq!(keymap(&mut loaded).describe(Action::Copy), "C");
        let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        let file = dir.path().join("./keys.toml");
        assert_eq!(told, [format!("{}:3: \"fly\" is no action", file.display())]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named_where_it_is_asked_for() {
        let (mut loaded, _dir) = loaded("\n[ui]\nkeymap = \"./keys.toml\"\n", None);
        assert_eq!(keymap(&mut loaded), Keymap::default());
        let told = loaded.problems[0].to_string();
        assert!(told.contains("settings.toml:3: ui.keymap: "), "{told}");
        assert!(told.contains("keys.toml can't be read: No such file"), "{told}");
    }

    #[test]
    fn an_unknown_name_is_named_with_its_line() {
        let (loaded, _dir) = loaded("[ui]\nkeymap = \"emacs\"\nglyphs = \"few\"\n", None);
        let mut told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        told.sort();
        assert!(told[0].contains("settings.toml:2: ui.keymap: "), "{told:?}");
        assert!(told[0].contains("expected default, mc, vim, or the path of a file"), "{told:?}");
        assert!(told[1].contains("settings.toml:3: ui.glyphs: "), "{told:?}");
        assert!(told[1].contains("`auto`, `unicode`, `ascii`"), "{told:?}");
    }
}
