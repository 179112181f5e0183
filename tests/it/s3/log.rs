use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bifold::config::{Connection, Settings};
use bifold::model::{ErrorKind, Freshness};
use bifold::vfs::Precondition;
use bifold::vfs::registry::Registry;
use demo::{Effect, Options, Rule, SECRET_KEY};
use futures::TryStreamExt;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while it is held").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Writes down what this thread logs, at every level, while the guard lives.
    fn listen(&self) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic while it is held")).into_owned()
    }
}

#[tokio::test]
async fn every_hit_miss_and_invalidation_is_in_the_log_with_its_key() {
    let log = Log::default();
    let server = serve(Options::default());
    server.store().put("box", "d/k", "x");
    let mut settings = Settings::default();
    settings.connections.insert("s3".into(), Connection::default());
    let registry = Registry::new(&settings, &env(&server));
    let _guard = log.listen();
    for _ in 0..2 {
        let pages = at(&registry, "d/").list(Freshness::Cached);
        pages.try_collect::<Vec<_>>().await.expect("listed");
    }
    write(&at(&registry, "d/new"), "y", Precondition::None).await.expect("written");
    let text = log.text();
    for said in ["miss", "hit", "invalidated"] {
        let line = format!("cache: {said} key=ListObjectsV2 s3://\"box\"/\"d/\" by /");
        assert!(text.contains(&line), "no \"{line}\" in the log");
    }
    assert_eq!(text.matches("operation=\"ListObjectsV2\" location=s3://box/d/ status=200").count(), 1);
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let log = Log::default();
    let _guard = log.listen();

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

    let text = log.text();
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
