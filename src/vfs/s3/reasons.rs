//! S3's error codes and statuses in bifold's words: tables, and what a person can do about each.

use crate::cache::OpKind;
use crate::model::ErrorKind;

/// Why an object isn't there.
pub const NO_SUCH_KEY: &str = "no such key";
/// Why nothing in a bucket is there.
pub const NO_SUCH_BUCKET: &str = "no such bucket";

/// The kind of failure that a code of the service means; `None` for one not known here.
pub fn by_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "NoSuchKey" | "NotFound" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" => ErrorKind::NotFound,
        "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => ErrorKind::AlreadyExists,
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "Forbidden" | "KMS.DisabledException" => {
            ErrorKind::Denied
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSecurity"
        | "NotSignedUp"
        | "CredentialsNotSupported" => ErrorKind::Unauthenticated,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => ErrorKind::ClockSkew,
        "PreconditionFailed" | "ConditionalRequestConflict" | "OperationAborted" => ErrorKind::Conflict,
        "BucketNotEmpty" => ErrorKind::NotEmpty,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "SlowDownRead"
        | "SlowDownWrite" => ErrorKind::Throttled,
        "RequestTimeout" => ErrorKind::Timeout,
        "InternalError" | "ServiceUnavailable" | "InternalServerError" => ErrorKind::Unavailable,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => ErrorKind::WrongRegion,
        "InvalidObjectState" | "ObjectNotInActiveTierError" => ErrorKind::Archived,
        "BadDigest"
        | "InvalidDigest"
        | "XAmzContentSHA256Mismatch"
        | "XAmzContentChecksumMismatch"
        | "IncompleteBody" => ErrorKind::Corrupt,
        "NotImplemented" | "MethodNotAllowed" => ErrorKind::Unsupported,
        "EntityTooLarge" | "EntityTooSmall" | "KeyTooLongError" | "InvalidBucketName" | "InvalidRange"
        | "InvalidArgument" | "InvalidRequest" | "InvalidPart" | "InvalidPartOrder" | "MetadataTooLarge"
        | "MalformedXML" => ErrorKind::Invalid,
        "QuotaExceeded" | "XMinioStorageFull" | "XMinioAdminBucketQuotaExceeded" => ErrorKind::NoSpace,
        _ => return None,
    })
}

/// The kind of failure that a status means, where no code came with it (as on every HEAD).
pub fn by_status(status: u16) -> ErrorKind {
    match status {
        // A success whose body can't be understood: a listing whose keys aren't XML.
        200..=299 => ErrorKind::Corrupt,
        301 | 307 | 308 => ErrorKind::WrongRegion,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        408 => ErrorKind::Timeout,
        409 | 412 => ErrorKind::Conflict,
        416 | 400 => ErrorKind::Invalid,
        429 | 503 => ErrorKind::Throttled,
        507 => ErrorKind::NoSpace,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Io,
    }
}

/// A status in words.
pub fn status_text(status: u16) -> String {
    match status {
        403 => "access denied".to_owned(),
        404 => "nothing there".to_owned(),
        412 => "it is not what it was".to_owned(),
        _ => format!("the service answered with status {status}"),
    }
}

