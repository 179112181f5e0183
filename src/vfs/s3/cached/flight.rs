//! One request for all who ask the same at once: [`Flights`].
//!
//! A flight is a task that owns its request. Readers only read: what has come so far and what is yet
//! to come. The flight ends when its answer is complete or its last reader has left; so nobody's
//! leaving cancels what another waits for, and a reader that came first is no different from the rest.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::cache::ops::{Answer, Listing, OpKey, SharedOpCache, Ticket};
use crate::model::{Entry, ErrorKind, Freshness, Head, Result, Source, Timestamp, VfsError};

/// What arrives in a flight: a page, or the whole answer.
pub(super) trait Item: Clone + Send + Sync + 'static {
    /// The entry that all of it makes.
    fn into_answer(items: Vec<Self>, read_at: Timestamp) -> Answer;
}

impl Item for Arc<Vec<Entry>> {
    fn into_answer(items: Vec<Self>, read_at: Timestamp) -> Answer {
        Answer::Listing(Arc::new(Listing::new(items, read_at)))
    }
}

/// Answers of one piece.
pub(super) trait Single: Item {
    /// What a held answer says; `None` for one of another kind.
    fn held(answer: Answer) -> Option<Result<Self>>;
}

impl Item for Arc<Head> {
    fn into_answer(mut items: Vec<Self>, _: Timestamp) -> Answer {
        Answer::Head(items.pop().expect("a HEAD that ends without an error has answered"))
    }
}

impl Single for Arc<Head> {
    fn held(answer: Answer) -> Option<Result<Self>> {
        match answer {
            Answer::Head(head) => Some(Ok(head)),
            Answer::Absent(error) => Some(Err(error)),
            Answer::Listing(_) | Answer::Region(_) => None,
        }
    }
}

impl Item for Option<Arc<str>> {
    fn into_answer(mut items: Vec<Self>, _: Timestamp) -> Answer {
        Answer::Region(items.pop().flatten())
    }
}

impl Single for Option<Arc<str>> {
    fn held(answer: Answer) -> Option<Result<Self>> {
        match answer {
            Answer::Region(region) => Some(Ok(region)),
            Answer::Absent(error) => Some(Err(error)),
            Answer::Listing(_) | Answer::Head(_) => None,
        }
    }
}

/// How a flight ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// Everything has come.
    Complete,
    /// The service, or the way to it, failed.
    Failed(VfsError),
    /// Its task died.
    Lost,
}

#[derive(Debug)]
struct Progress<T> {
    items: Vec<T>,
    end: Option<End>,
}

struct Flight<T> {
    key: OpKey,
    ticket: Ticket,
    read_at: Timestamp,
    progress: watch::Sender<Progress<T>>,
}

impl<T> Flight<T> {
    fn reader(&self, source: Source) -> Reader<T> {
        Reader { progress: self.progress.subscribe(), read: 0, source, read_at: self.read_at }
    }
}

/// One who waits for a flight.
pub(super) struct Reader<T> {
    progress: watch::Receiver<Progress<T>>,
    read: usize,
    /// Whether the request is this reader's own.
    pub(super) source: Source,
    /// When the flight began.
    pub(super) read_at: Timestamp,
}

impl<T: Item> Reader<T> {
    /// The next piece; at the end why there are no more.
    pub(super) async fn next(&mut self) -> Result<T, End> {
        loop {
            {
                let progress = self.progress.borrow_and_update();
                if let Some(item) = progress.items.get(self.read) {
                    self.read += 1;
                    return Ok(item.clone());
                }
                if let Some(end) = &progress.end {
                    return Err(end.clone());
                }
            }
            if self.progress.changed().await.is_err() {
                return Err(End::Lost);
            }
        }
    }

    /// Whether nothing has come to it yet.
    pub(super) fn is_unread(&self) -> bool {
        self.read == 0
    }
}

/// What one who asks gets.
pub(super) enum Entered<T> {
    /// It was held.
    Held(Answer),
    /// It is under way.
    Reading(Reader<T>),
}

/// The requests under way on one connection, for answers of one kind.
pub(super) struct Flights<T> {
    // Taken before the cache's lock, never after: looking up, joining and beginning are one step, as
    // are storing and leaving, so that nobody falls between them and asks a second time.
    live: Mutex<HashMap<OpKey, Arc<Flight<T>>>>,
    cache: SharedOpCache,
}

