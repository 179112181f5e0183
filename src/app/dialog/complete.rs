//! Completing a location as it is typed. Only Tab asks, since on S3 each answer may cost a request.

use super::prompt::{object, top};
use super::{Completion, EqInput, plan};
use crate::app::actions::resolve;
use crate::app::cmd::Cmd;
use crate::app::msg::{Candidate, ReqId};
use crate::app::state::State;
use crate::model::sort::natural;
use crate::model::{Kind, Name, Uri};

/// Completes what is typed; with several ways to go on, takes the next.
pub(super) fn ask(state: &mut State) {
    let Some(prompt) = top(state) else { return };
    if !prompt.kind.takes_location() {
        return;
    }
    if prompt.completion.candidates.len() > 1 {
        return choose(state, 1);
    }
    let text = prompt.input.text().to_owned();
    let end = text.rfind('/').map_or(0, |at| at + 1);
    let (stem, prefix) = (text[..end].to_owned(), text[end..].to_owned());
    let connections = matching_connections(state, &stem, &prefix);
    if !connections.is_empty() {
        return offer(state, stem, connections, &prefix);
    }
    match resolve(state, if stem.is_empty() { "./" } else { &stem }) {
        Ok(dir) => request(state, stem, dir, prefix),
        Err(problem) => object(state, problem),
    }
}

/// The connections whose names begin so, while no `/` is typed yet.
fn matching_connections(state: &State, stem: &str, prefix: &str) -> Vec<Candidate> {
    let known = state.context.connections.iter();
    let fits = |name: &&String| stem.is_empty() && !prefix.is_empty() && name.starts_with(prefix);
    known.filter(fits).map(|name| Candidate { name: name.as_str().into(), kind: Kind::Bucket }).collect()
}

fn request(state: &mut State, stem: String, dir: Uri, prefix: String) {
    let req = state.request();
    let before = top(state).and_then(|prompt| {
        std::mem::replace(
            &mut prompt.completion,
            Completion { req: Some(req), stem, ..Completion::default() },
        )
        .req
    });
    state.cancel(before);
    state.send(Cmd::Complete { req, dir, prefix });
}

/// The names that go on from what is typed.
pub(in crate::app) fn completed(state: &mut State, req: ReqId, candidates: Vec<Candidate>) {
    let Some(prompt) = top(state).filter(|prompt| prompt.completion.req == Some(req)) else { return };
    let stem = prompt.completion.stem.clone();
    let prefix = prompt.input.text()[stem.len()..].to_owned();
    let mut candidates = candidates;
    candidates.retain(|candidate| text_of(&candidate.name).is_some_and(|name| name.starts_with(&prefix)));
    candidates.sort_by(|a, b| natural(a.name.as_bytes(), b.name.as_bytes()));
    offer(state, stem, candidates, &prefix);
}

fn text_of(name: &Name) -> Option<&str> {
    name.as_str().filter(|name| !name.contains(char::is_control))
}

/// Takes over what all candidates have in common, and shows them when there are several.
fn offer(state: &mut State, stem: String, candidates: Vec<Candidate>, prefix: &str) {
    let Some(prompt) = top(state) else { return };
    let text = match candidates.as_slice() {
        [] => {
            prompt.completion = Completion::default();
            return object(state, "nothing there begins like this");
        }
        [only] => whole(&stem, only),
        several => format!("{stem}{}", common(several, prefix)),
    };
    prompt.input = EqInput::new(text);
    let several = candidates.len() > 1;
    prompt.completion = if several {
        Completion { req: None, stem, candidates, selected: None }
    } else {
        Completion::default()
    };
    plan::stale(state);
}

/// The text that takes this candidate in.
fn whole(stem: &str, candidate: &Candidate) -> String {
    let end = match candidate.kind {
        Kind::Bucket if stem.is_empty() => "://",
        kind if kind.is_dir() => "/",
        _ => "",
    };
    format!("{stem}{}{end}", candidate.name.to_lossy())
}

/// How all of these begin; at least what was typed.
fn common(candidates: &[Candidate], prefix: &str) -> String {
    let mut names = candidates.iter().filter_map(|candidate| candidate.name.as_str());
    let first = names.next().unwrap_or(prefix);
    names
        .fold(first, |common, name| {
            let same = common.chars().zip(name.chars()).take_while(|(a, b)| a == b);
            &common[..same.map(|(c, _)| c.len_utf8()).sum()]
        })
        .to_owned()
}

/// Takes over the next candidate, or the one before.
pub(super) fn choose(state: &mut State, step: isize) {
    let Some(prompt) = top(state) else { return };
    let Completion { candidates, selected, stem, .. } = &mut prompt.completion;
    if candidates.is_empty() {
        return;
    }
    let count = candidates.len().cast_signed();
    let at = selected
        .map_or(if step > 0 { 0 } else { count - 1 }, |at| (at.cast_signed() + step).rem_euclid(count));
    *selected = Some(at.cast_unsigned());
    prompt.input = EqInput::new(whole(stem, &candidates[at.cast_unsigned()]));
    plan::stale(state);
}
