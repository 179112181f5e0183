//! Sample buckets and files: what the demo shows. Large bodies are synthetic and cost nothing.
//!
//! | bucket | holds |
//! |---|---|
//! | `lake` | a table in daily partitions with its log, some of it archived |
//! | `media` | photos, videos and sound, up to 5 GB, with metadata and tags |
//! | `logs` | 12,000 objects in one directory |
//! | `odd-names` | every name that a file manager may stumble over |
//! | `documents` | several versions of a file, and a deleted one |
//! | `public-data` | readable without credentials |
//! | `archive-frankfurt` | in another region |
//! | `payroll` | denied |

mod lake;
mod local;
mod odd;
mod plain;

use chrono::{DateTime, Duration, TimeZone as _, Utc};

pub use local::Scratch;

use crate::blob::Blob;
use crate::store::{Attributes, Store};

/// The region of the bucket that isn't where the others are.
pub const ELSEWHERE: &str = "eu-central-1";

/// Fills a store with all sample buckets.
pub fn fill(store: &Store) {
    lake::fill(&Seed::bucket(store, "lake"));
    plain::media(&Seed::bucket(store, "media"));
    plain::logs(&Seed::bucket(store, "logs"));
    odd::fill(&Seed::bucket(store, "odd-names"));
    plain::documents(&Seed::bucket(store, "documents"));
    plain::public(&Seed::bucket(store, "public-data"));
    store.create_bucket_in("archive-frankfurt", ELSEWHERE);
    plain::archive(&Seed::bucket(store, "archive-frankfurt"));
    plain::payroll(&Seed::bucket(store, "payroll"));
}

/// The day that the samples are from.
fn today() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 4, 12, 0).single().expect("a day of the calendar")
}

/// Writes into one bucket.
struct Seed<'a> {
    store: &'a Store,
    bucket: &'a str,
}

impl<'a> Seed<'a> {
    fn bucket(store: &'a Store, bucket: &'a str) -> Self {
        store.create_bucket(bucket);
        store.set_created(bucket, today() - Duration::days(400));
        Self { store, bucket }
    }

    /// An object of STANDARD class, `age` before today.
    fn add(&self, key: &str, body: impl Into<Blob>, age: Duration) {
        self.add_with(key, body, age, Attributes::default());
    }

    fn add_class(&self, key: &str, body: impl Into<Blob>, age: Duration, class: &str) {
        self.add_with(key, body, age, Attributes { class: Some(class.into()), ..Attributes::default() });
    }

    fn add_with(&self, key: &str, body: impl Into<Blob>, age: Duration, attributes: Attributes) {
        self.store.put_with(self.bucket, key, body, attributes);
        self.store.set_modified(self.bucket, key, today() - age);
    }
}

/// Something like a parquet file: its two magic words around noise.
fn parquet(seed: u64, size: u64) -> Blob {
    Blob::concat([Blob::from("PAR1"), Blob::noise(seed, size.saturating_sub(8)), Blob::from("PAR1")])
}

/// A number that stays the same for the same `seed`, below `bound`.
fn pick(seed: u64, bound: u64) -> u64 {
    crate::blob::mix(seed) % bound
}
