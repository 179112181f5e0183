//! What the screens cost: the real program in a pseudo-terminal, its requests counted at the server.
//!
//! Nothing is asked ahead here (`preview.prefetch=0`): what a resting cursor asks for is counted in `pty_view`.
//! Counts are read after the program has ended: by then every request that a screen causes has come.

use demo::{Effect, Gate, Record, Rule};

use super::terminal::{F5, F10, Place, READY, Terminal};

/// The operations of the server by the column of the status bar that counts them.
const GROUPS: [(&str, &[&str]); 6] = [
    ("LIST", &["ListBuckets", "ListObjectsV2", "ListParts", "ListMultipartUploads", "ListObjectVersions"]),
    ("HEAD", &["HeadObject", "HeadBucket"]),
    ("GET", &["GetObject"]),
    ("PUT", &["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]),
    ("COPY", &["CopyObject", "UploadPartCopy"]),
    ("DELETE", &["DeleteObject", "DeleteObjects", "AbortMultipartUpload"]),
];

/// A bucket with directories of this many objects each: `NAME/0000`, `NAME/0001`, …
fn with(dirs: &[(&str, usize)]) -> Place {
    let place = Place::new();
    for (dir, objects) in dirs {
        for at in 0..*objects {
            place.server.store().put("box", &format!("{dir}/{at:04}"), "x");
        }
    }
    place
}

/// The panes at these locations, wide enough for every number.
fn open(place: &Place, left: &str, right: &str) -> Terminal {
    let terminal = place.bifold(&["--set", "preview.prefetch=0", left, right]);
    terminal.resize(160, 40);
    terminal
}

/// The listings that were asked for, page by page.
fn pages(place: &Place, prefix: &str) -> Vec<Record> {
    let of = |record: &Record| record.operation == "ListObjectsV2" && record.key == prefix;
    place.server.log().into_iter().filter(of).collect()
}

/// Ends the program, and gives the number of requests by operation.
#[track_caller]
fn quit(place: &Place, mut terminal: Terminal) -> Vec<(String, u64)> {
    terminal.keys(F10);
    assert!(terminal.ended().success());
    place.server.counts().operations.into_iter().collect()
}

fn only_lists(count: u64) -> Vec<(String, u64)> {
    vec![("ListObjectsV2".to_owned(), count)]
}

/// Waits until the status bar has the numbers that the server has.
#[track_caller]
fn agrees(place: &Place, terminal: &Terminal) {
    terminal.wait("the server's numbers", |screen| {
        let counts = place.server.counts();
        let known: u64 = GROUPS.iter().flat_map(|(_, names)| *names).map(|name| counts.get(name)).sum();
        assert_eq!(known, counts.total(), "an operation that no column counts: {counts:?}");
        let group = |(title, names): &(&str, &[&str])| {
            format!("{title} {}", names.iter().map(|name| counts.get(name)).sum::<u64>())
        };
        let line = GROUPS.iter().map(group).collect::<Vec<_>>().join("  ");
        screen.contents().contains(&format!("{line} "))
    });
}

#[test]
fn a_thousand_rows_cost_one_list_and_no_head_whatever_is_done_with_them() {
    let place = with(&[("dir", 1000)]);
    let mut terminal = open(&place, "s3://box/dir/", ".");
    terminal.see("1,000 ");
    for (keys, shown) in [
        ("G", "0999"),
        ("g", "0000"),
        ("\x1b[6~\x1b[6~jjkk", "0060"),
        ("S", "by size"),
        ("T", "by time"),
        ("N", "of 1,000"),
        ("N", "by name"),
        ("N", "of 1,000"),
        (" \x1b[2~", "2 marked"),
        ("*", "998 marked"),
        ("\x01", "1,000 marked"),
        ("/12", "20 of 1,000"),
        ("\x7f\x7f\r", "1,000 marked"),
        ("u..", "hidden files are shown"),
        ("\x130500\r", "0500"),
        ("i", "Requests and the caches"),
    ] {
        terminal.keys(keys);
        terminal.see(shown);
    }
    terminal.keys("\x1b");
    // What the screen held before is seen at once: the foot of the new one is waited for.
    terminal.resize(60, 20);
    terminal.see("F1Help");
    terminal.see("0500");
    terminal.resize(160, 40);
    terminal.see("F10/q Quit");
    agrees(&place, &terminal);
    assert_eq!(quit(&place, terminal), only_lists(1));
    let query = place.server.log()[0].query.clone();
    assert!(query.contains("delimiter=%2F") && query.contains("max-keys=1000"), "{query}");
}

#[test]
fn what_was_seen_costs_nothing_within_its_time() {
    let place = with(&[("top/sub", 3), ("top/zoo", 2)]);
    let mut terminal = open(&place, "s3://box/top/", ".");
    terminal.see("zoo/");
    for _ in 0..3 {
        terminal.keys("gj\r");
        terminal.see("0002");
        // The way back shows the directory that it comes from, under the cursor.
        terminal.keys("\x7f");
        terminal.see("zoo/");
    }
    // Each of the two was listed once, and found five times.
    terminal.see("5 saved");
    terminal.see("5 hits 2 misses");
    agrees(&place, &terminal);
    assert_eq!(quit(&place, terminal), only_lists(2));
    assert_eq!((pages(&place, "top/").len(), pages(&place, "top/sub/").len()), (1, 1));
}

#[test]
fn a_thousand_to_a_page_and_a_refresh_costs_as_much_again() {
    let place = with(&[("dir", 2500)]);
    let mut terminal = open(&place, "s3://box/dir/", ".");
    terminal.wait("all rows", |screen| {
        let text = screen.contents();
        text.contains("2,500 ") && !text.contains("2,500+")
    });
    terminal.keys("G");
    terminal.see("2499");
    terminal.see("LIST 3 ");
    terminal.keys("\x12");
    place.until("the refresh", |place| pages(place, "dir/").len() == 6);
    terminal.see("LIST 6 ");
    agrees(&place, &terminal);
    assert_eq!(quit(&place, terminal), only_lists(6));
}

#[test]
fn leaving_a_slow_directory_ends_its_listing() {
    let place = with(&[("slow", 3500), ("tidy", 2)]);
    let gate = Gate::new();
    place.server.faults().add(Rule::on("ListObjectsV2", Effect::Hold(gate.clone())).key("slow/").skip(1));
    let mut terminal = open(&place, "s3://box/slow/", ".");
    // The first page is on the screen while the second is on its way.
    terminal.see("1,000+");
    terminal.see("0000");
    gate.wait_arrived(1);
    terminal.keys("\x7f");
    terminal.see("tidy/");
    gate.open();
    terminal.keys("G\r");
    terminal.see("s3://box/tidy/");
    terminal.see("0001");
    agrees(&place, &terminal);
    // Two pages of four, the bucket, and the directory after it.
    assert_eq!(quit(&place, terminal), only_lists(4));
    assert_eq!(pages(&place, "slow/").len(), 2);
}

#[test]
fn two_panes_on_one_directory_cost_one_listing() {
    let place = with(&[("dir", 40)]);
    let gate = place.server.faults().hold("ListObjectsV2");
    let terminal = open(&place, "s3://box/dir/", "s3://box/dir/");
    gate.wait_arrived(1);
    terminal.see(READY);
    gate.open();
    terminal.wait("both panes", |screen| screen.contents().matches("0003").count() == 2);
    agrees(&place, &terminal);
    assert_eq!(quit(&place, terminal), only_lists(1));
}

#[test]
fn a_thousand_files_into_an_open_directory_cost_no_listing_and_show_as_they_land() {
    const FILES: usize = 1_000;
    let place = Place::new();
    for at in 0..FILES {
        place.write(&format!("{at:04}"), b"x");
    }
    place.server.store().put("box", "in/first", "x");
    let gate = Gate::new();
    let nearly = u32::try_from(FILES - 1).expect("a few");
    place.server.faults().add(Rule::on("PutObject", Effect::Hold(gate.clone())).skip(nearly));
    let mut terminal = open(&place, ".", "s3://box/in/");
    terminal.see("first");
    terminal.see("0001");
    assert_eq!(pages(&place, "in/").len(), 1);
    terminal.keys("\x01");
    terminal.see("1,000 marked");
    terminal.keys(F5);
    terminal.see("Copy 1,000");
    // Agreed to before it is there, the plan would ask for nothing.
    terminal.see("PUT 1,000");
    terminal.keys("\r");
    // All but one are written, and the directory beside has them in it, at the age that it was read.
    gate.wait_arrived(1);
    terminal.wait("the files that have landed", |screen| {
        let title = screen.contents().lines().next().unwrap_or_default().to_owned();
        title.split("s3://box/in/").nth(1).is_some_and(|title| title.contains(" 1,000 "))
    });
    gate.open();
    place.until("the copies", |place| place.server.store().keys("box").len() == FILES + 1);
    terminal.see("copied 1000");
    terminal.see(" 1,001 ");
    let counts = quit(&place, terminal);
    // At the start, and by the plan, which reads past the cache. It may take longer than a listing lives.
    let lists = pages(&place, "in/").len();
    assert_eq!(lists, 2, "{counts:?}");
    let puts = counts.iter().find(|(name, _)| name == "PutObject").map(|(_, count)| *count);
    assert_eq!(puts, Some(1_000));
}

#[test]
fn what_one_run_saw_the_next_one_shows_at_once_as_old_and_reads_again() {
    let place = with(&[("dir", 3)]);
    let run = || place.bifold(&["--set", "cache.listings.keep=all", "s3://box/dir/", "."]);
    let mut terminal = run();
    terminal.see("0002");
    quit(&place, terminal);
    place.server.store().put("box", "dir/new", "x");
    let gate = place.server.faults().hold("ListObjectsV2");
    terminal = run();
    // The service doesn't answer, and the rows are there, with their age and a sign that they are being read.
    terminal.see("0002");
    gate.wait_arrived(1);
    terminal.keys("jj ");
    terminal.see("1 marked");
    assert_eq!(pages(&place, "dir/").len(), 2);
    gate.open();
    terminal.see("new");
    terminal.see("1 marked");
    assert_eq!(quit(&place, terminal), only_lists(2));
}

#[test]
fn listings_of_a_connection_that_may_be_written_to_are_kept_by_no_default() {
    let place = with(&[("dir", 3)]);
    for run in 1..=2 {
        let terminal = place.bifold(&["s3://box/dir/", "."]);
        terminal.see("0002");
        assert_eq!(quit(&place, terminal), only_lists(run));
    }
}
