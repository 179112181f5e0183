//! Durations and sizes as people write them: `"60s"`, `"10min"`, `"64 MiB"`, or a bare number of
//! seconds or bytes; and numbers of things as people read them.

use std::time::Duration;

/// The units of a quantity, by name and factor.
pub type Units = [(&'static str, u64)];

/// Milliseconds by the name of a unit of time.
pub const TIMES: [(&str, u64); 6] =
    [("ms", 1), ("s", 1000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Bytes by the name of a unit of size.
pub const SIZES: [(&str, u64); 8] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("KB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// A number with one of these units, or `bare` of them where none is named.
pub fn read(text: &str, units: &Units, bare: u64) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let name = text[end..].trim();
    if name.is_empty() {
        return number.checked_mul(bare);
    }
    let (_, factor) = units.iter().find(|(known, _)| *known == name)?;
    number.checked_mul(*factor)
}

/// The bytes of a size as it is typed: `"64 MiB"`, `"10MB"`, or a bare number.
pub fn size(text: &str) -> Option<u64> {
    read(text, &SIZES, 1)
}

/// A duration as it is typed: `"7d"`, `"12h"`, or a bare number of seconds.
pub fn time(text: &str) -> Option<Duration> {
    read(text, &TIMES, 1000).map(Duration::from_millis)
}

/// A duration of whole seconds as it would be typed, in the largest unit that tells it exactly.
pub fn time_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("min", 60)];
    match units.into_iter().find(|(_, size)| seconds > 0 && seconds.is_multiple_of(*size)) {
        Some((name, size)) => format!("{}{name}", seconds / size),
        None => format!("{seconds}s"),
    }
}

/// A number with separators: `1,284`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun: `1 object`, `1,284 objects`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Billionths of a dollar: `$12.40`, `$0.0064`, `under $0.0001`.
pub fn dollars(nanos: u64) -> String {
    match nanos {
        0 => "$0".to_owned(),
        1..100_000 => "under $0.0001".to_owned(),
        100_000..1_000_000_000 => format!("$0.{:04}", nanos / 100_000),
        _ => format!("${}.{:02}", count(nanos / 1_000_000_000), nanos / 10_000_000 % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        let time = |text| read(text, &TIMES, 1000);
        assert_eq!(time("60s"), Some(60_000));
        assert_eq!(time("10 min"), Some(600_000));
        assert_eq!(time("0"), Some(0));
        assert_eq!(
            (time("s"), time("-1s"), time("1 fortnight"), time("99999999999999999999s")),
            (None, None, None, None)
        );
        assert_eq!(size("64 MiB"), Some(64 << 20));
        assert_eq!(size("10MB"), Some(10_000_000));
        assert_eq!((size("99999999999 GiB"), size("1.5 MiB"), size("")), (None, None, None));
    }

    #[test]
    fn a_time_is_told_as_it_is_typed() {
        for text in ["15min", "7d", "1h", "90s", "0s", "25h", "36000000d"] {
            assert_eq!(time_text(time(text).unwrap()), text);
        }
        assert_eq!(time_text(Duration::from_mins(14)), "14min");
    }
}
