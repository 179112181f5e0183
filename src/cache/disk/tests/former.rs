//! What a directory holds that is no longer set.

use std::fs;

use super::*;

/// Holds something of this key, all of it.
async fn keep(shelf: &Shelf, key: &str) {
    let mut fill = shelf.fill(about(key, 4), None);
    fill.push(&key.bytes().cycle().take(4).collect::<Vec<_>>().into()).await;
    assert!(fill.finish().await, "{key}");
}

impl Bed {
    /// A layer of another window's setting, which cleans up nothing of another's.
    fn window(&self, kind: &'static str, dir: &str) -> Shelf {
        let cabinet = Cabinet::with_clock(Some(self.dir.path().join("state")), self.clock.clone());
        cabinet.shelf(kind, self.dir.path().join(dir), bounds(Eviction::Lru), None)
    }
}

#[tokio::test]
async fn what_is_left_in_a_former_directory_goes_when_its_age_is_over() {
    let bed = bed(bounds(Eviction::Lru));
    let window = bed.window("objects", "files");
    for key in ["a", "b"] {
        keep(&window, key).await;
    }
    window.settle().await;
    drop(window);
    let former = bed.dir.path().join("files");
    let shelf = bed.window("objects", "now");
    shelf.clean().await;
    let held = Former { dir: former.clone(), entries: 2, bytes: 8 };
    assert_eq!(shelf.former().await, [held], "another window may still use it");

    *bed.clock.0.lock() += 20 * HOUR;
    let window = bed.window("objects", "files");
    assert!(window.find(about("a", 4).name, 0..4).await.is_some());
    window.served(about("a", 4).name, false);
    window.settle().await;
    drop(window);
    *bed.clock.0.lock() += 5 * HOUR;
    shelf.clean().await;
    assert_eq!(shelf.former().await, [Former { dir: former.clone(), entries: 1, bytes: 4 }]);
    let orphan = former.join(FileName::of(&[b"orphan"]).path());
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::write(&orphan, "x").unwrap();
    let foreign = orphan.with_file_name("somebody's");
    fs::write(&foreign, "x").unwrap();
    shelf.clean().await;
    assert!(orphan.exists(), "while something is held there nothing else is looked at");
    *bed.clock.0.lock() += 25 * HOUR;
    shelf.clean().await;
    assert_eq!(shelf.former().await, []);
    assert_eq!((orphan.exists(), foreign.exists()), (false, true), "only what is ours");
    assert_eq!(bed.files(), [foreign]);

    let window = bed.window("objects", "files");
    keep(&window, "c").await;
    assert!(window.find(about("c", 4).name, 0..4).await.is_some(), "who still has that setting goes on");
    assert_eq!(shelf.clear().await, 1);
    assert!(window.find(about("c", 4).name, 0..4).await.is_none(), "all of it was to go");
}

#[tokio::test]
async fn a_directory_by_another_name_or_of_another_layer_is_not_a_former_one_s() {
    for (kind, dir) in [("objects", "link"), ("previews", "files")] {
        let bed = bed(bounds(Eviction::Lru));
        let window = bed.window("objects", "files");
        keep(&window, "old").await;
        window.settle().await;
        drop(window);
        std::os::unix::fs::symlink(bed.dir.path().join("files"), bed.dir.path().join("link")).unwrap();
        let (own, objects) = (bed.window(kind, dir), bed.window("objects", "now"));
        *bed.clock.0.lock() += 25 * HOUR;
        keep(&own, "k").await;
        for shelf in [&own, &objects, &own] {
            shelf.clean().await;
        }
        let held = own.find(about("k", 4).name, 0..4).await.expect(kind);
        assert!(own.bytes(&held, &held.pieces[0]).await.is_some(), "{kind}");
        assert_eq!(bed.files().len(), 1);
    }
}
