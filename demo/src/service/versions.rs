//! ListObjectVersions.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use super::list::{Names, delimiter};
use super::{Service, bucket, ok, quoted, size, time};
use crate::store::Version;
use crate::store::listing::{From, Query, Row, page};

/// A row of the whole listing, before it is cut into pages.
enum Line<'a> {
    Version { key: &'a str, version: &'a Version, latest: bool },
    Prefix(&'a str),
}

impl Line<'_> {
    /// What the markers of a page that ends here say: key and version.
    fn markers(&self) -> (&str, &str) {
        match self {
            Self::Version { key, version, .. } => (key, version.shown()),
            Self::Prefix(prefix) => (prefix, ""),
        }
    }
}

pub(super) fn list_object_versions(
    service: &Service,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let names = Names::new(input.encoding_type.as_ref())?;
    let limit = service.page_size(input.max_keys)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let state = service.store.lock();
    let keys = &bucket(&state, &input.bucket)?.keys;
    let delimiter = delimiter(input.delimiter.as_ref());
    let all =
        page(keys, &Query { prefix: &prefix, delimiter, from: From::Start, limit: usize::MAX }, |_| true);
    let lines = all.rows.iter().flat_map(lines);
    let (after, version) = (input.key_marker.as_deref(), input.version_id_marker.as_deref());
    let mut rest = skip(lines, after, version).peekable();
    let shown: Vec<Line<'_>> = rest.by_ref().take(limit).collect();
    let more = rest.peek().is_some() && limit > 0;
    let next = shown.last().filter(|_| more).map(Line::markers);
    let (versions, markers, prefixes) = sort(&shown, names);
    ok(ListObjectVersionsOutput {
        next_key_marker: next.map(|(key, _)| names.write(key)),
        next_version_id_marker: next.map(|(_, id)| id.to_owned()),
        is_truncated: Some(more),
        versions,
        delete_markers: markers,
        common_prefixes: names.prefixes(prefixes),
        name: Some(input.bucket),
        prefix: Some(names.write(&prefix)),
        key_marker: Some(names.write(&input.key_marker.clone().unwrap_or_default())),
        version_id_marker: input.version_id_marker.clone(),
        max_keys: Some(input.max_keys.unwrap_or(1000).min(1000)),
        delimiter: input.delimiter.as_deref().map(|delimiter| names.write(delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

fn lines<'a>(row: &Row<'a, Vec<Version>>) -> Vec<Line<'a>> {
    match *row {
        Row::Prefix(prefix) => vec![Line::Prefix(prefix)],
        Row::Key(key, versions) => {
            let line = |(at, version): (usize, &'a Version)| Line::Version { key, version, latest: at == 0 };
            versions.iter().rev().enumerate().map(line).collect()
        }
    }
}

/// Leaves out what comes before the markers, and the line that they name.
fn skip<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    key: Option<&str>,
    version: Option<&str>,
) -> impl Iterator<Item = Line<'a>> {
    let mut found = key.is_none();
    lines.skip_while(move |line| {
        let Some(key) = key.filter(|_| !found) else { return false };
        let (at, id) = line.markers();
        let version = version.filter(|version| !version.is_empty());
        match (at.cmp(key), version) {
            (std::cmp::Ordering::Less, _) | (std::cmp::Ordering::Equal, None) => true,
            (std::cmp::Ordering::Equal, Some(version)) => {
                found = id == version;
                true
            }
            (std::cmp::Ordering::Greater, _) => false,
        }
    })
}

type Sorted<'a> = (Option<ObjectVersionList>, Option<DeleteMarkers>, Vec<&'a str>);

fn sort<'a>(shown: &[Line<'a>], names: Names) -> Sorted<'a> {
    let (mut versions, mut markers, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
    for line in shown {
        match line {
            Line::Prefix(prefix) => prefixes.push(*prefix),
            Line::Version { key, version, latest } => match &version.object {
                None => markers.push(DeleteMarkerEntry {
                    key: Some(names.write(key)),
                    version_id: Some(version.shown().to_owned()),
                    is_latest: Some(*latest),
                    last_modified: Some(time(version.modified)),
                    owner: Some(super::buckets::owner()),
                }),
                Some(object) => versions.push(ObjectVersion {
                    key: Some(names.write(key)),
                    version_id: Some(version.shown().to_owned()),
                    is_latest: Some(*latest),
                    last_modified: Some(time(version.modified)),
                    e_tag: Some(quoted(&object.etag)),
                    size: Some(size(object.body.len())),
                    storage_class: Some(ObjectVersionStorageClass::from(object.class().to_owned())),
                    owner: Some(super::buckets::owner()),
                    ..ObjectVersion::default()
                }),
            },
        }
    }
    (Some(versions).filter(|all| !all.is_empty()), Some(markers).filter(|all| !all.is_empty()), prefixes)
}
