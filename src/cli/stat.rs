//! `bifold stat`: everything known of one thing.

use std::io;

use futures::TryStreamExt;
use serde_json::{Map, Value, json};

use super::Status;
use super::args::Stat;
use super::context::{Context, Failure, dir_kind, dir_shaped};
use super::out::Out;
use super::row::Row;
use crate::model::{Entry, ErrorKind, Freshness, Head, Result as VfsResult, Uri, VfsError};
use crate::vfs::DynPath;

/// Looks each up in turn; those that fail are told, and the rest goes on.
pub(super) async fn run(args: &Stat, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let mut status = Status::Done;
    for text in &args.locations {
        let uri = context.typed(text)?.uri;
        match look_up(context, &uri).await {
            Ok(fields) => print(args, out, &fields)?,
            Err(error) => status = Failure::from(error).told(),
        }
    }
    Ok(status)
}

async fn look_up(context: &Context, uri: &Uri) -> VfsResult<Map<String, Value>> {
    let path = context.path(uri)?;
    match path.head().await {
        Ok(head) => Ok(of_head(uri, &head)),
        Err(error) if error.kind == ErrorKind::Unsupported => {
            Ok(fields(uri, &path.stat(Freshness::Past).await?))
        }
        Err(error) if error.kind == ErrorKind::NotFound && dir_shaped(uri) => of_prefix(&path, error).await,
        Err(error) => Err(error),
    }
}

/// A prefix without a marker is there as long as something lies below it.
async fn of_prefix(path: &DynPath, absent: VfsError) -> VfsResult<Map<String, Value>> {
    let mut pages = path.list(Freshness::Past);
    while let Some(page) = pages.try_next().await? {
        if !page.entries.is_empty() {
            return Ok(fields(path.uri(), &Entry::new(path.name(), dir_kind(path.uri()))));
        }
    }
    Err(absent)
}

fn fields(uri: &Uri, entry: &Entry) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(Row::new(uri, entry)) else { return Map::new() };
    fields.extend(entry.mode.map(|mode| ("mode".to_owned(), json!(format!("{:04o}", mode & 0o7777)))));
    fields.extend(entry.link.as_ref().map(|link| ("link".to_owned(), json!(link.target.to_lossy()))));
    fields
}

fn of_head(uri: &Uri, head: &Head) -> Map<String, Value> {
    let mut fields = fields(uri, &head.entry);
    let texts = [
        ("version", &head.version),
        ("content_type", &head.content_type),
        ("content_encoding", &head.content_encoding),
        ("content_disposition", &head.content_disposition),
        ("content_language", &head.content_language),
        ("cache_control", &head.cache_control),
        ("expires", &head.expires),
    ];
    fields
        .extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))));
    if let Some((algorithm, key)) = &head.encryption {
        fields.insert("encryption".to_owned(), json!({ "algorithm": algorithm, "key": key }));
    }
    if let Some((algorithm, value)) = &head.checksum {
        fields.insert("checksum".to_owned(), json!({ "algorithm": algorithm, "value": value }));
    }
    if !head.metadata.is_empty() {
        fields.insert("metadata".to_owned(), json!(head.metadata));
    }
    fields
}

fn print(args: &Stat, out: &mut Out, fields: &Map<String, Value>) -> io::Result<()> {
    if args.json {
        return out.line(Value::Object(fields.clone()).to_string().as_bytes());
    }
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.line(format!("{name:<20} {value}").as_bytes())?;
    }
    out.line(b"")
}
