//! ListObjects and ListObjectsV2.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Service, bucket, count, ok, quoted, size, time};
use crate::access::Exchange;
use crate::faults::Effect;
use crate::store::Version;
use crate::store::listing::{From, Page, Query, Row, page, parse_token, token};

/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// Writes names as a client asked for them: raw, or encoded for a URL with `+` for a space.
#[derive(Clone, Copy)]
pub(super) struct Names(bool);

impl Names {
    pub fn new(encoding: Option<&EncodingType>) -> S3Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some("url") => Ok(Self(true)),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub fn write(self, name: &str) -> String {
        if !self.0 {
            return name.to_owned();
        }
        utf8_percent_encode(name, PLAIN).to_string().replace("%20", "+")
    }

    pub fn prefixes(self, prefixes: Vec<&str>) -> Option<CommonPrefixList> {
        let one = |prefix| CommonPrefix { prefix: Some(self.write(prefix)) };
        (!prefixes.is_empty()).then(|| prefixes.into_iter().map(one).collect())
    }
}

/// A delimiter that groups; an empty one is none.
pub(super) fn delimiter(asked: Option<&String>) -> Option<&str> {
    asked.map(String::as_str).filter(|delimiter| !delimiter.is_empty())
}

pub(super) fn shown(versions: &[Version]) -> bool {
    versions.last().is_some_and(|version| version.object.is_some())
}

fn row(names: Names, key: &str, versions: &[Version], owner: bool) -> Option<Object> {
    let version = versions.last()?;
    let object = version.object.as_ref()?;
    Some(Object {
        key: Some(names.write(key)),
        e_tag: Some(quoted(&object.etag)),
        size: Some(size(object.body.len())),
        last_modified: Some(time(version.modified)),
        storage_class: Some(ObjectStorageClass::from(object.class().to_owned())),
        owner: owner.then(super::buckets::owner),
        ..Object::default()
    })
}

type Rows = (Option<ObjectList>, Option<CommonPrefixList>, i32);

fn rows(page: &Page<'_, Vec<Version>>, names: Names, owner: bool) -> Rows {
    let mut objects = Vec::new();
    let mut prefixes = Vec::new();
    for row_ in &page.rows {
        match row_ {
            Row::Key(key, versions) => objects.extend(row(names, key, versions, owner)),
            Row::Prefix(prefix) => prefixes.push(*prefix),
        }
    }
    let all = count(page.rows.len());
    (Some(objects).filter(|objects| !objects.is_empty()), names.prefixes(prefixes), all)
}

pub(super) fn list_objects_v2(
    service: &Service,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let names = Names::new(input.encoding_type.as_ref())?;
    let limit = service.page_size(input.max_keys)?;
    let from = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => parse_token(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        (None, Some(key)) => From::After(key.clone()),
        (None, None) => From::Start,
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let state = service.store.lock();
    let keys = &bucket(&state, &input.bucket)?.keys;
    let query =
        Query { prefix: &prefix, delimiter: delimiter(input.delimiter.as_ref()), from: from.clone(), limit };
    let mut found = page(keys, &query, |versions| shown(versions));
    bend(request.extensions.get::<Arc<Exchange>>(), &mut found, from);
    let (contents, common_prefixes, key_count) = rows(&found, names, input.fetch_owner == Some(true));
    ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(names.write(&prefix)),
        delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
        start_after: input.start_after.map(|key| names.write(&key)),
        max_keys: Some(input.max_keys.unwrap_or(1000).min(1000)),
        key_count: Some(key_count),
        continuation_token: input.continuation_token,
        is_truncated: Some(found.next.is_some()),
        next_continuation_token: found.next.as_ref().map(token),
        encoding_type: input.encoding_type,
        contents,
        common_prefixes,
        request_charged: None,
    })
}

/// The faults of a page.
fn bend<T>(exchange: Option<&Arc<Exchange>>, page: &mut Page<'_, T>, from: From) {
    let has = |wanted: fn(&Effect) -> bool| exchange.is_some_and(|exchange| exchange.has(wanted));
    if has(|effect| matches!(effect, Effect::EmptyPage)) {
        page.rows.clear();
        page.next = Some(from);
    } else if has(|effect| matches!(effect, Effect::RepeatToken)) {
        page.next = Some(from);
    }
}

pub(super) fn list_objects(
    service: &Service,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let names = Names::new(input.encoding_type.as_ref())?;
    let limit = service.page_size(input.max_keys)?;
    let delimiter = delimiter(input.delimiter.as_ref());
    let from = input.marker.clone().map_or(From::Start, |marker| match delimiter {
        Some(delimiter) if marker.ends_with(delimiter) => From::Beyond(marker),
        _ => From::After(marker),
    });
    let prefix = input.prefix.clone().unwrap_or_default();
    let state = service.store.lock();
    let keys = &bucket(&state, &input.bucket)?.keys;
    let found = page(keys, &Query { prefix: &prefix, delimiter, from, limit }, |versions| shown(versions));
    let (contents, common_prefixes, _) = rows(&found, names, true);
    let next = found.next.as_ref().filter(|_| delimiter.is_some());
    ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(names.write(&prefix)),
        marker: Some(names.write(&input.marker.unwrap_or_default())),
        max_keys: Some(input.max_keys.unwrap_or(1000).min(1000)),
        is_truncated: Some(found.next.is_some()),
        next_marker: next.map(|from| names.write(from.text())),
        delimiter: input.delimiter.as_deref().map(|delimiter| names.write(delimiter)),
        encoding_type: input.encoding_type,
        contents,
        common_prefixes,
        request_charged: None,
    })
}
