//! Presigned links against a server that checks signatures: that they work for whoever has them, for as long
//! as they say, that they are the same again, and that they are written nowhere.

mod cli;
mod client;
mod kept;
mod panes;

use std::time::Duration;

use bifold::config::Connection;
use bifold::model::{Cut, ErrorKind, LinkAsk, LinkHeaders, LinkMethod, SignedLink};
use demo::{Options, Versioning};

use self::client::ask;
use super::support::{at, env, fails, registry_of, registry_on, serve, uncached};

const HOUR: Duration = Duration::from_hours(1);

fn url(link: &SignedLink) -> &str {
    link.url.expose()
}

fn put(expires: Duration) -> LinkAsk {
    LinkAsk { method: LinkMethod::Put, ..LinkAsk::get(expires) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_reads_and_a_link_writes_without_credentials() {
    let server = serve(Options::default());
    let odd = "dir/ü +&?#%.txt";
    server.store().put("box", odd, "bytes");
    let path = at(&uncached(&server), odd);
    let read = path.presign(&LinkAsk::get(HOUR)).await.expect("signed");
    assert_eq!((read.life, read.cut, read.may_end_early), (HOUR, None, false));
    assert!(read.send.is_empty(), "{:?}", read.send);
    assert_eq!(server.counts().total(), 0, "signing asks nothing");
    let answer = ask("GET", url(&read), &[], b"");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"bytes"[..]));

    let write = path.presign(&put(HOUR)).await.expect("signed");
    assert_eq!(ask("PUT", url(&write), &[], b"written").status, 200);
    assert_eq!(server.store().get("box", odd).expect("it is there"), "written");
    assert_eq!(ask("GET", url(&write), &[], b"").status, 403, "a link to write doesn't read");
    assert_eq!(ask("PUT", url(&read), &[], b"x").status, 403, "a link to read doesn't write");
    let forged = url(&read).replacen("txt", "tx2", 1);
    assert_eq!(ask("GET", &forged, &[], b"").status, 403, "the signature is for one key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_stops_when_it_is_over() {
    let server = serve(Options::default());
    server.store().put("box", "a", "bytes");
    let brief = LinkAsk::get(Duration::from_secs(2));
    let link = at(&uncached(&server), "a").presign(&brief).await.expect("signed");
    assert_eq!(ask("GET", url(&link), &[], b"").status, 200);
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert_eq!(ask("GET", url(&link), &[], b"").status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_has_the_headers_that_were_asked_for() {
    let server = serve(Options::default());
    server.store().put("box", "a", "bytes");
    let headers = LinkHeaders {
        content_type: Some("text/csv; charset=utf-8".into()),
        content_disposition: Some("attachment; filename=\"ä b.csv\"".into()),
        cache_control: Some("no-store".into()),
        ..LinkHeaders::default()
    };
    let asked = LinkAsk { headers, ..LinkAsk::get(HOUR) };
    let link = at(&uncached(&server), "a").presign(&asked).await.expect("signed");
    let answer = ask("GET", url(&link), &[], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_through_a_link_has_its_headers_and_no_others() {
    let server = serve(Options::default());
    let headers = LinkHeaders { content_type: Some("text/csv".into()), ..LinkHeaders::default() };
    let asked = LinkAsk { headers, ..put(HOUR) };
    let link = at(&uncached(&server), "a").presign(&asked).await.expect("signed");
    assert_eq!(link.send, [("content-type".to_owned(), "text/csv".to_owned())]);
    assert_eq!(ask("PUT", url(&link), &[("content-type", "text/html")], b"x").status, 403);
    assert_eq!(ask("PUT", url(&link), &[("content-type", "text/csv")], b"x").status, 200);
    let info = server.store().info("box", "a").expect("it is there");
    assert_eq!(info.attributes.content_type.as_deref(), Some("text/csv"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_version_reads_that_version() {
    let server = serve(Options::default());
    server.store().set_versioning("box", Versioning::Enabled);
    server.store().put("box", "a", "old");
    let version = server.store().info("box", "a").expect("it is there").version;
    server.store().put("box", "a", "new");
    let asked = LinkAsk { version: Some(version.as_str().into()), ..LinkAsk::get(HOUR) };
    let path = at(&uncached(&server), "a");
    let link = path.presign(&asked).await.expect("signed");
    assert_eq!(ask("GET", url(&link), &[], b"").body, b"old");
    fails(path.presign(&LinkAsk { method: LinkMethod::Put, ..asked }).await, ErrorKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_have_no_link_is_refused_clearly() {
    let server = serve(Options::default());
    let anonymous = registry_of(&server, Connection { anonymous: true, ..Connection::default() });
    let error = fails(at(&anonymous, "a").presign(&LinkAsk::get(HOUR)).await, ErrorKind::Unsupported);
    assert!(error.to_string().contains("anonymous"), "{error}");
    let read_only = registry_of(&server, Connection { read_only: true, ..Connection::default() });
    fails(at(&read_only, "a").presign(&put(HOUR)).await, ErrorKind::ReadOnly);
    at(&read_only, "a").presign(&LinkAsk::get(HOUR)).await.expect("reading is allowed");
    let registry = uncached(&server);
    fails(at(&registry, "").presign(&LinkAsk::get(HOUR)).await, ErrorKind::Invalid);
    fails(at(&registry, "a/../b").presign(&LinkAsk::get(HOUR)).await, ErrorKind::Unsupported);
    fails(at(&registry, "a").presign(&LinkAsk::get(Duration::ZERO)).await, ErrorKind::Invalid);
    let mut broken = LinkAsk::get(HOUR);
    broken.headers.content_type = Some("a\r\nb: c".into());
    fails(at(&registry, "a").presign(&broken).await, ErrorKind::Invalid);
    let local = registry.resolve(&bifold::model::Uri::Local("/etc/hosts".into())).expect("known");
    fails(local.presign(&LinkAsk::get(HOUR)).await, ErrorKind::Unsupported);
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_the_most() {
    let server = serve(Options::default());
    server.store().put("box", "a", "bytes");
    let link = at(&uncached(&server), "a").presign(&LinkAsk::get(200 * HOUR)).await.expect("signed");
    assert_eq!((link.life, link.cut), (168 * HOUR, Some(Cut::Week)));
    assert_eq!(ask("GET", url(&link), &[], b"").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_credentials_are_it_says_so() {
    let server = serve(Options::default());
    let env = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .iter()
        .fold(env(&server), |env, name| env.with(name, ""))
        .with("AWS_EC2_METADATA_DISABLED", "true");
    let path = at(&registry_on(&env, Connection::default()), "a");
    fails(path.presign(&LinkAsk::get(HOUR)).await, ErrorKind::Unauthenticated);
}
