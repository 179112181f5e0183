//! That a link is the same again, and whose it is.

use std::path::Path;

use bifold::config::{Connection, Env};
use bifold::model::{Cut, LinkAsk};
use bifold::vfs::registry::Registry;
use demo::{ACCESS_KEY, Options, RESTRICTED_KEY, RESTRICTED_SECRET, SECRET_KEY, Server};

use super::{HOUR, ask, at, registry_on, serve, uncached, url};
use crate::support::env;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_link_comes_again_and_those_who_ask_at_once_share_it() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    let path = at(&registry, "a");
    let (asked, other) = (LinkAsk::get(HOUR), LinkAsk::get(2 * HOUR));
    let all = futures::future::join_all((0..100).map(|_| path.presign(&asked))).await;
    let first = all[0].as_ref().expect("signed");
    assert!(all.iter().all(|link| url(link.as_ref().expect("signed")) == url(first)));
    let again = at(&registry, "a").presign(&asked).await.expect("signed");
    assert_eq!((url(&again), again.ends), (url(first), first.ends));
    assert_ne!(url(&path.presign(&other).await.expect("signed")), url(first));
    let figures = registry.link_figures();
    assert_eq!((figures.issued, figures.reused, figures.held), (2, 100, 2));
    assert_eq!(server.counts().total(), 0);
}

/// Credentials from a program, which gives what stands in a file.
fn programmed(server: &Server, home: &Path) -> Registry {
    let config = format!("[default]\ncredential_process = /bin/cat {}/keys.json\n", home.display());
    std::fs::write(home.join("config"), config).expect("written");
    let own = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let kept = server.env().into_iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let env: Env = kept.collect();
    let env = env.with("AWS_CONFIG_FILE", home.join("config")).with("HOME", home);
    registry_on(&env, Connection::default())
}

fn give(home: &Path, key: &str, secret: &str, seconds: i64) {
    let ends = chrono::Utc::now() + chrono::TimeDelta::seconds(seconds);
    let text = format!(
        r#"{{"Version":1,"AccessKeyId":"{key}","SecretAccessKey":"{secret}","Expiration":"{}"}}"#,
        ends.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    );
    std::fs::write(home.join("keys.json"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_a_minute_before_its_credentials_which_is_told() {
    let server = serve(Options::default());
    server.store().put("box", "a", "bytes");
    let home = tempfile::tempdir().expect("a temporary directory");
    give(home.path(), ACCESS_KEY, SECRET_KEY, 600);
    let link = at(&programmed(&server, home.path()), "a").presign(&LinkAsk::get(HOUR)).await.expect("signed");
    assert_eq!(link.cut, Some(Cut::Credentials));
    assert!((530..=540).contains(&link.life.as_secs()), "{:?}", link.life);
    assert_eq!(ask("GET", url(&link), &[], b"").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_make_new_links_and_drop_the_old_ones() {
    let server = serve(Options::default());
    let home = tempfile::tempdir().expect("a temporary directory");
    // So near their end that each signing asks for others.
    give(home.path(), ACCESS_KEY, SECRET_KEY, 62);
    let registry = programmed(&server, home.path());
    let old = at(&registry, "a").presign(&LinkAsk::get(HOUR)).await.expect("signed");
    give(home.path(), RESTRICTED_KEY, RESTRICTED_SECRET, 7200);
    let new = at(&registry, "a").presign(&LinkAsk::get(HOUR)).await.expect("signed");
    assert!(url(&old).contains(ACCESS_KEY) && url(&new).contains(RESTRICTED_KEY));
    let figures = registry.link_figures();
    assert_eq!((figures.issued, figures.reused, figures.held), (2, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_over_say_what_to_do() {
    let server = serve(Options::default());
    let home = tempfile::tempdir().expect("a temporary directory");
    give(home.path(), ACCESS_KEY, SECRET_KEY, 30);
    let asked = at(&programmed(&server, home.path()), "a").presign(&LinkAsk::get(HOUR)).await;
    let error = crate::support::fails(asked, bifold::model::ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("renew them"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_replaced_forgets_its_links() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    at(&registry, "a").presign(&LinkAsk::get(HOUR)).await.expect("signed");
    registry.connect("s3", &Connection::default(), &env(&server));
    assert_eq!(registry.link_figures().held, 0);
}
