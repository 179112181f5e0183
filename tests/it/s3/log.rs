//! What is logged, and what never is.
//!
//! One subscriber listens for the whole test program, to those threads that ask it to: with a subscriber
//! for each thread, whether an event is of interest would depend on what other tests do meanwhile.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use bifold::config::{Connection, Settings};
use bifold::model::{ErrorKind, Freshness};
use bifold::vfs::Precondition;
use bifold::vfs::registry::Registry;
use demo::{Effect, Options, Rule, SECRET_KEY};
use futures::TryStreamExt;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::prelude::*;

use crate::support::*;

thread_local! {
    /// What was logged on this thread since it began to listen.
    static HEARD: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        HEARD.with_borrow_mut(|heard| heard.iter_mut().for_each(|heard| heard.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on this thread listens, at every level.
fn listen() {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| {
        let listening = dynamic_filter_fn(|_, _| HEARD.with_borrow(Option::is_some));
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Ear);
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(listening));
        tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
    });
    HEARD.set(Some(Vec::new()));
}

fn heard() -> String {
    HEARD.with_borrow(|heard| String::from_utf8_lossy(heard.as_deref().unwrap_or_default()).into_owned())
}

#[tokio::test]
async fn every_hit_miss_and_invalidation_is_in_the_log_with_its_key() {
    let server = serve(Options::default());
    server.store().put("box", "d/k", "x");
    let mut settings = Settings::default();
    settings.connections.insert("s3".into(), Connection::default());
    let registry = Registry::new(&settings, &env(&server));
    listen();
    for _ in 0..2 {
        let pages = at(&registry, "d/").list(Freshness::Cached);
        pages.try_collect::<Vec<_>>().await.expect("listed");
    }
    write(&at(&registry, "d/new"), "y", Precondition::None).await.expect("written");
    let text = heard();
    for said in ["miss", "hit", "patched"] {
        let line = format!("cache: {said} key=ListObjectsV2 s3://\"box\"/\"d/\" by /");
        assert!(text.contains(&line), "no \"{line}\" in the log");
    }
    assert_eq!(text.matches("operation=\"ListObjectsV2\" location=s3://box/d/ status=200").count(), 1);
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    listen();

    let token = "session+token+that+nobody+may+see";
    let server = serve(Options::default());
    let env = env(&server).with("AWS_SESSION_TOKEN", token);
    let registry = registry_on(&env, Connection::default());
    let path = at(&registry, "the-key");
    write(&path, "the body", Precondition::None).await.expect("written");
    read(&path).await.expect("read");
    server.faults().add(Rule::on("ListObjectsV2", Effect::access_denied()));
    let error = fails(rows(&at(&registry, "")).await, ErrorKind::Denied);
    tracing::error!(?error, %error, ?registry, ?env, "all that a log may be given");

    let text = heard();
    for line in ["operation=\"PutObject\" location=s3://box/the-key status=200", "operation=\"GetObject\""] {
        assert!(
            text.contains(line),
            "no {line} in the log: {:?}",
            text.lines().filter(|it| it.contains("operation=")).collect::<Vec<_>>()
        );
    }
    for secret in [SECRET_KEY, token] {
        let at = text.find(secret);
        assert!(at.is_none(), "a secret in the log: {}", &text[at.unwrap_or(0).saturating_sub(300)..][..400]);
    }
}
