//! ListParts and ListMultipartUploads.

use std::collections::BTreeMap;

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use super::list::{Names, delimiter};
use super::multipart::{kind, upload};
use super::{Service, bucket, count, ok, quoted, size, sums, time};
use crate::store::listing::{From, Query, Row, page};
use crate::store::{Part as StoredPart, Upload};

pub(super) fn list_parts(
    service: &Service,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let limit = service.page_size(input.max_parts)?;
    let after = input.part_number_marker.unwrap_or(0);
    let state = service.store.lock();
    let upload = upload(&state, &input.bucket, &input.key, &input.upload_id)?;
    let mut rest = upload.parts.range(after + 1..);
    let parts: Vec<Part> =
        rest.by_ref().take(limit).map(|(number, part)| shown(upload, *number, part)).collect();
    let more = rest.next().is_some() && limit > 0;
    ok(ListPartsOutput {
        next_part_number_marker: parts.last().and_then(|part| part.part_number).filter(|_| more),
        is_truncated: Some(more),
        part_number_marker: Some(after),
        max_parts: Some(count(limit)),
        parts: Some(parts).filter(|parts| !parts.is_empty()),
        checksum_algorithm: upload.algorithm.as_ref().map(|(name, _)| ChecksumAlgorithm::from(name.clone())),
        checksum_type: upload.algorithm.as_ref().map(|(_, whole)| kind(*whole)),
        storage_class: Some(class(upload)),
        owner: Some(super::buckets::owner()),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    })
}

fn class(upload: &Upload) -> StorageClass {
    StorageClass::from(upload.attributes.class.clone().unwrap_or_else(|| "STANDARD".to_owned()))
}

/// A part as a listing tells it: with the sum of the upload's algorithm only.
fn shown(upload: &Upload, number: i32, part: &StoredPart) -> Part {
    let mut kept = Checksum::default();
    if let Some((algorithm, _)) = &upload.algorithm {
        sums::set(&mut kept, algorithm, sums::named(&part.sums, algorithm).map(str::to_owned));
    }
    let mut shown = Part {
        part_number: Some(number),
        e_tag: Some(quoted(&part.etag)),
        size: Some(size(part.body.len())),
        last_modified: Some(time(part.modified)),
        ..Part::default()
    };
    sums::give!(kept, shown);
    shown
}

pub(super) fn list_multipart_uploads(
    service: &Service,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let names = Names::new(input.encoding_type.as_ref())?;
    let limit = service.page_size(input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let state = service.store.lock();
    let delimiter = delimiter(input.delimiter.as_ref());
    let query = Query { prefix: &prefix, delimiter, from: From::Start, limit: usize::MAX };
    let all = page(&bucket(&state, &input.bucket)?.uploads, &query, |_| true);
    let marker = (input.key_marker.as_deref().unwrap_or_default(), input.upload_id_marker.as_deref());
    let lines: Vec<Line<'_>> = all.rows.iter().flat_map(lines).filter(|line| line.is_after(marker)).collect();
    let page = &lines[..limit.min(lines.len())];
    let more = lines.len() > page.len() && limit > 0;
    let next = page.last().filter(|_| more);
    let uploads: Vec<MultipartUpload> = page.iter().filter_map(|line| line.shown(names)).collect();
    let prefixes = page.iter().filter(|line| line.upload.is_none()).map(|line| line.name).collect();
    ok(ListMultipartUploadsOutput {
        is_truncated: Some(more),
        next_key_marker: next.map(|line| names.write(line.name)),
        next_upload_id_marker: next.and_then(|line| Some(line.upload?.0.to_owned())),
        uploads: Some(uploads).filter(|uploads| !uploads.is_empty()),
        common_prefixes: names.prefixes(prefixes),
        max_uploads: Some(count(limit)),
        prefix: Some(names.write(&prefix)),
        key_marker: Some(names.write(&input.key_marker.unwrap_or_default())),
        upload_id_marker: input.upload_id_marker,
        delimiter: input.delimiter.as_deref().map(|delimiter| names.write(delimiter)),
        encoding_type: input.encoding_type,
        bucket: Some(input.bucket),
        request_charged: None,
    })
}

/// A row of the list of uploads: an upload by its key and id, or a common prefix.
struct Line<'a> {
    name: &'a str,
    upload: Option<(&'a str, &'a Upload)>,
}

impl Line<'_> {
    fn is_after(&self, (key, id): (&str, Option<&str>)) -> bool {
        match (self.upload, id) {
            (Some((own, _)), Some(id)) if self.name == key => own > id,
            _ => self.name > key,
        }
    }

    fn shown(&self, names: Names) -> Option<MultipartUpload> {
        let (id, upload) = self.upload?;
        Some(MultipartUpload {
            key: Some(names.write(self.name)),
            upload_id: Some(id.to_owned()),
            initiated: Some(time(upload.initiated)),
            storage_class: Some(class(upload)),
            checksum_algorithm: upload
                .algorithm
                .as_ref()
                .map(|(name, _)| ChecksumAlgorithm::from(name.clone())),
            checksum_type: upload.algorithm.as_ref().map(|(_, whole)| kind(*whole)),
            owner: Some(super::buckets::owner()),
            ..MultipartUpload::default()
        })
    }
}

fn lines<'a>(row: &Row<'a, BTreeMap<String, Upload>>) -> Vec<Line<'a>> {
    match *row {
        Row::Prefix(name) => vec![Line { name, upload: None }],
        Row::Key(name, uploads) => {
            uploads.iter().map(|(id, upload)| Line { name, upload: Some((id, upload)) }).collect()
        }
    }
}
