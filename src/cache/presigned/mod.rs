//! Presigned links, in memory only: [`LinkCache`].
//!
//! Signing takes a fraction of a millisecond; the cache exists so that a link that is handed out twice is the
//! *same* link, which whoever got it first can go on using, and which caches on the way know.
//!
//! - The same link is given while at least half of its life remains.
//! - One that was asked for again is signed anew in the background when half of its life is over; what nobody
//!   asked for again is left to end.
//! - Links of other credentials, connections, versions, headers or lives are others. The first look-up with
//!   new credentials drops the links of the old ones.
//! - Several who ask at once share one signing.

mod held;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;

use self::held::Shelf;
use super::{Clock, ConnectionId, Moment, SystemClock};
use crate::model::{ErrorKind, LinkAsk, Op, Result, S3Uri, SignedLink, Timestamp, Uri, VfsError};

/// The most links that are held.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("it isn't zero");
/// The longest that the background sleeps: a machine that was suspended wakes to links that ended.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// The shortest, so that links that live for seconds don't keep it busy.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);

/// Whose credentials sign: a hash that tells one from another, and nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Holder(pub [u8; 32]);

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder")
    }
}

/// What tells one link from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkKey {
    /// Who asks whom.
    pub connection: ConnectionId,
    /// Whose credentials sign.
    pub holder: Holder,
    /// The bucket.
    pub bucket: Arc<str>,
    /// The object's key.
    pub key: Arc<str>,
    /// All else that was asked for.
    pub ask: LinkAsk,
}

/// A link as it comes from signing, and by whose credentials.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The link.
    pub link: SignedLink,
    /// Who signed.
    pub holder: Holder,
}

/// Signs the link of one key, with the time of day that it begins at.
pub type Signer = Arc<dyn Fn(Timestamp) -> BoxFuture<'static, Result<Signing>> + Send + Sync>;

/// What became of the links that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LinkFigures {
    /// Signed for somebody who waited.
    pub issued: u64,
    /// Given again: held, or signed for another who asked at the same time.
    pub reused: u64,
    /// Signed anew in the background.
    pub refreshed: u64,
    /// Dropped since their life was over, or half over when they were asked for.
    pub expired: u64,
    /// Held now.
    pub held: u64,
}

impl LinkFigures {
    /// Links given again per link given, 0 to 1; `None` before the first.
    pub fn hit_rate(&self) -> Option<f64> {
        let given = self.issued + self.reused;
        (given > 0).then(|| self.reused as f64 / given as f64)
    }
}

type Signed = Shared<BoxFuture<'static, Result<SignedLink>>>;

/// A signing under way.
struct Flight {
    number: u64,
    begun: Moment,
    signed: Signed,
}

/// The program's presigned links. Clones are handles on the same.
#[derive(Clone)]
pub struct LinkCache(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    shelf: Shelf,
    flights: HashMap<LinkKey, Flight>,
    /// How many signings were begun.
    flown: u64,
    figures: LinkFigures,
    /// Whether a task renews links in the background.
    tended: bool,
}

impl Default for LinkCache {
    fn default() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }
}

