//! For each method of the trait what it is: a read, a write and what it touches, or passed through.

use futures::future::BoxFuture;

use super::*;

/// What a method is to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Asks nothing.
    Local,
    /// Asked once, held afterwards.
    Read,
    /// Drops these of [`HELD`] and no others.
    Write(&'static [&'static str]),
    /// Asked each time, drops nothing.
    Through,
}

use Role::{Local, Read, Through, Write};

/// What is held before each call, all of bucket `b`: a listing ends in `/`, or is `all` of a tree.
const HELD: &[&str] =
    &["buckets", "region", "all", "/", "a/", "a/b/", "c/", "head a/b/k", "head a/b/x", "head c/y"];

/// The object of every call is `a/b/k`; a copy's source is `c/y`.
const ADDED: Role = Write(&["all", "a/b/", "head a/b/k"]);
/// Its listings lose the row; whether the prefixes above are still there nobody knows.
const REMOVED: Role = Write(&["/", "a/", "head a/b/k"]);
const BUCKET: Role = Write(HELD);

type Call = fn(Cached<Fake>) -> BoxFuture<'static, ()>;

macro_rules! call {
    (|$s3:ident| $body:expr) => {
        |$s3| {
            Box::pin(async move {
                let _ = $body;
            })
        }
    };
}

const NONE: &Precondition = &Precondition::None;

const TABLE: &[(&str, Role, Call)] = &[
    ("connection", Local, call!(|s3| s3.connection())),
    ("list_buckets", Read, call!(|s3| names(s3.list_buckets(Freshness::Cached)).await)),
    ("list", Read, call!(|s3| names(s3.list(request("new/"), Freshness::Cached)).await)),
    ("head", Read, call!(|s3| s3.head(&object("c/new"), Detail::Full, Freshness::Cached).await)),
    ("bucket_region", Read, call!(|s3| s3.bucket_region("b", Freshness::Cached).await)),
    ("get", Through, call!(|s3| s3.get(&it(), None, NONE).await)),
    (
        "get_if_changed",
        Through,
        call!(|s3| s3.get_if_changed(&it(), None, &crate::model::ETag::new("t")).await),
    ),
    ("holder", Through, call!(|s3| s3.holder(&it()).await)),
    (
        "presign",
        Through,
        call!(|s3| s3
            .presign(
                &it(),
                &crate::model::link::LinkAsk::get(std::time::Duration::from_mins(1)),
                crate::model::Timestamp(0)
            )
            .await),
    ),
    ("tags", Through, call!(|s3| s3.tags(&it()).await)),
    ("put", ADDED, call!(|s3| s3.put(&it(), &ObjectAttributes::default(), payload(), NONE).await)),
    ("copy", ADDED, call!(|s3| s3.copy(&object("c/y"), &it(), &Restated::default(), None, NONE).await)),
    ("create_upload", Through, call!(|s3| s3.create_upload(&it(), &ObjectAttributes::default()).await)),
    ("upload_part", Through, call!(|s3| s3.upload_part(&upload(), 1, payload()).await)),
    (
        "upload_part_copy",
        Through,
        call!(|s3| s3.upload_part_copy(&upload(), 1, &object("c/y"), 0..1, None).await),
    ),
    ("list_parts", Through, call!(|s3| s3.list_parts(&upload()).await)),
    ("complete_upload", ADDED, call!(|s3| s3.complete_upload(&upload(), &[], None, NONE).await)),
    ("abort_upload", Through, call!(|s3| s3.abort_upload(&upload()).await)),
    ("list_uploads", Through, call!(|s3| s3.list_uploads("b", "").await)),
    ("list_versions", Through, call!(|s3| drop(s3.list_versions("b", "").next().await))),
    ("delete", REMOVED, call!(|s3| s3.delete(&it(), NONE).await)),
    ("delete_many", REMOVED, call!(|s3| s3.delete_many("b", &[("a/b/k".into(), None)]).await)),
    ("create_bucket", BUCKET, call!(|s3| s3.create_bucket("b").await)),
    ("delete_bucket", BUCKET, call!(|s3| s3.delete_bucket("b").await)),
];

fn it() -> ObjectRef {
    object("a/b/k")
}

fn upload() -> UploadRef {
    UploadRef { bucket: "b".into(), key: "a/b/k".into(), id: "1".into() }
}

fn payload() -> Payload {
    Payload::new(bytes::Bytes::new(), 1)
}

/// A connection on which all of [`HELD`] was asked for.
async fn warm() -> Setup {
    let it = Setup::new(&["a/b/k", "a/b/x", "c/new", "c/y", "new/k"]);
    for held in HELD {
        ask(&it, held).await;
    }
    it
}

async fn ask(it: &Setup, held: &str) {
    match held {
        "buckets" => drop(names(it.s3.list_buckets(Freshness::Cached)).await),
        "region" => drop(it.s3.bucket_region("b", Freshness::Cached).await),
        "all" => {
            let tree = ListRequest { delimited: false, ..request("") };
            drop(names(it.s3.list(tree, Freshness::Cached)).await);
        }
        "/" => drop(it.list("").await),
        _ => match held.strip_prefix("head ") {
            Some(key) => drop(it.head(key, Detail::Full, Freshness::Cached).await),
            None => drop(it.list(held).await),
        },
    }
}

/// Which of [`HELD`] must be asked for again.
async fn dropped(it: &Setup) -> Vec<&'static str> {
    let mut dropped = Vec::new();
    for held in HELD {
        let before = it.fake.total();
        ask(it, held).await;
        if it.fake.total() > before {
            dropped.push(*held);
        }
    }
    dropped
}

#[tokio::test]
async fn each_method_is_what_the_table_says() {
    for (name, role, call) in TABLE {
        let it = warm().await;
        let before = it.fake.calls(name);
        call(it.s3.clone()).await;
        call(it.s3.clone()).await;
        let calls = it.fake.calls(name) - before;
        let held_already = matches!(*name, "list_buckets" | "bucket_region");
        let (expected_calls, expected_drops) = match role {
            Local => (0, &[][..]),
            Read => (usize::from(!held_already), &[][..]),
            Write(drops) => (2, *drops),
            Through => (2, &[][..]),
        };
        assert_eq!(calls, expected_calls, "{name}: requests for two calls");
        assert_eq!(dropped(&it).await, expected_drops, "{name}: what it drops");
    }
}

#[test]
fn the_table_names_every_method_of_the_trait() {
    let source = include_str!("../../api.rs");
    let (_, methods) = source.split_once("pub trait S3Api").expect("the trait");
    let names =
        methods.lines().filter_map(|line| line.trim().trim_start_matches("async ").strip_prefix("fn "));
    let mut methods: Vec<&str> = names.filter_map(|rest| rest.split('(').next()).collect();
    let mut table: Vec<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    methods.sort_unstable();
    table.sort_unstable();
    assert_eq!(table, methods);
}
