//! `bifold presign`: links that work for a while, for those without credentials.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Status;
use super::args::Presign;
use super::context::{Context, Failure, dir_shaped};
use super::out::{Out, tell};
use super::row::utc;
use crate::config::time;
use crate::model::units::time_text;
use crate::model::{
    ErrorKind, LinkAsk, LinkHeaders, LinkMethod, Op, Result as VfsResult, SignedLink, Uri, VfsError,
};

/// A link a line, in order; those that fail are told, and the rest goes on.
pub(super) async fn run(args: &Presign, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let ask = ask(args, context.links.expires)?;
    let mut status = Status::Done;
    for text in &args.locations {
        let uri = context.typed(text)?.uri;
        match sign(context, &uri, &ask).await {
            Ok(link) => print(args, &link, out)?,
            Err(error) => status = Failure::from(error).told(),
        }
    }
    Ok(status)
}

fn ask(args: &Presign, usual: Duration) -> Result<LinkAsk, Failure> {
    let expires = match args.expires.as_deref() {
        None => usual,
        Some(text) => {
            let wrong = || Failure::Usage(format!("--expires {text}: a time is such as 15min, 12h or 7d"));
            time(text).ok_or_else(wrong)?
        }
    };
    Ok(LinkAsk {
        method: if args.put { LinkMethod::Put } else { LinkMethod::Get },
        expires,
        version: args.version.as_deref().map(Into::into),
        headers: LinkHeaders {
            content_type: args.content_type.clone(),
            content_disposition: args.content_disposition.clone(),
            content_encoding: args.content_encoding.clone(),
            content_language: args.content_language.clone(),
            cache_control: args.cache_control.clone(),
        },
    })
}

async fn sign(context: &Context, uri: &Uri, ask: &LinkAsk) -> VfsResult<SignedLink> {
    if dir_shaped(uri) && ask.method == LinkMethod::Get {
        let error = VfsError::new(Op::Link, uri.clone(), ErrorKind::Invalid, "a link leads to one object");
        return Err(error.with_hint("name the objects, one link each"));
    }
    context.path(uri)?.presign(ask).await
}

fn print(args: &Presign, link: &SignedLink, out: &mut Out) -> Result<(), Failure> {
    if args.json {
        return Ok(out.line(fields(link).to_string().as_bytes())?);
    }
    out.line(link.url.expose().as_bytes())?;
    if let Some(cut) = link.cut {
        tell(&format!("{} works for {}, {}", link.uri, time_text(link.life), cut.words()));
    }
    if link.may_end_early {
        tell(&format!("{} may end before: its credentials are temporary and don't tell their end", link.uri));
    }
    for (name, value) in &link.send {
        tell(&format!("whoever uses it must send the header {name}: {value}"));
    }
    Ok(())
}

fn fields(link: &SignedLink) -> Value {
    let send: Map<_, _> = link.send.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "uri": link.uri.to_string(),
        "method": link.method.word(),
        "url": link.url.expose(),
        "seconds": link.life.as_secs(),
        "ends": utc(link.ends),
        "cut": link.cut.map(super::super::model::link::Cut::words),
        "may_end_early": link.may_end_early,
        "headers": send,
    })
}
