//! Scripted faults: [`Faults`], [`Rule`], [`Effect`].

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::store::Store;

/// What goes wrong (or just happens) with a request.
#[derive(Clone)]
pub enum Effect {
    /// An error answer instead of the operation. With status 200: the "200 OK" with an error body of
    /// Complete, Copy and DeleteObjects.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// The operation comes this much later.
    Delay(Duration),
    /// No answer ever; the operation isn't done.
    Stall,
    /// The connection is closed before an answer; the operation isn't done.
    Drop,
    /// The connection is closed after this many bytes of the request's body; the operation isn't done.
    CutRequest(u64),
    /// The operation is done, and the connection is closed before its answer.
    LoseAnswer,
    /// The answer's body fails after this many bytes.
    CutBody(u64),
    /// The answer's body ends in good order after this many bytes, though its length promised more.
    TruncateBody(u64),
    /// The answer's body stops after this many bytes, and the connection stays open.
    StallBody(u64),
    /// Each piece of the answer's body, 256 KiB at most, comes this much later than the one before.
    SlowBody(Duration),
    /// The answer's body has only this many bytes, and so its `Content-Length` says.
    ShortBody(u64),
    /// One bit of this byte of the answer's body is flipped.
    FlipBit(u64),
    /// Every checksum header of the answer is wrong.
    WrongChecksum,
    /// A page of a listing is empty and says that more follows.
    EmptyPage,
    /// A page of a listing gives the token that it was asked with.
    RepeatToken,
    /// The conditions of a read, of a write, of a deletion, or on the destination of a copy, are passed over in
    /// silence, as some services do.
    Unconditional,
    /// A read gives the whole object, whatever range of it was asked for.
    WholeBody,
    /// The answer to a read of a range tells no size of the whole: `*`, or nothing of the range at all.
    UntoldSize {
        /// Whether it tells the range.
        range: bool,
    },
    /// The session token of this request has expired: it, and each later one that carries the token, is
    /// refused so.
    ExpireToken,
    /// The operation waits for [`Gate::open`].
    Hold(Gate),
    /// This runs before the operation: what another client does in between.
    Run(Arc<dyn Fn(&Store) + Send + Sync>),
}

impl Effect {
    /// An error answer.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// 503 SlowDown.
    pub fn slow_down() -> Self {
        Self::error(503, "SlowDown", "Please reduce your request rate.")
    }

    /// 500 InternalError.
    pub fn internal_error() -> Self {
        Self::error(500, "InternalError", "We encountered an internal error. Please try again.")
    }

    /// 403 AccessDenied.
    pub fn access_denied() -> Self {
        Self::error(403, "AccessDenied", "Access Denied")
    }

    /// 400 ExpiredToken.
    pub fn expired_token() -> Self {
        Self::error(400, "ExpiredToken", "The provided token has expired.")
    }

    /// 403 RequestTimeTooSkewed.
    pub fn clock_skew() -> Self {
        let message = "The difference between the request time and the current time is too large.";
        Self::error(403, "RequestTimeTooSkewed", message)
    }

    /// "200 OK" with an error body.
    pub fn ok_with_error(code: &str) -> Self {
        Self::error(200, code, "We encountered an internal error. Please try again.")
    }

    /// Runs this before the operation.
    pub fn run(act: impl Fn(&Store) + Send + Sync + 'static) -> Self {
        Self::Run(Arc::new(act))
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { status, code, .. } => write!(f, "Error({status} {code})"),
            Self::Delay(time) => write!(f, "Delay({time:?})"),
            Self::CutRequest(n) => write!(f, "CutRequest({n})"),
            Self::CutBody(n) => write!(f, "CutBody({n})"),
            Self::TruncateBody(n) => write!(f, "TruncateBody({n})"),
            Self::StallBody(n) => write!(f, "StallBody({n})"),
            Self::SlowBody(time) => write!(f, "SlowBody({time:?})"),
            Self::ShortBody(n) => write!(f, "ShortBody({n})"),
            Self::FlipBit(n) => write!(f, "FlipBit({n})"),
            Self::Stall => f.write_str("Stall"),
            Self::Drop => f.write_str("Drop"),
            Self::LoseAnswer => f.write_str("LoseAnswer"),
            Self::WrongChecksum => f.write_str("WrongChecksum"),
            Self::EmptyPage => f.write_str("EmptyPage"),
            Self::RepeatToken => f.write_str("RepeatToken"),
            Self::Unconditional => f.write_str("Unconditional"),
            Self::WholeBody => f.write_str("WholeBody"),
            Self::UntoldSize { range } => write!(f, "UntoldSize({range})"),
            Self::ExpireToken => f.write_str("ExpireToken"),
            Self::Hold(_) => f.write_str("Hold"),
            Self::Run(_) => f.write_str("Run"),
        }
    }
}

