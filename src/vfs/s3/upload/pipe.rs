//! An object whose size nobody knows before its end: bytes in order, gathered into parts that grow.

use bytes::{Bytes, BytesMut};

use super::super::api::Payload;
use super::super::checksum::payload;
use super::super::limits::MULTIPART_FROM;
use super::Upload;
use crate::model::{ErrorKind, Result};

/// What came and hasn't left yet.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    pending: BytesMut,
    received: u64,
    sent: u64,
    number: u32,
    /// A part that failed on its way and goes first.
    failed: Option<Payload>,
}

/// Takes the next piece. One that comes again after a failure is here already: only its sending is
/// tried again.
pub(super) async fn take(upload: &Upload, offset: u64, bytes: Bytes) -> Result<()> {
    let mut pipe = upload.pipe.lock().await;
    let len = bytes.len() as u64;
    let limits = upload.path.service.limits;
    if offset == pipe.received {
        if pipe.received + len > limits.max_object {
            let reason = format!("the service holds objects of at most {} bytes", limits.max_object);
            return Err(upload.error(ErrorKind::Invalid, reason));
        }
        pipe.received += len;
        pipe.pending.extend_from_slice(&bytes);
    } else if offset + len != pipe.received {
        let reason = format!("bytes at {offset} where {} come next", pipe.received);
        return Err(upload.error(ErrorKind::Invalid, reason));
    }
    if pipe.received < MULTIPART_FROM {
        return Ok(());
    }
    loop {
        let part = usize::try_from(limits.growing_part(pipe.number + 1)).unwrap_or(usize::MAX);
        if pipe.failed.is_none() && pipe.pending.len() < part {
            return Ok(());
        }
        send(upload, &mut pipe, part).await?;
    }
}

/// Sends what is left: as the last part, or as the whole where it is small.
pub(super) async fn drain(upload: &Upload) -> Result<()> {
    let mut pipe = upload.pipe.lock().await;
    if pipe.received < MULTIPART_FROM {
        if upload.size.is_none() {
            let all = std::mem::take(&mut pipe.pending).freeze();
            pipe.pending = BytesMut::from(&all[..]);
            upload.state.lock().held = Some(payload(all));
        }
        return Ok(());
    }
    while pipe.failed.is_some() || !pipe.pending.is_empty() {
        let part = usize::try_from(upload.path.service.limits.growing_part(pipe.number + 1));
        send(upload, &mut pipe, part.unwrap_or(usize::MAX)).await?;
    }
    Ok(())
}

async fn send(upload: &Upload, pipe: &mut Pipe, most: usize) -> Result<()> {
    let most = most.min(pipe.pending.len());
    let failed = pipe.failed.take();
    let part = failed.unwrap_or_else(|| payload(pipe.pending.split_to(most).freeze()));
    // Kept until the service has it: a dropped call mustn't lose it.
    pipe.failed = Some(part.clone());
    let (number, offset, len) = (pipe.number + 1, pipe.sent, part.bytes.len() as u64);
    if u64::from(number) > upload.path.service.limits.max_parts {
        let reason = format!("the stream needs more than {} parts", upload.path.service.limits.max_parts);
        return Err(upload.error(ErrorKind::Invalid, reason));
    }
    upload.send(number, offset, part).await?;
    pipe.failed = None;
    pipe.number = number;
    pipe.sent += len;
    Ok(())
}
