//! Seeding and inspecting the service without HTTP: [`Store`].

pub(crate) mod listing;
pub(crate) mod state;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};

use crate::blob::Blob;
use crate::service::sums;
pub use state::{Attributes, Now, Versioning};
pub(crate) use state::{Bucket, Object, Part, State, Upload, Version};

/// The content of the service. Clones share it.
///
/// Everything that names a bucket panics where there is no such bucket: a test that seeds a bucket it
/// didn't make is wrong.
#[derive(Clone, Debug)]
pub struct Store {
    state: Arc<Mutex<State>>,
    region: Arc<str>,
}

/// What the service knows of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// The size in bytes.
    pub size: u64,
    /// The tag, without quotes.
    pub etag: String,
    /// The time of its last write.
    pub modified: DateTime<Utc>,
    /// The storage class, `STANDARD` included.
    pub class: String,
    /// The version's id; `null` where the bucket keeps none.
    pub version: String,
    /// Whether it is a delete marker (then the rest is empty).
    pub marker: bool,
    /// Headers, metadata and tags.
    pub attributes: Attributes,
    /// The sizes of the parts that it was uploaded in; empty for a single PUT.
    pub parts: Vec<u64>,
    /// The CRC64NVME of the whole, base64, where the service has it.
    pub crc64: Option<String>,
}

impl Store {
    pub(crate) fn new(clock: Now, region: &str) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(clock))), region: region.into() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Makes a bucket in the region of the service. One that exists is left as it is.
    pub fn create_bucket(&self, name: &str) {
        self.create_bucket_in(name, &self.region);
    }

    /// Makes a bucket in a region.
    pub fn create_bucket_in(&self, name: &str, region: &str) {
        let mut state = self.lock();
        let created = state.now();
        state.buckets.entry(name.to_owned()).or_insert_with(|| Bucket::new(region, created));
    }

    /// Removes a bucket with everything in it.
    pub fn remove_bucket(&self, name: &str) {
        self.lock().buckets.remove(name);
    }

    /// The names of all buckets, in order.
    pub fn buckets(&self) -> Vec<String> {
        self.lock().buckets.keys().cloned().collect()
    }

    /// Switches versioning.
    pub fn set_versioning(&self, bucket: &str, versioning: Versioning) {
        self.with(bucket, |bucket| bucket.versioning = versioning);
    }

    /// Lets unsigned requests read the bucket, or not.
    pub fn set_public(&self, bucket: &str, public: bool) {
        self.with(bucket, |bucket| bucket.public = public);
    }

    /// Has every request on the bucket answered 403, or not.
    pub fn set_denied(&self, bucket: &str, denied: bool) {
        self.with(bucket, |bucket| bucket.denied = denied);
    }

    /// When the bucket was made.
    pub fn set_created(&self, bucket: &str, created: DateTime<Utc>) {
        self.with(bucket, |bucket| bucket.created = created);
    }

    /// Has the removal of a key denied, or not.
    pub fn set_locked(&self, bucket: &str, key: &str, locked: bool) {
        self.with(bucket, |bucket| {
            if locked { bucket.locked.insert(key.to_owned()) } else { bucket.locked.remove(key) }
        });
    }

    /// Writes an object, as a PUT without headers would.
    pub fn put(&self, bucket: &str, key: &str, body: impl Into<Blob>) {
        self.put_with(bucket, key, body, Attributes::default());
    }

    /// Writes an object with headers and tags.
    pub fn put_with(&self, bucket: &str, key: &str, body: impl Into<Blob>, attributes: Attributes) {
        let body = body.into();
        let sums = sums::whole(&body);
        let mut state = self.lock();
        assert!(state.buckets.contains_key(bucket), "no bucket {bucket:?}");
        state.put(bucket, key, Some(Object::new(body, attributes, sums)));
    }

    /// Deletes a key as a DELETE without a version would.
    pub fn delete(&self, bucket: &str, key: &str) {
        crate::service::delete_current(&mut self.lock(), bucket, key);
    }

    /// The bytes of an object.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let object = self.with(bucket, |bucket| bucket.live(key).cloned())?;
        Some(object.body.to_bytes())
    }

    /// What is known of an object.
    pub fn info(&self, bucket: &str, key: &str) -> Option<Info> {
        let version = self.with(bucket, |bucket| bucket.newest(key).cloned())?;
        version.object.is_some().then(|| info(&version))
    }

    /// Every version of a key and every marker, the newest first.
    pub fn versions(&self, bucket: &str, key: &str) -> Vec<Info> {
        self.with(bucket, |bucket| {
            bucket.keys.get(key).map(|all| all.iter().rev().map(info).collect()).unwrap_or_default()
        })
    }

    /// The keys that a listing shows, in byte order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.with(bucket, |bucket| {
            bucket.keys.keys().filter(|key| bucket.live(key).is_some()).cloned().collect()
        })
    }

    /// The open uploads: key and id.
    pub fn open_uploads(&self, bucket: &str) -> Vec<(String, String)> {
        self.with(bucket, |bucket| {
            let each = |(key, uploads): (&String, &_)| ids(key, uploads);
            bucket.uploads.iter().flat_map(each).collect()
        })
    }

    /// Sets the time of the newest version of a key.
    pub fn set_modified(&self, bucket: &str, key: &str, modified: DateTime<Utc>) {
        self.with(bucket, |bucket| newest_mut(bucket, key).modified = modified);
    }

    /// Changes headers, class, metadata or tags in place, as nothing over HTTP could.
    pub fn edit(&self, bucket: &str, key: &str, change: impl FnOnce(&mut Attributes)) {
        self.with(bucket, |bucket| {
            let object = newest_mut(bucket, key).object.as_mut().expect("the newest version is a marker");
            change(&mut Arc::make_mut(object).attributes);
        });
    }

    /// Sets the storage class.
    pub fn set_class(&self, bucket: &str, key: &str, class: &str) {
        self.edit(bucket, key, |attributes| attributes.class = Some(class.to_owned()));
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut state = self.lock();
        act(state.buckets.get_mut(name).unwrap_or_else(|| panic!("no bucket {name:?}")))
    }
}

fn ids(key: &str, uploads: &std::collections::BTreeMap<String, Upload>) -> Vec<(String, String)> {
    uploads.keys().map(|id| (key.to_owned(), id.clone())).collect()
}

fn newest_mut<'a>(bucket: &'a mut Bucket, key: &str) -> &'a mut Version {
    let versions = bucket.keys.get_mut(key).unwrap_or_else(|| panic!("no object {key:?}"));
    versions.last_mut().expect("a key has at least one version")
}

fn info(version: &Version) -> Info {
    let object = version.object.as_deref();
    Info {
        size: object.map_or(0, |object| object.body.len()),
        etag: object.map(|object| object.etag.clone()).unwrap_or_default(),
        modified: version.modified,
        class: object.map(|object| object.class().to_owned()).unwrap_or_default(),
        version: version.shown().to_owned(),
        marker: object.is_none(),
        attributes: object.map(|object| object.attributes.clone()).unwrap_or_default(),
        parts: object.map(|object| object.parts.clone()).unwrap_or_default(),
        crc64: object.and_then(|object| object.sums.checksum_crc64nvme.clone()),
    }
}