/// Which requests an effect is for: by default the next one of an operation, whatever its key.
#[derive(Clone, Debug)]
pub struct Rule {
    operation: Option<String>,
    key: Option<String>,
    skip: u32,
    times: Option<u32>,
    effect: Effect,
}

impl Rule {
    /// The next request of this operation, as AWS names it: `PutObject`, `ListObjectsV2`, …
    pub fn on(operation: &str, effect: Effect) -> Self {
        Self { operation: Some(operation.to_owned()), key: None, skip: 0, times: Some(1), effect }
    }

    /// The next request, whatever it is.
    pub fn any(effect: Effect) -> Self {
        Self { operation: None, key: None, skip: 0, times: Some(1), effect }
    }

    /// Only where the key (of a listing: the prefix) contains this.
    #[must_use]
    pub fn key(self, part: &str) -> Self {
        Self { key: Some(part.to_owned()), ..self }
    }

    /// The first `n` that would match go through.
    #[must_use]
    pub fn skip(self, n: u32) -> Self {
        Self { skip: n, ..self }
    }

    /// This many requests, and not one.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        Self { times: Some(n), ..self }
    }

    /// Every request from now on.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }

    fn take(&mut self, operation: &str, key: &str) -> Option<Effect> {
        let fits = self.operation.as_deref().is_none_or(|own| own == operation)
            && self.key.as_deref().is_none_or(|part| key.contains(part));
        if !fits || self.times == Some(0) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.map(|left| left - 1);
        Some(self.effect.clone())
    }
}

/// The faults to come. Each rule that matches a request is applied, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>, Arc<Mutex<BTreeSet<String>>>);

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.0.lock().push(rule);
    }

    /// Holds the next request of an operation until the gate is opened.
    pub fn hold(&self, operation: &str) -> Gate {
        let gate = Gate::new();
        self.add(Rule::on(operation, Effect::Hold(gate.clone())));
        gate
    }

    /// Forgets every rule. Tokens that expired stay so.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    pub(crate) fn expire(&self, token: &str) {
        self.1.lock().insert(token.to_owned());
    }

    pub(crate) fn is_expired(&self, token: &str) -> bool {
        self.1.lock().contains(token)
    }

    /// How many rules still wait for a request (one that is for every request waits for ever).
    pub fn pending(&self) -> usize {
        self.0.lock().len()
    }

    pub(crate) fn take(&self, operation: &str, key: &str) -> Vec<Effect> {
        let mut rules = self.0.lock();
        let effects = rules.iter_mut().filter_map(|rule| rule.take(operation, key)).collect();
        rules.retain(|rule| rule.times != Some(0));
        effects
    }
}

/// Holds requests until it is opened, so that a test decides what happens in between.
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Sender<bool>,
    arrived: watch::Sender<u32>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { open: watch::Sender::new(false), arrived: watch::Sender::new(0) }
    }

    /// Waits until `n` requests stand before it.
    pub async fn arrived(&self, n: u32) {
        let mut receiver = self.arrived.subscribe();
        receiver.wait_for(|count| *count >= n).await.expect("this handle keeps the sender alive");
    }

    /// [`Gate::arrived`] for code that isn't async.
    pub fn wait_arrived(&self, n: u32) {
        futures::executor::block_on(self.arrived(n));
    }

    /// Lets all through, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    pub(crate) async fn pass(&self) {
        let mut receiver = self.open.subscribe();
        self.arrived.send_modify(|count| *count += 1);
        receiver.wait_for(|open| *open).await.expect("this handle keeps the sender alive");
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_matches_by_operation_key_and_count() {
        let faults = Faults::default();
        faults.add(Rule::on("PutObject", Effect::Drop).key("b/").skip(1).times(2));
        let hits = |operation, key| faults.take(operation, key).len();
        assert_eq!([hits("PutObject", "a"), hits("GetObject", "b/"), hits("PutObject", "b/")], [0, 0, 0]);
        assert_eq!([hits("PutObject", "b/1"), hits("PutObject", "b/2"), hits("PutObject", "b/3")], [1, 1, 0]);
        assert_eq!(faults.pending(), 0);
        faults.add(Rule::any(Effect::Stall).always());
        assert_eq!([hits("X", ""), hits("Y", "")], [1, 1]);
        assert_eq!(faults.pending(), 1);
    }
}
