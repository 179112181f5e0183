//! What a job's earlier attempts began and nobody goes on with: at the end it is cleaned up.

use super::super::journal::{JobLog, Recalled, Step};
use super::places::Places;
use crate::model::{ErrorKind, Result};
use crate::vfs::SinkState;

/// How many records are read at once.
const PAGE: usize = 100;

/// Aborts what is open by the journal though the job is over: its source was gone, or the job was given up
/// before it came there. Gives what a person should know of it.
pub async fn abort(places: &Places, log: &JobLog) -> Vec<String> {
    let (mut notes, mut after) = (Vec::new(), 0);
    loop {
        let page = log.still_open(after, PAGE).await;
        let Some((last, _)) = page.last() else { return notes };
        after = *last;
        for (_, recalled) in page {
            notes.extend(end(places, log, &recalled).await);
        }
    }
}

/// The temporary files that a job goes on with.
pub async fn kept(log: &JobLog) -> Vec<String> {
    let (mut kept, mut after) = (Vec::new(), 0);
    loop {
        let page = log.still_open(after, PAGE).await;
        let Some((last, _)) = page.last() else { return kept };
        after = *last;
        for (_, recalled) in page {
            if let Step::Open(open) = recalled.step {
                kept.push(open.0.id);
            }
        }
    }
}

async fn end(places: &Places, log: &JobLog, recalled: &Recalled) -> Option<String> {
    let Step::Open(open) = &recalled.step else { return None };
    let (source, target) = (&recalled.source, &recalled.target);
    // What is there needn't be compared to be removed.
    let state = SinkState { parts: Vec::new(), ..open.0.clone() };
    let aborted: Result<()> = async {
        let sink = places.at(target)?.resume(state, open.1.clone()).await?;
        sink.abort().await
    }
    .await;
    match aborted {
        Err(error) if error.kind != ErrorKind::NotFound => {
            Some(format!("what was begun at {target} could not be cleaned up: {error}"))
        }
        aborted => {
            log.closed(source, target).await;
            aborted.ok().map(|()| {
                format!("{target} was begun before and is given up: {source} isn't copied any more")
            })
        }
    }
}
