//! The plan that stands in a dialog before anything is done: how it is asked for, how it grows, and what can
//! be chosen beside it.

use super::prompt::top;
use super::{DeleteQuestion, Dialog, Prompt, TextView};
use crate::app::cmd::Cmd;
use crate::app::key::{Code, Key};
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::model::{StorageClass, VfsError};
use crate::transfer::plan::{Found, Refusal};
use crate::transfer::{Conflict, ConflictPolicy, Encryption, JobOptions, JobSpec, Plan, Target};

/// The classes to choose from; the first is whatever the connection's settings say.
const CLASSES: [Option<&str>; 8] = [
    None,
    Some("STANDARD"),
    Some("STANDARD_IA"),
    Some("INTELLIGENT_TIERING"),
    Some("ONEZONE_IA"),
    Some("GLACIER_IR"),
    Some("GLACIER"),
    Some("DEEP_ARCHIVE"),
];

/// The encryptions to choose from; the first is whatever the connection's settings say.
const ENCRYPTIONS: [Option<&str>; 3] = [None, Some("AES256"), Some("aws:kms")];

const POLICIES: [ConflictPolicy; 5] = [
    ConflictPolicy::Ask,
    ConflictPolicy::Overwrite,
    ConflictPolicy::Skip,
    ConflictPolicy::Rename,
    ConflictPolicy::Newer,
];

/// What a copy or move would do, and how it shall go about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planning {
    /// What was chosen for the job.
    pub options: JobOptions,
    /// The request under way.
    pub req: Option<ReqId>,
    /// The plan, so far or in full. None before the first answer, and for a destination that was edited since.
    pub plan: Option<Box<Plan>>,
    /// Why there is none.
    pub failed: Option<String>,
    /// Whether the destination is a service, which has storage classes.
    pub service: bool,
    /// Whether it is planned, and not started, once it is known what the destination is.
    pub probing: bool,
}

/// What a key is for in a dialog with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Policy,
    List,
    Class,
    Again,
    Encryption,
}

/// F-keys and their Esc-digit twins: all else is typed.
fn does(key: Key) -> Option<Does> {
    let number = match key.code {
        Code::F(number) => number,
        Code::Char(digit @ '0'..='9') if key.alt => digit as u8 - b'0',
        _ => return None,
    };
    match number {
        2 => Some(Does::Policy),
        3 => Some(Does::List),
        4 => Some(Does::Class),
        5 => Some(Does::Again),
        6 => Some(Does::Encryption),
        _ => None,
    }
}

/// Takes a key; `false` for one that isn't for the plan.
pub(super) fn press(state: &mut State, key: Key) -> bool {
    let Some(planning) = top(state).and_then(|prompt| prompt.planning.as_deref_mut()) else { return false };
    let Some(does) = does(key) else { return false };
    let options = &mut planning.options;
    match does {
        Does::Policy => options.conflict = after(&POLICIES, &options.conflict),
        Does::Class if planning.service => {
            let name = options.attributes.class.as_ref().map(StorageClass::as_str);
            options.attributes.class = after(&CLASSES, &name).map(StorageClass::new);
        }
        Does::Encryption if planning.service => {
            let kind = options.attributes.encryption.as_ref().map(|encryption| &*encryption.kind);
            let next = after(&ENCRYPTIONS, &kind).map(|kind| Encryption { kind: kind.to_owned(), key: None });
            options.attributes.encryption = next;
        }
        Does::Class | Does::Encryption => {}
        Does::Again => super::submit::plan(state),
        Does::List => list(state),
    }
    true
}

fn after<T: Copy + PartialEq>(all: &[T], now: &T) -> T {
    let at = all.iter().position(|one| one == now).map_or(0, |at| at + 1);
    all[at % all.len()]
}

/// Asks for the plan of the prompt on top, to this destination.
pub(super) fn begin(state: &mut State, target: Target) {
    let req = state.request();
    let Some(prompt) = top(state) else { return };
    let Some(spec) = spec(prompt, target) else { return };
    let Some(planning) = &mut prompt.planning else { return };
    planning.service = spec.target.as_ref().is_some_and(|target| target.place().as_s3().is_some());
    let before = planning.req.replace(req);
    (planning.plan, planning.failed) = (None, None);
    state.cancel(before);
    state.send(Cmd::Plan { req, spec: Box::new(spec) });
}

