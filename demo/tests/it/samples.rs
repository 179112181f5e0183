//! The sample buckets.

use demo::samples::{self, Scratch};
use demo::{Options, Server};

use crate::support::{client, client_in, refusal};

#[tokio::test]
async fn the_buckets_are_as_their_page_says() {
    let server = Server::start(Options::default()).unwrap();
    samples::fill(server.store());
    let s3 = client(&server);
    let buckets = s3.list_buckets().send().await.unwrap();
    let names: Vec<_> = buckets.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    let all =
        ["archive-frankfurt", "documents", "lake", "logs", "media", "odd-names", "payroll", "public-data"];
    assert_eq!(names, all);
    assert_eq!(
        server.store().keys("logs").iter().filter(|key| key.starts_with("requests/20/")).count(),
        12_000
    );
    assert_eq!(refusal(s3.list_objects_v2().bucket("payroll").send().await), (403, "AccessDenied".into()));
    let elsewhere = s3.list_objects_v2().bucket("archive-frankfurt").send().await;
    assert_eq!(refusal(elsewhere), (301, "PermanentRedirect".into()));
    let there = client_in(&server, samples::ELSEWHERE);
    assert!(!there.list_objects_v2().bucket("archive-frankfurt").send().await.unwrap().contents().is_empty());
    let day = s3.list_objects_v2().bucket("lake").prefix("events/").delimiter("/").send().await.unwrap();
    assert_eq!(day.common_prefixes().len(), 121);
}

#[test]
fn the_longest_sample_key_is_as_long_as_a_key_can_be() {
    let server = Server::start(Options::default()).unwrap();
    samples::fill(server.store());
    let keys = server.store().keys("odd-names");
    assert_eq!(keys.iter().map(String::len).max(), Some(1024));
    for odd in ["a", "a/", "a//double", "//two-slashes", "..", "new\nline", "empty-name//"] {
        assert!(keys.iter().any(|key| key == odd), "{odd:?}");
    }
}

#[test]
fn the_scratch_directory_goes_with_its_owner() {
    let scratch = Scratch::new().unwrap();
    let files = scratch.files();
    assert!(files.join("customers.csv").is_file() && files.join("exports/empty").is_dir());
    drop(scratch);
    assert!(!files.exists());
}
