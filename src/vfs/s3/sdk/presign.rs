//! Presigned links: whose credentials sign ([`Keyring`]), and the signing itself, which asks no service.
//!
//! The credentials are looked up here and given to the SDK for the one signing, so that the end that cuts a
//! link short is the end of those that signed it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_s3::config::{
    Builder, IdentityCache, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::RequestPayer;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::super::api::ObjectRef;
use super::convert::has_dot_segment;
use super::error::Failure;
use super::{Ask, Sdk, bad_endpoint, dot_segment};
use crate::cache::{Holder, OpKind, Signing};
use crate::model::link::life;
use crate::model::{ErrorKind, LinkAsk, LinkMethod, Op, Redacted, Result, SignedLink, Timestamp};

/// For how long credentials that tell no end are taken to be those still in force.
const LOOK_AGAIN: Duration = Duration::from_mins(15);
/// Credentials that end within this are asked for anew: nothing could be signed with them.
const TOO_LATE: Duration = Duration::from_secs(62);

/// The credentials that sign links: looked up once, and again when they are near their end, or when a service
/// refused those in use.
#[derive(Default)]
pub(super) struct Keyring(Mutex<Option<Arc<Slot>>>);

struct Slot {
    born: u64,
    since: Instant,
    cell: OnceCell<Credentials>,
}

impl Slot {
    fn serves(&self, born: u64) -> bool {
        let ends = self.cell.get().and_then(Credentials::expiry);
        let fresh = match ends {
            Some(end) => left(end).is_some_and(|left| left > TOO_LATE),
            None => self.since.elapsed() < LOOK_AGAIN,
        };
        self.born == born && fresh
    }
}

impl Keyring {
    /// The slot that holds the credentials of this generation, or will: those who ask at once look up once.
    fn slot(&self, born: u64) -> Arc<Slot> {
        let mut held = self.0.lock();
        match held.as_ref().filter(|slot| slot.serves(born)) {
            Some(slot) => slot.clone(),
            None => held.insert(Arc::new(Slot::new(born))).clone(),
        }
    }
}

impl Slot {
    fn new(born: u64) -> Self {
        Self { born, since: Instant::now(), cell: OnceCell::new() }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

fn left(end: SystemTime) -> Option<Duration> {
    end.duration_since(SystemTime::now()).ok()
}

/// The access key and the session, so that it changes whenever they do. Never the secret.
fn holder(credentials: &Credentials) -> Holder {
    let mut hash = Sha256::new();
    hash.update(credentials.access_key_id());
    hash.update([0]);
    hash.update(credentials.session_token().unwrap_or_default());
    Holder(hash.finalize().into())
}

impl Sdk {
    fn link_ask(&self, object: &ObjectRef) -> Ask {
        self.ask(Op::Link, OpKind::Get, &object.bucket, &object.key)
    }

    pub(super) async fn holder_of(&self, object: &ObjectRef) -> Result<Holder> {
        self.credentials(&self.link_ask(object)).await.map(|credentials| holder(&credentials))
    }

    async fn credentials(&self, ask: &Ask) -> Result<Credentials> {
        if self.0.id.anonymous {
            let error = ask.error(ErrorKind::Unsupported, "the connection is anonymous: nobody signs");
            return Err(error.with_hint("whoever may read it anonymously needs no link but its address"));
        }
        let (provider, born) = self.0.clients.signer().await.map_err(|bad| bad_endpoint(ask, &bad))?;
        let none = || ask.error(ErrorKind::Unauthenticated, "there are no credentials to sign with");
        let provider = provider.ok_or_else(none)?;
        let slot = self.0.keyring.slot(born);
        let found = slot.cell.get_or_try_init(|| provider.provide_credentials()).await;
        found.cloned().map_err(|error| {
            let hint = "the same credentials as for any request: see aws configure, or [connections]";
            none().with_source(error).with_hint(hint)
        })
    }

    pub(super) async fn presign_object(
        &self,
        object: &ObjectRef,
        with: &LinkAsk,
        now: Timestamp,
    ) -> Result<Signing> {
        let ask = self.link_ask(object);
        let credentials = self.credentials(&ask).await?;
        let holder = holder(&credentials);
        let end = credentials.expiry();
        let left = end.map(|end| left(end).unwrap_or_default());
        let Some((life, cut)) = life(with.expires, left) else {
            return Err(no_life(&ask, with));
        };
        let may_end_early = end.is_none() && credentials.session_token().is_some();
        let from = Timestamp(now.0 - now.0.rem_euclid(1000));
        let signed = self.sign(&ask, object, with, credentials, (from, life)).await?;
        let link = SignedLink {
            uri: ask.uri,
            method: with.method,
            url: Redacted::new(signed.uri().to_owned()),
            send: signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            life,
            ends: Timestamp(from.0.saturating_add(i64::try_from(life.as_millis()).unwrap_or(i64::MAX))),
            cut,
            may_end_early,
        };
        tracing::debug!(location = %link.uri, method = with.method.word(), ?life, "presigned a link");
        Ok(Signing { link, holder })
    }

    /// The signing alone.
    async fn sign(
        &self,
        ask: &Ask,
        object: &ObjectRef,
        with: &LinkAsk,
        credentials: Credentials,
        (from, life): (Timestamp, Duration),
    ) -> Result<PresignedRequest> {
        let region = self.region_for_links(ask).await;
        let clients = self.0.clients.get(region).await.map_err(|bad| bad_endpoint(ask, &bad))?;
        if clients.path_style && has_dot_segment(&object.key) {
            return Err(dot_segment(ask));
        }
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(from.0).unwrap_or(0));
        let config = PresigningConfig::builder().start_time(start).expires_in(life).build();
        let config = config.map_err(|error| ask.error(ErrorKind::Invalid, error.to_string()))?;
        let payer = self.0.requester_pays.then_some(RequestPayer::Requester);
        let parts = Parts { object, with, payer, over: overrides(credentials), config };
        let signed = match with.method {
            LinkMethod::Get => told(ask, parts.get(&clients.calls).await, &self.address()),
            LinkMethod::Put => told(ask, parts.put(&clients.calls).await, &self.address()),
        };
        signed.map_err(|error| *error)
    }

    /// A link for another region than the bucket's own doesn't work: at AWS the bucket is asked once, unless
    /// it answered before. A bucket that may not be looked at is taken to be in the connection's region.
    async fn region_for_links(&self, ask: &Ask) -> Option<Arc<str>> {
        let bucket = ask.bucket()?;
        if &*self.0.id.endpoint == "aws"
            && !self.has_seen(&bucket)
            && let Err(error) = self.head_bucket(&bucket).await
        {
            tracing::debug!(location = %ask.uri, %error, "the bucket doesn't tell its region");
        }
        self.known_region(ask)
    }
}

/// What one signing needs.
struct Parts<'a> {
    object: &'a ObjectRef,
    with: &'a LinkAsk,
    payer: Option<RequestPayer>,
    over: Builder,
    config: PresigningConfig,
}

