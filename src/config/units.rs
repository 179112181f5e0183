//! Durations and sizes as people write them: `"60s"`, `"10min"`, `"64 MiB"`, or a bare number of
//! seconds or bytes.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, Error, Visitor};

const TIMES: [(&str, u64); 6] =
    [("ms", 1), ("s", 1000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZES: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Reads a duration: `"1500ms"`, `"60s"`, `"10min"`, `"2h"`, `"1d"`, or a number of seconds.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let unit = Unit {
        names: &TIMES,
        bare: 1000,
        expected: "a duration as \"60s\", \"10min\" or a number of seconds",
    };
    from.deserialize_any(unit).map(Duration::from_millis)
}

/// Reads a size: `"64 MiB"`, `"10MB"`, or a number of bytes.
pub(super) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let unit =
        Unit { names: &SIZES, bare: 1, expected: "a size as \"64 MiB\", \"10 MB\" or a number of bytes" };
    from.deserialize_any(unit)
}

/// The bytes of a size as it is typed: `"64 MiB"`, `"10MB"`, or a bare number.
pub fn size(text: &str) -> Option<u64> {
    Unit { names: &SIZES, bare: 1, expected: "" }.read(text)
}

/// A duration as it is typed: `"7d"`, `"12h"`, or a bare number of seconds.
pub fn time(text: &str) -> Option<Duration> {
    Unit { names: &TIMES, bare: 1000, expected: "" }.read(text).map(Duration::from_millis)
}

struct Unit {
    names: &'static [(&'static str, u64)],
    bare: u64,
    expected: &'static str,
}

impl Unit {
    fn read(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..end].parse().ok()?;
        let name = text[end..].trim();
        if name.is_empty() {
            return number.checked_mul(self.bare);
        }
        let (_, factor) = self.names.iter().find(|(known, _)| *known == name)?;
        number.checked_mul(*factor)
    }
}

impl Visitor<'_> for Unit {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        self.read(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        let value = u64::try_from(number).ok().and_then(|number| number.checked_mul(self.bare));
        value.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &'static [(&'static str, u64)], bare: u64, text: &str) -> Option<u64> {
        Unit { names, bare, expected: "" }.read(text)
    }

    #[test]
    fn times_and_sizes() {
        let time = |text| read(&TIMES, 1000, text);
        assert_eq!(time("60s"), Some(60_000));
        assert_eq!(time("10 min"), Some(600_000));
        assert_eq!(time("0"), Some(0));
        assert_eq!(
            (time("s"), time("-1s"), time("1 fortnight"), time("99999999999999999999s")),
            (None, None, None, None)
        );
        let size = |text| read(&SIZES, 1, text);
        assert_eq!(size("64 MiB"), Some(64 << 20));
        assert_eq!(size("10MB"), Some(10_000_000));
        assert_eq!((size("99999999999 GiB"), size("1.5 MiB"), size("")), (None, None, None));
    }
}
