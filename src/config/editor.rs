//! Which program edits: [`editor`].

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Env;

/// The editor of a person who named none.
const USUAL: &str = "vi";

/// The program and its arguments: `$VISUAL`, `$EDITOR`, else `vi`. The variables hold words as a shell splits
/// them; no shell sees them, nor the file's name.
///
/// # Errors
/// A variable that can't be split, as one with a lone quotation mark; a program that isn't there.
pub fn editor(env: &Env) -> Result<Vec<String>, String> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| Some((name, env.get(name)?)));
    let (name, text) = named.unwrap_or(("EDITOR", USUAL));
    match shlex::split(text) {
        Some(words) if words.first().is_some_and(|program| is_there(program, env)) => Ok(words),
        Some(words) if !words.is_empty() => {
            Err(format!("there is no editor {:?}: set $VISUAL or $EDITOR to one that is installed", words[0]))
        }
        _ => Err(format!("${name} is no command: {text:?}")),
    }
}

/// Whether a program can be started, by its path or from `$PATH`.
fn is_there(program: &str, env: &Env) -> bool {
    let runs =
        |path: &Path| path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return runs(Path::new(program));
    }
    let dirs = env.get_os("PATH").unwrap_or_default();
    std::env::split_paths(dirs).any(|dir| runs(&dir.join(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_are_words_and_no_shell_script() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["vi", "code", "my editor"] {
            std::fs::write(dir.path().join(name), "").unwrap();
            std::fs::set_permissions(dir.path().join(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        let path = dir.path().to_str().unwrap();
        let with =
            |pairs: &[(&str, &str)]| editor(&pairs.iter().copied().chain([("PATH", path)]).collect::<Env>());
        assert_eq!(with(&[]).unwrap(), ["vi"]);
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", "code --wait")]).unwrap(), ["code", "--wait"]);
        assert_eq!(with(&[("EDITOR", "'my editor' $(x);y")]).unwrap(), ["my editor", "$(x);y"]);
        assert!(with(&[("EDITOR", "vi '")]).unwrap_err().contains("no command"));
        assert!(with(&[("EDITOR", "nano")]).unwrap_err().contains("no editor \"nano\""));
        assert!(with(&[("EDITOR", "./vi")]).is_err());
    }
}
