//! Ranges, conditions, headers, archived objects, odd listings.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, EncodingType, ServerSideEncryption, StorageClass};
use demo::Blob;

use crate::support::{BUCKET, config, refusal, start};

#[tokio::test]
async fn ranges_are_answered_with_206_and_416() {
    let (server, s3) = start();
    server.store().put(BUCKET, "k", "0123456789");
    server.store().put(BUCKET, "empty", "");
    for (range, expected, told) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let got = s3.get_object().bucket(BUCKET).key("k").range(range).send().await.unwrap();
        assert_eq!(got.content_range(), Some(told));
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), expected);
    }
    for (key, range) in [("k", "bytes=10-"), ("empty", "bytes=0-0")] {
        let result = s3.get_object().bucket(BUCKET).key(key).range(range).send().await;
        assert_eq!(refusal(result), (416, "InvalidRange".into()));
    }
}

#[tokio::test]
async fn reads_obey_their_conditions() {
    let (server, s3) = start();
    server.store().put(BUCKET, "k", "hello");
    let tag = server.store().info(BUCKET, "k").unwrap().etag;
    let get = || s3.get_object().bucket(BUCKET).key("k");
    assert!(get().if_match(&tag).send().await.is_ok());
    assert_eq!(refusal(get().if_match("\"other\"").send().await), (412, "PreconditionFailed".into()));
    assert_eq!(refusal(get().if_none_match(format!("\"{tag}\"")).send().await).0, 304);
    assert!(get().if_none_match("\"other\"").send().await.is_ok());
    let (past, future) = (DateTime::from_secs(1_000_000), DateTime::from_secs(9_000_000_000));
    assert_eq!(refusal(get().if_modified_since(future).send().await).0, 304);
    assert!(get().if_modified_since(past).send().await.is_ok());
    assert_eq!(refusal(get().if_unmodified_since(past).send().await).0, 412);
    let head = s3.head_object().bucket(BUCKET).key("k").if_none_match(tag).send().await;
    assert_eq!(refusal(head).0, 304);
}

#[tokio::test]
async fn headers_are_kept_and_told() {
    let (_server, s3) = start();
    s3.put_object()
        .bucket(BUCKET)
        .key("k")
        .body(ByteStream::from_static(b"x"))
        .content_type("text/plain")
        .content_encoding("gzip")
        .content_disposition("inline")
        .content_language("de")
        .cache_control("no-cache")
        .storage_class(StorageClass::StandardIa)
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id("key-1")
        .metadata("owner", "ünï")
        .tagging("a=1&b=x%20y")
        .send()
        .await
        .unwrap();
    let head = s3.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!((head.content_type(), head.content_encoding()), (Some("text/plain"), Some("gzip")));
    assert_eq!((head.content_disposition(), head.content_language()), (Some("inline"), Some("de")));
    assert_eq!(
        (head.cache_control(), head.storage_class()),
        (Some("no-cache"), Some(&StorageClass::StandardIa))
    );
    assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms));
    assert_eq!(head.ssekms_key_id(), Some("key-1"));
    let tags = s3.get_object_tagging().bucket(BUCKET).key("k").send().await.unwrap();
    let told: Vec<_> = tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(told, [("a", "1"), ("b", "x y")]);
    s3.delete_object_tagging().bucket(BUCKET).key("k").send().await.unwrap();
    assert!(s3.get_object_tagging().bucket(BUCKET).key("k").send().await.unwrap().tag_set().is_empty());
}

#[tokio::test]
async fn archived_objects_are_not_read_or_copied() {
    let (server, s3) = start();
    server.store().put(BUCKET, "k", "cold");
    server.store().set_class(BUCKET, "k", "GLACIER");
    let get = s3.get_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(refusal(get), (403, "InvalidObjectState".into()));
    let copy = s3.copy_object().bucket(BUCKET).key("l").copy_source(format!("{BUCKET}/k")).send().await;
    assert_eq!(refusal(copy), (403, "ObjectNotInActiveTierError".into()));
    let head = s3.head_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(head.storage_class(), Some(&StorageClass::Glacier));
}

