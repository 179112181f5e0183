//! Conditional writes, copies, deletes, multipart uploads, versions, buckets.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, Delete, MetadataDirective, ObjectIdentifier,
};
use demo::{Attributes, Blob, Options, Versioning};

use crate::support::{BUCKET, refusal, start, start_with};

fn identifiers<'a>(keys: impl IntoIterator<Item = &'a str>) -> Delete {
    let one = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    Delete::builder().set_objects(Some(keys.into_iter().map(one).collect())).build().unwrap()
}

#[tokio::test]
async fn writes_obey_their_conditions() {
    let (server, s3) = start();
    let put = |key: &str| s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(b"new"));
    put("k").if_none_match("*").send().await.unwrap();
    assert_eq!(refusal(put("k").if_none_match("*").send().await), (412, "PreconditionFailed".into()));
    assert_eq!(refusal(put("k").if_match("\"old\"").send().await), (412, "PreconditionFailed".into()));
    assert_eq!(refusal(put("none").if_match("\"old\"").send().await), (404, "NoSuchKey".into()));
    let tag = server.store().info(BUCKET, "k").unwrap().etag;
    put("k").if_match(&tag).send().await.unwrap();
    let delete = |key: &str, tag: &str| s3.delete_object().bucket(BUCKET).key(key).if_match(tag).send();
    assert_eq!(refusal(delete("k", "\"old\"").await), (412, "PreconditionFailed".into()));
    assert_eq!(refusal(delete("none", "\"old\"").await), (404, "NoSuchKey".into()));
    delete("k", &tag).await.unwrap();
    assert!(server.store().keys(BUCKET).is_empty());
}

#[tokio::test]
async fn a_copy_keeps_what_s3_keeps() {
    let (server, s3) = start();
    let attributes = Attributes {
        content_type: Some("text/plain".into()),
        class: Some("STANDARD_IA".into()),
        encryption: Some(("aws:kms".into(), None)),
        metadata: [("a".to_owned(), "1".to_owned())].into(),
        tags: vec![("t".into(), "1".into())],
        ..Attributes::default()
    };
    server.store().put_with(BUCKET, "from é", "body", attributes);
    let tag = server.store().info(BUCKET, "from é").unwrap().etag;
    let copy =
        |to: &str| s3.copy_object().bucket(BUCKET).key(to).copy_source(format!("{BUCKET}/from%20%C3%A9"));
    copy("kept").copy_source_if_match(&tag).send().await.unwrap();
    let kept = server.store().info(BUCKET, "kept").unwrap();
    assert_eq!((kept.class.as_str(), kept.attributes.encryption), ("STANDARD", None));
    assert_eq!((kept.attributes.metadata.len(), kept.attributes.tags.len()), (1, 1));
    assert_eq!((kept.etag, kept.attributes.content_type.as_deref()), (tag, Some("text/plain")));
    copy("new").metadata_directive(MetadataDirective::Replace).metadata("b", "2").send().await.unwrap();
    assert!(server.store().info(BUCKET, "new").unwrap().attributes.metadata.contains_key("b"));
    assert_eq!(
        refusal(copy("x").copy_source_if_match("\"old\"").send().await),
        (412, "PreconditionFailed".into())
    );
    assert_eq!(refusal(copy("kept").if_none_match("*").send().await), (412, "PreconditionFailed".into()));
    assert_eq!(refusal(copy("from é").send().await), (400, "InvalidRequest".into()));
    let absent = s3.copy_object().bucket(BUCKET).key("x").copy_source(format!("{BUCKET}/none")).send().await;
    assert_eq!(refusal(absent), (404, "NoSuchKey".into()));
}

#[tokio::test]
async fn many_are_deleted_each_with_its_own_outcome() {
    let (server, s3) = start();
    for key in ["a", "b", "kept"] {
        server.store().put(BUCKET, key, "");
    }
    server.store().set_locked(BUCKET, "kept", true);
    let deleted = s3.delete_objects().bucket(BUCKET).delete(identifiers(["a", "b", "kept", "none"]));
    let deleted = deleted.send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 3);
    let errors: Vec<_> = deleted.errors().iter().map(|one| (one.key(), one.code())).collect();
    assert_eq!(errors, [(Some("kept"), Some("AccessDenied"))]);
    assert_eq!(server.store().keys(BUCKET), ["kept"]);
    let many: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let too_many = identifiers(many.iter().map(String::as_str));
    assert_eq!(refusal(s3.delete_objects().bucket(BUCKET).delete(too_many).send().await).1, "MalformedXML");
    let control = s3.delete_objects().bucket(BUCKET).delete(identifiers(["bell\u{7}"])).send().await;
    assert_eq!(refusal(control), (400, "MalformedXML".into()));
}

