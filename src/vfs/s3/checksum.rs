//! CRC64NVME, computed while bytes pass, and bodies gathered into parts.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, checksum_combine};
use futures::StreamExt;
use md5::{Digest, Md5};

use super::api::Payload;
use crate::model::{ErrorKind, Result, VfsError};
use crate::vfs::Body;

/// The checksum of these bytes.
pub(super) fn crc64(bytes: &[u8]) -> u64 {
    crc_fast::crc64_nvme(bytes)
}

/// A checksum as headers have it.
pub(super) fn crc64_text(crc: u64) -> String {
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

/// A checksum from a header.
pub(super) fn crc64_value(text: &str) -> Option<u64> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// The checksum of two pieces together, from theirs and the second's length.
pub(super) fn combined(first: u64, second: u64, second_len: u64) -> u64 {
    checksum_combine(CrcAlgorithm::Crc64Nvme, first, second, second_len)
}

/// A piece with its checksum.
pub(super) fn payload(bytes: Bytes) -> Payload {
    let crc64 = crc64(&bytes);
    Payload::new(bytes, crc64)
}

/// The MD5 of these bytes.
pub(super) fn md5_of(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// All of a body, which must be exactly `len` bytes; else what `error` makes of the reason.
pub(super) async fn gathered(
    mut body: Body,
    len: u64,
    error: impl Fn(ErrorKind, String) -> VfsError,
) -> Result<Bytes> {
    let most = usize::try_from(len).unwrap_or(usize::MAX);
    let mut all = BytesMut::with_capacity(most);
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        if bytes.len() > most - all.len() {
            return Err(error(
                ErrorKind::Invalid,
                format!("the body is longer than the {len} bytes it said"),
            ));
        }
        all.extend_from_slice(&bytes);
    }
    if all.len() < most {
        let reason = format!("the body ended after {} of {len} bytes", all.len());
        return Err(error(ErrorKind::Invalid, reason));
    }
    Ok(all.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_combine_to_the_whole() {
        let (first, second) = (b"exactly these", b" bytes");
        let whole = crc64(b"exactly these bytes");
        assert_eq!(combined(crc64(first), crc64(second), 6), whole);
        assert_eq!(combined(crc64(b""), whole, 19), whole);
        assert_eq!(combined(whole, crc64(b""), 0), whole);
    }
}
