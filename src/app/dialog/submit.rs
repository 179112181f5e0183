//! What becomes of a typed answer: first it is decided what it means, then it is done.

use super::prompt::{leave, object, top};
use super::{Chosen, Dialog, Prompt, PromptKind, inspect, plan};
use crate::app::actions::{mark_glob, resolve};
use crate::app::cmd::Cmd;
use crate::app::edit::{EditId, SaveHow};
use crate::app::pane::Wanted;
use crate::app::state::State;
use crate::app::{listings, work};
use crate::model::{Kind, Name, Op, Uri};
use crate::transfer::{JobKind, JobOptions, SourceItem, Target};

/// What a typed answer means.
enum Meaning {
    /// The same as leaving.
    Nothing,
    /// Go there.
    /// Whether it may be a file.
    Go(Uri, bool),
    /// Copy or move there.
    To(Target),
    /// Only the disk knows whether this is a directory.
    Unknown(Uri),
    /// Make this directory or bucket.
    Make(Uri),
    /// Save an edited copy there.
    SaveAs(EditId, Uri),
    /// Mark or unmark by this pattern.
    Glob(String, bool),
    /// Show or forget (`true`) what is held below there.
    HeldBelow(Option<Uri>, bool),
}

/// The answer is ready. What is wrong with it is shown, and the prompt stays.
pub(super) fn submit(state: &mut State) {
    let Some(Dialog::Prompt(prompt)) = state.dialogs.last_mut() else { return };
    if prompt.checking.is_some() {
        // What was asked for the plan's sake is an answer for the start, too.
        if let Some(planning) = &mut prompt.planning {
            planning.probing = false;
        }
        return;
    }
    let Some(Dialog::Prompt(prompt)) = state.dialogs.last() else { return };
    match meaning(state, prompt) {
        Ok(meaning) => act(state, meaning),
        Err(problem) => object(state, problem),
    }
}

/// It is known now whether the local destination is a directory.
pub(super) fn submit_checked(state: &mut State, is_dir: bool) {
    match checked(state, is_dir) {
        Some(Ok(target)) => act(state, Meaning::To(target)),
        Some(Err(problem)) => object(state, problem),
        None => {}
    }
}

fn checked(state: &State, is_dir: bool) -> Option<Result<Target, String>> {
    let Some(Dialog::Prompt(prompt)) = state.dialogs.last() else { return None };
    let PromptKind::Transfer { chosen, .. } = &prompt.kind else { return None };
    let target = resolve(state, prompt.input.text()).and_then(|uri| target(uri.clone(), uri, is_dir, chosen));
    Some(target.and_then(|target| allowed(state, target)))
}

/// Plans what the prompt on top would start. What is wrong with the destination stands in the plan's place.
pub(super) fn plan(state: &mut State) {
    let Some(Dialog::Prompt(prompt)) = state.dialogs.last() else { return };
    if prompt.checking.is_some() {
        return;
    }
    match meaning(state, prompt) {
        Ok(Meaning::To(target)) => plan::begin(state, target),
        Ok(Meaning::Unknown(uri)) => {
            probe(state, uri);
            if let Some(planning) = top(state).and_then(|prompt| prompt.planning.as_deref_mut()) {
                planning.probing = true;
            }
        }
        Ok(_) => {}
        Err(problem) => plan::object(state, problem),
    }
}

/// The same, once it is known whether the local destination is a directory.
pub(super) fn plan_checked(state: &mut State, is_dir: bool) {
    match checked(state, is_dir) {
        Some(Ok(target)) => plan::begin(state, target),
        Some(Err(problem)) => plan::object(state, problem),
        None => {}
    }
}

fn act(state: &mut State, meaning: Meaning) {
    match meaning {
        Meaning::Nothing => leave(state),
        Meaning::Unknown(uri) => probe(state, uri),
        Meaning::Glob(pattern, mark) => match mark_glob(state, &pattern, mark) {
            Ok(()) => leave(state),
            Err(problem) => object(state, problem),
        },
        Meaning::HeldBelow(below, drop) => {
            if let Err(problem) = inspect::ask_below(state, drop, below) {
                object(state, problem);
            }
        }
        Meaning::SaveAs(id, uri) => {
            leave(state);
            crate::app::edit::save(state, id, SaveHow::As(uri));
        }
        Meaning::Go(uri, may_be_file) => {
            leave(state);
            if may_be_file {
                listings::go_typed(state, uri);
            } else {
                listings::go(state, state.active, uri, None);
            }
        }
        Meaning::Make(uri) => {
            leave(state);
            work::make_dir(state, uri);
        }
        Meaning::To(target) => start(state, target),
    }
}

fn probe(state: &mut State, uri: Uri) {
    let req = state.request();
    if let Some(prompt) = top(state) {
        prompt.checking = Some(req);
    }
    state.send(Cmd::Probe { req, uri });
}

