//! Listings, a page at a time.
//!
//! - Pages follow until one says that it is the last, also past an empty one.
//! - A continuation token that comes again would go on for ever: it is an error.
//! - A key with a control character makes a page that isn't XML: that page is asked for once more with
//!   `encoding-type=url` and decoded here, since the SDK doesn't.
//! - A service that pages may tell a common prefix on both sides of a page's end: it is one row.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::EncodingType;
use futures::stream::{self, BoxStream};

use super::super::api::ListRequest;
use super::convert::{row, timestamp, url_decoded};
use super::{Ask, Sdk};
use crate::cache::OpKind;
use crate::model::{Entry, ErrorKind, Kind, Name, Op, Page, Result, Source, Timestamp};

/// Where a listing stands between two pages.
struct Cursor {
    sdk: Sdk,
    request: ListRequest,
    ask: Ask,
    token: Option<String>,
    tokens: HashSet<String>,
    last_prefix: Option<String>,
    read_at: Timestamp,
    done: bool,
}

pub(super) fn list(sdk: &Sdk, request: ListRequest) -> BoxStream<'static, Result<Page>> {
    let ask = sdk.ask(Op::List, OpKind::List, &request.bucket, &request.prefix);
    let cursor = Cursor {
        sdk: sdk.clone(),
        request,
        ask,
        token: None,
        tokens: HashSet::new(),
        last_prefix: None,
        read_at: now(),
        done: false,
    };
    Box::pin(stream::try_unfold(cursor, |mut cursor| async move {
        if cursor.done {
            return Ok(None);
        }
        let page = cursor.next_page().await?;
        Ok(Some((page, cursor)))
    }))
}

impl Cursor {
    async fn next_page(&mut self) -> Result<Page> {
        let output = match self.fetch(false).await {
            Err(error) if error.kind == ErrorKind::Corrupt => self.fetch(true).await?,
            other => other?,
        };
        let entries = self.rows(&output)?;
        self.advance(&output)?;
        Ok(Page { entries: Arc::new(entries), read_at: self.read_at, source: Source::Backend })
    }

    async fn fetch(&self, encoded: bool) -> Result<ListObjectsV2Output> {
        let request = &self.request;
        self.sdk
            .call(&self.ask, |route| {
                let list = route
                    .clients
                    .calls
                    .list_objects_v2()
                    .bucket(&*request.bucket)
                    .prefix(&*request.prefix)
                    .set_delimiter(request.delimited.then(|| "/".to_owned()))
                    .max_keys(self.sdk.0.page_size)
                    .set_continuation_token(self.token.clone())
                    .set_encoding_type(encoded.then_some(EncodingType::Url))
                    .set_request_payer(route.payer);
                list.customize().interceptor(route.watch).send()
            })
            .await
    }

    fn rows(&mut self, output: &ListObjectsV2Output) -> Result<Vec<Entry>> {
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let mut rows = Vec::with_capacity(output.contents().len() + output.common_prefixes().len());
        for prefix in output.common_prefixes().iter().filter_map(|it| it.prefix()) {
            let prefix = self.decoded(prefix, encoded)?;
            if self.last_prefix.as_deref() != Some(&*prefix) {
                let name = self.below(&prefix)?;
                rows.push(Entry::new(Name::from(name.strip_suffix('/').unwrap_or(name)), Kind::Dir));
                self.last_prefix = Some(prefix);
            }
        }
        for object in output.contents() {
            let key = self.decoded(object.key().unwrap_or_default(), encoded)?;
            rows.push(row(self.below(&key)?, object));
        }
        Ok(rows)
    }

    fn decoded(&self, text: &str, encoded: bool) -> Result<String> {
        if !encoded {
            return Ok(text.to_owned());
        }
        url_decoded(text)
            .ok_or_else(|| self.ask.error(ErrorKind::Corrupt, "a key in the listing is no UTF-8"))
    }

    fn below<'a>(&self, key: &'a str) -> Result<&'a str> {
        let outside = || self.ask.error(ErrorKind::Corrupt, "the service listed a key of another prefix");
        key.strip_prefix(&*self.request.prefix).ok_or_else(outside)
    }

    fn advance(&mut self, output: &ListObjectsV2Output) -> Result<()> {
        self.done = !output.is_truncated().unwrap_or(false);
        if self.done {
            return Ok(());
        }
        let endless = |why| self.ask.error(ErrorKind::Corrupt, why);
        let Some(token) = output.next_continuation_token() else {
            return Err(endless("the service says that there is more, but not where"));
        };
        if !self.tokens.insert(token.to_owned()) {
            return Err(endless("the service repeats itself: the listing would never end"));
        }
        self.token = Some(token.to_owned());
        Ok(())
    }
}

/// ListBuckets, which pages by tokens of its own.
pub(super) fn list_buckets(sdk: &Sdk) -> BoxStream<'static, Result<Page>> {
    let ask = sdk.ask_nowhere(Op::List, OpKind::ListBuckets);
    let start = (sdk.clone(), ask, Some(None::<String>), now());
    Box::pin(stream::try_unfold(start, |(sdk, ask, token, read_at)| async move {
        let Some(token) = token else { return Ok(None) };
        let output = sdk
            .call(&ask, |route| {
                let list = route.clients.calls.list_buckets().set_continuation_token(token.clone());
                list.customize().interceptor(route.watch).send()
            })
            .await?;
        let next = output.continuation_token().map(str::to_owned);
        if next.is_some() && next == token {
            return Err(ask.error(ErrorKind::Corrupt, "the service repeats itself: the list would never end"));
        }
        let entries = Arc::new(output.buckets().iter().map(bucket_row).collect());
        let page = Page { entries, read_at, source: Source::Backend };
        Ok(Some((page, (sdk, ask, next.map(Some), read_at))))
    }))
}

fn bucket_row(bucket: &aws_sdk_s3::types::Bucket) -> Entry {
    let mut entry = Entry::new(Name::from(bucket.name().unwrap_or_default()), Kind::Bucket);
    entry.modified = bucket.creation_date().and_then(timestamp);
    entry
}

/// The wall clock: when a listing was asked for is shown to a person.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
