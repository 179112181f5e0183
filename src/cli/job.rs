//! Runs a command line's jobs to their end: questions on the terminal, progress on standard error.
//! Ctrl-C cancels, and the job cleans up after itself; a second one doesn't wait for that.

use std::future::Future;
use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};

use super::Status;
use super::ask;
use super::context::{Context, Failure};
use super::out::tell;
use super::progress::Line;
use crate::transfer::{Answer, Choice, Engine, JobEvent, JobHandle, JobId, JobSpec, Outcome, Question};

/// Whether a job may ask.
pub(super) fn can_ask() -> bool {
    ask::possible()
}

/// Ends when the program is asked to: Ctrl-C, SIGTERM, a closed terminal.
pub(super) fn interrupted() -> std::io::Result<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }))
}

/// Runs the jobs, one after the other; a cancelled one is the last.
pub(super) async fn run(context: &Context, specs: Vec<JobSpec>) -> Result<Status, Failure> {
    let mut status = Status::Done;
    for (id, spec) in (1..).zip(specs) {
        let (outcome, left) = drive(&context.services.engine, JobId(id), spec).await?;
        if report(&outcome) != Status::Done || left {
            status = Status::Failed;
        }
        if outcome.cancelled {
            break;
        }
    }
    Ok(status)
}

async fn drive(engine: &Engine, id: JobId, spec: JobSpec) -> Result<(Outcome, bool), Failure> {
    let mut job = engine.start(id, spec);
    let mut line = Line::new();
    let mut stop = interrupted()?;
    let (mut stopping, mut left) = (false, false);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => {
                if std::mem::replace(&mut stopping, true) {
                    return Ok((Outcome { cancelled: true, ..Outcome::default() }, left));
                }
                job.cancel();
                stop = interrupted()?;
            }
            event = job.next() => match event {
                Some(JobEvent::Progress(progress)) => line.show(&progress),
                Some(JobEvent::Asks(number, question)) => {
                    line.clear();
                    left |= !ask_or_leave(&job, number, question, &mut stop).await;
                }
                Some(JobEvent::Note(text)) => {
                    line.clear();
                    tell(&text);
                }
                Some(
                    JobEvent::Touched(_) | JobEvent::Kept(_) | JobEvent::Paused(_) | JobEvent::File(_),
                ) => {}
                Some(JobEvent::Finished(outcome)) => return Ok((*outcome, left)),
                None => return Ok((Outcome { cancelled: true, ..Outcome::default() }, left)),
            },
        }
    }
}

/// Asks the person. Where there is none, what came in the way since the start is left as it is, and
/// `false` tells so.
async fn ask_or_leave(
    job: &JobHandle,
    number: u64,
    question: Question,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> bool {
    if !can_ask() {
        job.answer(number, left_alone(&question));
        return false;
    }
    let asked = tokio::task::spawn_blocking(move || ask::ask(&question));
    tokio::select! {
        biased;
        () = stop => job.cancel(),
        answer = asked => match answer {
            Ok(answer) => job.answer(number, answer),
            Err(_) => job.cancel(),
        },
    }
    true
}

fn left_alone(question: &Question) -> Answer {
    let (choice, text) = match question {
        Question::Conflict(conflict) => {
            (Choice::Skip, format!("{} is there already: it was left alone", conflict.target))
        }
        Question::Links(uri) => (
            Choice::SkipLinks,
            format!(
                "{uri} is a symbolic link: links were left out (--links follow copies what they lead to)"
            ),
        ),
    };
    tell(&text);
    Answer { choice, for_all: choice == Choice::SkipLinks }
}

/// Tells what failed, and whether all of it worked.
fn report(outcome: &Outcome) -> Status {
    for failure in &outcome.failures {
        tell(&failure.error.to_string());
    }
    if outcome.failures.len() > 1 {
        tell(&format!(
            "{} of {} failed",
            outcome.failures.len(),
            outcome.progress.total.files.max(outcome.failures.len() as u64)
        ));
    }
    if outcome.cancelled {
        tell("cancelled");
    }
    if outcome.failures.is_empty() && !outcome.cancelled { Status::Done } else { Status::Failed }
}