impl Parts<'_> {
    async fn get(
        self,
        client: &aws_sdk_s3::Client,
    ) -> std::result::Result<
        PresignedRequest,
        SdkError<aws_sdk_s3::operation::get_object::GetObjectError, Response>,
    > {
        let headers = &self.with.headers;
        let request = client
            .get_object()
            .bucket(&*self.object.bucket)
            .key(&*self.object.key)
            .set_version_id(self.object.version.as_deref().map(str::to_owned))
            .set_response_content_type(headers.content_type.clone())
            .set_response_content_disposition(headers.content_disposition.clone())
            .set_response_content_encoding(headers.content_encoding.clone())
            .set_response_content_language(headers.content_language.clone())
            .set_response_cache_control(headers.cache_control.clone())
            .set_request_payer(self.payer);
        request.customize().config_override(self.over).presigned(self.config).await
    }

    async fn put(
        self,
        client: &aws_sdk_s3::Client,
    ) -> std::result::Result<
        PresignedRequest,
        SdkError<aws_sdk_s3::operation::put_object::PutObjectError, Response>,
    > {
        let headers = &self.with.headers;
        let request = client
            .put_object()
            .bucket(&*self.object.bucket)
            .key(&*self.object.key)
            .set_content_type(headers.content_type.clone())
            .set_content_disposition(headers.content_disposition.clone())
            .set_content_encoding(headers.content_encoding.clone())
            .set_content_language(headers.content_language.clone())
            .set_cache_control(headers.cache_control.clone())
            .set_request_payer(self.payer);
        request.customize().config_override(self.over).presigned(self.config).await
    }
}

/// These credentials alone, and nothing that a plain client wouldn't send: no checksums.
fn overrides(credentials: Credentials) -> Builder {
    aws_sdk_s3::Config::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::no_cache())
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

fn told<E>(
    ask: &Ask,
    signed: std::result::Result<PresignedRequest, SdkError<E, Response>>,
    address: &str,
) -> std::result::Result<PresignedRequest, Box<crate::model::VfsError>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    signed.map_err(|error| Box::new(Failure::new(error).into_error(ask, address)))
}

fn no_life(ask: &Ask, with: &LinkAsk) -> crate::model::VfsError {
    if with.expires < Duration::from_secs(1) {
        return ask.error(ErrorKind::Invalid, "a link works for a second at least");
    }
    let error = ask.error(ErrorKind::Unauthenticated, "the credentials end within a minute");
    error.with_hint("renew them (aws sso login, or whatever gives them), then ask again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_changes_with_the_key_and_the_session_alone() {
        let of = |key: &str, secret: &str, token: Option<&str>| {
            holder(&Credentials::new(key, secret, token.map(str::to_owned), None, "test"))
        };
        assert_eq!(of("a", "x", None), of("a", "y", None));
        assert_ne!(of("a", "x", None), of("b", "x", None));
        assert_ne!(of("a", "x", None), of("a", "x", Some("t")));
    }

    #[tokio::test]
    async fn credentials_are_asked_for_anew_near_their_end_and_after_a_refusal() {
        let keyring = Keyring::default();
        let ends = |left: Duration| Credentials::new("a", "b", None, Some(SystemTime::now() + left), "test");
        let first = keyring.slot(0);
        assert!(Arc::ptr_eq(&first, &keyring.slot(0)), "whoever asks meanwhile waits for the same");
        first.cell.set(ends(Duration::from_hours(1))).expect("it was empty");
        assert!(Arc::ptr_eq(&first, &keyring.slot(0)));
        let refused = keyring.slot(1);
        assert!(!Arc::ptr_eq(&first, &refused));
        refused.cell.set(ends(Duration::from_mins(1))).expect("it was empty");
        assert!(!Arc::ptr_eq(&refused, &keyring.slot(1)));
    }
}
