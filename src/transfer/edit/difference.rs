//! What tells two contents apart, for a person who must choose: [`of`].

use similar::TextDiff;

/// The lines around a change that are told with it.
const AROUND: usize = 3;

/// A difference as a text: what is there now (`None`: nothing), then one's own. Contents that aren't text, or
/// are larger than `most` bytes, are told by their sizes.
pub(super) fn of(now: Option<&[u8]>, mine: &[u8], most: usize) -> String {
    let Some(now) = now else {
        return "There is nothing any more: it was deleted meanwhile.".to_owned();
    };
    if now == mine && now.len() <= most {
        return "Both are the same: somebody wrote what you did.".to_owned();
    }
    match (text(now, most), text(mine, most)) {
        (Some(now), Some(mine)) => TextDiff::from_lines(now, mine)
            .unified_diff()
            .context_radius(AROUND)
            .header("there now", "yours")
            .to_string(),
        _ => format!(
            "They differ, and aren't both short text: {} there now, {} yours.",
            size(now, most),
            size(mine, most)
        ),
    }
}

fn text(bytes: &[u8], most: usize) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (bytes.len() <= most && !text.contains('\0')).then_some(text)
}

fn size(bytes: &[u8], most: usize) -> String {
    if bytes.len() > most { format!("more than {most} bytes") } else { format!("{} bytes", bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_told_with_those_around_it() {
        let told = of(Some(b"a\nb\nc\n"), b"a\nB\nc\n", 100);
        assert!(told.contains("-b\n+B\n") && told.contains("--- there now\n+++ yours\n"), "{told}");
    }

    #[test]
    fn what_is_no_text_is_told_by_its_size() {
        assert!(of(Some(b"\0\0"), b"abc", 100).contains("2 bytes there now, 3 bytes yours"));
        assert!(of(Some(b"abc"), b"abcdef", 5).contains("more than 5 bytes yours"));
        assert!(of(None, b"", 5).contains("deleted"));
    }
}
