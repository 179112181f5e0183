//! Presigned links as plain data: what is asked for ([`LinkAsk`]), what was given ([`SignedLink`]), and the
//! wrapper that keeps it from being printed by accident ([`Redacted`]).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Timestamp, Uri};

/// The longest that any service lets a link work.
pub const LONGEST: Duration = Duration::from_hours(7 * 24);

/// How long before the credentials' end a link ends, so that it never ends by surprise.
pub const MARGIN: Duration = Duration::from_mins(1);

/// A secret: it is neither printed nor logged, unless somebody says [`Redacted::expose`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a secret.
    pub fn new(secret: T) -> Self {
        Self(secret)
    }

    /// The secret, for the one place that it is for.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a link lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LinkMethod {
    /// Read the object.
    Get,
    /// Write the object.
    Put,
}

impl LinkMethod {
    /// The word of HTTP.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
        }
    }
}

/// The headers of a link: those that the answer to a GET shall carry, or that a PUT must be sent with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkHeaders {
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Disposition: `attachment; filename="a.csv"` lets a browser save it.
    pub content_disposition: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
}

impl LinkHeaders {
    /// Each that is said, by its name.
    pub fn said(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("content-type", &self.content_type),
            ("content-disposition", &self.content_disposition),
            ("content-encoding", &self.content_encoding),
            ("content-language", &self.content_language),
            ("cache-control", &self.cache_control),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// The first that no header can hold: a line break or another control character.
    pub fn unfit(&self) -> Option<&'static str> {
        self.said().find(|(_, value)| value.chars().any(char::is_control)).map(|(name, _)| name)
    }
}

/// A link as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkAsk {
    /// What for.
    pub method: LinkMethod,
    /// How long it should work.
    pub expires: Duration,
    /// The version to read, else the newest.
    pub version: Option<Arc<str>>,
    /// Its headers.
    pub headers: LinkHeaders,
}

impl LinkAsk {
    /// A link to read the newest version.
    pub fn get(expires: Duration) -> Self {
        Self { method: LinkMethod::Get, expires, version: None, headers: LinkHeaders::default() }
    }
}

/// What made a link work for less long than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The credentials that signed it end before.
    Credentials,
    /// No service takes more than [`LONGEST`].
    Week,
}

impl Cut {
    /// What a person is told.
    pub fn words(self) -> &'static str {
        match self {
            Self::Credentials => "shorter than asked for: the credentials that signed it end then",
            Self::Week => "shorter than asked for: no link works for more than 7 days",
        }
    }
}

/// A link that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLink {
    /// What it leads to.
    pub uri: Uri,
    /// What for.
    pub method: LinkMethod,
    /// The address. Whoever has it can do what it is for.
    pub url: Redacted<String>,
    /// The headers that must be sent along with it.
    pub send: Vec<(String, String)>,
    /// For how long it was signed.
    pub life: Duration,
    /// When it ends.
    pub ends: Timestamp,
    /// Why that is earlier than was asked for.
    pub cut: Option<Cut>,
    /// Whether it may end before: it was signed by temporary credentials that don't tell their end.
    pub may_end_early: bool,
}

/// How long a link may work that is signed now by credentials that end in `left` (where they tell it), and
/// what cut it short. In whole seconds; `None` where nothing is left of the credentials.
pub fn life(asked: Duration, left: Option<Duration>) -> Option<(Duration, Option<Cut>)> {
    let left = left.map(|left| left.saturating_sub(MARGIN));
    let bounds = [(Some(LONGEST), Cut::Week), (left, Cut::Credentials)];
    let mut granted = (asked, None);
    for (bound, cut) in bounds {
        if let Some(bound) = bound.filter(|bound| *bound < granted.0) {
            granted = (bound, Some(cut));
        }
    }
    let whole = Duration::from_secs(granted.0.as_secs());
    (!whole.is_zero()).then_some((whole, granted.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_the_least_of_what_was_asked_the_credentials_and_a_week() {
        let hour = Duration::from_hours(1);
        assert_eq!(life(hour, None), Some((hour, None)));
        assert_eq!(life(LONGEST, None), Some((LONGEST, None)));
        let week_and_more = LONGEST + Duration::from_secs(1);
        assert_eq!(life(week_and_more, None), Some((LONGEST, Some(Cut::Week))));
        assert_eq!(life(hour, Some(hour)), Some((hour.checked_sub(MARGIN).unwrap(), Some(Cut::Credentials))));
        assert_eq!(life(hour, Some(hour + MARGIN)), Some((hour, None)));
        assert_eq!(
            life(week_and_more, Some(hour)),
            Some((hour.checked_sub(MARGIN).unwrap(), Some(Cut::Credentials)))
        );
        assert_eq!(life(hour, Some(MARGIN)), None);
        assert_eq!(life(hour, Some(Duration::ZERO)), None);
        assert_eq!(life(Duration::from_millis(999), None), None);
    }

    #[test]
    fn a_secret_is_not_printed() {
        let link = SignedLink {
            uri: Uri::Local("/a".into()),
            method: LinkMethod::Get,
            url: Redacted::new("https://x/?X-Amz-Signature=abc".into()),
            send: Vec::new(),
            life: Duration::from_secs(1),
            ends: Timestamp(0),
            cut: None,
            may_end_early: false,
        };
        assert!(!format!("{link:?}").contains("Signature"));
        assert!(link.url.expose().contains("Signature"));
    }

    #[test]
    fn a_header_with_a_line_break_is_unfit() {
        let mut headers = LinkHeaders { content_type: Some("text/plain".into()), ..LinkHeaders::default() };
        assert_eq!(headers.unfit(), None);
        headers.cache_control = Some("a\r\nSet-Cookie: b".into());
        assert_eq!(headers.unfit(), Some("cache-control"));
    }
}
