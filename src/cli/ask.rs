//! Questions of a job, asked on the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use humansize::{DECIMAL, format_size};

use super::out::escaped;
use super::row;
use crate::model::Entry;
use crate::transfer::{Answer, Choice, Conflict, Question};

/// Whether there is a person to ask.
pub(super) fn possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks until one of the letters is answered; the end of the input gives up. Blocks.
pub(super) fn ask(question: &Question) -> Answer {
    let stdin = io::stdin();
    loop {
        let _ = write!(io::stderr(), "{} ", text(question));
        let _ = io::stderr().flush();
        let mut line = String::new();
        if stdin.lock().read_line(&mut line).unwrap_or(0) == 0 {
            return Answer { choice: Choice::Cancel, for_all: true };
        }
        if let Some(answer) = read(question, line.trim()) {
            return answer;
        }
    }
}

/// Asks until it is yes or no; the end of the input is no. Blocks.
pub(super) fn yes(question: &str) -> bool {
    loop {
        let _ = write!(io::stderr(), "{} ", escaped(question));
        let _ = io::stderr().flush();
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        match line.trim().chars().next().map(|letter| letter.to_ascii_lowercase()) {
            Some('y') => return true,
            Some('n') => return false,
            _ => {}
        }
    }
}

fn text(question: &Question) -> String {
    match question {
        Question::Conflict(conflict) => of_conflict(conflict),
        Question::Links(uri) => format!(
            "{} is a symbolic link, which can't be kept there.\n(f)ollow or (s)kip links, (c)ancel?",
            escaped(&uri.to_string())
        ),
    }
}

fn of_conflict(conflict: &Conflict) -> String {
    let side = |entry: &Entry| {
        let size = entry.size.map_or_else(|| "size unknown".to_owned(), |size| format_size(size, DECIMAL));
        format!("{size}, {}", row::local(entry.modified))
    };
    let again = if conflict.changed { " (it changed since you answered)" } else { "" };
    format!(
        "{} is there already{again}: {}\nthe source {}: {}\n(o)verwrite, (s)kip, (k)eep both, (n)ewer only, \
         a capital for all of them, (c)ancel?",
        escaped(&conflict.target.to_string()),
        side(&conflict.target_entry),
        escaped(&conflict.source.to_string()),
        side(&conflict.source_entry),
    )
}

fn read(question: &Question, line: &str) -> Option<Answer> {
    let letter = line.chars().next()?;
    let choice = match (question, letter.to_ascii_lowercase()) {
        (_, 'c') => Choice::Cancel,
        (Question::Conflict(_), 'o') => Choice::Overwrite,
        (Question::Conflict(_), 's') => Choice::Skip,
        (Question::Conflict(_), 'k') => Choice::KeepBoth,
        (Question::Conflict(_), 'n') => Choice::NewerOnly,
        (Question::Links(_), 'f') => Choice::FollowLinks,
        (Question::Links(_), 's') => Choice::SkipLinks,
        _ => return None,
    };
    let links = matches!(question, Question::Links(_));
    Some(Answer { choice, for_all: links || letter.is_ascii_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Uri;

    #[test]
    fn letters_are_answers_and_capitals_hold_for_all() {
        let links = Question::Links(Uri::Local("/a".into()));
        assert_eq!(read(&links, "f"), Some(Answer { choice: Choice::FollowLinks, for_all: true }));
        assert_eq!((read(&links, "o"), read(&links, "")), (None, None));
        let entry = || Entry::new("a".into(), crate::model::Kind::File);
        let conflict = Question::Conflict(Box::new(Conflict {
            source: Uri::Local("/s\u{1b}".into()),
            source_entry: entry(),
            target: Uri::Local("/t".into()),
            target_entry: entry(),
            changed: false,
        }));
        assert_eq!(read(&conflict, "o"), Some(Answer { choice: Choice::Overwrite, for_all: false }));
        assert_eq!(read(&conflict, "K"), Some(Answer { choice: Choice::KeepBoth, for_all: true }));
        assert!(!text(&conflict).contains('\u{1b}'));
    }
}
