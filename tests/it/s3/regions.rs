use bifold::config::Connection;
use bifold::model::{ErrorKind, Freshness};
use bifold::vfs::{CopyOptions, Precondition};
use demo::{Options, WrongRegion};

use crate::support::*;

#[tokio::test]
async fn a_bucket_of_another_region_opens_and_is_remembered() {
    for wrong_region in [WrongRegion::Redirect, WrongRegion::Malformed] {
        let server = serve(Options { wrong_region, ..Options::default() });
        server.store().create_bucket_in("far", "eu-west-1");
        server.store().put("far", "k", "hello");
        let registry = uncached(&server);
        let path = place(&registry, "s3", "far", "k");
        assert_eq!(path.stat(Freshness::Past).await.expect("found").size, Some(5), "{wrong_region:?}");
        let asked = registry.requests()[0].1.total();
        assert!((2..=3).contains(&asked), "{wrong_region:?}: {asked}");
        assert_eq!(names(&place(&registry, "s3", "far", "")).await, ["k"]);
        assert_eq!(read(&path).await.expect("read"), "hello");
        write(&path, noise(17 << 20), Precondition::None).await.expect("written");
        assert_eq!(registry.requests()[0].1.total(), asked + 2 + 5, "{wrong_region:?}: the region is known");
    }
}

#[tokio::test]
async fn the_first_request_may_be_any() {
    for wrong_region in [WrongRegion::Redirect, WrongRegion::Malformed] {
        let server = serve(Options { wrong_region, ..Options::default() });
        server.store().create_bucket_in("far", "eu-west-1");
        server.store().put("far", "k", "hello");
        let far = || place(&uncached(&server), "s3", "far", "k");
        assert_eq!(read(&far()).await.expect("read"), "hello");
        write(&far(), "put", Precondition::None).await.expect("written");
        write(&far(), noise(16 << 20), Precondition::None).await.expect("in parts");
        far().remove(Precondition::None).await.expect("removed");
        assert!(server.store().keys("far").is_empty());
    }
}

#[tokio::test]
async fn a_copy_crosses_regions() {
    let server = serve(Options::default());
    server.store().create_bucket_in("far", "eu-west-1");
    server.store().put("box", "k", "hello");
    let registry = uncached(&server);
    let to = place(&registry, "s3", "far", "k");
    at(&registry, "k")
        .copy_native(&*to, &CopyOptions::default(), &|_| ())
        .await
        .expect("copied")
        .expect("native");
    assert_eq!(server.store().get("far", "k").expect("there"), "hello");
}

#[tokio::test]
async fn a_denied_bucket_is_not_an_absent_one() {
    let server = serve(Options::default());
    server.store().create_bucket("denied");
    server.store().put("denied", "k", "x");
    server.store().set_denied("denied", true);
    let registry = uncached(&server);
    let dir = place(&registry, "s3", "denied", "");
    let error = fails(rows(&dir).await, ErrorKind::Denied);
    assert!(error.to_string().contains("s3:ListBucket"), "{error}");
    let error = fails(place(&registry, "s3", "denied", "k").stat(Freshness::Past).await, ErrorKind::Denied);
    assert!(error.to_string().contains("s3:GetObject"), "{error}");
    fails(dir.stat(Freshness::Past).await, ErrorKind::Denied);
    fails(read(&place(&registry, "s3", "denied", "k")).await, ErrorKind::Denied);
}

#[tokio::test]
async fn without_the_right_to_list_buckets_one_opens_by_name() {
    let server = serve(Options::default());
    server.store().put("box", "k", "x");
    let env = server.env_restricted().into_iter().collect();
    let registry = registry_on(&env, Connection::default());
    let bucket = at(&registry, "");
    let error = fails(rows(&bucket.parent().expect("the buckets")).await, ErrorKind::Denied);
    assert!(error.to_string().contains("s3:ListAllMyBuckets"), "{error}");
    assert!(error.to_string().contains("s3://bucket/"), "{error}");
    assert_eq!(names(&bucket).await, ["k"]);
}

#[tokio::test]
async fn no_such_bucket_is_told_from_no_such_key() {
    let server = serve(Options::default());
    let registry = uncached(&server);
    for (bucket, reason) in [("nobody", "no such bucket"), ("box", "no such key")] {
        let path = place(&registry, "s3", bucket, "k");
        let error = fails(path.stat(Freshness::Past).await, ErrorKind::NotFound);
        assert!(error.to_string().contains(reason), "{error}");
        let error = fails(read(&path).await, ErrorKind::NotFound);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