#[tokio::test]
async fn a_control_character_breaks_a_page_that_is_not_encoded() {
    let (server, s3) = start();
    for key in ["bell\u{7}", "a b+c/é", "cr\rx"] {
        server.store().put(BUCKET, key, "");
    }
    let page = s3.list_objects_v2().bucket(BUCKET).send().await;
    assert!(page.is_err_and(|error| error.as_service_error().is_none() || error.raw_response().is_some()));
    let page = s3.list_objects_v2().bucket(BUCKET).encoding_type(EncodingType::Url).send().await.unwrap();
    let keys: Vec<_> = page.contents().iter().filter_map(|row| row.key()).collect();
    assert_eq!(keys, ["a+b%2Bc/%C3%A9", "bell%07", "cr%0Dx"]);
    server.store().delete(BUCKET, "bell\u{7}");
    let page = s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    let keys: Vec<_> = page.contents().iter().filter_map(|row| row.key()).collect();
    assert_eq!(keys, ["a b+c/é", "cr\rx"]);
}

/// What a HEAD tells of one sum.
fn told<'a>(head: &'a HeadObjectOutput, algorithm: &str) -> Option<&'a str> {
    match algorithm {
        "CRC32" => head.checksum_crc32(),
        "CRC32C" => head.checksum_crc32_c(),
        "SHA1" => head.checksum_sha1(),
        "SHA256" => head.checksum_sha256(),
        _ => head.checksum_crc64_nvme(),
    }
}

#[tokio::test]
async fn sums_are_checked_kept_and_told() {
    let (server, _) = start();
    let sums = config(&server)
        .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
        .response_checksum_validation(ResponseChecksumValidation::WhenSupported);
    let s3 = Client::from_conf(sums.build());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hello").unwrap();
    for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"] {
        // A file comes in chunks with its sum in a trailer; bytes in memory as the SDK likes it.
        let streamed = ByteStream::from_path(file.path()).await.unwrap();
        for body in [streamed, ByteStream::from_static(b"hello")] {
            let put = s3.put_object().bucket(BUCKET).key(algorithm).body(body);
            put.checksum_algorithm(ChecksumAlgorithm::from(algorithm)).send().await.unwrap();
            let head = s3.head_object().bucket(BUCKET).key(algorithm).checksum_mode(ChecksumMode::Enabled);
            assert!(told(&head.send().await.unwrap(), algorithm).is_some(), "{algorithm}");
            assert_eq!(server.store().get(BUCKET, algorithm).unwrap(), "hello");
            assert_eq!(server.store().info(BUCKET, algorithm).unwrap().attributes.content_encoding, None);
            let got = s3.get_object().bucket(BUCKET).key(algorithm).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().into_bytes(), "hello");
        }
    }
    let wrong = s3.put_object().bucket(BUCKET).key("bad").body(ByteStream::from_static(b"hello"));
    let wrong = wrong.checksum_crc64_nvme("AAAAAAAAAAA=").send().await;
    assert_eq!(refusal(wrong), (400, "BadDigest".into()));
    let wrong = s3.put_object().bucket(BUCKET).key("bad").body(ByteStream::from_static(b"hello"));
    let wrong = wrong.content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await;
    assert_eq!(refusal(wrong), (400, "BadDigest".into()));
    assert!(server.store().info(BUCKET, "bad").is_none());
}

#[tokio::test]
async fn a_synthetic_body_costs_nothing_and_reads_the_same_in_ranges() {
    let (server, s3) = start();
    let five = 5_000_000_000;
    server.store().put(BUCKET, "big", Blob::noise(1, five));
    let head = s3.head_object().bucket(BUCKET).key("big").send().await.unwrap();
    assert_eq!(head.content_length(), i64::try_from(five).ok());
    let range = "bytes=4999999000-4999999999";
    let got = s3.get_object().bucket(BUCKET).key("big").range(range).send().await.unwrap();
    let bytes = got.body.collect().await.unwrap().into_bytes();
    assert_eq!(bytes, Blob::noise(1, five).slice(five - 1000..five).to_bytes());
}
