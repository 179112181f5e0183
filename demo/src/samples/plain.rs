//! The other buckets.

use std::collections::BTreeMap;

use chrono::Duration;

use super::{Seed, pick};
use crate::blob::Blob;
use crate::store::{Attributes, Versioning};

pub(super) fn media(media: &Seed<'_>) {
    for shot in 0..240_u64 {
        let trip = ["lisbon", "alps", "kyoto"][usize::try_from(shot / 80).unwrap_or(0)];
        let key = format!("photos/2026/{trip}/IMG_{:04}.jpg", 1201 + shot);
        let metadata =
            BTreeMap::from([("camera".to_owned(), "X100".to_owned()), ("trip".to_owned(), trip.to_owned())]);
        let tags = vec![("rating".to_owned(), pick(shot, 6).to_string())];
        let content_type = Some("image/jpeg".to_owned());
        let attributes = Attributes { content_type, metadata, tags, ..Attributes::default() };
        let body = Blob::concat([
            Blob::from(b"\xff\xd8\xff\xe0"),
            Blob::noise(shot, 4_000_000 + pick(shot, 3_000_000)),
        ]);
        media.add_with(&key, body, Duration::hours(9 * shot.cast_signed()), attributes);
    }
    let gigabyte = 1_000_000_000;
    for (name, size, class) in [
        ("interview.mp4", 5 * gigabyte, "STANDARD"),
        ("timelapse.mp4", 812_000_000, "STANDARD_IA"),
        ("drone-raw.mov", 48 * gigabyte, "DEEP_ARCHIVE"),
    ] {
        media.add_class(&format!("video/{name}"), Blob::noise(size, size), Duration::days(40), class);
    }
    media.add("sound/theme.flac", Blob::noise(9, 31_457_280), Duration::days(70));
    media.add("logo.svg", LOGO, Duration::days(200));
}

pub(super) fn logs(logs: &Seed<'_>) {
    for at in 0..12_000_u64 {
        let key = format!("requests/{:02}/{:06}.log", 20, at);
        let age = Duration::seconds(7 * (12_000 - at.cast_signed()));
        logs.add(&key, Blob::repeat(LOG, 2_000 + pick(at, 60_000)), age);
    }
    for day in 1..=30 {
        let key = format!("daily/2026-{:02}-{:02}.log.gz", 10 + day / 31, day);
        logs.add_class(
            &key,
            Blob::noise(day, 9_000_000 + pick(day, 2_000_000)),
            Duration::days(50 - day.cast_signed()),
            "GLACIER_IR",
        );
    }
}

pub(super) fn documents(documents: &Seed<'_>) {
    documents.store.set_versioning(documents.bucket, Versioning::Enabled);
    for (age, text) in [
        (30, "# Plan\n\nfirst thoughts\n"),
        (12, "# Plan\n\n1. count\n2. measure\n"),
        (2, "# Plan\n\n1. count\n2. measure\n3. ship\n"),
    ] {
        documents.add("plan.md", text, Duration::days(age));
    }
    documents.add(
        "minutes/2026-11-12.md",
        "# Minutes\n\nAgreed: nothing is deleted by accident.\n",
        Duration::days(8),
    );
    documents.add("minutes/draft.md", "to be deleted\n", Duration::days(9));
    documents.store.delete(documents.bucket, "minutes/draft.md");
}

pub(super) fn public(public: &Seed<'_>) {
    public.store.set_public(public.bucket, true);
    public.add(
        "stations.csv",
        "id,name,lat,lon\n1,Harbour,53.54,9.98\n2,Airport,53.63,10.00\n",
        Duration::days(60),
    );
    public.add(
        "readings/2026-11.csv",
        Blob::repeat("1,2026-11-20T04:00:00Z,7.4\n", 2_700_000),
        Duration::hours(3),
    );
}

pub(super) fn archive(archive: &Seed<'_>) {
    for year in 2019..=2025_u64 {
        let key = format!("tax/{year}/return.pdf");
        let body = Blob::concat([Blob::from("%PDF-1.7\n"), Blob::noise(year, 600_000)]);
        archive.add_class(&key, body, Duration::days((2026 - year.cast_signed()) * 365), "STANDARD_IA");
    }
    archive.add("where-is-this.txt", "In another region than the other buckets.\n", Duration::days(5));
}

pub(super) fn payroll(payroll: &Seed<'_>) {
    payroll.add("2026-11.xlsx", Blob::noise(1, 88_000), Duration::days(1));
    payroll.store.set_denied(payroll.bucket, true);
}

const LOG: &str = "2026-11-20T04:12:07.113Z INFO  api request{method=GET path=/v1/orders status=200 took=12ms}\n2026-11-20T04:12:07.420Z WARN  api request{method=PUT path=/v1/orders/77 status=409 took=31ms}\n";
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"32\"><rect width=\"30\" height=\"32\" fill=\"#456\"/><rect x=\"34\" width=\"30\" height=\"32\" fill=\"#89a\"/></svg>\n";
