//! Bodies on their way, watched for stalls: [`outgoing`] and [`incoming`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::stream;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::super::Body;
use super::Ask;
use crate::model::{ErrorKind, VfsError};

/// How long no byte may move, unless the connection says otherwise.
pub(super) const STALL: Duration = Duration::from_secs(30);
/// The step in which a body is handed over, so that its progress is seen.
const STEP: usize = 64 << 10;

/// How long the answer may take once all is sent: a service may be busy with what it got.
pub(super) fn silence(stall: Duration) -> Duration {
    stall * 30
}

/// When a body last moved, and how long it may rest.
#[derive(Debug)]
pub(super) struct Sending {
    stall: Duration,
    state: Mutex<(Instant, Duration)>,
}

impl Sending {
    /// Nothing to send: the answer may take `limit`.
    pub(super) fn answer_within(limit: Duration) -> Self {
        Self { stall: limit, state: Mutex::new((Instant::now(), limit)) }
    }

    fn moved(&self, done: bool) {
        *self.state.lock() = (Instant::now(), if done { silence(self.stall) } else { self.stall });
    }

    /// The moment at which it counts as stalled unless it moves before.
    fn deadline(&self) -> Instant {
        let (last, limit) = *self.state.lock();
        last + limit
    }
}

/// The bytes of a request, handed over in steps.
struct Steps {
    left: Bytes,
    sending: Arc<Sending>,
}

impl http_body::Body for Steps {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let step = self.left.len().min(STEP);
        let step = self.left.split_to(step);
        self.sending.moved(self.left.is_empty());
        Poll::Ready(Some(Ok(Frame::data(step))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

/// A body to send, and what tells how far it is. An empty one has nothing that could stall.
pub(super) fn outgoing(bytes: &Bytes, stall: Duration) -> (ByteStream, Arc<Sending>) {
    let limit = if bytes.is_empty() { silence(stall) } else { stall };
    let sending = Arc::new(Sending::answer_within(limit));
    let steps = Steps { left: bytes.clone(), sending: sending.clone() };
    let body = if bytes.is_empty() { SdkBody::empty() } else { SdkBody::from_body_1_x(steps) };
    (ByteStream::new(body), sending)
}

/// Waits for `request`, unless its body stalls or its answer never comes: then `None`.
pub(super) async fn unless_stalled<F: Future>(sending: &Sending, request: F) -> Option<F::Output> {
    let mut request = Box::pin(request);
    loop {
        let deadline = sending.deadline();
        tokio::select! {
            answer = &mut request => return Some(answer),
            () = sleep_until(deadline) => if Instant::now() >= sending.deadline() { return None },
        }
    }
}

/// A body as it arrives. It ends well only when exactly `expected` bytes came.
pub(super) fn incoming(body: ByteStream, expected: Option<u64>, stall: Duration, ask: Ask) -> Body {
    struct State {
        body: ByteStream,
        got: u64,
        expected: Option<u64>,
        ask: Ask,
    }
    let state = State { body, got: 0, expected, ask };
    Box::pin(stream::try_unfold(state, move |mut state| async move {
        let fail = |state: &State, kind, reason: String| {
            let of = state.expected.map(|all| format!(" of {all}")).unwrap_or_default();
            let reason = format!("{reason} after {}{of} bytes", state.got);
            VfsError::new(state.ask.op, state.ask.uri.clone(), kind, reason)
        };
        match timeout(stall, state.body.next()).await {
            Err(_) => {
                let why = format!("no byte came for {} s", stall.as_secs());
                Err(fail(&state, ErrorKind::Timeout, why))
            }
            Ok(Some(Ok(bytes))) => {
                state.got += bytes.len() as u64;
                Ok(Some((bytes, state)))
            }
            Ok(Some(Err(error))) if is_checksum(&error) => {
                Err(fail(&state, ErrorKind::Corrupt, "the checksum is wrong".into()).with_source(error))
            }
            Ok(Some(Err(error))) => {
                Err(fail(&state, ErrorKind::Unavailable, "the connection broke".into()).with_source(error))
            }
            Ok(None) if state.expected.is_some_and(|all| all != state.got) => {
                Err(fail(&state, ErrorKind::Unavailable, "the body ended".into()))
            }
            Ok(None) => Ok(None),
        }
    }))
}

fn is_checksum(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.to_string().contains("checksum mismatch"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::OpKind;
    use crate::model::{Op, S3Uri, Uri};
    use futures::StreamExt;

    fn ask() -> Ask {
        Ask { op: Op::Read, kind: OpKind::Get, uri: Uri::S3(S3Uri::new("s3", "b", "k")) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_moves_is_given_up() {
        let (_body, sending) = outgoing(&Bytes::from_static(b"x"), STALL);
        let before = Instant::now();
        assert!(unless_stalled(&sending, std::future::pending::<()>()).await.is_none());
        assert_eq!(before.elapsed(), STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_may_take_as_long_as_it_wants() {
        let (_body, sending) = outgoing(&Bytes::from_static(b"x"), STALL);
        let slow = async {
            for _ in 0..100 {
                tokio::time::sleep(STALL * 9 / 10).await;
                sending.moved(false);
            }
        };
        assert!(unless_stalled(&sending, slow).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_given_up() {
        let first = stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"abc")))]);
        let stuck = http_body_util::StreamBody::new(first.chain(stream::pending()));
        let body = ByteStream::new(SdkBody::from_body_1_x(stuck));
        let pieces: Vec<_> = incoming(body, Some(9), STALL, ask()).collect().await;
        assert_eq!(pieces.first().and_then(|piece| piece.clone().ok()).as_deref(), Some(&b"abc"[..]));
        let error = pieces.last().expect("an end").as_ref().expect_err("stalled");
        assert_eq!(error.kind, ErrorKind::Timeout);
    }

    #[tokio::test]
    async fn a_short_body_is_an_error() {
        let body: Vec<_> = incoming(ByteStream::from_static(b"abc"), Some(4), STALL, ask()).collect().await;
        let error = body.last().expect("an end").as_ref().expect_err("too short");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        let body: Vec<_> = incoming(ByteStream::from_static(b"abc"), Some(3), STALL, ask()).collect().await;
        assert!(body.iter().all(Result::is_ok));
    }
}
