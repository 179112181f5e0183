//! A service in memory behind the real trait: it counts what it is asked, holds answers back until it
//! is told, and fails as it is told.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use super::*;
use crate::model::{Kind, Tag};

type Calls = BTreeMap<&'static str, usize>;

/// A handle on the service; clones are handles on the same.
#[derive(Clone, Debug)]
pub(super) struct Fake(Arc<Service>);

#[derive(Debug)]
struct Service {
    id: ConnectionId,
    page: usize,
    /// A value for each bucket and key; each write gives a new one.
    objects: Mutex<BTreeMap<(String, String), u64>>,
    calls: watch::Sender<Calls>,
    gates: Mutex<HashMap<&'static str, Arc<Semaphore>>>,
    faults: Mutex<HashMap<&'static str, Vec<Fault>>>,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It fails so, and nothing happens.
    Refused(ErrorKind),
    /// It happens, and then fails so.
    Lost(ErrorKind),
    /// The client itself breaks down.
    Panic,
}

impl Fake {
    pub(super) fn new(keys: &[&str]) -> Self {
        Self::with_page(keys, 1_000)
    }

    pub(super) fn with_page(keys: &[&str], page: usize) -> Self {
        let id = ConnectionId { name: "s3".into(), endpoint: "aws".into(), profile: None, anonymous: false };
        let fake = Self(Arc::new(Service {
            id,
            page,
            objects: Mutex::default(),
            calls: watch::Sender::default(),
            gates: Mutex::default(),
            faults: Mutex::default(),
        }));
        for key in keys {
            fake.set(key);
        }
        fake
    }

    /// The same service under another connection's name, before it is shared.
    pub(super) fn rename(&mut self, name: &str) {
        Arc::get_mut(&mut self.0).expect("not shared yet").id.name = name.into();
    }

    /// Another client's write.
    pub(super) fn set(&self, key: &str) {
        let mut objects = self.0.objects.lock();
        let value = objects.values().max().copied().unwrap_or(0) + 1;
        objects.insert(("b".into(), key.into()), value);
    }

    /// How many requests of this kind came.
    pub(super) fn calls(&self, op: &'static str) -> usize {
        self.0.calls.borrow().get(op).copied().unwrap_or(0)
    }

    /// All requests.
    pub(super) fn total(&self) -> usize {
        self.0.calls.borrow().iter().filter(|(op, _)| **op != "cancelled").map(|(_, count)| count).sum()
    }

    /// Waits until so many have come.
    pub(super) async fn reached(&self, op: &'static str, count: usize) {
        let mut calls = self.0.calls.subscribe();
        let enough = |calls: &Calls| calls.get(op).is_some_and(|seen| *seen >= count);
        calls.wait_for(enough).await.expect("the service lives");
    }

    /// From now on answers of this kind are held back.
    pub(super) fn hold(&self, op: &'static str) {
        self.0.gates.lock().insert(op, Arc::new(Semaphore::new(0)));
    }

    /// Lets so many answers go.
    pub(super) fn release(&self, op: &'static str, count: usize) {
        self.0.gates.lock()[op].add_permits(count);
    }

    /// The next requests of this kind go wrong so, one after another.
    pub(super) fn fail(&self, op: &'static str, faults: &[Fault]) {
        self.0.faults.lock().insert(op, faults.iter().rev().copied().collect());
    }

    fn count(&self, op: &'static str) {
        self.0.calls.send_modify(|calls| *calls.entry(op).or_default() += 1);
    }

    /// A request: counted, then done, then held back, then answered.
    async fn call<T>(
        &self,
        op: &'static str,
        key: &str,
        act: impl FnOnce(&mut Objects) -> Result<T>,
    ) -> Result<T> {
        self.count(op);
        let fault = self.0.faults.lock().get_mut(op).and_then(Vec::pop);
        let result = match fault {
            Some(Fault::Refused(kind)) => Err(error(kind, key)),
            Some(Fault::Lost(kind)) => act(&mut self.0.objects.lock()).and(Err(error(kind, key))),
            Some(Fault::Panic) => panic!("the client breaks down, as it was told"),
            None => act(&mut self.0.objects.lock()),
        };
        let gate = self.0.gates.lock().get(op).cloned();
        if let Some(gate) = gate {
            let mut whole = Whole { fake: self.clone(), done: false };
            gate.acquire().await.expect("never closed").forget();
            whole.done = true;
        }
        result
    }

    async fn change<T: Default>(
        &self,
        op: &'static str,
        key: &str,
        act: impl FnOnce(&mut Objects),
    ) -> Result<T> {
        self.call(op, key, |objects| {
            act(objects);
            Ok(T::default())
        })
        .await
    }

