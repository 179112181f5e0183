use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::cache::ManualClock;
use crate::model::{ErrorKind, LinkMethod, Op, Redacted, S3Uri, Uri, VfsError};

const MINUTE: Duration = Duration::from_mins(1);

struct Desk {
    clock: Arc<ManualClock>,
    links: LinkCache,
    signings: Arc<AtomicU64>,
}

impl Desk {
    fn new() -> Self {
        Self::bounded(100)
    }

    fn bounded(most: usize) -> Self {
        let clock = Arc::new(ManualClock::default());
        let links = LinkCache::bounded(clock.clone(), NonZeroUsize::new(most).unwrap());
        Self { clock, links, signings: Arc::default() }
    }

    fn signer(&self, key: &LinkKey) -> Signer {
        let (count, key) = (self.signings.clone(), key.clone());
        Arc::new(move |now| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let link = link(&key, number, now);
            let holder = key.holder;
            async move {
                tokio::task::yield_now().await;
                Ok(Signing { link, holder })
            }
            .boxed()
        })
    }

    async fn get(&self, key: &LinkKey) -> String {
        self.links.get(key.clone(), self.signer(key)).await.unwrap().url.expose().clone()
    }

    fn figures(&self) -> [u64; 5] {
        let figures = self.links.figures();
        [figures.issued, figures.reused, figures.refreshed, figures.expired, figures.held]
    }
}

fn link(key: &LinkKey, number: u64, now: Timestamp) -> SignedLink {
    let life = key.ask.expires;
    SignedLink {
        uri: Uri::S3(S3Uri::new("s3", &key.bucket, &key.key)),
        method: key.ask.method,
        url: Redacted::new(format!("{}#{number}", key.key)),
        send: Vec::new(),
        life,
        ends: Timestamp(now.0 + i64::try_from(life.as_millis()).unwrap()),
        cut: None,
        may_end_early: false,
    }
}

fn key(name: &str) -> LinkKey {
    let connection =
        ConnectionId { name: "s3".into(), endpoint: "aws".into(), profile: None, anonymous: false };
    let ask = LinkAsk::get(10 * MINUTE);
    LinkKey { connection, holder: Holder([1; 32]), bucket: "b".into(), key: name.into(), ask }
}

#[tokio::test]
async fn the_same_link_comes_while_half_of_its_life_remains() {
    let desk = Desk::new();
    let first = desk.get(&key("a")).await;
    desk.clock.advance(5 * MINUTE);
    assert_eq!(desk.get(&key("a")).await, first, "exactly half remains");
    desk.clock.advance(Duration::from_millis(1));
    assert_ne!(desk.get(&key("a")).await, first);
    assert_eq!(desk.figures(), [2, 1, 0, 1, 1]);
    assert_eq!(desk.links.figures().hit_rate(), Some(1.0 / 3.0));
}

#[tokio::test]
async fn whatever_differs_is_another_link() {
    let desk = Desk::new();
    let base = key("a");
    let mut others = vec![key("b"); 6];
    others[1] = LinkKey { bucket: "c".into(), ..base.clone() };
    others[2].ask.method = LinkMethod::Put;
    others[3].ask.expires = MINUTE;
    others[4].ask.version = Some("v".into());
    others[5].ask.headers.content_type = Some("text/csv".into());
    let first = desk.get(&base).await;
    for other in &others {
        assert_ne!(desk.get(other).await, first);
    }
    assert_eq!(desk.figures()[..2], [7, 0]);
    let connection = ConnectionId { profile: Some("p".into()), ..base.connection.clone() };
    desk.get(&LinkKey { connection, ..base.clone() }).await;
    assert_eq!(desk.figures()[..2], [8, 0]);
    assert_eq!(desk.get(&base).await, first);
}

#[tokio::test]
async fn new_credentials_drop_the_links_of_the_old_ones() {
    let desk = Desk::new();
    let other =
        LinkKey { connection: ConnectionId { name: "other".into(), ..key("a").connection }, ..key("a") };
    desk.get(&key("a")).await;
    desk.get(&key("b")).await;
    desk.get(&other).await;
    assert_eq!(desk.figures()[4], 3);
    desk.get(&LinkKey { holder: Holder([2; 32]), ..key("a") }).await;
    assert_eq!(desk.figures()[4], 2, "the new one, and that of the other connection");
}

#[tokio::test]
async fn those_who_ask_at_once_share_a_signing() {
    let desk = Desk::new();
    let key = key("a");
    let all = futures::future::join_all((0..50).map(|_| desk.get(&key))).await;
    assert!(all.iter().all(|url| *url == all[0]));
    assert_eq!(desk.signings.load(Ordering::SeqCst), 1);
    assert_eq!(desk.figures()[..2], [1, 49]);
}

#[tokio::test]
async fn a_dropped_leader_leaves_nobody_waiting() {
    let desk = Desk::new();
    let key = key("a");
    let mut leader = Box::pin(desk.get(&key));
    assert!(futures::poll!(&mut leader).is_pending());
    drop(leader);
    assert_eq!(desk.get(&key).await, "a#0");
    assert_eq!(desk.links.0.state.lock().flights.len(), 0);
}