async fn parts(s3: &aws_sdk_s3::Client, id: &str, bodies: &[Blob]) -> Vec<CompletedPart> {
    let mut done = Vec::new();
    for (number, body) in (1..).zip(bodies) {
        let part = s3.upload_part().bucket(BUCKET).key("k").upload_id(id).part_number(number);
        let part = part.body(body.to_bytes().into()).send().await.unwrap();
        done.push(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build());
    }
    done
}

fn completed(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let (server, s3) = start_with(Options { max_page: 2, ..Options::default() });
    let begun = s3.create_multipart_upload().bucket(BUCKET).key("k").metadata("a", "1").send().await.unwrap();
    let id = begun.upload_id().unwrap();
    let bodies = [Blob::noise(1, 5 << 20), Blob::noise(2, 5 << 20), Blob::noise(3, 10)];
    let done = parts(&s3, id, &bodies).await;
    assert!(server.store().keys(BUCKET).is_empty());
    assert_eq!(server.store().open_uploads(BUCKET), [("k".to_owned(), id.to_owned())]);
    let page = s3.list_parts().bucket(BUCKET).key("k").upload_id(id).send().await.unwrap();
    assert_eq!((page.parts().len(), page.is_truncated()), (2, Some(true)));
    let marker = page.next_part_number_marker().unwrap();
    let page = s3
        .list_parts()
        .bucket(BUCKET)
        .key("k")
        .upload_id(id)
        .part_number_marker(marker)
        .send()
        .await
        .unwrap();
    assert_eq!((page.parts()[0].size(), page.is_truncated()), (Some(10), Some(false)));
    let complete = |parts| {
        s3.complete_multipart_upload()
            .bucket(BUCKET)
            .key("k")
            .upload_id(id)
            .multipart_upload(completed(parts))
    };
    let mut turned = done.clone();
    turned.reverse();
    assert_eq!(refusal(complete(turned).send().await), (400, "InvalidPartOrder".into()));
    let small = vec![done[2].clone(), CompletedPart::builder().part_number(4).e_tag("\"x\"").build()];
    assert_eq!(refusal(complete(small).send().await), (400, "InvalidPart".into()));
    let whole = Blob::concat(bodies);
    let sum = crc(&whole);
    let wrong = complete(done.clone()).checksum_crc64_nvme("AAAAAAAAAAA=").send().await;
    assert_eq!(refusal(wrong), (400, "BadDigest".into()));
    let all = complete(done.clone()).checksum_crc64_nvme(&sum).if_none_match("*").send().await.unwrap();
    assert!(all.e_tag().unwrap().ends_with("-3\""));
    assert_eq!(all.checksum_crc64_nvme(), Some(sum.as_str()));
    assert_eq!(server.store().get(BUCKET, "k").unwrap(), whole.to_bytes());
    assert_eq!(refusal(complete(done).send().await), (404, "NoSuchUpload".into()));
    assert!(server.store().open_uploads(BUCKET).is_empty());
}

fn crc(blob: &Blob) -> String {
    use base64::Engine as _;
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &blob.to_bytes());
    base64::engine::general_purpose::STANDARD.encode(sum.to_be_bytes())
}

#[tokio::test]
async fn a_part_that_is_too_small_is_refused_unless_the_server_is_told_otherwise() {
    for (least, refused) in [(5 << 20, true), (1, false)] {
        let (_server, s3) = start_with(Options { min_part: least, ..Options::default() });
        let begun = s3.create_multipart_upload().bucket(BUCKET).key("k").send().await.unwrap();
        let id = begun.upload_id().unwrap();
        let done = parts(&s3, id, &[Blob::from("ab"), Blob::from("c")]).await;
        let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(id);
        let result = complete.multipart_upload(completed(done)).send().await;
        if refused {
            assert_eq!(refusal(result), (400, "EntityTooSmall".into()));
        } else {
            result.map(drop).unwrap();
        }
    }
}

