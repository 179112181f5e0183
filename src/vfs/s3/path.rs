//! [`S3Path`]: a place on S3 as a [`VfsPath`].
//!
//! - S3 has no empty directories: a prefix below which there is no key at all, no marker either, isn't
//!   there, and listing it is `NotFound`. A bucket may be empty.
//! - `remove` asks first whether the object is there, unless it is bound to a tag and the service minds
//!   that: a deletion of what isn't there would be a silent success. `remove_many` doesn't: it has one request for a thousand keys.
//! - A read-only connection refuses each write before any request.

use std::any::Any;
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::api::{Detail, ObjectAttributes, ObjectRef, S3Api, UploadRef};
use super::checksum::payload;
use super::limits::{COPY_AT_ONCE, Limits, is_aws};
use super::{bound, copy, fetch, links, tree, upload, versions};
use crate::cache::LinkCache;
use crate::cache::objects::Objects;
use crate::cache::ops::{BodyTicket, SharedOpCache};
use crate::model::{
    ETag, Entry, ErrorKind, Freshness, Head, Kind, LinkAsk, Name, Op, Page, Result, S3Uri, SignedLink, Tag,
    Uri, VfsError,
};
use crate::vfs::{
    Attributes, Caps, CopyOptions, CreateHint, DynPath, Fetch, Identity, OpenUpload, PartRecord, Place,
    Placed, Precondition, Progress, Reading, Removal, Removed, Sink, SinkState, Terms, Version, VfsPath,
};

/// One connection, as its paths share it.
#[derive(Debug)]
pub struct Service {
    /// The operations.
    pub api: Arc<dyn S3Api>,
    /// Whether every write is refused.
    pub read_only: bool,
    /// The service's bounds.
    pub limits: Limits,
    /// What new objects carry where nobody says otherwise: class and encryption.
    pub written: Attributes,
    /// The program's presigned links.
    pub links: LinkCache,
    /// The bodies that are held on disk.
    pub bodies: Objects,
    /// The answers that are held, which know what is written.
    pub operations: SharedOpCache,
}

/// A place on S3: the list of buckets, a bucket, a prefix or an object.
#[derive(Clone, Debug)]
pub struct S3Path {
    pub(super) service: Arc<Service>,
    pub(super) uri: Uri,
    pub(super) at: S3Uri,
}

impl S3Path {
    /// A handle on a place; asks nothing.
    pub fn new(service: Arc<Service>, at: S3Uri) -> Self {
        Self { service, uri: Uri::S3(at.clone()), at }
    }

    pub(super) fn error(&self, op: Op, kind: ErrorKind, reason: impl Into<Arc<str>>) -> VfsError {
        VfsError::new(op, self.uri.clone(), kind, reason)
    }

    /// The name of the object's row: what follows the last `/`, so that a marker's is the empty one.
    pub(super) fn row_name(&self) -> Name {
        Name::from(self.at.key.rsplit('/').next().unwrap_or_default())
    }

    fn to(&self, uri: Uri) -> Option<DynPath> {
        let at = uri.as_s3()?.clone();
        Some(Arc::new(Self { service: self.service.clone(), uri, at }))
    }

    /// The object of exactly this key.
    pub(super) fn object(&self, op: Op) -> Result<ObjectRef> {
        match &self.at.bucket {
            Some(bucket) if !self.at.key.is_empty() => {
                Ok(ObjectRef { bucket: bucket.clone(), key: self.at.key.clone(), version: None })
            }
            _ => Err(self.error(op, ErrorKind::Invalid, "it is no object: give a key below a bucket")),
        }
    }

    fn upload(&self, id: &str) -> Result<UploadRef> {
        let ObjectRef { bucket, key, .. } = self.object(Op::Write)?;
        Ok(UploadRef { bucket, key, id: id.into() })
    }

