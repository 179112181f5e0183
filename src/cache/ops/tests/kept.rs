//! Listings that are kept from one run to the next, while they are loaded.

use super::*;
use crate::cache::KeptListings;
use crate::config::{KeptListings as Whose, ListingSettings};

#[test]
fn what_is_being_loaded_when_the_program_ends_stays() {
    // One thread for what blocks, which is busy: nothing is loaded before it is free.
    let tokio = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    tokio.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let keeping = || {
            let cache = SharedOpCache::new(OpCacheSettings::default());
            let settings = ListingSettings { keep: Whose::All, max_size: 1 << 20 };
            cache.keep(KeptListings::new(dir.path(), settings, []).unwrap());
            cache
        };
        let first = keeping();
        let read_at = first.wall();
        let page = Arc::new(vec![row("a", "t")]);
        let listing = Answer::Listing(Arc::new(Listing::new(vec![page], read_at)));
        assert!(first.put(&list(&s3(), ""), listing, None));
        first.save_kept().unwrap();

        let second = keeping();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let connection = s3();
        let mut warm = Box::pin(second.warm(&connection));
        assert!(futures::poll!(&mut warm).is_pending());
        second.save_kept().unwrap();
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        warm.await;
        assert!(second.get_stale(&list(&s3(), "")).is_some(), "it was kept on");
    });
}
