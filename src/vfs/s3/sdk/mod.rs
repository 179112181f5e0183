//! [`Sdk`]: the S3 operations asked of a real service through aws-sdk-s3.
//!
//! - One pair of clients per region (`client`), made on first use; nothing is asked before a request is.
//! - A bucket of another region: its name is read from the refusal, remembered, and the request sent once
//!   more (`Sdk::call`). Redirects are never followed otherwise: credentials would go along.
//! - Every attempt is counted and logged (`watch`).
//! - Calls without bodies are retried by the SDK. Calls with bodies, copies and completions aren't: the
//!   transfer engine knows what a lost answer means (`transfer`, `multipart`).

mod body;
mod bucket;
mod client;
mod convert;
mod credentials;
mod error;
mod http;
mod listing;
mod multipart;
mod object;
mod presign;
mod remove;
mod service;
mod versions;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::RequestPayer;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use parking_lot::Mutex;

use self::client::{ClientPool, Clients};
use self::error::Failure;
use self::watch::Watch;
use super::api::ConnectionId;
use super::endpoint::{self, BadEndpoint};
use crate::cache::{Meter, OpKind};
use crate::config::{Connection, Env};
use crate::model::{ErrorKind, Op, Result, S3Uri, Uri, VfsError};

/// The S3 operations on a real service. Clones share clients, figures and what is known of buckets.
#[derive(Clone, Debug)]
pub struct Sdk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: ConnectionId,
    clients: ClientPool,
    keyring: presign::Keyring,
    meter: Arc<Meter>,
    /// The buckets that have answered, with their region where it isn't the connection's own.
    buckets: Mutex<HashMap<Arc<str>, Option<Arc<str>>>>,
    page_size: i32,
    requester_pays: bool,
    /// How long no byte may move.
    stall: Duration,
}

/// One request: what it is for, for errors, figures and the log.
#[derive(Clone, Debug)]
struct Ask {
    op: Op,
    kind: OpKind,
    uri: Uri,
}

impl Ask {
    fn bucket(&self) -> Option<Arc<str>> {
        self.uri.as_s3().and_then(|uri| uri.bucket.clone())
    }

    fn error(&self, kind: ErrorKind, reason: impl Into<Arc<str>>) -> VfsError {
        VfsError::new(self.op, self.uri.clone(), kind, reason)
    }
}

/// Where one request goes, and who watches it.
struct Route {
    clients: Clients,
    watch: Watch,
    payer: Option<RequestPayer>,
}

type Answer<T, E> = std::result::Result<T, SdkError<E, Response>>;

impl Sdk {
    /// The operations on a connection; asks and reads nothing yet.
    pub fn new(id: ConnectionId, connection: &Connection, env: &Env, meter: Arc<Meter>) -> Self {
        let page_size = connection.page_size.unwrap_or(1000).clamp(1, 1000);
        Self(Arc::new(Inner {
            id,
            clients: ClientPool::new(connection.clone(), env.clone()),
            keyring: presign::Keyring::default(),
            meter,
            buckets: Mutex::default(),
            page_size: i32::from(page_size),
            requester_pays: connection.requester_pays,
            stall: connection
                .stall_seconds
                .map_or(body::STALL, |seconds| Duration::from_secs(seconds.max(1).into())),
        }))
    }

    /// Where requests go: the endpoint, or at AWS the region. `None` before the first one.
    pub fn place(&self) -> Option<String> {
        self.0.clients.place()
    }

    fn ask(&self, op: Op, kind: OpKind, bucket: &str, key: &str) -> Ask {
        Ask { op, kind, uri: Uri::S3(S3Uri::new(&self.0.id.name, bucket, key)) }
    }

    fn ask_nowhere(&self, op: Op, kind: OpKind) -> Ask {
        Ask { op, kind, uri: Uri::S3(S3Uri::buckets(&self.0.id.name)) }
    }

    /// Sends a request, and once more where the bucket turns out to be in another region, or with
    /// credentials asked for anew where those in use ran out.
    async fn call<T, E, F, Fut>(&self, ask: &Ask, send: F) -> Result<T>
    where
        F: Fn(Route) -> Fut + Send + Sync,
        Fut: Future<Output = Answer<T, E>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let route = self.route(ask, self.known_region(ask)).await?;
        let asked = route.clients.clone();
        let failure = match Box::pin(send(route)).await {
            Ok(answer) => return Ok(self.seen(ask, answer)),
            Err(error) => Failure::new(error),
        };
        let region = match failure.other_region(&asked.region) {
            Some(region) => region,
            None if failure.ran_out() && self.0.clients.renew(&asked) => asked.region,
            None => return Err(failure.into_error(ask, &self.address())),
        };
        tracing::debug!(location = %ask.uri, %region, "asked once more: another region, or new credentials");
        let route = self.route(ask, Some(region.clone())).await?;
        match Box::pin(send(route)).await {
            Ok(answer) => {
                self.remember(ask.bucket(), Some(region));
                Ok(answer)
            }
            Err(error) => Err(Failure::new(error).into_error(ask, &self.address())),
        }
    }

    async fn route(&self, ask: &Ask, region: Option<Arc<str>>) -> Result<Route> {
        let clients = self.0.clients.get(region).await.map_err(|bad| bad_endpoint(ask, &bad))?;
        let key = ask.uri.as_s3().map(|uri| &*uri.key).unwrap_or_default();
        if clients.path_style && ask.kind != OpKind::List && convert::has_dot_segment(key) {
            return Err(dot_segment(ask));
        }
        let watch = Watch::new(self.0.meter.clone(), ask.kind, ask.uri.clone());
        let payer = self.0.requester_pays.then_some(RequestPayer::Requester);
        Ok(Route { clients, watch, payer })
    }

    /// The address that is asked, in words.
    fn address(&self) -> String {
        match &*self.0.id.endpoint {
            "aws" => "Amazon S3".to_owned(),
            address => endpoint::without_userinfo(address),
        }
    }

    fn known_region(&self, ask: &Ask) -> Option<Arc<str>> {
        self.0.buckets.lock().get(&ask.bucket()?).cloned().flatten()
    }

    /// Notes that the bucket is there, whatever is known of its region.
    fn seen<T>(&self, ask: &Ask, answer: T) -> T {
        if let Some(bucket) = ask.bucket() {
            self.0.buckets.lock().entry(bucket).or_default();
        }
        answer
    }

    fn remember(&self, bucket: Option<Arc<str>>, region: Option<Arc<str>>) {
        if let Some(bucket) = bucket {
            self.0.buckets.lock().insert(bucket, region);
        }
    }

    fn forget(&self, bucket: &str) {
        self.0.buckets.lock().remove(bucket);
    }

    fn has_seen(&self, bucket: &str) -> bool {
        self.0.buckets.lock().contains_key(bucket)
    }
}

fn bad_endpoint(ask: &Ask, bad: &BadEndpoint) -> VfsError {
    ask.error(ErrorKind::Invalid, bad.to_string()).with_hint(bad.hint())
}

/// A proxy or a service that resolves `..` in a path could reach another bucket.
fn dot_segment(ask: &Ask) -> VfsError {
    ask.error(ErrorKind::Unsupported, "a key with a segment \".\" or \"..\" may reach something else here")
        .with_hint("such keys are only listed where buckets stand in the path; path_style = false, where the service allows it, reaches them")
}
