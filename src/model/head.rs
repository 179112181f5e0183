//! What a service tells of one object: [`Head`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::Entry;

/// Everything that a HEAD tells beyond a listing's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The row.
    pub entry: Entry,
    /// The version, on a versioned bucket.
    pub version: Option<String>,
    /// `Content-Type` and the other headers that a copy keeps.
    pub content_type: Option<String>,
    /// Content-Encoding.
    pub content_encoding: Option<String>,
    /// Content-Disposition.
    pub content_disposition: Option<String>,
    /// Content-Language.
    pub content_language: Option<String>,
    /// Cache-Control.
    pub cache_control: Option<String>,
    /// Expires, as an HTTP date.
    #[serde(default)]
    pub expires: Option<String>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// Whether it was restored from an archive, and can be read for a while.
    pub restored: bool,
    /// How many tags it has, where the service says so; most say nothing when there are none.
    pub tag_count: Option<u32>,
    /// The encryption at rest (`AES256`, `aws:kms`) and the key's id.
    pub encryption: Option<(String, Option<String>)>,
    /// The full-object checksum as (algorithm, base64), where the service tells one.
    pub checksum: Option<(String, String)>,
}

/// The metadata in which bifold keeps the id of the write that an object came by, without `x-amz-meta-`.
pub const WRITE_ID: &str = "bifold-id";

/// The metadata in which the time of modification of a file is kept, without `x-amz-meta-`: seconds since
/// 1970 as a decimal number. Other programs write and read the same.
pub const MTIME: &str = "mtime";

const NANOS: u128 = 1_000_000_000;

/// A time in nanoseconds since 1970 as [`MTIME`] has it.
pub fn mtime_text(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (seconds, rest) = (nanos.unsigned_abs() / NANOS, nanos.unsigned_abs() % NANOS);
    let fraction = format!(".{rest:09}");
    format!("{sign}{seconds}{}", fraction.trim_end_matches(['0', '.']))
}

/// The nanoseconds since 1970 of a time as [`MTIME`] has it.
pub fn mtime_value(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !plain(seconds) || !plain(fraction) {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}")[..9].parse().ok()?;
    let seconds: i64 = seconds.parse().ok()?;
    Some(sign * (i128::from(seconds) * NANOS.cast_signed() + nanos))
}

impl Head {
    /// The time of modification of the file that it once was, in nanoseconds since 1970, where that was kept.
    pub fn mtime(&self) -> Option<i128> {
        mtime_value(self.metadata.get(MTIME)?)
    }

    /// The id of the write that it came by, where that was one of bifold's own.
    pub fn write_id(&self) -> Option<&str> {
        self.metadata.get(WRITE_ID).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_with_a_fraction() {
        for (time, text) in [
            (1_700_000_000_123_456_789, "1700000000.123456789"),
            (1_700_000_000_100_000_000, "1700000000.1"),
            (1_700_000_000_000_000_000, "1700000000"),
            (10_000_000_000, "10"),
            (5, "0.000000005"),
            (0, "0"),
            (-1_500_000_000, "-1.5"),
        ] {
            assert_eq!(mtime_text(time), text);
            assert_eq!(mtime_value(text), Some(time));
        }
        assert_eq!(mtime_value("1.1234567899"), Some(1_123_456_789));
        assert_eq!(mtime_value("1700000000."), Some(1_700_000_000_000_000_000));
        for none in ["", "-", ".5", "1e9", "+1", "1.-5", "99999999999999999999"] {
            assert_eq!(mtime_value(none), None, "{none}");
        }
    }
}
