//! Presigned links of objects, the same again while they are good.

use std::sync::Arc;

use futures::FutureExt;

use super::S3Path;
use super::api::ObjectRef;
use crate::cache::{LinkKey, Signer};
use crate::model::{ErrorKind, LinkAsk, LinkMethod, Op, Result, SignedLink};

/// The link of this object: the one that is held while half of its life remains, else a new one.
pub(super) async fn presign(path: &S3Path, ask: &LinkAsk) -> Result<SignedLink> {
    let object = ObjectRef { version: ask.version.clone(), ..path.object(Op::Link)? };
    check(path, ask)?;
    let service = &path.service;
    let key = LinkKey {
        connection: service.api.connection().clone(),
        holder: service.api.holder(&object).await?,
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        ask: ask.clone(),
    };
    let (api, ask) = (service.api.clone(), ask.clone());
    let sign: Signer = Arc::new(move |now| {
        let (api, object, ask) = (api.clone(), object.clone(), ask.clone());
        async move { api.presign(&object, &ask, now).await }.boxed()
    });
    service.links.get(key, sign).await
}

fn check(path: &S3Path, ask: &LinkAsk) -> Result<()> {
    if ask.method == LinkMethod::Put {
        path.writable(Op::Link)?;
        path.check_key(Op::Link)?;
        if ask.version.is_some() {
            return Err(path.error(Op::Link, ErrorKind::Invalid, "what is written is a new version"));
        }
    }
    match ask.headers.unfit() {
        Some(name) => Err(path.error(Op::Link, ErrorKind::Invalid, format!("{name}: a header is one line"))),
        None => Ok(()),
    }
}
