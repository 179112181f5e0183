//! What the log is told of requests and caches, heard as it happens: [`Heard`].

use std::fmt;
use std::time::Instant;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::runtime::log::Ear;

/// What was heard and not yet taken. There is one subscriber in a process, and so one of these.
static HEARD: Mutex<Vec<Heard>> = Mutex::new(Vec::new());

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// When.
    pub(super) at: Instant,
    /// What happened, as `hit` or `request`.
    pub(super) what: String,
    /// To what: the key of a look-up, the location of a request.
    pub(super) which: String,
    /// Why, where that was told.
    pub(super) reason: Option<String>,
    /// All else that was told, by name.
    pub(super) more: Vec<(&'static str, String)>,
}

impl Heard {
    /// What was told under this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.more.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// Whether it tells of a request that was sent.
    pub(super) fn is_request(&self) -> bool {
        self.what == "request"
    }
}

/// Begins to hear.
pub(super) fn begin() -> Ear {
    Hears.boxed()
}

/// Takes what was heard since the last time.
pub(super) fn take() -> Vec<Heard> {
    std::mem::take(&mut HEARD.lock())
}

struct Hears;

impl<S: Subscriber> Layer<S> for Hears {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(heard) = fields.into_heard() {
            HEARD.lock().push(heard);
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    named: Vec<(&'static str, String)>,
}

impl Fields {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.named.iter().position(|(known, _)| *known == name)?;
        Some(self.named.remove(at).1)
    }

    /// Of what the caches and the requests tell; all else is none of it.
    fn into_heard(mut self) -> Option<Heard> {
        let of_cache = self.message.split_once(": ").filter(|(who, _)| who.ends_with("cache"));
        let what = match of_cache {
            Some(("cache", what)) => what.to_owned(),
            Some((which, what)) => format!("{which}: {what}"),
            None if self.message == "request" => self.message.clone(),
            None => return None,
        };
        let which = ["key", "location", "touch"].iter().find_map(|name| self.take(name)).unwrap_or_default();
        let reason = self.take("reason");
        Some(Heard { at: Instant::now(), what, which, reason, more: self.named })
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.named.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.named.push((field.name(), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(message: &str, named: &[(&'static str, &str)]) -> Option<Heard> {
        let named = named.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Fields { message: message.to_owned(), named }.into_heard()
    }

    #[test]
    fn only_caches_and_requests_are_heard() {
        let hit = heard("cache: hit", &[("key", "k"), ("reason", "it is held"), ("age", "3")]).unwrap();
        assert_eq!((&*hit.what, &*hit.which, hit.reason.as_deref()), ("hit", "k", Some("it is held")));
        assert_eq!((hit.get("age"), hit.get("none"), hit.is_request()), (Some("3"), None, false));
        assert!(heard("request", &[("location", "s3://b/")]).unwrap().is_request());
        assert_eq!(heard("object cache: miss", &[]).unwrap().what, "object cache: miss");
        assert_eq!(heard("asked once more: another region", &[]), None);
    }
}
