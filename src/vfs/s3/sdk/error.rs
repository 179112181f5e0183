//! From the SDK's errors to [`VfsError`]: what failed, why, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::super::reasons;
use super::Ask;
use crate::model::{ErrorKind, VfsError};

/// A failure as the service or the way to it told it.
#[derive(Debug)]
pub(super) struct Failure {
    kind: ErrorKind,
    reason: String,
    status: Option<u16>,
    code: Option<String>,
    region: Option<Arc<str>>,
    source: Arc<dyn StdError + Send + Sync>,
}

impl Failure {
    pub(super) fn new<E>(error: SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let code = error.code().map(str::to_owned);
        let message = error.message().map(str::to_owned);
        let region = region_told(&error, message.as_deref());
        let (kind, reason) = match &error {
            SdkError::ServiceError(_) => of_service(status, code.as_deref(), message),
            SdkError::TimeoutError(_) => (ErrorKind::Timeout, "no answer in time".to_owned()),
            SdkError::ResponseError(_) => (ErrorKind::Unavailable, "the answer broke off".to_owned()),
            other => of_the_way(other),
        };
        Self { kind, reason, status, code, region, source: Arc::new(error) }
    }

    /// The other region that the bucket is in, if that is what the service says.
    pub(super) fn other_region(&self, asked: &str) -> Option<Arc<str>> {
        self.region.clone().filter(|region| &**region != asked)
    }

    /// Whether it may be that the credentials ran out before their time. The answer to a HEAD has no code.
    pub(super) fn ran_out(&self) -> bool {
        match self.code.as_deref() {
            None => self.status == Some(400) && self.region.is_none(),
            Some(code) => matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired"),
        }
    }

    /// `endpoint` is the address that was asked, for a failure on the way there.
    pub(super) fn into_error(self, ask: &Ask, endpoint: &str) -> VfsError {
        let hint = reasons::hint(self.kind, self.code.as_deref(), ask.kind, self.region.as_deref());
        let reason = match self.kind {
            ErrorKind::Unreachable => format!("{endpoint}: {}", self.reason),
            _ => self.reason,
        };
        let mut error = VfsError::new(ask.op, ask.uri.clone(), self.kind, reason);
        error.hint = hint.map(Into::into);
        error.source = Some(self.source);
        error
    }
}

/// What the service itself answered.
fn of_service(status: Option<u16>, code: Option<&str>, message: Option<String>) -> (ErrorKind, String) {
    let kind = code.and_then(reasons::by_code).unwrap_or_else(|| reasons::by_status(status.unwrap_or(0)));
    let reason = match (code, message) {
        (Some("NotFound" | "NoSuchKey"), _) => reasons::NO_SUCH_KEY.to_owned(),
        (Some("NoSuchBucket"), _) => reasons::NO_SUCH_BUCKET.to_owned(),
        (Some(code), Some(message)) if !message.is_empty() => format!("{message} ({code})"),
        (Some(code), _) => code.to_owned(),
        (None, _) if status == Some(200) => "the answer can't be read".to_owned(),
        (None, _) => reasons::status_text(status.unwrap_or(0)),
    };
    (kind, reason)
}

/// What happened on the way to the service.
fn of_the_way(error: &(dyn StdError + 'static)) -> (ErrorKind, String) {
    let chain: Vec<_> = std::iter::successors(Some(error), |it| (**it).source()).collect();
    let deepest = chain.last().map(ToString::to_string).unwrap_or_default();
    if let Some(credentials) = chain.iter().find_map(|it| it.downcast_ref::<CredentialsError>()) {
        return (ErrorKind::Unauthenticated, no_credentials(credentials, &deepest));
    }
    let all = chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let lower = all.to_ascii_lowercase();
    if ["dns", "certificate", "tls", "corrupt message", "handshake"].iter().any(|word| lower.contains(word)) {
        return (ErrorKind::Unreachable, deepest);
    }
    if let Some(io) = chain.iter().rev().find_map(|it| it.downcast_ref::<io::Error>()) {
        return of_io(io, &deepest);
    }
    if lower.contains("timed out") || lower.contains("timeout") {
        return (ErrorKind::Timeout, "no connection in time".to_owned());
    }
    if lower.contains("no credentials") || lower.contains("no auth") || lower.contains("identity") {
        return (ErrorKind::Unauthenticated, "no credentials were found".to_owned());
    }
    if chain.iter().any(|it| it.is::<aws_smithy_runtime_api::client::result::ConnectorError>()) {
        return (ErrorKind::Unavailable, format!("the connection broke: {deepest}"));
    }
    (ErrorKind::Invalid, deepest)
}

fn no_credentials(error: &CredentialsError, deepest: &str) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => "no credentials were found".to_owned(),
        // The metadata service stands last in the chain: nothing before it had any.
        _ if deepest.contains("IMDS") => "no credentials were found".to_owned(),
        _ => format!("credentials could not be loaded: {deepest}"),
    }
}

fn of_io(error: &io::Error, deepest: &str) -> (ErrorKind, String) {
    use io::ErrorKind as Io;
    let kind = match error.kind() {
        Io::TimedOut => ErrorKind::Timeout,
        Io::ConnectionRefused
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::AddrNotAvailable
        | Io::InvalidData => ErrorKind::Unreachable,
        _ if deepest.contains("lookup") => ErrorKind::Unreachable,
        _ => ErrorKind::Unavailable,
    };
    (kind, deepest.to_owned())
}

/// The region in an answer, from its header or from the text of a refused signature. It comes from
/// outside and becomes a part of a host name, so it may only be what a region looks like.
fn region_told<E>(error: &SdkError<E, Response>, message: Option<&str>) -> Option<Arc<str>> {
    let raw = error.raw_response()?;
    if !matches!(raw.status().as_u16(), 301 | 307 | 400) {
        return None;
    }
    let told = raw.headers().get("x-amz-bucket-region");
    let expected = || message?.split_once("expecting '")?.1.split('\'').next();
    told.or_else(expected).filter(|region| is_region(region)).map(Into::into)
}

pub(super) fn is_region(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_region_is_taken_for_one() {
        for region in ["eu-west-1", "us-gov-east-1", "auto"] {
            assert!(is_region(region), "{region}");
        }
        for other in ["", "evil.example/", "eu west", "EU", "a:b", "x\r\ny"] {
            assert!(!is_region(other), "{other}");
        }
    }
}
