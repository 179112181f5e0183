//! How much there is under a selection, before a question about it is asked.

use std::collections::VecDeque;

use futures::stream::{self, BoxStream, FuturesUnordered, StreamExt};

use super::super::job::{Counts, SourceItem};
use super::Resolver;
use crate::model::{Entry, Freshness, Kind, Page, Result, Uri};

type Listing = BoxStream<'static, Result<Page>>;
type Next = futures::future::BoxFuture<'static, (Uri, Listing, Option<Result<Page>>)>;

/// Directories that wait to be listed, breadth first, and those that are.
struct Counting {
    resolve: Resolver,
    counts: Counts,
    waiting: VecDeque<Uri>,
    listing: FuturesUnordered<Next>,
    most: usize,
    told: bool,
}

/// Counts what the sources hold; a link counts as itself.
pub fn count(resolve: Resolver, sources: Vec<SourceItem>, most: usize) -> BoxStream<'static, Result<Counts>> {
    let mut counting = Counting {
        resolve,
        counts: Counts::default(),
        waiting: VecDeque::new(),
        listing: FuturesUnordered::new(),
        most: most.max(1),
        told: false,
    };
    for source in sources {
        counting.add(source.uri, &source.entry);
    }
    stream::unfold(Some(counting), |counting| async move {
        let mut counting = counting?;
        match counting.step().await {
            Some(Ok(counts)) => Some((Ok(counts), Some(counting))),
            Some(Err(error)) => Some((Err(error), None)),
            None => None,
        }
    })
    .boxed()
}

impl Counting {
    fn add(&mut self, uri: Uri, entry: &Entry) {
        if entry.kind.is_dir() {
            self.counts.dirs += 1;
            self.waiting.push_back(uri);
            return;
        }
        self.counts.files += 1;
        self.counts.bytes += entry.size.filter(|_| entry.kind == Kind::File).unwrap_or(0);
    }

    fn open(&mut self) -> Result<()> {
        while self.listing.len() < self.most {
            let Some(uri) = self.waiting.pop_front() else { break };
            let listing = (self.resolve)(&uri)?.list(Freshness::Past);
            self.listing.push(Box::pin(next(uri, listing)));
        }
        Ok(())
    }

    /// The numbers after one more page; `None` once all is counted and told.
    async fn step(&mut self) -> Option<Result<Counts>> {
        loop {
            if let Err(error) = self.open() {
                return Some(Err(error));
            }
            let Some((uri, listing, page)) = self.listing.next().await else {
                let first = !std::mem::replace(&mut self.told, true);
                return first.then_some(Ok(self.counts));
            };
            match page {
                None => {}
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(page)) => {
                    for entry in page.entries.iter() {
                        self.add(uri.join(&entry.name, entry.kind), entry);
                    }
                    self.listing.push(Box::pin(next(uri, listing)));
                    self.told = true;
                    return Some(Ok(self.counts));
                }
            }
        }
    }
}

async fn next(uri: Uri, mut listing: Listing) -> (Uri, Listing, Option<Result<Page>>) {
    let page = listing.next().await;
    (uri, listing, page)
}
