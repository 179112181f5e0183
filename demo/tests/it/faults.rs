//! Each scripted fault, and who may do what.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, CompletedMultipartUpload, CompletedPart};
use demo::{Effect, Options, RESTRICTED_KEY, RESTRICTED_SECRET, Rule, WrongRegion};

use crate::support::{BUCKET, client_in, config, refusal, start, start_with, unsigned};

async fn get(s3: &Client) -> Result<bytes::Bytes, String> {
    let got = s3.get_object().bucket(BUCKET).key("k").send().await.map_err(|error| format!("{error:?}"))?;
    got.body
        .collect()
        .await
        .map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes)
        .map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn error_answers_come_as_scripted_and_then_stop() {
    let (server, s3) = start();
    for (effect, expected) in [
        (Effect::slow_down(), (503, "SlowDown")),
        (Effect::internal_error(), (500, "InternalError")),
        (Effect::access_denied(), (403, "AccessDenied")),
        (Effect::expired_token(), (400, "ExpiredToken")),
        (Effect::clock_skew(), (403, "RequestTimeTooSkewed")),
    ] {
        server.faults().add(Rule::on("PutObject", effect).key("bad"));
        let put = |key: &str| s3.put_object().bucket(BUCKET).key(key).body(vec![0; 3 << 20].into());
        put("good").send().await.unwrap();
        let (status, code) = refusal(put("bad").send().await);
        assert_eq!((status, code.as_str()), expected);
        assert!(server.store().info(BUCKET, "bad").is_none());
        put("bad").send().await.unwrap();
        server.store().delete(BUCKET, "bad");
    }
}

#[tokio::test]
async fn an_answer_can_be_cut_truncated_shortened_bent_and_stalled() {
    let (server, s3) = start();
    let body = bytes::Bytes::from(vec![7; 1 << 20]);
    server.store().put(BUCKET, "k", body.clone());
    for effect in [Effect::CutBody(1000), Effect::TruncateBody(1000)] {
        server.faults().add(Rule::on("GetObject", effect));
        assert!(get(&s3).await.is_err());
    }
    server.faults().add(Rule::on("GetObject", Effect::ShortBody(1000)));
    assert_eq!(get(&s3).await.unwrap().len(), 1000);
    server.faults().add(Rule::on("GetObject", Effect::FlipBit(300_000)));
    let bent = get(&s3).await.unwrap();
    assert_eq!((bent[300_000], bent.iter().filter(|byte| **byte != 7).count()), (6, 1));
    server.faults().add(Rule::on("GetObject", Effect::StallBody(10)));
    assert!(tokio::time::timeout(Duration::from_millis(300), get(&s3)).await.is_err());
    server.faults().add(Rule::on("GetObject", Effect::WrongChecksum));
    let got =
        s3.get_object().bucket(BUCKET).key("k").checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
    assert!(got.body.collect().await.is_err());
    assert_eq!(get(&s3).await.unwrap(), body);
}

#[tokio::test]
async fn a_connection_can_be_dropped_before_within_and_after_a_write() {
    let (server, s3) = start();
    let put = || s3.put_object().bucket(BUCKET).key("k").body(vec![1; 4 << 20].into()).send();
    for effect in [Effect::Drop, Effect::CutRequest(100_000)] {
        server.faults().add(Rule::on("PutObject", effect));
        assert!(matches!(put().await, Err(SdkError::DispatchFailure(_))));
        assert!(server.store().info(BUCKET, "k").is_none());
    }
    server.faults().add(Rule::on("PutObject", Effect::LoseAnswer));
    assert!(matches!(put().await, Err(SdkError::DispatchFailure(_))));
    assert_eq!(server.store().info(BUCKET, "k").unwrap().size, 4 << 20);
    assert_eq!(server.log().last().unwrap().status, None);
}

#[tokio::test]
async fn the_answer_of_each_write_can_be_lost_after_it_was_applied() {
    let (server, s3) = start();
    server.store().put(BUCKET, "from", "body");
    for operation in ["CopyObject", "DeleteObject", "UploadPart", "CompleteMultipartUpload"] {
        server.faults().add(Rule::on(operation, Effect::LoseAnswer));
    }
    let copy = s3.copy_object().bucket(BUCKET).key("to").copy_source(format!("{BUCKET}/from")).send().await;
    assert!(copy.is_err() && server.store().info(BUCKET, "to").is_some());
    let delete = s3.delete_object().bucket(BUCKET).key("to").send().await;
    assert!(delete.is_err() && server.store().info(BUCKET, "to").is_none());
    let id = s3.create_multipart_upload().bucket(BUCKET).key("k").send().await.unwrap().upload_id.unwrap();
    let part = s3.upload_part().bucket(BUCKET).key("k").upload_id(&id).part_number(1);
    assert!(part.body(ByteStream::from_static(b"part")).send().await.is_err());
    let parts = s3.list_parts().bucket(BUCKET).key("k").upload_id(&id).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(parts.parts()[0].e_tag().unwrap()).build();
    let all = CompletedMultipartUpload::builder().parts(part).build();
    let complete =
        s3.complete_multipart_upload().bucket(BUCKET).key("k").upload_id(&id).multipart_upload(all);
    assert!(complete.send().await.is_err() && server.store().info(BUCKET, "k").is_some());
}

