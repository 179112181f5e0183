use bifold::config::{Connection, Env};
use bifold::model::ErrorKind;
use demo::{Effect, Options, Rule};

use crate::support::*;

/// An environment that leads nowhere but to this endpoint.
fn bare(endpoint: &str) -> Env {
    Env::default()
        .with("AWS_ENDPOINT_URL", endpoint)
        .with("AWS_REGION", "us-east-1")
        .with("AWS_EC2_METADATA_DISABLED", "true")
        .with("AWS_CONFIG_FILE", "/dev/null")
        .with("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
}

fn keyed(endpoint: &str) -> Env {
    bare(endpoint).with("AWS_ACCESS_KEY_ID", "AKIDNOBODY").with("AWS_SECRET_ACCESS_KEY", "nothing")
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "");
    for (effect, kind, help) in [
        (Effect::expired_token(), ErrorKind::Unauthenticated, "sign in again"),
        (Effect::clock_skew(), ErrorKind::ClockSkew, "clock"),
        (Effect::access_denied(), ErrorKind::Denied, "s3:ListBucket"),
        (Effect::error(403, "SignatureDoesNotMatch", "no"), ErrorKind::Unauthenticated, "secret"),
        (Effect::error(501, "NotImplemented", "no"), ErrorKind::Unsupported, "doesn't offer"),
    ] {
        server.faults().clear();
        server.faults().add(Rule::on("ListObjectsV2", effect).always());
        let error = fails(rows(&path).await, kind);
        let text = error.to_string();
        assert!(text.contains("could not list s3://box/") && text.contains(help), "{text}");
    }
}

#[tokio::test]
async fn what_is_missing_says_where_to_look() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let registry = uncached(&server);
    for (path, help) in [
        (at(&registry, "none"), "case and every slash"),
        (place(&registry, "s3", "nowhere", "k"), "s3:// lists the buckets"),
    ] {
        for error in [fails(read(&path).await, ErrorKind::NotFound), {
            fails(path.stat(bifold::model::Freshness::Past).await, ErrorKind::NotFound)
        }] {
            assert!(error.to_string().contains(help), "{error}");
        }
    }
    let error = fails(at(&registry, "").remove(bifold::vfs::Precondition::None).await, ErrorKind::NotEmpty);
    assert!(error.to_string().contains("delete what is in it first"), "{error}");
}

#[tokio::test]
async fn no_credentials_is_told_without_a_request() {
    let server = serve(Options::default());
    let registry = registry_on(&bare(&server.endpoint()), Connection::default());
    let error = fails(rows(&at(&registry, "")).await, ErrorKind::Unauthenticated);
    let text = error.to_string();
    assert!(text.contains("no credentials were found") && text.contains("AWS_PROFILE"), "{error}");
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test]
async fn an_unknown_access_key_is_told() {
    let server = serve(Options::default());
    let registry = registry_on(&keyed(&server.endpoint()), Connection::default());
    let error = fails(rows(&at(&registry, "")).await, ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("access key"), "{error}");
}

#[tokio::test]
async fn what_is_public_is_read_without_credentials() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    server.store().set_public("box", true);
    let anonymous = Connection { anonymous: true, ..Connection::default() };
    let registry = registry_on(&bare(&server.endpoint()), anonymous);
    assert_eq!(names(&at(&registry, "")).await, ["k"]);
    assert_eq!(read(&at(&registry, "k")).await.expect("public"), "x");
    assert!(server.log().iter().all(|request| request.access_key.is_none()));
}

#[tokio::test]
async fn an_endpoint_that_nobody_answers_at_is_unreachable() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("bound"))
    };
    let registry = registry_on(&keyed(&closed), Connection::default());
    let error = fails(read(&at(&registry, "k")).await, ErrorKind::Unreachable);
    let text = error.to_string();
    assert!(text.contains("endpoint_url") && text.contains(&closed), "which address was asked: {error}");
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_is_unreachable() {
    let server = serve(Options::default());
    let https = server.endpoint().replace("http://", "https://");
    let registry = registry_on(&keyed(&https), Connection::default());
    fails(read(&at(&registry, "k")).await, ErrorKind::Unreachable);
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test]
async fn a_variable_that_is_set_to_nothing_is_not_set() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let env = env(&server).with("AWS_ENDPOINT_URL_S3", "");
    assert_eq!(names(&at(&registry_on(&env, Connection::default()), "")).await, ["k"]);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let registry = registry_on(&keyed("http://192.0.2.1:9000"), Connection::default());
    let error = fails(rows(&at(&registry, "")).await, ErrorKind::Invalid);
    assert!(error.to_string().contains("allow_http"), "{error}");
}

#[tokio::test]
async fn an_endpoint_of_s3_alone_and_one_of_a_profile_are_honoured() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let own = env(&server).with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let own = own.with("AWS_ENDPOINT_URL_S3", server.endpoint());
    assert_eq!(names(&at(&registry_on(&own, Connection::default()), "")).await, ["k"]);

    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("config");
    let keys: Vec<_> = server.env().into_iter().filter(|(name, _)| name.contains("KEY")).collect();
    let (id, secret) = (&keys[0].1, &keys[1].1);
    let text = format!(
        "[profile demo]\nregion = us-east-1\nendpoint_url = {}\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n",
        server.endpoint()
    );
    std::fs::write(&file, text).expect("written");
    let env =
        Env::default().with("AWS_CONFIG_FILE", file.as_os_str()).with("AWS_EC2_METADATA_DISABLED", "true");
    let connection = Connection { profile: Some("demo".into()), ..Connection::default() };
    assert_eq!(names(&at(&registry_on(&env, connection), "")).await, ["k"]);
    assert_eq!(
        names(&at(&registry_on(&env.with("AWS_PROFILE", "demo"), Connection::default()), "")).await,
        ["k"]
    );
}