/// What a person can do about a failure.
pub fn hint(kind: ErrorKind, code: Option<&str>, asked: OpKind, region: Option<&str>) -> Option<String> {
    let text = match kind {
        ErrorKind::Denied => denied(asked),
        ErrorKind::Unauthenticated => unauthenticated(code).to_owned(),
        ErrorKind::NotFound if code == Some("NoSuchBucket") => {
            "check the bucket's name and the connection; s3:// lists the buckets".to_owned()
        }
        ErrorKind::NotFound if matches!(code, Some("NoSuchKey" | "NotFound")) => {
            "check the key: its case and every slash count; a listing shows what is there".to_owned()
        }
        ErrorKind::NotEmpty => "delete what is in it first, older versions and open uploads, too".to_owned(),
        ErrorKind::WrongRegion => match region {
            Some(region) => {
                format!("the bucket is in {region}: set region = \"{region}\" for this connection")
            }
            None => "set the bucket's region for this connection".to_owned(),
        },
        ErrorKind::ClockSkew => {
            "this machine's clock is too far from the service's: set the clock, for instance by NTP"
                .to_owned()
        }
        ErrorKind::Unreachable => {
            "check the network, the proxy, the endpoint_url and its certificate".to_owned()
        }
        ErrorKind::Archived => {
            "it is in cold storage: restore it first (s3:RestoreObject), then try again".to_owned()
        }
        ErrorKind::Throttled => "the service asks for fewer requests: try again in a while".to_owned(),
        ErrorKind::Corrupt if code.is_some() => "the bytes changed on the way: try again".to_owned(),
        ErrorKind::Unsupported => "this service doesn't offer that".to_owned(),
        ErrorKind::Invalid if code == Some("InvalidBucketName") => {
            "a bucket's name has 3 to 63 characters: small letters, digits and hyphens".to_owned()
        }
        ErrorKind::Invalid if code.is_none() && matches!(asked, OpKind::Head | OpKind::HeadBucket) => {
            "expired credentials, a wrong region or an object under a key of the customer's own".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

fn unauthenticated(code: Option<&str>) -> &'static str {
    match code {
        Some("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired") => {
            "the session has ended: sign in again, for instance by `aws sso login`"
        }
        Some("InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
            "the access key or its secret is wrong for this endpoint: check the profile and endpoint_url"
        }
        _ => {
            "set a profile for this connection, AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
             or sign in by `aws sso login`; anonymous = true reads what is public"
        }
    }
}

fn denied(asked: OpKind) -> String {
    let permission = permission(asked);
    match asked {
        OpKind::ListBuckets => {
            format!("the permission {permission} is missing; a bucket still opens by its name: s3://bucket/")
        }
        OpKind::Head | OpKind::Get => {
            format!("the permission {permission} is missing, or s3:ListBucket if there is no such key")
        }
        _ => format!("the permission {permission} is missing, or a policy forbids it"),
    }
}

/// The permission that an operation needs.
pub fn permission(asked: OpKind) -> &'static str {
    match asked {
        OpKind::ListBuckets => "s3:ListAllMyBuckets",
        OpKind::List | OpKind::HeadBucket => "s3:ListBucket",
        OpKind::Head | OpKind::Get => "s3:GetObject",
        OpKind::GetTagging => "s3:GetObjectTagging",
        OpKind::Put | OpKind::CreateUpload | OpKind::UploadPart | OpKind::CompleteUpload => "s3:PutObject",
        OpKind::Copy | OpKind::UploadPartCopy => "s3:GetObject (source) or s3:PutObject (destination)",
        OpKind::AbortUpload => "s3:AbortMultipartUpload",
        OpKind::ListParts => "s3:ListMultipartUploadParts",
        OpKind::ListUploads => "s3:ListBucketMultipartUploads",
        OpKind::ListVersions => "s3:ListBucketVersions",
        OpKind::Delete => "s3:DeleteObject (of a version: s3:DeleteObjectVersion)",
        OpKind::DeleteMany => "s3:DeleteObject",
        OpKind::CreateBucket => "s3:CreateBucket",
        OpKind::DeleteBucket => "s3:DeleteBucket",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied_is_never_absent() {
        assert_eq!(by_status(403), ErrorKind::Denied);
        assert_eq!(by_code("AccessDenied"), Some(ErrorKind::Denied));
    }

    #[test]
    fn every_operation_names_its_permission() {
        for kind in OpKind::ALL {
            let hint = hint(ErrorKind::Denied, None, kind, None).expect("a hint");
            assert!(hint.contains("s3:"), "{kind:?}: {hint}");
        }
    }

    #[test]
    fn only_what_may_help_is_tried_again() {
        for code in ["SlowDown", "InternalError", "RequestTimeout"] {
            assert!(by_code(code).expect(code).retryable(), "{code}");
        }
        for code in ["AccessDenied", "NoSuchKey", "PreconditionFailed", "ExpiredToken", "BadDigest"] {
            assert!(!by_code(code).expect(code).retryable(), "{code}");
        }
    }
}