#[tokio::test]
async fn a_200_can_hold_an_error() {
    let (server, s3) = start();
    server.store().put(BUCKET, "from", "body");
    server.faults().add(Rule::on("CopyObject", Effect::ok_with_error("InternalError")));
    let copy = s3.copy_object().bucket(BUCKET).key("to").copy_source(format!("{BUCKET}/from")).send().await;
    assert_eq!(refusal(copy), (200, "InternalError".into()));
    assert!(server.store().info(BUCKET, "to").is_none());
}

#[tokio::test]
async fn requests_can_be_delayed_stalled_held_and_preceded() {
    let (server, s3) = start_with(Options { latency: Duration::from_millis(30), ..Options::default() });
    let list = || s3.list_objects_v2().bucket(BUCKET).send();
    let begun = Instant::now();
    server.faults().add(Rule::on("ListObjectsV2", Effect::Delay(Duration::from_millis(50))));
    list().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
    server.faults().add(Rule::on("ListObjectsV2", Effect::Stall));
    assert!(tokio::time::timeout(Duration::from_millis(300), list()).await.is_err());
    let gate = server.faults().hold("ListObjectsV2");
    let held = tokio::spawn(list());
    gate.arrived(1).await;
    server.store().put(BUCKET, "meanwhile", "");
    gate.open();
    assert_eq!(held.await.unwrap().unwrap().contents().len(), 1);
    server.faults().add(Rule::on("ListObjectsV2", Effect::run(|store| store.put(BUCKET, "other", ""))));
    assert_eq!(list().await.unwrap().contents().len(), 2);
}

#[tokio::test]
async fn a_page_can_be_empty_and_a_token_can_repeat() {
    let (server, s3) = start();
    server.store().put(BUCKET, "k", "");
    let list = || s3.list_objects_v2().bucket(BUCKET);
    server.faults().add(Rule::on("ListObjectsV2", Effect::EmptyPage));
    let page = list().send().await.unwrap();
    assert_eq!((page.contents().len(), page.is_truncated()), (0, Some(true)));
    let token = page.next_continuation_token().unwrap();
    server.faults().add(Rule::on("ListObjectsV2", Effect::RepeatToken));
    let again = list().continuation_token(token).send().await.unwrap();
    assert_eq!(again.next_continuation_token(), Some(token));
    assert_eq!(list().continuation_token(token).send().await.unwrap().contents().len(), 1);
}

#[tokio::test]
async fn a_bucket_elsewhere_says_where() {
    for (how, expected) in [
        (WrongRegion::Redirect, (301, "PermanentRedirect")),
        (WrongRegion::Malformed, (400, "AuthorizationHeaderMalformed")),
    ] {
        let (server, s3) = start_with(Options { wrong_region: how, ..Options::default() });
        server.store().create_bucket_in("far", "eu-west-1");
        let error = s3.list_objects_v2().bucket("far").send().await.unwrap_err();
        let region = error.raw_response().unwrap().headers().get("x-amz-bucket-region");
        assert_eq!(region, Some("eu-west-1"));
        let (status, code) = refusal(s3.list_objects_v2().bucket("far").send().await);
        assert_eq!((status, code.as_str()), expected);
        let head = s3.head_bucket().bucket("far").send().await.unwrap_err();
        assert_eq!(head.raw_response().unwrap().headers().get("x-amz-bucket-region"), Some("eu-west-1"));
        assert!(client_in(&server, "eu-west-1").list_objects_v2().bucket("far").send().await.is_ok());
    }
}

#[tokio::test]
async fn rights_are_as_they_were_set() {
    let (server, s3) = start();
    server.store().create_bucket("closed");
    server.store().set_denied("closed", true);
    assert_eq!(refusal(s3.list_objects_v2().bucket("closed").send().await), (403, "AccessDenied".into()));
    assert_eq!(refusal(s3.head_object().bucket("closed").key("k").send().await).0, 403);
    let keys = Credentials::new(RESTRICTED_KEY, RESTRICTED_SECRET, None, None, "test");
    let restricted = Client::from_conf(config(&server).credentials_provider(keys).build());
    assert_eq!(refusal(restricted.list_buckets().send().await), (403, "AccessDenied".into()));
    assert!(restricted.list_objects_v2().bucket(BUCKET).send().await.is_ok());
    let anonymous = Client::from_conf(unsigned(&server).allow_no_auth().build());
    assert_eq!(
        refusal(anonymous.list_objects_v2().bucket(BUCKET).send().await),
        (403, "AccessDenied".into())
    );
    server.store().set_public(BUCKET, true);
    assert!(anonymous.list_objects_v2().bucket(BUCKET).send().await.is_ok());
    let put = anonymous.put_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(refusal(put), (403, "AccessDenied".into()));
}
