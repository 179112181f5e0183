//! How many bytes may pass a second: [`Rate`].

use std::num::NonZeroU32;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::vfs::Body;

/// Bytes that are let through at once, at most: so that a slow rate is no stutter.
const STEP: u32 = 64 << 10;

/// So many bytes a second, and how many at once.
#[derive(Clone, Debug)]
struct Bound {
    limiter: Arc<DefaultDirectRateLimiter>,
    step: u32,
}

/// A bound that can be changed while bytes pass.
#[derive(Debug)]
pub struct Rate {
    bound: Mutex<Option<Bound>>,
    changes: watch::Sender<()>,
}

impl Rate {
    /// So many bytes a second, or as many as pass.
    pub fn new(most: Option<u64>) -> Self {
        Self { bound: Mutex::new(bound(most)), changes: watch::Sender::new(()) }
    }

    /// From now on so many.
    pub fn set(&self, most: Option<u64>) {
        *self.bound.lock() = bound(most);
        self.changes.send_replace(());
    }

    /// Waits until so many bytes may pass. A wait that a change makes pointless ends.
    async fn pass(&self, bytes: usize) {
        let mut left = u32::try_from(bytes).unwrap_or(u32::MAX);
        let mut changes = self.changes.subscribe();
        while left > 0 {
            let Some(Bound { limiter, step }) = self.bound.lock().clone() else { return };
            let step = left.min(step);
            let Some(units) = NonZeroU32::new(step) else { return };
            tokio::select! {
                biased;
                Ok(()) = changes.changed() => {}
                passed = limiter.until_n_ready(units) => {
                    // A step is never larger than the burst; if it were, waiting would never help.
                    left = if passed.is_ok() { left - step } else { 0 };
                }
            }
        }
    }
}

fn bound(most: Option<u64>) -> Option<Bound> {
    let rate = NonZeroU32::new(u32::try_from(most?).unwrap_or(u32::MAX))?;
    // At most a tenth of a second in one go, so that no second sees more than a little beyond its share.
    let burst = NonZeroU32::new(rate.get() / 10).unwrap_or(NonZeroU32::MIN);
    let limiter = Arc::new(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)));
    Some(Bound { limiter, step: burst.get().min(STEP) })
}

/// The same bytes, no faster than both rates.
pub fn limited(body: Body, rates: [Arc<Rate>; 2]) -> Body {
    stream::unfold((body, rates), |(mut body, rates)| async move {
        let chunk = body.next().await?;
        if let Ok(bytes) = &chunk {
            for rate in &rates {
                rate.pass(bytes.len()).await;
            }
        }
        Some((chunk, (body, rates)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    async fn timed(rate: Arc<Rate>, bytes: usize) -> Duration {
        let chunks = vec![Ok(bytes::Bytes::from(vec![0; bytes / 10])); 10];
        let began = Instant::now();
        let none = Arc::new(Rate::new(None));
        let passed = limited(stream::iter(chunks).boxed(), [rate, none]).collect::<Vec<_>>().await;
        assert_eq!(passed.len(), 10);
        began.elapsed()
    }

    #[tokio::test]
    async fn bytes_pass_no_faster_than_the_bound() {
        let took = timed(Arc::new(Rate::new(Some(1_000_000))), 500_000).await;
        assert!(took >= Duration::from_millis(380), "{took:?}");
    }

    #[tokio::test]
    async fn a_bound_that_is_raised_holds_at_once() {
        let rate = Arc::new(Rate::new(Some(10)));
        let raised = rate.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            raised.set(None);
        });
        let took = tokio::time::timeout(Duration::from_secs(30), timed(rate, 500_000)).await;
        took.expect("it doesn't wait for what was the bound before");
    }
}
