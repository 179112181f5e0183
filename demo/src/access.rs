//! Who may do what, and where a request is counted and its faults begin: [`Access`], [`Keys`].

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri};
use parking_lot::Mutex;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3Result, s3_error};

use crate::faults::{Effect, Faults};
use crate::service::error;
use crate::store::Store;
use crate::traffic::{Record, Traffic};

/// The access key that may do everything.
pub const ACCESS_KEY: &str = "DEMOACCESSKEYFORALL";
/// Its secret.
pub const SECRET_KEY: &str = "demo+secret+of+the+key+for+all";
/// The access key that may not list buckets.
pub const RESTRICTED_KEY: &str = "DEMOACCESSKEYWITHOUTLIST";
/// Its secret.
pub const RESTRICTED_SECRET: &str = "demo+secret+of+the+key+without+list";

/// How a request for a bucket of another region is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrongRegion {
    /// 301 PermanentRedirect.
    #[default]
    Redirect,
    /// 400 AuthorizationHeaderMalformed.
    Malformed,
}

/// What is known of one request while it is served.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// Its number in the log, once the operation is known.
    pub number: Mutex<Option<usize>>,
    /// What is still to happen to it.
    pub effects: Mutex<Vec<Effect>>,
}

impl Exchange {
    pub fn has(&self, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects.lock().iter().any(wanted)
    }
}

/// Knows the two access keys.
pub(crate) struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match access_key {
            ACCESS_KEY => Ok(SECRET_KEY.into()),
            RESTRICTED_KEY => Ok(RESTRICTED_SECRET.into()),
            _ => Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )),
        }
    }
}

/// Runs once the operation and the signature are known, before the operation.
pub(crate) struct Access {
    pub store: Store,
    pub faults: Faults,
    pub traffic: Arc<Traffic>,
    pub latency: Duration,
    pub wrong_region: WrongRegion,
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let record = record(cx);
        let (operation, key) = (record.operation.clone(), record.key.clone());
        let exchange = cx.extensions_mut().get::<Arc<Exchange>>().cloned().unwrap_or_default();
        *exchange.number.lock() = Some(self.traffic.begin(record));
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let token = cx.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let token = token.unwrap_or_default().to_owned();
        for effect in self.faults.take(&operation, &key) {
            if matches!(effect, Effect::ExpireToken) {
                self.faults.expire(&token);
            }
            self.apply(effect, &exchange).await?;
        }
        if self.faults.is_expired(&token) {
            return Err(error(400, "ExpiredToken", "The provided token has expired."));
        }
        self.permit(cx)
    }
}

impl Access {
    /// Does what comes before the operation, and keeps the rest for later.
    async fn apply(&self, effect: Effect, exchange: &Exchange) -> S3Result<()> {
        match effect {
            Effect::Error { status, code, message } => return Err(error(status, &code, &message)),
            Effect::Delay(time) => tokio::time::sleep(time).await,
            Effect::Stall => futures::future::pending().await,
            Effect::Hold(gate) => gate.pass().await,
            Effect::Run(act) => act(&self.store),
            Effect::Drop => {
                exchange.effects.lock().push(Effect::Drop);
                return Err(s3_error!(InternalError, "the connection is closed instead"));
            }
            later => exchange.effects.lock().push(later),
        }
        Ok(())
    }

    fn permit(&self, cx: &S3AccessContext<'_>) -> S3Result<()> {
        let operation = cx.s3_op().name();
        let key = cx.credentials().map(|credentials| credentials.access_key.as_str());
        if operation == "ListBuckets" {
            return if key == Some(ACCESS_KEY) { Ok(()) } else { Err(denied()) };
        }
        let state = self.store.lock();
        let bucket = cx.s3_path().get_bucket_name().and_then(|name| state.buckets.get(name));
        let Some(bucket) = bucket else {
            return if key.is_some() { Ok(()) } else { Err(denied()) };
        };
        if let Some(signed) = signed_region(cx.headers(), cx.uri())
            && signed != bucket.region
            && operation != "CreateBucket"
        {
            return Err(elsewhere(self.wrong_region, &signed, &bucket.region));
        }
        let reads = ["Get", "Head", "List"].iter().any(|verb| operation.starts_with(verb));
        let may = !bucket.denied && (key.is_some() || bucket.public && reads);
        if may { Ok(()) } else { Err(denied()) }
    }
}

fn record(cx: &S3AccessContext<'_>) -> Record {
    let path = cx.s3_path();
    let query = cx.uri().query().unwrap_or_default().to_owned();
    let prefix = || parameter(&query, "prefix");
    Record {
        operation: cx.s3_op().name().to_owned(),
        bucket: path.get_bucket_name().unwrap_or_default().to_owned(),
        key: path.get_object_key().map(str::to_owned).or_else(prefix).unwrap_or_default(),
        access_key: cx.credentials().map(|credentials| credentials.access_key.clone()),
        status: None,
        query,
    }
}

/// The value of a query parameter, decoded.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_encoding::percent_decode_str(&pair.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// The region that a signature is for: `…Credential=KEY/DATE/REGION/s3/aws4_request…`.
fn signed_region(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presigned = uri.query().and_then(|query| parameter(query, "X-Amz-Credential"));
    let scope = match header {
        Some(header) => header.split_once("Credential=")?.1.split(',').next()?.to_owned(),
        None => presigned?,
    };
    scope.split('/').nth(2).map(str::to_owned)
}

fn denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

fn elsewhere(how: WrongRegion, signed: &str, region: &str) -> S3Error {
    let mut error = match how {
        WrongRegion::Redirect => s3_error!(
            PermanentRedirect,
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
        ),
        WrongRegion::Malformed => s3_error!(
            AuthorizationHeaderMalformed,
            "The authorization header is malformed; the region '{signed}' is wrong; expecting '{region}'"
        ),
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-bucket-region", HeaderValue::from_str(region).expect("a region is plain ASCII"));
    error.set_headers(headers);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_a_signature_is_read_from_header_and_query() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/b?X-Amz-Credential=AK%2F20261120%2Feu-west-1%2Fs3%2Faws4_request&x=1");
        assert_eq!(signed_region(&headers, &uri).as_deref(), Some("eu-west-1"));
        let value = "AWS4-HMAC-SHA256 Credential=AK/20261120/us-east-1/s3/aws4_request, SignedHeaders=host";
        headers.insert("authorization", HeaderValue::from_static(value));
        assert_eq!(signed_region(&headers, &uri).as_deref(), Some("us-east-1"));
        assert_eq!(signed_region(&HeaderMap::new(), &Uri::from_static("/b")), None);
    }
}
