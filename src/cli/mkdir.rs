//! `bifold mkdir`: directories, markers, buckets.

use std::ffi::OsString;

use super::Status;
use super::context::{Context, Failure, as_directory};

/// Makes each in turn; those that fail are told, and the rest goes on.
pub(super) async fn run(locations: &[OsString], context: &Context) -> Result<Status, Failure> {
    let mut uris = Vec::new();
    for text in locations {
        uris.push(as_directory(&context.typed(text)?.uri));
    }
    let mut status = Status::Done;
    for uri in uris {
        let made = async { context.path(&uri)?.mkdir().await };
        if let Err(error) = made.await {
            status = Failure::from(error).told();
        }
    }
    Ok(status)
}
