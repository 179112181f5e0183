//! The links that are held, and until when: [`Shelf`]. Knows no lock and no clock.

use std::num::NonZeroUsize;

use lru::LruCache;

use super::{Holder, LinkKey, Signer};
use crate::cache::{ConnectionId, Moment};
use crate::model::SignedLink;

/// The links, the least used of which give way.
pub(super) struct Shelf(LruCache<LinkKey, Held>);

struct Held {
    link: SignedLink,
    sign: Signer,
    begun: Moment,
    /// Whether anybody asked for it again since it was signed.
    in_use: bool,
}

impl Held {
    fn half(&self) -> Moment {
        self.begun.plus(self.link.life / 2)
    }

    fn end(&self) -> Moment {
        self.begun.plus(self.link.life)
    }

    /// When something may have to be done about it: by its half it may have come into use.
    fn due(&self, now: Moment) -> Moment {
        if self.in_use || now < self.half() { self.half() } else { self.end() }
    }
}

impl Shelf {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self(LruCache::new(most))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The link while at least half of its life remains; else it goes, which `true` tells.
    pub(super) fn look(&mut self, key: &LinkKey, now: Moment) -> (Option<SignedLink>, bool) {
        match self.0.get_mut(key) {
            Some(held) if now <= held.half() => {
                held.in_use = true;
                (Some(held.link.clone()), false)
            }
            Some(_) => (None, self.0.pop(key).is_some()),
            None => (None, false),
        }
    }

    pub(super) fn put(&mut self, key: LinkKey, link: SignedLink, sign: Signer, begun: Moment) {
        self.0.put(key, Held { link, sign, begun, in_use: false });
    }

    pub(super) fn remove(&mut self, key: &LinkKey) {
        self.0.pop(key);
    }

    /// What is in use and at least half over.
    pub(super) fn due(&self, now: Moment) -> Vec<(LinkKey, Signer)> {
        let due = self.0.iter().filter(|(_, held)| held.in_use && held.half() <= now);
        due.map(|(key, held)| (key.clone(), held.sign.clone())).collect()
    }

    /// Drops what is over, and tells how much it was.
    pub(super) fn drop_ended(&mut self, now: Moment) -> u64 {
        self.drop_where(|_, held| held.end() <= now)
    }

    /// Drops what other credentials of the connection signed.
    pub(super) fn only_of(&mut self, connection: &ConnectionId, holder: Holder) {
        // The newest link of the connection tells whose credentials were in use last.
        let newest = self.0.iter().find(|(key, _)| key.connection == *connection);
        if newest.is_some_and(|(key, _)| key.holder != holder) {
            self.drop_where(|key, _| key.connection == *connection && key.holder != holder);
        }
    }

    pub(super) fn forget(&mut self, connection: &str) {
        self.drop_where(|key, _| &*key.connection.name == connection);
    }

    fn drop_where(&mut self, drops: impl Fn(&LinkKey, &Held) -> bool) -> u64 {
        let keys = self.0.iter().filter(|(key, held)| drops(key, held)).map(|(key, _)| key.clone());
        let keys: Vec<_> = keys.collect();
        for key in &keys {
            self.0.pop(key);
        }
        keys.len() as u64
    }

    /// When the next link is due.
    pub(super) fn next_due(&self, now: Moment) -> Option<Moment> {
        self.0.iter().map(|(_, held)| held.due(now)).min()
    }
}
