//! `lake`: a table in daily partitions, its log, and reference data.

use chrono::Duration;

use super::{Seed, parquet, pick, today};
use crate::blob::{Blob, mix};

/// Days of the table. The oldest are archived.
const DAYS: i64 = 120;
/// Files of the newest day: more than a page of a listing holds.
const FILES_TODAY: u64 = 1281;

pub(super) fn fill(lake: &Seed<'_>) {
    for day in 0..DAYS {
        partition(lake, day);
    }
    table_log(lake);
    lake.add("README.md", README, Duration::days(90));
    lake.add("reference/countries.csv", COUNTRIES, Duration::days(300));
    lake.add("reference/currencies.json", CURRENCIES, Duration::days(300));
    for month in 1..=11 {
        let key = format!("orders/year=2026/month={month:02}/orders.snappy.parquet");
        lake.add(
            &key,
            parquet(month, 40_000_000 + pick(month, 9_000_000)),
            Duration::days(330 - 30 * month.cast_signed()),
        );
    }
}

fn partition(lake: &Seed<'_>, day: i64) {
    let date = (today() - Duration::days(day)).format("%Y-%m-%d");
    let files = if day == 0 { FILES_TODAY } else { 8 };
    let class = match day {
        0..30 => "STANDARD",
        30..90 => "STANDARD_IA",
        _ => "GLACIER",
    };
    for file in 0..files {
        let seed = day.unsigned_abs() * 10_000 + file;
        let key = format!("events/dt={date}/part-{file:05}-{:08x}.snappy.parquet", mix(seed) >> 32);
        let size = 125_000_000 + pick(seed, 6_000_000);
        let age = Duration::days(day) - Duration::seconds(pick(seed, 90).cast_signed());
        lake.add_class(&key, parquet(seed, size), age, if file == 3 && day == 0 { "GLACIER" } else { class });
    }
    lake.add(&format!("events/dt={date}/_SUCCESS"), "", Duration::days(day) - Duration::minutes(2));
}

fn table_log(lake: &Seed<'_>) {
    for version in 0..DAYS.unsigned_abs() {
        let age = Duration::days(DAYS - 1 - version.cast_signed());
        let line = format!(
            "{{\"commitInfo\":{{\"timestamp\":{},\"operation\":\"WRITE\",\"operationParameters\":{{\"mode\":\"Append\"}}}}}}\n",
            (today() - age).timestamp_millis()
        );
        lake.add(&format!("events/_delta_log/{version:020}.json"), line, age);
    }
    let checkpoint = "events/_delta_log/00000000000000000110.checkpoint.parquet";
    lake.add(checkpoint, parquet(110, 48_211), Duration::days(9));
    lake.add("events/_delta_log/_last_checkpoint", "{\"version\":110,\"size\":942}\n", Duration::days(9));
    lake.add("events/_delta_log/.tmp/", Blob::default(), Duration::days(9));
}

const README: &str = "# The lake\n\n- `events/` one partition a day, written at 04:12 UTC; older than 90 days is archived\n- `orders/` one file a month\n- `reference/` small tables that rarely change\n";
const COUNTRIES: &str =
    "code,name\nAT,Austria\nBR,Brazil\nDE,Germany\nIN,India\nJP,日本\nKE,Kenya\nUS,United States\n";
const CURRENCIES: &str = "{\n  \"EUR\": {\"digits\": 2, \"name\": \"Euro\"},\n  \"JPY\": {\"digits\": 0, \"name\": \"Yen\"},\n  \"USD\": {\"digits\": 2, \"name\": \"US dollar\"}\n}\n";
