//! The store on a real disk: shared, damaged, newer, full, unwritable.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

const NUMBERS: Schema =
    Schema { name: "numbers", steps: &["CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT)"] };

async fn open(dir: &Path) -> Store {
    let (store, told) = Store::open(dir, None).await.unwrap();
    assert_eq!(told, None);
    store.own(NUMBERS).await.unwrap();
    store
}

async fn add(store: &Store, number: i64) -> Result<(), StoreError> {
    let insert = move |db: &Connection| db.execute("INSERT INTO numbers (n) VALUES (?1)", [number]).map(drop);
    store.write(Worth::Record, insert).await
}

async fn numbers(store: &Store) -> Result<Vec<i64>, StoreError> {
    let all = |db: &Connection| {
        db.prepare("SELECT n FROM numbers ORDER BY n")?.query_map([], |row| row.get(0))?.collect()
    };
    store.read(all).await
}

/// Waits until the file is closed.
async fn close(store: Store) {
    let (sent, gone) = oneshot::channel::<()>();
    store.chore(move |_| {
        let _keep = &sent;
        Ok(false)
    });
    drop(store);
    let _ = gone.await;
}

fn file(dir: &Path) -> PathBuf {
    dir.join("state.db")
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    add(&store, 1).await.unwrap();
    close(store).await;
    assert_eq!(numbers(&open(dir.path()).await).await.unwrap(), [1]);
}

#[tokio::test]
async fn what_was_queued_is_seen_by_whoever_reads_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for number in 0..100 {
        let insert =
            move |db: &Connection| db.execute("INSERT INTO numbers (n) VALUES (?1)", [number]).map(drop);
        store.queue(Worth::Record, insert, |error| panic!("{error}"));
    }
    assert_eq!(numbers(&store).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_and_takes_nobody_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    add(&store, 2).await.unwrap();
    let half = |db: &Connection| {
        db.execute_batch("INSERT INTO numbers (n) VALUES (3); INSERT INTO numbers (n) VALUES (2)")
    };
    let (one, failed, other) = tokio::join!(add(&store, 1), store.write(Worth::Record, half), add(&store, 4));
    assert!(one.is_ok() && failed.is_err() && other.is_ok(), "{failed:?}");
    assert_eq!(numbers(&store).await.unwrap(), [1, 2, 4]);
}

#[tokio::test]
async fn two_windows_write_into_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let (left, right) = (open(dir.path()).await, open(dir.path()).await);
    for number in 0..50 {
        let (a, b) = tokio::join!(add(&left, 2 * number), add(&right, 2 * number + 1));
        a.unwrap();
        b.unwrap();
    }
    assert_eq!(numbers(&left).await.unwrap().len(), 100);
    assert_eq!(numbers(&right).await.unwrap().len(), 100);
}

#[tokio::test]
async fn tables_are_brought_up_to_date_and_newer_ones_are_refused() {
    const NEWER: Schema = Schema {
        name: "numbers",
        steps: &[NUMBERS.steps[0], "ALTER TABLE numbers ADD COLUMN more TEXT DEFAULT 'new'"],
    };
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    add(&store, 1).await.unwrap();
    store.own(NEWER).await.unwrap();
    let more = |db: &Connection| db.query_row("SELECT more FROM numbers", [], |row| row.get(0));
    assert_eq!(store.read::<String, _>(more).await.unwrap(), "new");
    let refused = store.own(NUMBERS).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Newer);
    store.own(NEWER).await.unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_and_stays_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    close(open(dir.path()).await).await;
    rusqlite::Connection::open(file(dir.path())).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(file(dir.path())).unwrap();
    let names = || fs::read_dir(dir.path()).unwrap().count();
    let there = names();
    let refused = Store::open(dir.path(), None).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Newer);
    assert!(fs::read(file(dir.path())).unwrap() == before && names() == there);
}

