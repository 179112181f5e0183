//! Paging through an ordered map of keys as ListObjectsV2 does.

use std::collections::BTreeMap;
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    /// After this key.
    After(String),
    /// After everything that begins so.
    Beyond(String),
}

impl From {
    /// The key or prefix of this place; empty at the start.
    pub fn text(&self) -> &str {
        match self {
            Self::Start => "",
            Self::After(text) | Self::Beyond(text) => text,
        }
    }
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    pub from: From,
    pub limit: usize,
}

/// A row of a page: a key, or all keys up to the next delimiter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row<'a, T> {
    Key(&'a str, &'a T),
    Prefix(&'a str),
}

/// A page, and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page<'a, T> {
    pub rows: Vec<Row<'a, T>>,
    pub next: Option<From>,
}

/// Lists the keys whose value is `shown`.
pub(crate) fn page<'a, T>(
    keys: &'a BTreeMap<String, T>,
    query: &Query<'_>,
    shown: impl Fn(&T) -> bool,
) -> Page<'a, T> {
    let mut rows = Vec::new();
    let mut from = start(query);
    let mut next = None;
    while let Some((key, value)) = from.as_ref().and_then(|from| first(keys, from, query.prefix, &shown)) {
        if rows.len() == query.limit {
            next = if query.limit == 0 { None } else { rows.last().map(resume) };
            break;
        }
        let cut = query.delimiter.and_then(|delimiter| common_prefix(key, query.prefix, delimiter));
        from = match cut {
            Some(prefix) => beyond(prefix).map(Bound::Included),
            None => Some(Bound::Excluded(key.clone())),
        };
        rows.push(cut.map_or(Row::Key(key, value), Row::Prefix));
    }
    Page { rows, next }
}

fn first<'a, T>(
    keys: &'a BTreeMap<String, T>,
    from: &Bound<String>,
    prefix: &str,
    shown: impl Fn(&T) -> bool,
) -> Option<(&'a String, &'a T)> {
    keys.range::<String, _>((from.clone(), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .find(|(_, value)| shown(value))
}

fn start(query: &Query<'_>) -> Option<Bound<String>> {
    let asked = match &query.from {
        From::Start => Bound::Included(String::new()),
        From::After(key) => Bound::Excluded(key.clone()),
        From::Beyond(prefix) => Bound::Included(beyond(prefix)?),
    };
    let below = match &asked {
        Bound::Included(at) | Bound::Excluded(at) => at.as_str() < query.prefix,
        Bound::Unbounded => true,
    };
    Some(if below { Bound::Included(query.prefix.to_owned()) } else { asked })
}

fn resume<T>(row: &Row<'_, T>) -> From {
    match row {
        Row::Key(key, _) => From::After((*key).to_owned()),
        Row::Prefix(prefix) => From::Beyond((*prefix).to_owned()),
    }
}

fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// The least text above all that begins with `prefix`; `None` when there is nothing above. The order
/// of UTF-8 is that of its code points, so the last one that can be raised is.
fn beyond(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        if let Some(raised) = (last..=char::MAX).nth(1) {
            text.push(raised);
            return Some(text);
        }
    }
    None
}

/// The opaque form of a place.
pub(crate) fn token(from: &From) -> String {
    let text = match from {
        From::Start => "s".to_owned(),
        From::After(key) => format!("k{key}"),
        From::Beyond(prefix) => format!("p{prefix}"),
    };
    URL_SAFE_NO_PAD.encode(text)
}

/// Reads [`token`] back.
pub(crate) fn parse_token(token: &str) -> Option<From> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let rest = text.get(1..)?.to_owned();
    match text.chars().next()? {
        's' => Some(From::Start),
        'k' => Some(From::After(rest)),
        'p' => Some(From::Beyond(rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(keys: &[&str], prefix: &str, delimiter: Option<&str>, limit: usize) -> Vec<Vec<String>> {
        let map: BTreeMap<String, u8> = keys.iter().map(|key| ((*key).to_owned(), 0)).collect();
        let mut pages = Vec::new();
        let mut from = From::Start;
        loop {
            let page = page(&map, &Query { prefix, delimiter, from, limit }, |_| true);
            pages.push(
                page.rows
                    .iter()
                    .map(|row| match row {
                        Row::Key(key, _) => (*key).to_owned(),
                        Row::Prefix(prefix) => format!("{prefix}*"),
                    })
                    .collect(),
            );
            match page.next {
                Some(next) => from = parse_token(&token(&next)).unwrap(),
                None => return pages,
            }
        }
    }

    #[test]
    fn groups_at_the_delimiter_in_byte_order() {
        let keys = ["/", "/x", "//", "a", "a-", "a-/b", "a/", "a/b", "a//c", "é/1", "\u{10ffff}/z"];
        let rows = list(&keys, "", Some("/"), 1000).concat();
        assert_eq!(rows, ["/*", "a", "a-", "a-/*", "a/*", "é/*", "\u{10ffff}/*"]);
        assert_eq!(list(&keys, "a/", Some("/"), 1000).concat(), ["a/", "a//*", "a/b"]);
        assert_eq!(list(&keys, "/", Some("/"), 1000).concat(), ["/", "//*", "/x"]);
        assert_eq!(list(&keys, "zzz", Some("/"), 1000).concat(), Vec::<String>::new());
    }

    #[test]
    fn pages_of_any_size_give_the_same_rows() {
        let keys = ["", "a", "a/", "a/1", "a/2", "b", "b/1", "c/1/2", "c/1/3", "d"];
        for delimiter in [None, Some("/"), Some("1")] {
            let whole = list(&keys, "", delimiter, 1000).concat();
            for limit in 1..12 {
                let pages = list(&keys, "", delimiter, limit);
                assert_eq!(pages.concat(), whole, "{delimiter:?} {limit}");
                assert!(pages.iter().all(|page| page.len() <= limit));
            }
        }
    }

    #[test]
    fn a_full_last_page_is_the_last() {
        assert_eq!(list(&["a", "b"], "", None, 2).len(), 1);
        assert_eq!(list(&["a", "b", "c"], "", None, 2).len(), 2);
    }

    #[test]
    fn nothing_is_above_the_greatest() {
        assert_eq!(beyond("\u{10ffff}"), None);
        assert_eq!(beyond("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(beyond("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
    }
}
