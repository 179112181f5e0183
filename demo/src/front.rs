//! HTTP in front of the service: bodies are counted and cut here, and connections closed.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use parking_lot::Mutex;
use s3s::Body;
use s3s::service::S3Service;
use tokio::time::{Instant, Sleep, sleep};

use crate::access::Exchange;
use crate::faults::Effect;
use crate::traffic::{REFUSED, Record, Traffic};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Serves the requests of all connections.
#[derive(Debug)]
pub(crate) struct Front {
    pub service: S3Service,
    pub traffic: Arc<Traffic>,
}

impl Front {
    /// Answers one request. An error closes its connection.
    pub async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Answer>, Error> {
        let exchange = Arc::new(Exchange::default());
        let (mut parts, body) = request.into_parts();
        let refused = refused(&parts);
        let head = parts.method == Method::HEAD;
        let expects = parts.headers.contains_key(http::header::EXPECT);
        parts.extensions.insert(Arc::clone(&exchange));
        let body = Upload::new(body, &exchange, &self.traffic);
        let handle = body.0.clone();
        let request = Request::from_parts(parts, Body::http_body(body));
        let response = self.service.call(request).await?;
        drain(&handle, expects).await;
        let lost = |effect: &Effect| matches!(effect, Effect::Drop | Effect::LoseAnswer);
        if exchange.has(lost) || handle.lock().cut {
            return Err("the connection is closed, as a fault says".into());
        }
        let number = *exchange.number.lock();
        let number = number.unwrap_or_else(|| self.traffic.begin(refused));
        self.traffic.answered(number, response.status().as_u16());
        Ok(self.answer(response, head, &exchange))
    }

    fn answer(&self, response: Response<Body>, head: bool, exchange: &Exchange) -> Response<Answer> {
        let (mut parts, body) = response.into_parts();
        let body = if head { Body::empty() } else { tidy(body) };
        if !parts.headers.contains_key(CONTENT_TYPE) && !parts.status.is_success() {
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        parts.headers.insert("server", HeaderValue::from_static("AmazonS3"));
        let traffic = Arc::clone(&self.traffic);
        let length = parts.headers.get(CONTENT_LENGTH).filter(|_| !head);
        let whole = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let mut answer = Answer { body, at: 0, end: None, flip: None, slow: None, whole, traffic };
        for effect in exchange.effects.lock().drain(..) {
            answer.bend(&effect, &mut parts.headers);
        }
        Response::from_parts(parts, answer)
    }
}

/// How a request is logged that is refused before its operation is known.
fn refused(parts: &http::request::Parts) -> Record {
    Record {
        operation: REFUSED.to_owned(),
        bucket: String::new(),
        key: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        access_key: None,
        status: None,
    }
}

/// A carriage return in XML text reads back as a line feed unless it is written as a reference, as S3
/// does. Only XML comes as one piece; objects are streams.
fn tidy(body: Body) -> Body {
    let Some(bytes) = body.bytes() else { return body };
    if !bytes.contains(&b'\r') {
        return Body::from(bytes);
    }
    let text = String::from_utf8_lossy(&bytes).replace('\r', "&#13;");
    Body::from(text)
}

/// Reads what the operation left of a request's body, so that the client hears the answer and not a
/// broken pipe. A client that still waits for "100 Continue" has sent nothing.
async fn drain(handle: &Arc<Mutex<Source>>, expects: bool) {
    let body = {
        let mut source = handle.lock();
        if source.cut || expects && !source.touched { None } else { source.body.take() }
    };
    if let Some(mut body) = body {
        while let Some(Ok(_)) = body.frame().await {}
    }
}

/// A request's body on its way in.
struct Upload(Arc<Mutex<Source>>);

struct Source {
    body: Option<Incoming>,
    touched: bool,
    cut: bool,
    seen: u64,
    exchange: Arc<Exchange>,
    traffic: Arc<Traffic>,
}

impl Upload {
    fn new(body: Incoming, exchange: &Arc<Exchange>, traffic: &Arc<Traffic>) -> Self {
        let (exchange, traffic) = (Arc::clone(exchange), Arc::clone(traffic));
        Self(Arc::new(Mutex::new(Source {
            body: Some(body),
            touched: false,
            cut: false,
            seen: 0,
            exchange,
            traffic,
        })))
    }
}

impl Source {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.touched = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        let size = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        self.traffic.received(size);
        self.seen += size as u64;
        let seen = self.seen;
        if self.exchange.has(|effect| matches!(effect, Effect::CutRequest(limit) if seen > *limit)) {
            self.cut = true;
            return Poll::Ready(Some(Err("the request is cut, as a fault says".into())));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.lock().poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

/// An answer's body on its way out.
pub(crate) struct Answer {
    body: Body,
    at: u64,
    end: Option<(u64, End)>,
    flip: Option<u64>,
    slow: Option<(Duration, Pin<Box<Sleep>>)>,
    /// How long it is, where its headers tell.
    whole: Option<u64>,
    traffic: Arc<Traffic>,
}

#[derive(Clone, Copy)]
enum End {
    Fail,
    Finish,
    Stall,
}

impl Answer {
    fn bend(&mut self, effect: &Effect, headers: &mut http::HeaderMap) {
        match *effect {
            Effect::CutBody(at) => self.end = Some((at, End::Fail)),
            Effect::TruncateBody(at) => self.end = Some((at, End::Finish)),
            Effect::StallBody(at) => self.end = Some((at, End::Stall)),
            Effect::ShortBody(at) => {
                self.end = Some((at, End::Finish));
                headers.insert(CONTENT_LENGTH, HeaderValue::from(at));
            }
            Effect::SlowBody(pause) => self.slow = Some((pause, Box::pin(sleep(pause)))),
            Effect::FlipBit(at) => self.flip = Some(at),
            Effect::WrongChecksum => spoil(headers),
            _ => {}
        }
    }

    fn pass(&mut self, mut data: Bytes) -> Bytes {
        if let Some((end, _)) = self.end {
            data.truncate(usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX));
        }
        let place = self.flip.and_then(|flip| usize::try_from(flip.checked_sub(self.at)?).ok());
        if let Some(at) = place.filter(|at| *at < data.len()) {
            let mut copy = BytesMut::from(&data[..]);
            copy[at] ^= 1;
            data = copy.freeze();
        }
        self.at += data.len() as u64;
        self.traffic.sent(data.len());
        data
    }
}

fn spoil(headers: &mut http::HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if name.as_str().starts_with("x-amz-checksum-") && name.as_str() != "x-amz-checksum-type" {
            let mut bytes = value.as_bytes().to_vec();
            bytes.iter_mut().take(1).for_each(|first| *first = if *first == b'A' { b'B' } else { b'A' });
            *value = HeaderValue::from_bytes(&bytes).expect("base64 is plain ASCII");
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let bent = matches!(self.end, Some((_, End::Fail | End::Finish)));
        if !bent && self.whole.is_some_and(|whole| self.at < whole) {
            self.traffic.given_up();
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.end {
            Some((end, End::Fail)) if self.at >= end => {
                return Poll::Ready(Some(Err("the answer is cut, as a fault says".into())));
            }
            Some((end, End::Finish)) if self.at >= end => return Poll::Ready(None),
            Some((end, End::Stall)) if self.at >= end => return Poll::Pending,
            _ => {}
        }
        if let Some((pause, sleeping)) = &mut self.slow {
            ready!(sleeping.as_mut().poll(cx));
            sleeping.as_mut().reset(Instant::now() + *pause);
        }
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) else { return Poll::Ready(None) };
        Poll::Ready(Some(Ok(frame.map_data(|data| self.pass(data)))))
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
