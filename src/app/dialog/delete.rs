//! Whether to delete.

use super::buttons::Press;
use super::{BucketName, Button, Buttons, Chosen, DeleteQuestion, Dialog, EqInput};
use crate::app::actions::chosen;
use crate::app::cmd::Cmd;
use crate::app::key::{Code, Key};
use crate::app::msg::ReqId;
use crate::app::state::State;
use crate::app::work;
use crate::model::{Kind, Op};
use crate::transfer::{Counts, JobKind, JobOptions, JobSpec, Plan, SourceItem};

const BUTTONS: &[Button] = &[
    Button { label: "Cancel", letter: 'c', danger: false },
    Button { label: "Delete", letter: 'd', danger: true },
];

/// Asks whether to delete what is marked, or the row. What directories hold is counted meanwhile.
pub(in crate::app) fn open(state: &mut State) {
    let pane = state.active_pane();
    if let Some(error) = state.refusal(Op::Remove, &pane.uri) {
        return state.fail(error);
    }
    let Some(chosen) = chosen(pane) else {
        return state.refuse("nothing is chosen: put the cursor on a row, or mark some");
    };
    let is_bucket = |item: &SourceItem| item.entry.kind == Kind::Bucket;
    if chosen.sources.len() > 1 && chosen.sources.iter().any(is_bucket) {
        return state.refuse("buckets are deleted one at a time");
    }
    let bucket = chosen.sources.first().filter(|item| is_bucket(item)).map(|item| BucketName {
        name: item.entry.name.to_lossy().into_owned(),
        input: EqInput::default(),
        problem: None,
    });
    let (counts, known) = count_at_once(&chosen);
    let counting = (!known).then(|| count(state, &chosen));
    state.dialogs.push(Dialog::Delete(Box::new(DeleteQuestion {
        chosen: Box::new(chosen),
        counts,
        counting,
        failed: None,
        bucket,
        buttons: Buttons::new(BUTTONS),
    })));
}

/// The numbers that the listing has told already, and whether they are all there is.
fn count_at_once(chosen: &Chosen) -> (Counts, bool) {
    let dirs = chosen.sources.iter().filter(|item| item.entry.kind.is_dir()).count();
    let files = (chosen.sources.len() - dirs) as u64;
    let known = dirs == 0;
    let counts = Counts { files, dirs: 0, bytes: chosen.bytes };
    (if known { counts } else { Counts::default() }, known)
}

fn count(state: &mut State, chosen: &Chosen) -> ReqId {
    let req = state.request();
    let (sources, options) = (chosen.sources.clone(), JobOptions::default());
    let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options };
    state.send(Cmd::Plan { req, spec: Box::new(spec) });
    req
}

impl DeleteQuestion {
    /// What is to be deleted was counted, so far or in the end; `true` when that is enough. A bucket needs
    /// no more than one thing to be full.
    pub(super) fn planned(&mut self, plan: &Plan) -> bool {
        self.counts = plan.counts;
        self.failed = plan.refusals.first.first().map(|refusal| refusal.why.clone());
        let enough = self.bucket.is_some() && plan.counts.files > 0;
        if plan.known || enough {
            self.counting = None;
        }
        enough && !plan.known
    }
}

pub(super) fn press(state: &mut State, key: Key) {
    let Some(Dialog::Delete(question)) = state.dialogs.last_mut() else { return };
    if let Some(bucket) = &mut question.bucket {
        return match key.code {
            Code::Esc => leave(state),
            Code::Enter => delete_bucket(state),
            _ => {
                bucket.problem = None;
                bucket.input.press(key);
            }
        };
    }
    match question.buttons.press(key) {
        Press::Chosen(1) => start(state),
        Press::Chosen(_) | Press::Left => leave(state),
        Press::Nothing => {}
    }
}

fn delete_bucket(state: &mut State) {
    let Some(Dialog::Delete(question)) = state.dialogs.last_mut() else { return };
    match why_not(question) {
        None => start(state),
        Some(why) => {
            if let Some(bucket) = &mut question.bucket {
                bucket.problem = Some(why);
            }
        }
    }
}

/// Why the bucket can't be deleted. Only a bucket that is known to be empty can.
fn why_not(question: &DeleteQuestion) -> Option<String> {
    let bucket = question.bucket.as_ref()?;
    if question.counts.files > 0 || question.counts.bytes > 0 {
        return Some("the bucket isn't empty; delete what is in it first".to_owned());
    }
    if let Some(error) = &question.failed {
        return Some(format!("it isn't known whether the bucket is empty: {error}"));
    }
    if question.counting.is_some() {
        return Some("still looking whether the bucket is empty".to_owned());
    }
    (bucket.input.text() != bucket.name)
        .then(|| format!("type the bucket's name to delete it: {}", bucket.name))
}

/// Takes the question away, and gives up its counting.
fn take(state: &mut State) -> Option<DeleteQuestion> {
    let Some(Dialog::Delete(question)) = state.dialogs.pop() else { return None };
    state.cancel(question.counting);
    Some(*question)
}

fn leave(state: &mut State) {
    take(state);
}

fn start(state: &mut State) {
    if let Some(question) = take(state) {
        work::start_chosen(state, JobKind::Delete, *question.chosen, None, JobOptions::default());
    }
}