#[tokio::test]
async fn a_newer_version_that_only_the_log_tells_is_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    close(open(dir.path()).await).await;
    let other = rusqlite::Connection::open(file(dir.path())).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    let refused = Store::open(dir.path(), None).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Newer);
}

#[tokio::test]
async fn without_a_place_to_write_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f"), "").unwrap();
    let refused = Store::open(&dir.path().join("f/state"), None).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::NotWritable);
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    add(&store, 1).await.unwrap();
    let full = |db: &Connection| {
        let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
    };
    store.read(full).await.unwrap();
    let large =
        |db: &Connection| db.execute("INSERT INTO numbers VALUES (2, ?1)", ["x".repeat(1 << 20)]).map(drop);
    let refused = store.write(Worth::Record, large).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::NoSpace);
    assert_eq!(numbers(&store).await.unwrap(), [1]);
}

#[tokio::test]
async fn a_file_that_is_something_else_is_set_aside_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let other = b"this was never a database, and is longer than a header of one hundred bytes, which it would have to have.";
    fs::write(file(dir.path()), other).unwrap();
    let (store, told) = Store::open(dir.path(), None).await.unwrap();
    let copies = damaged_copies(dir.path());
    assert!(told.unwrap().contains(copies[0].to_str().unwrap()));
    assert_eq!(fs::read(&copies[0]).unwrap(), other);
    store.own(NUMBERS).await.unwrap();
    add(&store, 1).await.unwrap();
}

#[tokio::test]
async fn damage_that_is_met_later_sets_the_file_aside_then() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let fill = |db: &Connection| {
        let mut insert = db.prepare("INSERT INTO numbers VALUES (?1, ?2)")?;
        (0..6000).try_for_each(|n| insert.execute((n, "x".repeat(1000))).map(drop))
    };
    store.write(Worth::Durable, fill).await.unwrap();
    close(store).await;
    let mut bytes = fs::read(file(dir.path())).unwrap();
    assert!(bytes.len() > 4 << 20, "larger than what is read through");
    bytes[100_000..].fill(0xA5);
    fs::write(file(dir.path()), bytes).unwrap();
    let store = open(dir.path()).await;
    let met = numbers(&store).await.unwrap_err();
    assert_eq!(met.kind, StoreErrorKind::Damaged);
    assert!(met.reason.contains("set aside"), "{met}");
    assert_eq!(numbers(&store).await.unwrap(), [0_i64; 0]);
    add(&store, 1).await.unwrap();
    assert_eq!(damaged_copies(dir.path()).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens to the bytes, the program works afterwards, and nothing that was damaged is gone.
    #[test]
    fn no_damage_stops_the_program(cut in 0.0..1.2_f64, at in 0.0..1.0_f64, garbage in proptest::collection::vec(any::<u8>(), 0..5000)) {
        run(async {
            let dir = tempfile::tempdir().unwrap();
            let store = open(dir.path()).await;
            for number in 0..20 {
                add(&store, number).await.unwrap();
            }
            close(store).await;
            let mut bytes = fs::read(file(dir.path())).unwrap();
            bytes.truncate((bytes.len() as f64 * cut) as usize);
            let at = (bytes.len() as f64 * at) as usize;
            let end = bytes.len().min(at + garbage.len());
            bytes[at..end].copy_from_slice(&garbage[..end - at]);
            fs::write(file(dir.path()), &bytes).unwrap();
            let store = match Store::open(dir.path(), None).await {
                Ok((store, _)) => store,
                // A version in the header that this program can't know: left as it is.
                Err(error) => {
                    assert_eq!(error.kind, StoreErrorKind::Newer, "{error}");
                    assert!(fs::read(file(dir.path())).unwrap() == bytes, "it was changed");
                    return;
                }
            };
            let owned = store.own(NUMBERS).await;
            assert!(owned.is_ok(), "{owned:?}");
            // Damage may be met only now; then a new file is in place after it.
            let _ = add(&store, 100).await;
            let second = add(&store, 101).await;
            assert!(second.is_ok(), "{second:?}");
        });
    }
}
