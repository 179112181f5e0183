//! Deletions: one, or many by one request.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_s3::types::{Delete, DeletedObject, ObjectIdentifier};

use super::super::super::{Precondition, Removed};
use super::super::api::ObjectRef;
use super::super::reasons;
use super::convert::{has_dot_segment, object, xml_carries};
use super::object::conditions;
use super::{Ask, Sdk, bad_endpoint, dot_segment};
use crate::cache::OpKind;
use crate::model::{ETag, ErrorKind, Op, Result, Tag, VfsError};

type Key = (Arc<str>, Option<ETag>);

/// What came of the keys of one request.
#[derive(Default)]
struct Batch {
    /// Code and message of each key that failed.
    failed: HashMap<String, (String, String)>,
    /// The markers that hide objects now.
    markers: HashMap<String, Arc<str>>,
}

impl Sdk {
    pub(super) async fn delete_object(
        &self,
        object: &ObjectRef,
        precondition: &Precondition,
    ) -> Result<Removed> {
        let ask = self.ask(Op::Remove, OpKind::Delete, &object.bucket, &object.key);
        if *precondition == Precondition::Absent {
            return Err(ask.error(ErrorKind::Invalid, "nothing to delete where nothing may be"));
        }
        let (_, if_match) = conditions(&ask, precondition)?;
        let output = self
            .call(&ask, |route| {
                let request = route
                    .clients
                    .calls
                    .delete_object()
                    .bucket(&*object.bucket)
                    .key(&*object.key)
                    .set_version_id(object.version.as_deref().map(str::to_owned))
                    .set_if_match(if_match.clone())
                    .set_request_payer(route.payer);
                request.customize().interceptor(route.watch).send()
            })
            .await?;
        let hidden = output.delete_marker().unwrap_or_default() && object.version.is_none();
        Ok(Removed { marker: output.version_id().filter(|_| hidden).map(Into::into) })
    }

    /// The outcome of each key. Those that XML would change go by requests of their own.
    pub(super) async fn delete_objects(&self, bucket: &str, keys: &[Key]) -> Result<Vec<Result<Removed>>> {
        let ask = self.ask(Op::Remove, OpKind::DeleteMany, bucket, "");
        let clients = self.0.clients.get(None).await.map_err(|bad| bad_endpoint(&ask, &bad))?;
        let refused = |key: &str| clients.path_style && has_dot_segment(key);
        let batch: Vec<&Key> = keys.iter().filter(|(key, _)| xml_carries(key) && !refused(key)).collect();
        let mut batch =
            if batch.is_empty() { Batch::default() } else { self.delete_batch(&ask, &batch).await? };
        let bucket: Arc<str> = bucket.into();
        let mut outcomes = Vec::with_capacity(keys.len());
        for (key, etag) in keys {
            let own = || self.ask(Op::Remove, OpKind::DeleteMany, &bucket, key);
            outcomes.push(if refused(key) {
                Err(dot_segment(&own()))
            } else if xml_carries(key) {
                match batch.failed.get(&**key) {
                    Some((code, message)) => Err(key_error(&own(), code, message)),
                    None => Ok(Removed { marker: batch.markers.remove(&**key) }),
                }
            } else {
                let expect =
                    etag.clone().map_or(Precondition::None, |etag| Precondition::Matches(Tag::ETag(etag)));
                self.delete_object(&object(&bucket, key), &expect).await
            });
        }
        Ok(outcomes)
    }

    /// One request. It isn't a quiet one: what it hid can be shown again only by the id of its marker.
    async fn delete_batch(&self, ask: &Ask, keys: &[&Key]) -> Result<Batch> {
        let bucket = ask.bucket().unwrap_or_default();
        let objects: Vec<_> = keys.iter().map(|(key, etag)| identifier(key, etag.as_ref())).collect();
        let built = Delete::builder().set_objects(Some(objects)).quiet(false).build();
        let delete = built.map_err(|error| ask.error(ErrorKind::Invalid, error.to_string()))?;
        let output = self
            .call(ask, |route| {
                let request = route
                    .clients
                    .calls
                    .delete_objects()
                    .bucket(&*bucket)
                    .delete(delete.clone())
                    .set_request_payer(route.payer);
                request.customize().interceptor(route.watch).send()
            })
            .await?;
        let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
        let failed = output.errors().iter();
        let asked = |key: Option<&str>| keys.iter().any(|(own, _)| Some(&**own) == key);
        if let Some(stray) = failed.clone().find(|it| !asked(it.key())) {
            // It can't be told whose failure that is: then none of them is known to be gone.
            let code = text(stray.code());
            return Err(key_error(ask, &code, &text(stray.message())));
        }
        let failed = failed.map(|it| (text(it.key()), (text(it.code()), text(it.message())))).collect();
        let hidden = output.deleted().iter().filter(|it| it.delete_marker().unwrap_or_default());
        let marker = |it: &DeletedObject| Some((it.key()?.to_owned(), it.delete_marker_version_id()?.into()));
        Ok(Batch { failed, markers: hidden.filter_map(marker).collect() })
    }
}

fn identifier(key: &str, etag: Option<&ETag>) -> ObjectIdentifier {
    let built = ObjectIdentifier::builder().key(key).set_e_tag(etag.map(ETag::quoted)).build();
    built.expect("an identifier with a key is complete")
}

/// The failure of one key inside a request that went well.
fn key_error(ask: &Ask, code: &str, message: &str) -> VfsError {
    let kind = reasons::by_code(code).unwrap_or(ErrorKind::Io);
    let mut error = ask.error(kind, format!("{message} ({code})"));
    error.hint = reasons::hint(kind, Some(code), ask.kind, None).map(Into::into);
    error
}
