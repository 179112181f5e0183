//! Which program edits: [`editor`].

use super::Env;

/// The editor of a person who named none.
const USUAL: &str = "vi";

/// The program and its arguments: `$VISUAL`, `$EDITOR`, else `vi`. The variables hold words as a shell splits
/// them; no shell sees them, nor the file's name.
///
/// # Errors
/// A variable that can't be split, as one with a lone quotation mark.
pub fn editor(env: &Env) -> Result<Vec<String>, String> {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| Some((name, env.get(name)?)));
    let Some((name, text)) = named else { return Ok(vec![USUAL.to_owned()]) };
    match shlex::split(text) {
        Some(words) if !words.is_empty() => Ok(words),
        _ => Err(format!("${name} is no command: {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_are_words_and_no_shell_script() {
        let with = |pairs: &[(&str, &str)]| editor(&pairs.iter().copied().collect());
        assert_eq!(with(&[]), Ok(vec!["vi".to_owned()]));
        assert_eq!(with(&[("EDITOR", "nano"), ("VISUAL", "code --wait")]).unwrap(), ["code", "--wait"]);
        assert_eq!(with(&[("EDITOR", "'my editor' $(x);y")]).unwrap(), ["my editor", "$(x);y"]);
        assert!(with(&[("EDITOR", "vi '")]).is_err());
    }
}
