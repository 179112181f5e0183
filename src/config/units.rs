//! Durations and sizes in the settings, as [`crate::model::units`] reads them.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, Error, Visitor};

use crate::model::units::{SIZES, TIMES, Units, read};
pub use crate::model::units::{size, time};

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

struct Unit {
    names: &'static Units,
    bare: u64,
    expected: &'static str,
}

impl Visitor<'_> for Unit {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        let number = read(text, self.names, self.bare);
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        let value = u64::try_from(number).ok().and_then(|number| number.checked_mul(self.bare));
        value.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
    }
}