    pub(super) fn bucket(&self, op: Op) -> Result<Arc<str>> {
        let none = || self.error(op, ErrorKind::Invalid, "it is the list of buckets: give a bucket");
        self.at.bucket.clone().ok_or_else(none)
    }

    fn is_bucket(&self) -> bool {
        self.at.bucket.is_some() && self.at.key.is_empty()
    }

    pub(super) fn writable(&self, op: Op) -> Result<()> {
        if !self.service.read_only {
            return Ok(());
        }
        let error = self.error(op, ErrorKind::ReadOnly, "the connection is read-only");
        Err(error.with_hint(format!("read_only is set in [connections.{}]", self.at.connection)))
    }

    pub(super) fn check_key(&self, op: Op) -> Result<()> {
        let fits = self.service.limits.check_key(&self.at.key);
        fits.map_err(|beyond| self.error(op, ErrorKind::Invalid, beyond.to_string()))
    }

    pub(super) async fn head_now(&self, op: Op, detail: Detail, freshness: Freshness) -> Result<Arc<Head>> {
        let object = self.object(op)?;
        self.service.api.head(&object, detail, freshness).await
    }

    /// A child to remove.
    pub(super) fn child(&self, removal: &Removal) -> Result<Self> {
        let child = self.join(&removal.name, removal.kind)?;
        let at = child.uri().as_s3().expect("a child of a place on S3 is one, too");
        Ok(Self::new(self.service.clone(), at.clone()))
    }

    async fn remove_batch(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        let mut outcomes: Vec<Result<()>> = Vec::with_capacity(removals.len());
        let mut keys = Vec::new();
        for (removal, looked) in removals.iter().zip(bound::look(self, removals).await) {
            let expect = removal.expect.as_ref();
            let key = looked.and_then(|()| Ok((self.child(removal)?.at.key, self.etag_of(expect)?)));
            outcomes.push(key.map(|key| keys.push(key)));
        }
        let answers = match self.bucket(Op::Remove) {
            Ok(bucket) if !keys.is_empty() => self.service.api.delete_many(&bucket, &keys).await,
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let mut answers = match answers {
            Ok(answers) => answers,
            Err(error) => vec![Err(error); keys.len()],
        }
        .into_iter();
        let unanswered = || Err(self.error(Op::Remove, ErrorKind::Corrupt, "the service left it out"));
        let mut fill = |outcome: Result<()>| outcome.and_then(|()| answers.next().unwrap_or_else(unanswered));
        outcomes.into_iter().map(&mut fill).collect()
    }

    fn etag_of(&self, expect: Option<&Tag>) -> Result<Option<ETag>> {
        match expect {
            None => Ok(None),
            Some(Tag::ETag(etag)) => Ok(Some(etag.clone())),
            Some(Tag::File { .. }) => {
                Err(self.error(Op::Remove, ErrorKind::Conflict, "what was shown was a local file"))
            }
        }
    }
}

#[async_trait]
impl VfsPath for S3Path {
    fn uri(&self) -> &Uri {
        &self.uri
    }

    fn join(&self, name: &Name, kind: Kind) -> Result<DynPath> {
        let bad = |why: &str| self.error(Op::Stat, ErrorKind::Invalid, format!("{name:?}: {why}"));
        let text = name.as_str().ok_or_else(|| bad("names are UTF-8 on S3"))?;
        if text.contains('/') {
            return Err(bad("a name holds no /"));
        }
        if self.at.bucket.is_none() && text.is_empty() {
            return Err(bad("a bucket has a name"));
        }
        self.to(self.uri.join(name, kind)).ok_or_else(|| bad("it is no place on S3"))
    }

    fn parent(&self) -> Option<DynPath> {
        self.to(self.uri.parent()?)
    }

