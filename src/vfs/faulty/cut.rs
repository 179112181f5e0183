//! Streams that end too early.

use futures::stream::{self, BoxStream, StreamExt};

use crate::model::{Result, VfsError};

/// Ends a stream after `at` units, of which each item has some.
pub(super) fn cut<T: Send + 'static>(
    stream: BoxStream<'static, Result<T>>,
    at: u64,
    error: Option<VfsError>,
    units: fn(&T) -> u64,
    shorten: fn(T, u64) -> T,
) -> BoxStream<'static, Result<T>> {
    let rest = stream.scan(at, move |left, item| {
        let next = match item {
            Ok(item) if *left > 0 => {
                let had = std::mem::replace(left, left.saturating_sub(units(&item)));
                Some(Ok(if units(&item) > had { shorten(item, had) } else { item }))
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        std::future::ready(next)
    });
    rest.chain(stream::iter(error.map(Err))).boxed()
}
