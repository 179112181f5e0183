//! Putting, getting, listing, deleting; odd keys; counts.

use aws_sdk_s3::primitives::ByteStream;
use demo::{Blob, Options, REFUSED, Server};

use crate::support::{BUCKET, client, refusal, start, start_with};

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let (server, s3) = start();
    let put = s3
        .put_object()
        .bucket(BUCKET)
        .key("a/b")
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let got = s3.get_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    assert_eq!((got.content_length(), got.e_tag()), (Some(5), put.e_tag()));
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "hello");
    let head = s3.head_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    assert_eq!((head.content_length(), head.content_type()), (Some(5), Some("application/octet-stream")));
    s3.delete_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    assert_eq!(refusal(s3.get_object().bucket(BUCKET).key("a/b").send().await), (404, "NoSuchKey".into()));
    assert_eq!(refusal(s3.head_object().bucket(BUCKET).key("a/b").send().await).0, 404);
    s3.delete_object().bucket(BUCKET).key("a/b").send().await.unwrap();
    assert!(server.store().keys(BUCKET).is_empty());
}

#[tokio::test]
async fn a_large_body_passes_in_both_directions() {
    let (server, s3) = start();
    let body = Blob::noise(3, 20 << 20).to_bytes();
    s3.put_object().bucket(BUCKET).key("big").body(body.clone().into()).send().await.unwrap();
    assert_eq!(server.store().get(BUCKET, "big").unwrap(), body);
    let got = s3.get_object().bucket(BUCKET).key("big").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), body);
    assert_eq!((server.counts().bytes_in, server.counts().bytes_out), (20 << 20, 20 << 20));
}

#[tokio::test]
async fn every_key_is_itself() {
    let (server, s3) = start();
    let long = "k".repeat(1024);
    let keys = [
        "a",
        "a/",
        "a/b",
        "a//b",
        "/",
        "//",
        "/lead",
        "a/../b",
        "..",
        ".",
        "./x",
        "a b+c%20&=?#",
        "ünï/日本/🦀",
        "new\nline",
        "tab\t",
        "bell\u{7}",
        "esc\u{1b}[31m",
        "cr\r\nx",
        "<&>\"'",
        "\u{202e}bidi",
        "zero\u{200b}width",
        "trailing ",
        " leading",
        "*",
        "~",
        &long,
    ];
    for key in keys {
        s3.put_object().bucket(BUCKET).key(key).body(key.as_bytes().to_vec().into()).send().await.unwrap();
    }
    let mut expected: Vec<&str> = keys.to_vec();
    expected.sort_unstable();
    assert_eq!(server.store().keys(BUCKET), expected);
    for key in keys {
        let got = s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), key);
        s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    assert!(server.store().keys(BUCKET).is_empty());
    let longer = "k".repeat(1025);
    let result = s3.put_object().bucket(BUCKET).key(longer).send().await;
    assert_eq!(refusal(result), (400, "KeyTooLongError".into()));
}

#[tokio::test]
async fn a_listing_groups_pages_and_counts() {
    let (server, s3) = start_with(Options { max_page: 2, ..Options::default() });
    for key in ["a", "a-/x", "a/", "a/1", "a/2", "b", "c/1"] {
        server.store().put(BUCKET, key, key);
    }
    let mut rows = Vec::new();
    let mut token = None;
    loop {
        let page = s3
            .list_objects_v2()
            .bucket(BUCKET)
            .delimiter("/")
            .set_continuation_token(token)
            .send()
            .await
            .unwrap();
        assert_eq!(
            page.key_count(),
            i32::try_from(page.contents().len() + page.common_prefixes().len()).ok()
        );
        rows.extend(page.common_prefixes().iter().map(|row| row.prefix().unwrap().to_owned()));
        rows.extend(page.contents().iter().map(|row| row.key().unwrap().to_owned()));
        assert_eq!(page.is_truncated(), Some(page.next_continuation_token().is_some()));
        match page.next_continuation_token() {
            Some(next) => token = Some(next.to_owned()),
            None => break,
        }
    }
    rows.sort();
    assert_eq!(rows, ["a", "a-/", "a/", "b", "c/"]);
    assert_eq!(server.counts().get("ListObjectsV2"), 3);
    let page = s3.list_objects_v2().bucket(BUCKET).prefix("a/").send().await.unwrap();
    let row = &page.contents()[0];
    assert_eq!(
        (row.key(), row.size(), row.storage_class().unwrap().as_str()),
        (Some("a/"), Some(2), "STANDARD")
    );
    assert_eq!(page.contents().len(), 2);
    let after = s3.list_objects_v2().bucket(BUCKET).prefix("a/").start_after("a/1").send().await.unwrap();
    assert_eq!(after.contents()[0].key(), Some("a/2"));
    let none = s3.list_objects_v2().bucket(BUCKET).max_keys(0).send().await.unwrap();
    assert_eq!((none.contents().len(), none.is_truncated()), (0, Some(false)));
}

#[tokio::test]
async fn requests_are_counted_and_logged_in_order() {
    let (server, s3) = start();
    s3.put_object().bucket(BUCKET).key("x/y").body(ByteStream::from_static(b"12345")).send().await.unwrap();
    s3.list_objects_v2().bucket(BUCKET).prefix("x/").send().await.unwrap();
    let _ = s3.head_object().bucket(BUCKET).key("none").send().await;
    let log = server.log();
    let told: Vec<_> = log.iter().map(|one| (one.operation.as_str(), one.key.as_str(), one.status)).collect();
    assert_eq!(
        told,
        [
            ("PutObject", "x/y", Some(200)),
            ("ListObjectsV2", "x/", Some(200)),
            ("HeadObject", "none", Some(404))
        ]
    );
    assert_eq!((server.counts().total(), server.counts().bytes_in), (3, 5));
    server.reset_counts();
    assert_eq!((server.counts().total(), server.log().len()), (0, 0));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_before_anything_else() {
    let (server, _) = start();
    let wrong = aws_sdk_s3::config::Credentials::new(demo::ACCESS_KEY, "wrong", None, None, "test");
    let s3 =
        aws_sdk_s3::Client::from_conf(crate::support::config(&server).credentials_provider(wrong).build());
    assert_eq!(refusal(s3.list_buckets().send().await), (403, "SignatureDoesNotMatch".into()));
    assert_eq!(server.counts().get(REFUSED), 1);
    let unknown = aws_sdk_s3::config::Credentials::new("NOBODY", "x", None, None, "test");
    let s3 =
        aws_sdk_s3::Client::from_conf(crate::support::config(&server).credentials_provider(unknown).build());
    assert_eq!(refusal(s3.list_buckets().send().await), (403, "InvalidAccessKeyId".into()));
}

#[test]
fn a_server_serves_whoever_has_no_runtime_and_stops_when_dropped() {
    let server = Server::start(Options::default()).unwrap();
    let address = server.endpoint().replace("http://", "");
    assert!(std::net::TcpStream::connect(&address).is_ok());
    let s3 = client(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { s3.list_buckets().send().await.unwrap() });
    drop(server);
    // Its runtime goes in the background: the port closes soon after.
    assert!((0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        std::net::TcpStream::connect(&address).is_err()
    }));
}