/// Starts the copy, move or rename that the prompt on top is about.
fn start(state: &mut State, target: Target) {
    super::prompt::forget_all(state);
    let Some(Dialog::Prompt(prompt)) = state.dialogs.pop() else { return };
    match prompt.kind {
        PromptKind::Transfer { kind, chosen } => {
            let options = prompt.planning.map(|planning| planning.options).unwrap_or_default();
            work::start_chosen(state, kind, *chosen, Some(target), options);
        }
        PromptKind::Rename(item) => start_rename(state, *item, target),
        PromptKind::GoTo
        | PromptKind::Mkdir(_)
        | PromptKind::Glob(_)
        | PromptKind::HeldBelow { .. }
        | PromptKind::SaveAs(_) => {}
    }
}

fn start_rename(state: &mut State, item: SourceItem, target: Target) {
    let origin = state.active_pane().uri.clone();
    if let Target::As(uri) = &target {
        state.active_mut().wanted = Some(Wanted { name: uri.name(), kind: Some(item.entry.kind) });
    }
    let chosen = Chosen { origin, bytes: item.entry.size.unwrap_or(0), sources: vec![item] };
    work::start_chosen(state, JobKind::Move, chosen, Some(target), JobOptions::default());
}

fn meaning(state: &State, prompt: &Prompt) -> Result<Meaning, String> {
    let text = prompt.input.text();
    match &prompt.kind {
        PromptKind::GoTo => resolve(state, text).map(|uri| Meaning::Go(uri.as_dir(), !text.ends_with('/'))),
        PromptKind::Transfer { chosen, .. } => destination(state, prompt, chosen),
        PromptKind::Rename(item) => rename(prompt, item),
        PromptKind::Mkdir(dir) => {
            let kind = if is_buckets(dir) { Kind::Bucket } else { Kind::Dir };
            let name = new_name(dir, text.strip_suffix('/').unwrap_or(text))?;
            Ok(Meaning::Make(dir.join(&name, kind)))
        }
        PromptKind::SaveAs(id) => save_as(state, prompt, *id),
        PromptKind::Glob(mark) => Ok(Meaning::Glob(text.to_owned(), *mark)),
        PromptKind::HeldBelow { drop } => held_below(state, prompt).map(|uri| Meaning::HeldBelow(uri, *drop)),
    }
}

/// The location that entries lie below; none for all.
fn held_below(state: &State, prompt: &Prompt) -> Result<Option<Uri>, String> {
    match (prompt.input.text().trim(), &prompt.preset) {
        ("", _) => Ok(None),
        (_, Some((preset, uri))) if preset == prompt.input.text() => Ok(Some(uri.clone())),
        (text, _) => resolve(state, text).map(Some),
    }
}

/// Another location for an edited copy: a file, not what it was made from.
fn save_as(state: &State, prompt: &Prompt, id: EditId) -> Result<Meaning, String> {
    let uri = resolve(state, prompt.input.text())?;
    if prompt.preset.as_ref().is_some_and(|(text, preset)| prompt.input.text() == text || *preset == uri) {
        return Err("that is what was changed: give another name".to_owned());
    }
    if uri.as_s3().is_some_and(crate::model::S3Uri::is_dir_shaped) {
        return Err("that is a directory: add a name".to_owned());
    }
    match state.refusal(Op::Write, &uri) {
        Some(error) => Err(error.to_string()),
        None => Ok(Meaning::SaveAs(id, uri)),
    }
}

fn is_buckets(uri: &Uri) -> bool {
    uri.as_s3().is_some_and(|s3| s3.bucket.is_none())
}

fn destination(state: &State, prompt: &Prompt, chosen: &Chosen) -> Result<Meaning, String> {
    let text = prompt.input.text();
    if let Some((_, uri)) = prompt.preset.as_ref().filter(|(preset, _)| preset == text) {
        return allowed(state, Target::Into(uri.clone())).map(Meaning::To);
    }
    exact_text(prompt)?;
    let uri = resolve(state, text)?;
    let dir = uri.as_dir();
    let last = text.rsplit('/').next().unwrap_or_default();
    let into = match &uri {
        Uri::S3(s3) => s3.is_dir_shaped(),
        Uri::Archive(at) => at.is_dir_shaped(),
        Uri::Local(_) => matches!(last, "" | "." | ".." | "~"),
    };
    let is_pane = state.panes.iter().any(|pane| pane.uri == dir);
    if uri.as_local().is_some() && !into && !is_pane {
        return Ok(Meaning::Unknown(uri));
    }
    let target = target(dir, uri, into || is_pane, chosen)?;
    allowed(state, target).map(Meaning::To)
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

/// Refuses a place that can't or mustn't be written to, before any request.
fn allowed(state: &State, target: Target) -> Result<Target, String> {
    let uri = target.place();
    if is_buckets(uri) {
        return Err("name a bucket to put it into: s3://bucket/".to_owned());
    }
    match state.refusal(Op::Write, uri) {
        Some(error) => Err(error.to_string()),
        None => Ok(target),
    }
}

fn rename(prompt: &Prompt, item: &SourceItem) -> Result<Meaning, String> {
    let text = prompt.input.text();
    if prompt.preset.as_ref().is_some_and(|(preset, _)| preset == text) {
        return Ok(Meaning::Nothing);
    }
    exact_text(prompt)?;
    let dir = item.uri.parent().ok_or("this has no directory above it")?;
    let name = new_name(&dir, text)?;
    Ok(Meaning::To(Target::As(dir.join(&name, item.entry.kind))))
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