    fn caps(&self) -> Caps {
        let limits = self.service.limits;
        Caps {
            write: !self.service.read_only,
            real_dirs: false,
            symlinks: false,
            utf8_names: true,
            atomic_rename: false,
            file_beside_dir: true,
            case_blind: false,
            conditional_write: true,
            conditional_remove: limits.conditional_delete,
            remove_batch: 1000,
            metered: true,
            conditional_put: limits.conditional_put,
            copy_at_once: COPY_AT_ONCE,
            max_size: limits.max_object,
            max_name: limits.max_key,
        }
    }

    fn list(&self, freshness: Freshness) -> BoxStream<'static, Result<Page>> {
        tree::list(self, freshness)
    }

    fn flat(&self) -> Option<BoxStream<'static, Result<Page>>> {
        tree::flat(self)
    }

    async fn stat(&self, freshness: Freshness) -> Result<Entry> {
        match &self.at.bucket {
            None => Ok(Entry::new(self.name(), Kind::Dir)),
            Some(bucket) if self.is_bucket() => {
                self.service.api.bucket_region(bucket, freshness).await?;
                Ok(Entry::new(self.name(), Kind::Bucket))
            }
            Some(_) => Ok(self.head_now(Op::Stat, Detail::Row, freshness).await?.entry.clone()),
        }
    }

    async fn head(&self) -> Result<Head> {
        // Past the cache: what a row's HEAD left there tells no checksum.
        let head = self.head_now(Op::Stat, Detail::Full, Freshness::Past).await?;
        Ok(Arc::unwrap_or_clone(head))
    }

    async fn open(&self, range: Option<Range<u64>>, precondition: Precondition) -> Result<Reading> {
        let object = self.object(Op::Read)?;
        match range {
            Some(range) if range.start == range.end => {
                self.read_nothing(range.start, &precondition).await.map(Reading::bare)
            }
            range => {
                let got = self.service.api.get(&object, range, &precondition).await?;
                Ok(Reading { body: got.body, head: Some(Box::new(got.head)), held: None, right: None })
            }
        }
    }

    async fn fetch(&self, range: Option<Range<u64>>, how: &Fetch) -> Result<Reading> {
        fetch::fetch(self, range, how).await
    }

    async fn keep_copy(&self, head: &Head, right: &BodyTicket, file: File, parts: &[PartRecord]) {
        fetch::keep_copy(self, head, right, file, parts).await;
    }

    async fn mkdir(&self) -> Result<()> {
        self.writable(Op::Mkdir)?;
        let bucket = self.bucket(Op::Mkdir)?;
        if self.is_bucket() {
            return self.service.api.create_bucket(&bucket).await;
        }
        let marker = Self::new(self.service.clone(), self.at.as_prefix());
        marker.check_key(Op::Mkdir)?;
        let encryption = self.service.written.encryption.clone();
        let attributes = ObjectAttributes {
            content_type: Some("application/x-directory".into()),
            encryption: encryption.map(|it| (it.kind, it.key)),
            ..Default::default()
        };
        let nothing = payload(bytes::Bytes::new());
        let object = marker.object(Op::Mkdir)?;
        match self.service.api.put(&object, &attributes, nothing, &Precondition::Absent).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                Err(self.error(Op::Mkdir, ErrorKind::AlreadyExists, "it is there already"))
            }
            other => other.map(drop),
        }
    }

    async fn remove(&self, precondition: Precondition) -> Result<Removed> {
        self.writable(Op::Remove)?;
        let bucket = self.bucket(Op::Remove)?;
        if self.is_bucket() {
            self.service.api.delete_bucket(&bucket).await?;
            return Ok(Removed::default());
        }
        let object = self.object(Op::Remove)?;
        if precondition == Precondition::None || !self.service.limits.conditional_delete {
            let there = self.head_now(Op::Remove, Detail::Row, Freshness::Past).await?;
            if matches!(&precondition, Precondition::Matches(tag) if there.entry.tag.as_ref() != Some(tag)) {
                return Err(self.error(Op::Remove, ErrorKind::Conflict, "it is not what was shown"));
            }
        }
        self.service.api.delete(&object, &precondition).await
    }

    async fn remove_many(&self, removals: &[Removal]) -> Vec<Result<Removed>> {
        if let Err(error) = self.writable(Op::Remove) {
            return vec![Err(error); removals.len()];
        }
        let mut outcomes = Vec::with_capacity(removals.len());
        if self.at.bucket.is_none() {
            for removal in removals {
                let bucket = self.join(&removal.name, removal.kind);
                outcomes.push(match bucket {
                    Ok(bucket) => bucket.remove(Precondition::None).await,
                    Err(error) => Err(error),
                });
            }
            return outcomes;
        }
        for batch in removals.chunks(self.caps().remove_batch) {
            outcomes.extend(self.remove_batch(batch).await);
        }
        outcomes
    }

    async fn rename(&self, _: &dyn VfsPath, _: Precondition) -> Result<()> {
        self.writable(Op::Rename)?;
        Err(self.error(Op::Rename, ErrorKind::Unsupported, "S3 doesn't rename: copy, then delete"))
    }

    async fn symlink(&self, _: &Name) -> Result<()> {
        self.writable(Op::Create)?;
        Err(self.error(Op::Create, ErrorKind::Unsupported, "S3 keeps no symbolic links"))
    }

    async fn create(&self, hint: CreateHint) -> Result<Box<dyn Sink>> {
        self.writable(Op::Create)?;
        self.check_key(Op::Create)?;
        upload::create(self, hint).await
    }

    async fn resume(&self, state: SinkState, hint: CreateHint) -> Result<Box<dyn Sink>> {
        self.writable(Op::Create)?;
        upload::resume(self, state, hint).await
    }

    async fn remove_version(&self, version: &str) -> Result<()> {
        self.writable(Op::Remove)?;
        let object = ObjectRef { version: Some(version.into()), ..self.object(Op::Remove)? };
        self.service.api.delete(&object, &Precondition::None).await.map(drop)
    }

    fn versions(&self) -> BoxStream<'static, Result<Vec<Version>>> {
        versions::list(self)
    }

    async fn uploads(&self) -> Result<Vec<OpenUpload>> {
        versions::uploads(self).await
    }

    async fn upload_size(&self, id: &str) -> Result<(u64, u64)> {
        let parts = self.service.api.list_parts(&self.upload(id)?).await?;
        Ok((parts.iter().map(|part| part.size).sum(), parts.len() as u64))
    }

    async fn abort_upload(&self, id: &str) -> Result<()> {
        self.writable(Op::Write)?;
        self.service.api.abort_upload(&self.upload(id)?).await
    }

    fn terms(&self) -> Option<Terms> {
        let endpoint = &self.service.api.connection().endpoint;
        Some(Terms { limits: self.service.limits, aws: is_aws(endpoint) })
    }

    fn copies_to(&self, to: &dyn VfsPath) -> bool {
        to.as_any().downcast_ref::<Self>().is_some_and(|to| copy::same_service(self, to))
    }

    async fn carried(&self) -> Result<Attributes> {
        copy::carried(self, &self.head().await?).await
    }

    async fn presign(&self, ask: &LinkAsk) -> Result<SignedLink> {
        links::presign(self, ask).await
    }

    async fn copy_native(
        &self,
        to: &dyn VfsPath,
        options: &CopyOptions,
        progress: Progress<'_>,
    ) -> Result<Option<Placed>> {
        match to.as_any().downcast_ref::<Self>() {
            Some(to) => copy::copy(self, to, options, progress).await,
            None => Ok(None),
        }
    }

    async fn identity(&self) -> Result<Identity> {
        let endpoint = self.service.api.connection().endpoint.to_string();
        let bucket = self.at.bucket.as_deref().unwrap_or_default().to_owned();
        Ok(Identity::new(Place::Bucket { endpoint, bucket }, self.at.key.as_bytes()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
