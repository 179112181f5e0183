use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bifold::config::Connection;
use bifold::model::ErrorKind;
use bifold::vfs::Precondition;
use demo::{Effect, Options, Rule, SECRET_KEY};
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

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

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

    let text = String::from_utf8_lossy(&log.0.lock().expect("no panic while it is held")).into_owned();
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