    fn pages(
        &self,
        op: &'static str,
        rows: impl FnOnce(&Objects) -> Vec<Entry> + Send + 'static,
    ) -> BoxStream<'static, Result<Page>> {
        let whole = Whole { fake: self.clone(), done: false };
        let begun = (self.clone(), Some(rows), Vec::new(), whole);
        stream::unfold(
            begun,
            move |(fake, rows, mut left, mut whole): (Self, Option<_>, Vec<Entry>, Whole)| async move {
                if whole.done {
                    return None;
                }
                let size = fake.0.page;
                let page = fake
                    .call(op, "", |objects| {
                        if let Some(rows) = rows {
                            left = rows(objects);
                        }
                        let rest = left.split_off(size.min(left.len()));
                        Ok(std::mem::replace(&mut left, rest))
                    })
                    .await;
                whole.done = left.is_empty() || page.is_err();
                let page = page.map(|rows| Page {
                    entries: rows.into(),
                    read_at: Timestamp(0),
                    source: Source::Backend,
                });
                Some((page, (fake, None, left, whole)))
            },
        )
        .boxed()
    }
}

type Objects = BTreeMap<(String, String), u64>;

/// Counts requests that are dropped before their end.
struct Whole {
    fake: Fake,
    done: bool,
}

impl Drop for Whole {
    fn drop(&mut self) {
        if !self.done {
            self.fake.count("cancelled");
        }
    }
}

pub(super) fn error(kind: ErrorKind, key: &str) -> VfsError {
    VfsError::new(Op::Stat, Uri::S3(S3Uri::new("s3", "b", key)), kind, "as it was told")
}

fn entry(name: &str, value: u64) -> Entry {
    let tag = Some(Tag::ETag(ETag::new(&value.to_string())));
    Entry { size: Some(value), tag, modified: Some(Timestamp(1)), ..Entry::new(name.into(), Kind::File) }
}

fn rows(objects: &Objects, request: &ListRequest) -> Vec<Entry> {
    let mut rows: Vec<Entry> = Vec::new();
    for ((bucket, key), value) in objects {
        let Some(rest) = key.strip_prefix(&*request.prefix).filter(|_| *bucket == *request.bucket) else {
            continue;
        };
        let row = match rest.split_once('/') {
            Some((child, _)) if request.delimited => Entry::new(child.into(), Kind::Dir),
            _ => entry(rest, *value),
        };
        if rows.iter().rev().take(1).all(|last| last.id() != row.id()) {
            rows.push(row);
        }
    }
    rows
}

fn insert(objects: &mut Objects, bucket: &str, key: &str, value: u64) {
    objects.insert(at(bucket, key), value);
}

fn at(bucket: &str, key: &str) -> (String, String) {
    (bucket.to_owned(), key.to_owned())
}

fn head_of(name: &str, value: u64) -> Head {
    Head {
        entry: entry(name, value),
        version: None,
        content_type: Some("text/plain".into()),
        content_encoding: None,
        content_disposition: None,
        content_language: None,
        cache_control: None,
        expires: None,
        metadata: BTreeMap::new(),
        restored: false,
        tag_count: None,
        encryption: None,
        checksum: None,
    }
}

#[async_trait]
impl S3Api for Fake {
    fn connection(&self) -> &ConnectionId {
        &self.0.id
    }