impl LinkCache {
    /// An empty cache on a clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::bounded(clock, MOST)
    }

    fn bounded(clock: Arc<dyn Clock>, most: NonZeroUsize) -> Self {
        let (flights, figures) = (HashMap::new(), LinkFigures::default());
        let state = State { shelf: Shelf::new(most), flights, flown: 0, figures, tended: false };
        Self(Arc::new(Inner { clock, state: Mutex::new(state) }))
    }

    /// The link of this key: held, or from a signing under way, or signed now.
    ///
    /// # Errors
    /// Those of the signing. Nothing is held then.
    pub async fn get(&self, key: LinkKey, sign: Signer) -> Result<SignedLink> {
        match self.enter(&key, &sign) {
            Ok(link) => Ok(link),
            Err(flight) => flight.await,
        }
    }

    /// A held link, or the signing to wait for.
    fn enter(&self, key: &LinkKey, sign: &Signer) -> std::result::Result<SignedLink, Signed> {
        let now = self.0.clock.now();
        let mut state = self.0.state.lock();
        state.shelf.only_of(&key.connection, key.holder);
        let (fresh, stale) = state.shelf.look(key, now);
        state.figures.expired += u64::from(stale);
        if let Some(link) = fresh {
            state.figures.reused += 1;
            return Ok(link);
        }
        // A link's life begins when its signing does: what would come half over is signed anew.
        let young = |flight: &&Flight| now <= flight.begun.plus(key.ask.expires / 2);
        if let Some(flight) = state.flights.get(key).filter(young).map(|flight| flight.signed.clone()) {
            state.figures.reused += 1;
            return Err(flight);
        }
        state.figures.issued += 1;
        state.flown += 1;
        let number = state.flown;
        let signed = self.sign(key.clone(), sign.clone(), now, number);
        state.flights.insert(key.clone(), Flight { number, begun: now, signed: signed.clone() });
        Err(signed)
    }

    /// Signs, and holds what comes of it, in a task of its own: whoever waits may leave.
    fn sign(&self, key: LinkKey, sign: Signer, begun: Moment, number: u64) -> Signed {
        let (this, uri) = (self.clone(), S3Uri::new(&key.connection.name, &key.bucket, &key.key));
        let broken = VfsError::new(Op::Link, Uri::S3(uri), ErrorKind::Io, "the signing broke off");
        let broke = broken.clone();
        let signing = tokio::spawn(async move {
            let signing = AssertUnwindSafe(async { sign(this.0.clock.wall()).await }).catch_unwind();
            let signed = signing.await.unwrap_or(Err(broke));
            let link = this.signed(key, sign, begun, number, signed);
            this.tend();
            link
        });
        async move { signing.await.unwrap_or(Err(broken)) }.boxed().shared()
    }

    /// A signing has ended. One that was left for a newer one holds nothing.
    fn signed(
        &self,
        key: LinkKey,
        sign: Signer,
        begun: Moment,
        number: u64,
        signed: Result<Signing>,
    ) -> Result<SignedLink> {
        let mut state = self.0.state.lock();
        let newest = state.flights.get(&key).is_some_and(|flight| flight.number == number);
        if newest {
            state.flights.remove(&key);
        }
        let Signing { link, holder } = signed?;
        if newest {
            state.shelf.put(LinkKey { holder, ..key }, link.clone(), sign, begun);
        }
        Ok(link)
    }

    /// Signs anew what is in use and half over, and drops what is over.
    pub async fn refresh(&self) {
        let now = self.0.clock.now();
        let due = {
            let mut state = self.0.state.lock();
            let ended = state.shelf.drop_ended(now);
            state.figures.expired += ended;
            state.shelf.due(now)
        };
        for (key, sign) in due {
            self.renew(key, sign).await;
        }
    }

    async fn renew(&self, key: LinkKey, sign: Signer) {
        let begun = self.0.clock.now();
        let signed = sign(self.0.clock.wall()).await;
        let mut state = self.0.state.lock();
        match signed {
            Ok(Signing { link, holder }) if holder == key.holder => {
                tracing::debug!(location = %link.uri, "a presigned link in use was signed anew");
                state.figures.refreshed += 1;
                state.shelf.put(key, link, sign, begun);
            }
            // Other credentials make other links; a failure is told to whoever asks next.
            _ => state.shelf.remove(&key),
        }
    }

    /// Sees to it that links are renewed in the background while there are any.
    fn tend(&self) {
        if std::mem::replace(&mut self.0.state.lock().tended, true) {
            return;
        }
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(pause) = pause(&inner) {
                tokio::time::sleep(pause).await;
                match inner.upgrade() {
                    Some(inner) => Self(inner).refresh().await,
                    None => return,
                }
            }
        });
    }

    /// Drops the links of a connection: it was replaced.
    pub fn forget(&self, connection: &str) {
        self.0.state.lock().shelf.forget(connection);
    }

    /// What became of the links that were asked for.
    pub fn figures(&self) -> LinkFigures {
        let state = self.0.state.lock();
        LinkFigures { held: state.shelf.len() as u64, ..state.figures }
    }
}

/// How long nothing is due; `None` when nothing is held any more, or nobody holds the cache.
fn pause(inner: &Weak<Inner>) -> Option<Duration> {
    let inner = inner.upgrade()?;
    let now = inner.clock.now();
    let mut state = inner.state.lock();
    let next: Option<Moment> = state.shelf.next_due(now);
    state.tended = next.is_some();
    next.map(|at| at.since(now).clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
}

impl fmt::Debug for LinkCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinkCache").field(&self.figures()).finish()
    }
}

#[cfg(test)]
mod tests;
