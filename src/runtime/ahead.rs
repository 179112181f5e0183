//! What is asked for before a person asks: what comes is left in the caches. [`go`].

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;

use crate::app::ahead::Next;
use crate::app::{Msg, ReqId};
use crate::model::{Entry, Freshness, Result, Source, Uri};
use crate::transfer::Resolver;
use crate::vfs::{DynPath, Fetch};

/// The bytes of a file's beginning: what a view reads first.
const HEAD: u64 = 64 << 10;
/// How soon the end of a listing follows its last page: no request lies between.
const END: Duration = Duration::from_millis(20);

/// Asks ahead, for `most` requests at the most, and tells how many it took. What fails is told to nobody: who
/// really asks hears of it.
pub(super) async fn go(resolve: Resolver, req: ReqId, what: Next, most: u32, out: Sender<Msg>) {
    let requests = match what {
        Next::List(uri) => list(&resolve, &uri, most).await,
        Next::Head(uri, entry) => {
            drop(head(&resolve, &uri, *entry).await);
            1
        }
    };
    let _ = out.send(Msg::WentAhead { req, requests }).await;
}

/// Lists a directory whose pages take so many requests at the most; a longer one is given up. Pages that the
/// cache had took none.
async fn list(resolve: &Resolver, uri: &Uri, most: u32) -> u32 {
    let Ok(path) = resolve(uri) else { return 0 };
    if is_held(&path).await {
        return 0;
    }
    let mut pages = path.list(Freshness::Cached);
    let mut requests = 0;
    // While a page is on its way here, the request for the next one may be on its way there.
    while requests + 1 < most {
        match pages.next().await {
            Some(Ok(page)) if page.source == Source::Backend => requests += 1,
            Some(Ok(_)) => {}
            Some(Err(_)) => return requests + 1,
            None => return requests,
        }
    }
    match timeout(END, pages.next()).await {
        Ok(None) => requests,
        _ => requests + 1,
    }
}

/// Whether a fresh listing is held: then there is nothing to ask. Nobody opened anything, so this look mustn't
/// count as a hit that saved a request.
async fn is_held(path: &DynPath) -> bool {
    let held = path.list(Freshness::Held).next().await;
    matches!(held, Some(Ok(page)) if page.source == Source::Cache)
}

async fn head(resolve: &Resolver, uri: &Uri, entry: Entry) -> Result<()> {
    let size = entry.size.unwrap_or_default();
    if size == 0 {
        return Ok(());
    }
    let range = 0..size.min(HEAD);
    let reading = resolve(uri)?.fetch(Some(range), &Fetch::view(entry)).await?;
    reading.body.try_for_each(|_| async { Ok(()) }).await
}
