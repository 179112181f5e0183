//! `bifold config`: the settings in force, as a settings file, and where each came from.

use std::io::{self, Write};

use super::out::escaped;
use crate::config::Loaded;
use crate::runtime::log;

/// Prints them; `false` when some setting isn't in force.
pub(super) fn run(loaded: &Loaded, out: &mut dyn Write) -> io::Result<bool> {
    let place = |path: Option<String>| {
        escaped(&path.unwrap_or_else(|| "(no directory is known)".to_owned())).into_owned()
    };
    let found = if loaded.file_found { "" } else { " (not there)" };
    writeln!(
        out,
        "# settings: {}{found}",
        place(loaded.file.as_ref().map(|file| file.display().to_string()))
    )?;
    writeln!(
        out,
        "# log:      {}",
        place(loaded.dirs.state.as_ref().map(|dir| log::file(dir).display().to_string()))
    )?;
    for (key, value, origin) in loaded.values() {
        writeln!(out, "{:<40}  # {}", format!("{key} = {value}"), escaped(&origin.to_string()))?;
    }
    Ok(loaded.problems.is_empty())
}
