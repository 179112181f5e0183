//! What becomes of a typed answer.

use super::prompt::{leave, object, top};
use super::{Chosen, Prompt, PromptKind};
use crate::app::actions::{mark_glob, resolve};
use crate::app::cmd::Cmd;
use crate::app::pane::Wanted;
use crate::app::state::State;
use crate::app::{listings, work};
use crate::model::{Kind, Name, Op, Uri};
use crate::transfer::{JobKind, SourceItem, Target};

/// The answer is ready. What is wrong with it is shown, and the prompt stays.
pub(super) fn submit(state: &mut State) {
    let Some(prompt) = top(state).filter(|prompt| prompt.checking.is_none()) else { return };
    let prompt = prompt.clone();
    let text = prompt.input.text().to_owned();
    let outcome = match prompt.kind.clone() {
        PromptKind::GoTo => go(state, &text),
        PromptKind::Transfer { kind, chosen } => transfer(state, &prompt, kind, *chosen),
        PromptKind::Rename(item) => rename(state, &prompt, *item),
        PromptKind::Mkdir(dir) => mkdir(state, &dir, &text),
        PromptKind::Glob(mark) => mark_glob(state, &text, mark).map(|()| leave(state)),
    };
    if let Err(problem) = outcome {
        object(state, problem);
    }
}

fn go(state: &mut State, text: &str) -> Result<(), String> {
    let uri = match resolve(state, text)? {
        Uri::S3(s3) => Uri::S3(s3.as_prefix()),
        local @ Uri::Local(_) => local,
    };
    leave(state);
    listings::go(state, state.active, uri, None);
    Ok(())
}

/// Where a typed destination leads.
enum Destination {
    Known(Target),
    /// A local location of which only the disk knows whether it is a directory.
    Unknown(Uri),
}

fn transfer(state: &mut State, prompt: &Prompt, kind: JobKind, chosen: Chosen) -> Result<(), String> {
    match destination(state, prompt, &chosen)? {
        Destination::Known(target) => start(state, kind, chosen, target),
        Destination::Unknown(uri) => {
            let req = state.request();
            if let Some(prompt) = top(state) {
                prompt.checking = Some(req);
            }
            state.send(Cmd::Probe { req, uri });
            Ok(())
        }
    }
}

fn destination(state: &State, prompt: &Prompt, chosen: &Chosen) -> Result<Destination, String> {
    let text = prompt.input.text();
    if let Some((_, uri)) = prompt.preset.as_ref().filter(|(preset, _)| preset == text) {
        return Ok(Destination::Known(Target::Into(uri.clone())));
    }
    exact_text(prompt)?;
    let uri = resolve(state, text)?;
    let is_pane = |uri: &Uri| state.panes.iter().any(|pane| pane.uri == *uri);
    let last = text.rsplit('/').next().unwrap_or_default();
    let names_dir = matches!(last, "" | "." | ".." | "~");
    match &uri {
        Uri::S3(s3) => {
            let prefix = Uri::S3(s3.as_prefix());
            let into = s3.is_dir_shaped() || is_pane(&prefix);
            target(prefix, uri.clone(), into, chosen).map(Destination::Known)
        }
        Uri::Local(_) if names_dir || is_pane(&uri) => Ok(Destination::Known(Target::Into(uri))),
        Uri::Local(_) => Ok(Destination::Unknown(uri)),
    }
}

/// A location whose name is no text can be used as it is, but not edited: the text isn't the name.
fn exact_text(prompt: &Prompt) -> Result<(), String> {
    let lossy = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    match &prompt.preset {
        Some((preset, _)) if lossy(preset) && lossy(prompt.input.text()) => {
            Err("this name isn't text: use it as it is, or type another one in full".to_owned())
        }
        _ => Ok(()),
    }
}

/// Into a directory, or under a new name: that is for one thing alone.
fn target(dir: Uri, exact: Uri, into: bool, chosen: &Chosen) -> Result<Target, String> {
    match chosen.sources.as_slice() {
        _ if into => Ok(Target::Into(dir)),
        [only] => Ok(Target::As(if only.entry.kind.is_dir() { dir } else { exact })),
        _ => Err("several things need a directory: end the location with /".to_owned()),
    }
}

/// It is known now whether the local destination is a directory.
pub(super) fn submit_checked(state: &mut State, is_dir: bool) {
    let Some(prompt) = top(state).cloned() else { return };
    let PromptKind::Transfer { kind, chosen } = prompt.kind else { return };
    let outcome = resolve(state, prompt.input.text())
        .and_then(|uri| target(uri.clone(), uri, is_dir, &chosen))
        .and_then(|target| start(state, kind, *chosen, target));
    if let Err(problem) = outcome {
        object(state, problem);
    }
}

fn start(state: &mut State, kind: JobKind, chosen: Chosen, target: Target) -> Result<(), String> {
    let (Target::Into(uri) | Target::As(uri) | Target::ContentsInto(uri)) = &target;
    if uri.as_s3().is_some_and(|s3| s3.bucket.is_none()) {
        return Err("name a bucket to put it into: s3://bucket/".to_owned());
    }
    if let Some(error) = state.refusal(Op::Write, uri) {
        return Err(error.to_string());
    }
    leave(state);
    work::start_chosen(state, kind, chosen, Some(target));
    Ok(())
}

fn rename(state: &mut State, prompt: &Prompt, item: SourceItem) -> Result<(), String> {
    let text = prompt.input.text();
    if prompt.preset.as_ref().is_some_and(|(preset, _)| preset == text) {
        leave(state);
        return Ok(());
    }
    exact_text(prompt)?;
    let dir = item.uri.parent().ok_or("this has no directory above it")?;
    let name = new_name(&dir, text)?;
    let target = Target::As(dir.join(&name, item.entry.kind));
    let wanted = Wanted { name, kind: Some(item.entry.kind) };
    leave(state);
    state.active_mut().wanted = Some(wanted);
    let chosen = Chosen { origin: dir, bytes: item.entry.size.unwrap_or(0), sources: vec![item] };
    work::start_chosen(state, JobKind::Move, chosen, Some(target));
    Ok(())
}

fn mkdir(state: &mut State, dir: &Uri, text: &str) -> Result<(), String> {
    let buckets = dir.as_s3().is_some_and(|s3| s3.bucket.is_none());
    let name = new_name(dir, text.strip_suffix('/').unwrap_or(text))?;
    leave(state);
    work::make_dir(state, dir.join(&name, if buckets { Kind::Bucket } else { Kind::Dir }));
    Ok(())
}

/// A name for something in this directory.
fn new_name(dir: &Uri, text: &str) -> Result<Name, String> {
    let local = dir.as_local().is_some();
    match text {
        "" => Err("type a name".to_owned()),
        "." | ".." if local => Err(format!("\"{text}\" always means a directory that is there already")),
        text if text.contains('/') => Err("a name has no / in it; to put it elsewhere, move it".to_owned()),
        text => Ok(text.into()),
    }
}