impl<T> fmt::Debug for Flights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("live", &self.live.lock().len()).finish_non_exhaustive()
    }
}

impl<T: Item> Flights<T> {
    pub(super) fn new(cache: SharedOpCache) -> Self {
        Self { live: Mutex::default(), cache }
    }

    /// Looks up by `look`, else joins a request that nothing has touched since it began, else asks.
    /// Past the cache it asks, and whoever comes later joins that.
    pub(super) fn enter(
        self: &Arc<Self>,
        key: &OpKey,
        freshness: Freshness,
        look: impl FnOnce(&SharedOpCache, &OpKey) -> Option<Answer>,
        ask: impl FnOnce() -> BoxStream<'static, Result<T>>,
    ) -> Entered<T> {
        let mut live = self.live.lock();
        if freshness != Freshness::Past {
            if let Some(answer) = look(&self.cache, key) {
                return Entered::Held(answer);
            }
            if let Some(flight) = live.get(key).filter(|flight| self.cache.is_live(&flight.ticket)) {
                self.cache.count_shared(key);
                return Entered::Reading(flight.reader(Source::Shared));
            }
        }
        let flight = Arc::new(Flight {
            key: key.clone(),
            ticket: self.cache.begin(key),
            read_at: self.cache.wall(),
            progress: watch::Sender::new(Progress { items: Vec::new(), end: None }),
        });
        let reader = flight.reader(Source::Backend);
        live.insert(key.clone(), flight.clone());
        drop(live);
        let landing = Landing { flights: self.clone(), flight, landed: false };
        tokio::spawn(landing.fly(ask()));
        Entered::Reading(reader)
    }
}

/// Sees a flight to its end, also when its task dies: no reader waits for ever.
struct Landing<T: Item> {
    flights: Arc<Flights<T>>,
    flight: Arc<Flight<T>>,
    landed: bool,
}

impl<T: Item> Landing<T> {
    async fn fly(mut self, mut request: BoxStream<'static, Result<T>>) {
        let flight = self.flight.clone();
        loop {
            let item = tokio::select! {
                biased;
                () = flight.progress.closed() => {
                    if self.leave() {
                        return;
                    }
                    continue;
                }
                item = request.next() => item,
            };
            match item {
                Some(Ok(item)) => flight.progress.send_modify(|progress| progress.items.push(item)),
                Some(Err(error)) => return self.fail(error),
                None => return self.complete(),
            }
        }
    }

    /// Gives up if the last reader has left, and tells whether it did.
    fn leave(&mut self) -> bool {
        let flights = self.flights.clone();
        let mut live = flights.live.lock();
        // One may have joined since: joining takes this lock.
        if self.flight.progress.receiver_count() > 0 {
            return false;
        }
        self.depart(&mut live);
        flights.cache.abandon(&self.flight.ticket);
        true
    }

    fn complete(&mut self) {
        let items = self.flight.progress.borrow().items.clone();
        let answer = T::into_answer(items, self.flight.read_at);
        self.land(Some(answer), End::Complete);
    }

    fn fail(&mut self, error: VfsError) {
        let first = self.flight.progress.borrow().items.is_empty();
        let absent = first && error.kind == ErrorKind::NotFound;
        let answer = absent.then(|| Answer::Absent(VfsError { source: None, ..error.clone() }));
        self.land(answer, End::Failed(error));
    }

    fn land(&mut self, answer: Option<Answer>, end: End) {
        let flights = self.flights.clone();
        let mut live = flights.live.lock();
        match answer {
            Some(answer) => {
                flights.cache.fill(&self.flight.ticket, answer);
            }
            None => flights.cache.abandon(&self.flight.ticket),
        }
        self.depart(&mut live);
        drop(live);
        self.flight.progress.send_modify(|progress| progress.end = Some(end));
    }

    fn depart(&mut self, live: &mut HashMap<OpKey, Arc<Flight<T>>>) {
        self.landed = true;
        let key = &self.flight.key;
        if live.get(key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            live.remove(key);
        }
    }
}

impl<T: Item> Drop for Landing<T> {
    fn drop(&mut self) {
        if !self.landed {
            self.land(None, End::Lost);
        }
    }
}