    fn list_buckets(&self, _: Freshness) -> BoxStream<'static, Result<Page>> {
        self.pages("list_buckets", |_| vec![Entry::new("b".into(), Kind::Bucket)])
    }

    fn list(&self, request: ListRequest, _: Freshness) -> BoxStream<'static, Result<Page>> {
        self.pages("list", move |objects| rows(objects, &request))
    }

    async fn head(&self, object: &ObjectRef, _: Detail, _: Freshness) -> Result<Arc<Head>> {
        self.call("head", &object.key, |objects| {
            let value = objects.get(&at(&object.bucket, &object.key));
            let value = value.ok_or_else(|| error(ErrorKind::NotFound, &object.key))?;
            Ok(Arc::new(head_of(&object.key, *value)))
        })
        .await
    }

    async fn bucket_region(&self, _: &str, _: Freshness) -> Result<Option<Arc<str>>> {
        self.call("bucket_region", "", |_| Ok(Some("eu-west-1".into()))).await
    }

    async fn get(&self, object: &ObjectRef, _: Option<Range<u64>>, _: &Precondition) -> Result<Got> {
        let body = stream::empty().boxed();
        self.call("get", &object.key, |_| Ok(Got { head: head_of(&object.key, 0), body })).await
    }

    async fn get_if_changed(&self, of: &ObjectRef, _: Option<Range<u64>>, _: &ETag) -> Result<Option<Got>> {
        self.change::<Written>("get_if_changed", &of.key, |_| {}).await.map(|_| None)
    }

    async fn tags(&self, object: &ObjectRef) -> Result<Vec<(String, String)>> {
        self.change("tags", &object.key, |_| {}).await
    }

    async fn put(
        &self,
        object: &ObjectRef,
        _: &ObjectAttributes,
        payload: Payload,
        _: &Precondition,
    ) -> Result<Written> {
        let put = |objects: &mut Objects| insert(objects, &object.bucket, &object.key, payload.crc64);
        self.change("put", &object.key, put).await
    }

    async fn copy(
        &self,
        _: &ObjectRef,
        to: &ObjectRef,
        _: &Restated,
        _: Option<&ETag>,
        _: &Precondition,
    ) -> Result<Written> {
        self.change("copy", &to.key, |objects| insert(objects, &to.bucket, &to.key, 7)).await
    }

    async fn create_upload(&self, object: &ObjectRef, _: &ObjectAttributes) -> Result<UploadRef> {
        let ObjectRef { bucket, key, .. } = object.clone();
        self.call("create_upload", &object.key, |_| Ok(UploadRef { bucket, key, id: "1".into() })).await
    }

    async fn upload_part(&self, upload: &UploadRef, number: u32, _: Payload) -> Result<UploadedPart> {
        let part = UploadedPart { number, etag: ETag::new("t"), size: 1, crc64: None };
        self.call("upload_part", &upload.key, |_| Ok(part)).await
    }

    async fn upload_part_copy(
        &self,
        upload: &UploadRef,
        number: u32,
        _: &ObjectRef,
        _: Range<u64>,
        _: Option<&ETag>,
    ) -> Result<UploadedPart> {
        let part = UploadedPart { number, etag: ETag::new("t"), size: 1, crc64: None };
        self.call("upload_part_copy", &upload.key, |_| Ok(part)).await
    }

    async fn list_parts(&self, upload: &UploadRef) -> Result<Vec<UploadedPart>> {
        self.change("list_parts", &upload.key, |_| {}).await
    }

    async fn complete_upload(
        &self,
        upload: &UploadRef,
        _: &[UploadedPart],
        _: Option<u64>,
        _: &Precondition,
    ) -> Result<Written> {
        let complete = |objects: &mut Objects| insert(objects, &upload.bucket, &upload.key, 9);
        self.change("complete_upload", &upload.key, complete).await
    }

    async fn abort_upload(&self, upload: &UploadRef) -> Result<()> {
        self.change("abort_upload", &upload.key, |_| {}).await
    }

    async fn list_uploads(&self, _: &str, prefix: &str) -> Result<Vec<(UploadRef, Timestamp)>> {
        self.change("list_uploads", prefix, |_| {}).await
    }

    fn list_versions(&self, _: &str, _: &str) -> BoxStream<'static, Result<Vec<VersionRow>>> {
        self.count("list_versions");
        stream::once(futures::future::ready(Ok(Vec::new()))).boxed()
    }

    async fn delete(&self, object: &ObjectRef, _: &Precondition) -> Result<Removed> {
        let gone = at(&object.bucket, &object.key);
        self.change::<()>("delete", &object.key, |objects| objects.retain(|held, _| *held != gone)).await?;
        Ok(Removed::default())
    }

    async fn delete_many(
        &self,
        bucket: &str,
        keys: &[(Arc<str>, Option<ETag>)],
    ) -> Result<Vec<Result<Removed>>> {
        let outcomes = keys.iter().map(|(key, _)| match &**key {
            "a/unknown" => Err(error(ErrorKind::Unavailable, key)),
            _ => Ok(Removed::default()),
        });
        self.call("delete_many", "", |objects| {
            objects.retain(|held, _| !keys.iter().any(|(key, _)| *held == at(bucket, key)));
            Ok(outcomes.collect())
        })
        .await
    }

    async fn create_bucket(&self, _: &str) -> Result<()> {
        self.change("create_bucket", "", |_| {}).await
    }

    async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        self.change("delete_bucket", "", |objects| objects.retain(|(held, _), _| held != bucket)).await
    }

    async fn holder(&self, of: &ObjectRef) -> Result<Holder> {
        self.change::<Written>("holder", &of.key, |_| {}).await.map(|_| Holder([0; 32]))
    }

    async fn presign(&self, object: &ObjectRef, _: &LinkAsk, _: Timestamp) -> Result<Signing> {
        let _: Written = self.change("presign", &object.key, |_| {}).await?;
        Err(error(ErrorKind::Unsupported, &object.key))
    }
}
