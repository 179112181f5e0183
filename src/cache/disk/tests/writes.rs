//! Writes, to the service and to the layer, that overtake each other.

use super::super::early::Early;
use super::super::room::STEP;
use super::*;
use crate::cache::ConnectionId;

#[tokio::test]
async fn touches_wait_for_no_index_that_cant_be_opened() {
    for how in ["no directory", "no database"] {
        let bed = bed(bounds(Eviction::Lru));
        let state = bed.dir.path().join("state");
        if how == "no directory" {
            fs::write(&state, "a file").unwrap();
        } else {
            fs::create_dir_all(state.join("state.db")).unwrap();
        }
        let begun = std::time::Instant::now();
        for key in 0..50_000 {
            bed.shelf.touched(&touch_of(key));
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        let waiting = || match &*bed.shelf.0.early.lock() {
            Early::Waiting(waiting) => Some(waiting.len()),
            Early::Open(..) | Early::Shut => None,
        };
        assert_eq!(waiting(), Some(1), "the bucket, in place of its keys");
        assert!(!bed.has("k").await);
        assert_eq!(waiting(), None, "{how}");
        bed.shelf.touched(&touch_of(1));
        assert_eq!(waiting(), None, "{how}");
    }
}

#[tokio::test]
async fn what_was_touched_before_the_index_was_open_is_gone() {
    let bed = bed(bounds(Eviction::Lru));
    for key in ["k1", "k2", "other"] {
        bed.put(key, 10).await;
    }
    bed.shelf.settle().await;
    let cabinet = Cabinet::with_clock(Some(bed.dir.path().join("state")), bed.clock.clone());
    let shelf = cabinet.shelf("objects", bed.dir.path().join("files"), bounds(Eviction::Lru), None);
    for key in 0..3 {
        shelf.touched(&touch_of(key));
    }
    let again = Bed { shelf, ..bed };
    assert_eq!(
        [again.has("k1").await, again.has("k2").await, again.has("other").await],
        [false, false, true]
    );
}

#[tokio::test]
async fn what_is_on_its_way_while_its_key_is_written_is_not_kept() {
    let bed = bed(bounds(Eviction::Lru));
    let operations = operations();
    let shelf = bed.shelf.clone();
    operations.heard_by(move |touch| shelf.touched(touch));
    let read = |ticket: &BodyTicket| bed.shelf.fill(about("k1", 4), None).by(ticket.clone());
    let fill = async |mut fill: Fill| {
        fill.push(&"body".into()).await;
        fill.finish().await
    };
    let ticket = || ticket(&operations);
    let before = ticket();
    operations.fence(touch_of(2)).end(Outcome::Known);
    assert!(fill(read(&before)).await && bed.has("k1").await, "another key was written");
    let write = operations.fence_exact(touch_of(1), &connection());
    assert!(!bed.has("k1").await);
    let between = ticket();
    assert!(!fill(read(&before)).await && !bed.has("k1").await);
    assert!(fill(read(&between)).await && bed.has("k1").await, "nobody knows yet whether it is right");
    write.leave(Vec::new());
    assert!(!bed.has("k1").await && !fill(read(&between)).await && !bed.has("k1").await);
    // What a write sent, alone, and where another came in between.
    let own = ticket();
    operations.fence(touch_of(1)).end(Outcome::Known);
    assert!(fill(read(&own.clone().of_own_write())).await && bed.has("k1").await);
    operations.fence(touch_of(1)).end(Outcome::Known);
    assert!(!fill(read(&own.of_own_write())).await && !bed.has("k1").await);
    // One that may be applied yet.
    drop(operations.fence(touch_of(1)));
    assert!(!fill(read(&ticket())).await && !bed.has("k1").await);
}

fn connection() -> Arc<ConnectionId> {
    Arc::new(ConnectionId { name: "s3".into(), endpoint: "aws".into(), profile: None, anonymous: false })
}

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn a_fill_never_writes_into_the_file_that_took_the_place_of_its_own() {
    let bed = bed(Bounds { max_size: 64 * MIB, ..bounds(Eviction::Lru) });
    let of = |tag: &str| About { tag: tag.into(), ..about("a", 2 * MIB) };
    let bytes = |byte: u8, blocks: u64| bytes::Bytes::from(vec![byte; (blocks * MIB) as usize]);
    for opened in [false, true] {
        let mut old = bed.shelf.fill(of("old"), None);
        old.push(&bytes(b'o', 1)).await;
        let held = bed.shelf.find(of("old").name, 0..MIB).await.expect("the first block");
        let mut more = bed.shelf.fill(of("old"), Some(&held));
        if opened {
            more.push(&bytes(b'o', 1)).await;
        }
        let mut new = bed.shelf.fill(of("new"), None);
        new.push(&bytes(b'n', 2)).await;
        assert!(new.finish().await);
        more.seek(MIB);
        more.push(&bytes(b'o', 1)).await;
        assert!(!more.finish().await, "it has no file any more");
        let held = bed.shelf.find(of("new").name, 0..2 * MIB).await.expect("the new one");
        for piece in &held.pieces {
            assert_eq!(bed.shelf.bytes(&held, piece).await, Some(bytes(b'n', 1)));
        }
        assert_eq!((held.pieces.len(), bed.shelf.stats().await.all.corrupt), (2, 0));
    }
}

#[test]
fn a_reader_who_leaves_while_a_piece_is_written_leaves_no_file() {
    // One thread for what blocks, which is busy: the piece is written when its reader has left.
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    tokio.unwrap().block_on(async {
        let bed = bed(Bounds { max_size: 64 * MIB, ..bounds(Eviction::Lru) });
        assert!(!bed.has("a").await, "the index is open");
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let mut fill = bed.shelf.fill(about("a", 2 * MIB), None);
        let bytes = vec![b'a'; MIB as usize].into();
        {
            let mut push = Box::pin(fill.push(&bytes));
            assert!(futures::poll!(&mut push).is_pending());
        }
        drop(fill);
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        assert_eq!(bed.files(), [] as [PathBuf; 0]);
    });
}

#[tokio::test]
async fn where_no_directory_can_be_made_the_layer_goes_off() {
    let state = tempfile::tempdir().unwrap();
    let cabinet =
        Cabinet::with_clock(Some(state.path().join("state")), Arc::new(Wall(Mutex::new(1000 * HOUR))));
    let shelf = cabinet.shelf("objects", "/proc/none/objects".into(), bounds(Eviction::Lru), None);
    let mut fill = shelf.fill(about("a", 4), None);
    fill.push(&"body".into()).await;
    assert!(!fill.finish().await && shelf.is_off());
}

#[tokio::test]
async fn what_goes_by_the_hundred_goes_in_steps() {
    let many = Bounds { max_entries: 1000, max_size: MIB, ..bounds(Eviction::Lru) };
    let bed = bed(many);
    let fill = async || {
        for key in 0..150 {
            assert!(bed.put(&format!("k{key}"), 9).await);
        }
    };
    fill().await;
    let all = Touch { extent: Extent::Bucket, ..touch_of(0) };
    let removed = bed.shelf.write(move |db, book| index::remove_touched(db, book, &all)).await;
    assert_eq!((removed, bed.keys().await.len()), (Some(150), 0), "nothing is found any more");
    assert_eq!(bed.files().len(), 150 - STEP as usize);
    bed.shelf.clean().await;
    assert_eq!(bed.files().len(), 0);

    fill().await;
    *bed.clock.0.lock() += 25 * HOUR;
    let (now, oldest) = (bed.shelf.now(), bed.shelf.oldest(bed.shelf.now()));
    let step = bed.shelf.write(move |db, book| clean::bounded(db, book, now, oldest)).await;
    assert!(step.is_some_and(|(evicted, more)| evicted.is_empty() && more));
    assert_eq!((bed.keys().await.len(), bed.files().len()), (150 - 64, 150 - 64));
    bed.shelf.clean().await;
    assert_eq!((bed.keys().await.len(), bed.files().len()), (0, 0));

    fill().await;
    let cabinet = Cabinet::with_clock(Some(bed.dir.path().join("state")), bed.clock.clone());
    let few = Bounds { max_entries: 3, ..many };
    let shelf = cabinet.shelf("objects", bed.dir.path().join("files"), few, None);
    shelf.clean().await;
    assert_eq!((bed.keys().await.len(), bed.files().len()), (3, 3));
    fill().await;
    assert_eq!(bed.shelf.remove_selected(&Selection::default()).await, 150);
    assert_eq!(bed.files().len(), 0);
}

#[tokio::test]
async fn two_state_directories_on_one_directory_leave_each_other_s_files() {
    let one = bed(bounds(Eviction::Lru));
    let cabinet = Cabinet::with_clock(Some(one.dir.path().join("other")), one.clock.clone());
    let shelf = cabinet.shelf("objects", one.dir.path().join("files"), bounds(Eviction::Lru), None);
    let orphan = one.dir.path().join("files").join(FileName::of(&[b"orphan"]).path());
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    shelf.clean().await;
    assert!(orphan.exists(), "what this one never marked isn't its");
    let mut fill = shelf.fill(about("b", 4), None);
    fill.push(&"body".into()).await;
    assert!(fill.finish().await);
    assert!(one.put("a", 10).await);
    for _ in 0..2 {
        one.shelf.clean().await;
        shelf.clean().await;
    }
    for (shelf, key, size) in [(&one.shelf, "a", 10), (&shelf, "b", 4)] {
        let held = shelf.find(about(key, size).name, 0..size).await.expect(key);
        assert!(shelf.bytes(&held, &held.pieces[0]).await.is_some(), "{key}");
    }
    assert!(orphan.exists(), "whose it is nobody knows");
    // When the other is gone for long, what nobody knows goes.
    let marks = fs::read_dir(one.dir.path().join("files")).unwrap().flatten();
    for mark in marks.filter(|it| it.file_name().to_string_lossy().starts_with(".index-")) {
        let past = std::time::SystemTime::now() - Duration::from_hours(31 * 24);
        fs::File::open(mark.path()).unwrap().set_modified(past).unwrap();
    }
    one.shelf.clean().await;
    assert!(!orphan.exists() && one.has("a").await);
}
