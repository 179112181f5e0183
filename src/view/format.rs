//! Numbers and times as people read them, each in a width of its own so that nothing jumps.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Local, NaiveDateTime, Utc};
use humansize::{DECIMAL, FormatSizeOptions, format_size};

use crate::model::Timestamp;

pub use crate::model::units::{count, counted, dollars};

/// The widest that [`size`] gets: `999.9 MB`.
pub const SIZE_WIDTH: usize = 8;
/// The widest that [`size_short`] gets: `999 MB`.
pub const SIZE_SHORT_WIDTH: usize = 6;
/// The widest that [`date`] gets: `Nov 20 04:12`.
pub const DATE_WIDTH: usize = 12;

/// Whose clock times are shown by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Zone {
    /// The machine's.
    #[default]
    Local,
    /// UTC, for pictures and tests.
    Utc,
}

/// Bytes with one decimal: `18 B`, `12.4 kB`, `128.4 MB`.
pub fn size(bytes: u64) -> String {
    sized(bytes, 1)
}

/// Bytes without decimals, where there is no room for them: `128 MB`.
pub fn size_short(bytes: u64) -> String {
    sized(bytes, 0)
}

/// Bytes a second with about three digits: `1.8 MB/s`, `184 MB/s`.
pub fn rate(bytes_per_second: f64) -> String {
    let bytes = bytes_per_second.max(0.0) as u64;
    let text = size(bytes);
    let wide = text.find('.').is_some_and(|point| point > 2);
    format!("{}/s", if wide { size_short(bytes) } else { text })
}

fn sized(bytes: u64, decimals: usize) -> String {
    let options = |places| -> FormatSizeOptions { DECIMAL.decimal_places(places).decimal_zeroes(places) };
    if bytes < 1000 {
        return format_size(bytes, options(0));
    }
    let text = format_size(bytes, options(decimals));
    // 999,950 rounds to "1000.0 kB": it is 1.0 MB.
    let rounds_up = text.starts_with("1000");
    if rounds_up { format_size(1000u64.pow(bytes.ilog(1000) + 1), options(decimals)) } else { text }
}

/// A time: `Nov 20 04:12` within half a year of `now`, else `Jan 02 2025`.
pub fn date(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    const HALF_A_YEAR: i64 = 183 * DAY;
    const DAY: i64 = 86_400_000;
    let Some(time) = in_zone(at, zone) else { return String::from("-") };
    let age = now.0.saturating_sub(at.0);
    let format = if (-DAY..HALF_A_YEAR).contains(&age) { "%b %d %H:%M" } else { "%b %d %Y" };
    time.format(format).to_string()
}

/// A time in full, to the second: `2026-11-20 04:12:33`.
pub fn date_full(at: Timestamp, zone: Zone) -> String {
    in_zone(at, zone).map_or_else(|| String::from("-"), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn in_zone(at: Timestamp, zone: Zone) -> Option<NaiveDateTime> {
    let utc = DateTime::<Utc>::from_timestamp_millis(at.0)?;
    let time = match zone {
        Zone::Utc => utc.naive_utc(),
        Zone::Local => utc.with_timezone(&Local).naive_local(),
    };
    // Beyond these years the width would not hold, and no clock means them.
    (0..=9999).contains(&time.year()).then_some(time)
}

/// How long ago something was: `now`, `12 s ago`, `3 min ago`.
pub fn age(millis: i64) -> Cow<'static, str> {
    let seconds = millis.max(0) / 1000;
    match seconds {
        0 => Cow::Borrowed("now"),
        1..=59 => Cow::Owned(format!("{seconds} s ago")),
        60..=3599 => Cow::Owned(format!("{} min ago", seconds / 60)),
        3600..=86_399 => Cow::Owned(format!("{} h ago", seconds / 3600)),
        _ => Cow::Owned(format!("{} d ago", seconds / 86_400)),
    }
}

/// How long something takes: `2.1 s`, `45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`.
pub fn duration(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    match seconds {
        0..=9 => format!("{}.{} s", seconds, millis % 1000 / 100),
        10..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..=86_399 => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// About how long something takes, for what is only guessed: `45 s`, `20 min`, `5 h`.
pub fn rough(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A share of a whole, rounded down so that 100 % means all of it.
pub fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    u64::try_from(percent.min(100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_their_width() {
        for (bytes, long, short) in [
            (0, "0 B", "0 B"),
            (18, "18 B", "18 B"),
            (999, "999 B", "999 B"),
            (1000, "1.0 kB", "1 kB"),
            (12_400, "12.4 kB", "12 kB"),
            (128_400_000, "128.4 MB", "128 MB"),
            (999_949, "999.9 kB", "1 MB"),
            (999_960, "1.0 MB", "1 MB"),
            (u64::MAX, "18.4 EB", "18 EB"),
        ] {
            assert_eq!((size(bytes).as_str(), size_short(bytes).as_str()), (long, short));
            assert!(size(bytes).len() <= SIZE_WIDTH && size_short(bytes).len() <= SIZE_SHORT_WIDTH);
        }
    }

    #[test]
    fn rates_have_three_digits() {
        assert_eq!(rate(1_840_000.0), "1.8 MB/s");
        assert_eq!(rate(18_400_000.0), "18.4 MB/s");
        assert_eq!(rate(184_000_000.0), "184 MB/s");
        assert_eq!(rate(f64::NAN), "0 B/s");
    }

    #[test]
    fn counts_have_separators() {
        let shown = [0, 999, 1000, 1_284, 1_000_000].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "1,284", "1,000,000"]);
        assert_eq!(counted(1, "object", "objects"), "1 object");
    }

    #[test]
    fn dates_tell_the_year_when_it_matters() {
        let at = |text: &str| {
            let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
            Timestamp(time.and_utc().timestamp_millis())
        };
        let now = at("2026-11-20 10:00");
        assert_eq!(date(at("2026-11-20 04:12"), now, Zone::Utc), "Nov 20 04:12");
        assert_eq!(date(at("2026-01-02 04:12"), now, Zone::Utc), "Jan 02 2026");
        assert_eq!(date(at("2027-01-02 04:12"), now, Zone::Utc), "Jan 02 2027");
        assert_eq!(date(Timestamp(i64::MAX), now, Zone::Utc), "-");
        assert_eq!(date_full(at("2026-01-02 04:12"), Zone::Utc), "2026-01-02 04:12:00");
    }

    #[test]
    fn spans_are_short() {
        assert_eq!([0, 12_000, 200_000, 7_300_000].map(age), ["now", "12 s ago", "3 min ago", "2 h ago"]);
        let spans = [2_140, 45_000, 200_000, 7_500_000, 273_600_000].map(duration);
        assert_eq!([59, 1_250, 7_300, 200_000].map(rough), ["59 s", "20 min", "2 h", "2 d"]);
        assert_eq!(spans, ["2.1 s", "45 s", "3 min 20 s", "2 h 05 min", "3 d 4 h"]);
    }

    #[test]
    fn the_whole_is_only_the_whole() {
        assert_eq!(
            [percent(999, 1000), percent(1000, 1000), percent(0, 0), percent(5, 3)],
            [99, 100, 0, 100]
        );
    }

    #[test]
    fn small_sums_keep_their_digits() {
        assert_eq!([dollars(0), dollars(400), dollars(6_420_000)], ["$0", "under $0.0001", "$0.0064"]);
        assert_eq!([dollars(999_999_999), dollars(12_400_000_000)], ["$0.9999", "$12.40"]);
        assert_eq!(dollars(1_284_050_000_000), "$1,284.05");
    }
}