fn spec(prompt: &Prompt, target: Target) -> Option<JobSpec> {
    let super::PromptKind::Transfer { kind, chosen } = &prompt.kind else { return None };
    let options = prompt.planning.as_ref()?.options.clone();
    Some(JobSpec { kind: *kind, sources: chosen.sources.clone(), target: Some(target), options })
}

/// The destination was edited: the plan is of another one.
pub(super) fn stale(state: &mut State) {
    let Some(prompt) = top(state) else { return };
    let text = prompt.input.text().to_owned();
    let Some(planning) = prompt.planning.as_deref_mut() else { return };
    (planning.plan, planning.failed, planning.probing) = (None, None, false);
    let before = planning.req.take();
    state.cancel(before);
    let service = crate::app::actions::resolve(state, &text).is_ok_and(|uri| uri.as_s3().is_some());
    if let Some(planning) = top(state).and_then(|prompt| prompt.planning.as_deref_mut()) {
        planning.service = service;
    }
}

/// Tells that it can't be planned.
pub(super) fn object(state: &mut State, why: String) {
    if let Some(planning) = top(state).and_then(|prompt| prompt.planning.as_deref_mut()) {
        planning.failed = Some(why);
    }
}

/// Who waits for this plan.
enum Waits<'a> {
    Prompt(&'a mut Planning),
    Delete(&'a mut DeleteQuestion),
}

fn waiting(state: &mut State, req: ReqId) -> Option<Waits<'_>> {
    state.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Delete(question) if question.counting == Some(req) => Some(Waits::Delete(question)),
        Dialog::Prompt(prompt) => {
            prompt.planning.as_deref_mut().filter(|planning| planning.req == Some(req)).map(Waits::Prompt)
        }
        _ => None,
    })
}

/// A plan, so far or in full.
pub(in crate::app) fn planned(state: &mut State, req: ReqId, plan: Box<Plan>) {
    let enough = match waiting(state, req) {
        Some(Waits::Prompt(planning)) => {
            planning.req = planning.req.filter(|_| !plan.known);
            planning.plan = Some(plan);
            false
        }
        Some(Waits::Delete(question)) => question.planned(&plan),
        None => false,
    };
    if enough {
        state.cancel(Some(req));
    }
}

/// There is no plan.
pub(in crate::app) fn plan_failed(state: &mut State, req: ReqId, error: &VfsError) {
    match waiting(state, req) {
        Some(Waits::Prompt(planning)) => {
            planning.req = None;
            planning.failed = Some(error.to_string());
        }
        Some(Waits::Delete(question)) => {
            question.counting = None;
            question.failed = Some(error.reason.to_string());
        }
        None => {}
    }
}

/// Lists what is in the way and what won't get there, by name.
fn list(state: &mut State) {
    let planning = top(state).and_then(|prompt| prompt.planning.as_deref());
    let Some(plan) = planning.and_then(|planning| planning.plan.as_deref()) else { return };
    let text = in_words(plan);
    if !text.is_empty() {
        let title = "What the plan found".to_owned();
        state.dialogs.push(Dialog::Text(TextView { title, text, top: 0 }));
    }
}

fn in_words(plan: &Plan) -> String {
    let so_far = if plan.known { "" } else { ", so far" };
    let Plan { conflicts, refusals, .. } = plan;
    let refused = names(refusals, |Refusal { uri, why, .. }| format!("{uri}\n  {why}"));
    let there = names(conflicts, |Conflict { target, .. }| target.to_string());
    let pieces =
        [(refusals.count, "won't get there", refused), (conflicts.count, "are there already", there)];
    let pieces = pieces.into_iter().filter(|(count, ..)| *count > 0);
    let pieces = pieces.map(|(count, what, names)| format!("{count} {what}{so_far}:\n{names}"));
    pieces.collect::<Vec<_>>().concat()
}

fn names<T>(found: &Found<T>, name: impl Fn(&T) -> String) -> String {
    let mut lines: Vec<String> = found.first.iter().map(name).collect();
    if found.more() > 0 {
        lines.push(format!("and {} more", found.more()));
    }
    lines.join("\n") + "\n\n"
}