/// A signer that waits for a word.
fn pending(key: &LinkKey) -> (Signer, Arc<tokio::sync::Notify>) {
    let (word, key) = (Arc::new(tokio::sync::Notify::new()), key.clone());
    let waits = word.clone();
    let sign: Signer = Arc::new(move |now| {
        let (waits, link, holder) = (waits.clone(), link(&key, 99, now), key.holder);
        async move {
            waits.notified().await;
            Ok(Signing { link, holder })
        }
        .boxed()
    });
    (sign, word)
}

#[tokio::test]
async fn a_signing_whose_asker_left_goes_on_and_comes_to_nobody_when_it_is_old() {
    let desk = Desk::new();
    let key = key("a");
    let (slow, word) = pending(&key);
    let mut asker = Box::pin(desk.links.get(key.clone(), slow.clone()));
    assert!(futures::poll!(&mut asker).is_pending());
    drop(asker);
    word.notify_one();
    while desk.figures()[4] == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.get(&key).await, "a#99", "it was signed though nobody waited");
    desk.clock.advance(6 * MINUTE);
    let mut asker = Box::pin(desk.links.get(key.clone(), slow));
    assert!(futures::poll!(&mut asker).is_pending());
    desk.clock.advance(30 * MINUTE);
    assert_eq!(desk.get(&key).await, "a#0", "that one would be over");
    word.notify_one();
    asker.await.unwrap();
    assert_eq!(desk.get(&key).await, "a#0");
    assert_eq!(desk.links.0.state.lock().flights.len(), 0);
}

#[tokio::test]
async fn a_signing_that_breaks_down_says_so_and_is_over() {
    let desk = Desk::new();
    let broken: Signer = Arc::new(|_| panic!("a defect"));
    assert_eq!(desk.links.get(key("a"), broken).await.unwrap_err().kind, ErrorKind::Io);
    assert_eq!(desk.get(&key("a")).await, "a#0");
}

#[tokio::test]
async fn what_is_in_use_is_renewed_and_what_is_not_ends() {
    let desk = Desk::new();
    let (used, unused) = (key("used"), key("unused"));
    let first = desk.get(&used).await;
    desk.get(&used).await;
    desk.get(&unused).await;
    desk.clock.advance(4 * MINUTE);
    desk.links.refresh().await;
    assert_eq!(desk.figures(), [2, 1, 0, 0, 2], "nothing is half over yet");
    desk.clock.advance(MINUTE);
    desk.links.refresh().await;
    assert_eq!(desk.figures(), [2, 1, 1, 0, 2]);
    let renewed = desk.get(&used).await;
    assert_ne!(renewed, first);
    desk.clock.advance(5 * MINUTE);
    desk.links.refresh().await;
    assert_eq!(desk.figures(), [2, 2, 2, 1, 1], "the unused one is over");
    desk.clock.advance(20 * MINUTE);
    desk.links.refresh().await;
    assert_eq!(desk.figures(), [2, 2, 2, 2, 0], "since its last renewal nobody asked");
}

#[tokio::test]
async fn a_failed_signing_holds_nothing() {
    let desk = Desk::new();
    let failing: Signer = Arc::new(|_| {
        let uri = Uri::S3(S3Uri::new("s3", "b", "a"));
        async move { Err(VfsError::new(Op::Link, uri, ErrorKind::Unauthenticated, "no credentials")) }.boxed()
    });
    let failed = desk.links.get(key("a"), failing).await;
    assert_eq!(failed.unwrap_err().kind, ErrorKind::Unauthenticated);
    assert_eq!(desk.figures()[4], 0);
    assert_eq!(desk.get(&key("a")).await, "a#0");
}

#[tokio::test]
async fn the_bound_holds_and_the_least_used_goes() {
    let desk = Desk::bounded(3);
    for name in ["a", "b", "c", "a", "d"] {
        desk.get(&key(name)).await;
    }
    assert_eq!(desk.figures()[4], 3);
    let before = desk.signings.load(Ordering::SeqCst);
    desk.get(&key("a")).await;
    assert_eq!(desk.signings.load(Ordering::SeqCst), before, "a was used after b");
    desk.get(&key("b")).await;
    assert_eq!(desk.signings.load(Ordering::SeqCst), before + 1);
}

#[tokio::test]
async fn a_replaced_connection_forgets_its_links() {
    let desk = Desk::new();
    desk.get(&key("a")).await;
    desk.links.forget("other");
    assert_eq!(desk.figures()[4], 1);
    desk.links.forget("s3");
    assert_eq!(desk.figures()[4], 0);
}

/// On the machine's own clock: nobody calls for the renewal.
#[tokio::test]
async fn the_background_renews_by_itself() {
    let desk = Desk { links: LinkCache::default(), ..Desk::new() };
    let mut brief = key("a");
    brief.ask.expires = Duration::from_secs(2);
    let first = desk.get(&brief).await;
    desk.get(&brief).await;
    let renewed = async {
        while desk.figures()[2] == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), renewed).await.expect("it was renewed");
    assert_ne!(desk.get(&brief).await, first);
}