#[tokio::test]
async fn parts_are_copied_listed_and_aborted() {
    let (server, s3) = start();
    server.store().put(BUCKET, "big", Blob::noise(9, 6_000_000_000));
    let create =
        s3.create_multipart_upload().bucket(BUCKET).key("k").checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    let id = create.send().await.unwrap().upload_id.unwrap();
    let copy = s3.upload_part_copy().bucket(BUCKET).key("k").upload_id(&id).part_number(1);
    let copy = copy
        .copy_source(format!("{BUCKET}/big"))
        .copy_source_range("bytes=10-536870921")
        .send()
        .await
        .unwrap();
    let tag = copy.copy_part_result().unwrap().e_tag().unwrap().to_owned();
    let beyond = s3.upload_part_copy().bucket(BUCKET).key("k").upload_id(&id).part_number(2);
    let beyond =
        beyond.copy_source(format!("{BUCKET}/big")).copy_source_range("bytes=0-6000000000").send().await;
    assert_eq!(refusal(beyond), (400, "InvalidArgument".into()));
    let uploads = s3.list_multipart_uploads().bucket(BUCKET).prefix("k").send().await.unwrap();
    assert_eq!(uploads.uploads()[0].upload_id(), Some(id.as_str()));
    let part = CompletedPart::builder().part_number(1).e_tag(tag).build();
    let complete = s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id);
    complete.multipart_upload(completed(vec![part])).send().await.unwrap();
    assert_eq!(server.store().info(BUCKET, "k").unwrap().size, 512 << 20);
    let begun = s3.create_multipart_upload().bucket(BUCKET).key("x").send().await.unwrap();
    let abort =
        || s3.abort_multipart_upload().bucket(BUCKET).key("x").upload_id(begun.upload_id().unwrap()).send();
    abort().await.unwrap();
    assert_eq!(refusal(abort().await), (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn versions_hide_and_reveal() {
    let (server, s3) = start_with(Options { max_page: 2, ..Options::default() });
    server.store().set_versioning(BUCKET, Versioning::Enabled);
    let put = |text: &'static str| {
        s3.put_object().bucket(BUCKET).key("k").body(ByteStream::from_static(text.as_bytes()))
    };
    let first = put("1").send().await.unwrap().version_id.unwrap();
    let second = put("2").send().await.unwrap().version_id.unwrap();
    assert_ne!(first, second);
    let deleted = s3.delete_object().bucket(BUCKET).key("k").send().await.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let marker = deleted.version_id().unwrap();
    assert_eq!(refusal(s3.get_object().bucket(BUCKET).key("k").send().await), (404, "NoSuchKey".into()));
    let on_marker = s3.get_object().bucket(BUCKET).key("k").version_id(marker).send().await;
    assert_eq!(refusal(on_marker), (405, "MethodNotAllowed".into()));
    let old = s3.get_object().bucket(BUCKET).key("k").version_id(&first).send().await.unwrap();
    assert_eq!(old.body.collect().await.unwrap().into_bytes(), "1");
    assert!(s3.list_objects_v2().bucket(BUCKET).send().await.unwrap().contents().is_empty());
    let page = s3.list_object_versions().bucket(BUCKET).send().await.unwrap();
    assert_eq!((page.versions().len(), page.delete_markers().len(), page.is_truncated()), (1, 1, Some(true)));
    let next = s3
        .list_object_versions()
        .bucket(BUCKET)
        .set_key_marker(page.next_key_marker)
        .set_version_id_marker(page.next_version_id_marker);
    let page = next.send().await.unwrap();
    assert_eq!((page.versions()[0].version_id(), page.is_truncated()), (Some(first.as_str()), Some(false)));
    s3.delete_object().bucket(BUCKET).key("k").version_id(marker).send().await.unwrap();
    assert_eq!(server.store().get(BUCKET, "k").unwrap(), "2");
    s3.delete_object().bucket(BUCKET).key("k").version_id(&second).send().await.unwrap();
    assert_eq!(server.store().get(BUCKET, "k").unwrap(), "1");
}

#[tokio::test]
async fn buckets_are_made_found_and_removed() {
    let (_server, s3) = start();
    s3.create_bucket().bucket("new-one").send().await.unwrap();
    assert_eq!(refusal(s3.create_bucket().bucket("new-one").send().await).1, "BucketAlreadyOwnedByYou");
    let head = s3.head_bucket().bucket("new-one").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    assert!(s3.get_bucket_location().bucket("new-one").send().await.is_ok());
    s3.put_object().bucket("new-one").key("k").send().await.unwrap();
    assert_eq!(refusal(s3.delete_bucket().bucket("new-one").send().await), (409, "BucketNotEmpty".into()));
    s3.delete_object().bucket("new-one").key("k").send().await.unwrap();
    s3.delete_bucket().bucket("new-one").send().await.unwrap();
    assert_eq!(refusal(s3.list_objects_v2().bucket("new-one").send().await), (404, "NoSuchBucket".into()));
    assert_eq!(refusal(s3.create_bucket().bucket("Wrong_Name").send().await).0, 400);
}
