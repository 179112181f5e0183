//! Runs a command line's jobs to their end: questions on the terminal, progress on standard error.
//! Ctrl-C leaves a job to be resumed from the journal; a second one doesn't wait for what is under way.

use std::future::Future;
use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};

use super::Status;
use super::context::{Context, Failure};
use super::out::tell;
use super::telling::Telling;
use super::{ask, plan};
use crate::transfer::{Answer, Choice, JobEvent, JobHandle, JobId, JobSpec, Question};

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

/// How a job ended for whoever began it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) status: Status,
    /// Whether the person stopped it: nothing more is begun.
    pub(super) stopped: bool,
    /// How many files it was about.
    files: u64,
}

/// Runs the jobs, one after the other; one that was stopped is the last.
pub(super) async fn run(
    context: &Context,
    specs: Vec<JobSpec>,
    telling: &mut Telling<'_>,
) -> Result<Status, Failure> {
    if !telling.json() {
        remind(context).await;
    }
    let mut status = Status::Done;
    let count = specs.len();
    for (id, spec) in (1..).zip(specs) {
        telling.plan(&spec);
        let includes = !spec.options.selection.include.is_empty();
        let job = context.services.engine.start(JobId(id), spec);
        let ended = drive(job, telling).await?;
        let ended = if includes && ended.files == 0 { unmatched(ended) } else { ended };
        if ended.status != Status::Done {
            status = ended.status;
        }
        if ended.stopped {
            not_begun(count - id as usize);
            break;
        }
    }
    Ok(status)
}

/// Nothing was done of what was asked for.
fn unmatched(ended: Ended) -> Ended {
    if ended.status == Status::Done {
        tell(plan::UNMATCHED);
    }
    Ended { status: Status::Failed, ..ended }
}

fn not_begun(jobs: usize) {
    if jobs > 0 {
        tell("what was named after it was not begun");
    }
}

/// Says that earlier jobs wait to be resumed.
async fn remind(context: &Context) {
    let jobs = context.journal().jobs().await.unwrap_or_default();
    let waiting: Vec<_> =
        jobs.iter().filter(|job| job.state.waits()).map(|job| job.number.to_string()).collect();
    match waiting.as_slice() {
        [] => {}
        [number] => {
            tell(&format!("job {number} was interrupted: `bifold jobs resume {number}` goes on with it"));
        }
        many => {
            tell(&format!("{} jobs were interrupted: `bifold jobs resume` goes on with them", many.len()));
        }
    }
}

/// Goes on with a job of the journal.
pub(super) async fn resume(
    context: &Context,
    number: u64,
    telling: &mut Telling<'_>,
) -> Result<Ended, Failure> {
    let job = context.services.engine.resume(JobId(number), number).await?;
    drive(job, telling).await
}

/// Takes a job over only to clean up what is half done of it.
pub(super) async fn discard(
    context: &Context,
    number: u64,
    telling: &mut Telling<'_>,
) -> Result<Status, Failure> {
    let job = context.services.engine.resume(JobId(number), number).await?;
    job.cancel();
    let ended = drive(job, telling).await?;
    // That it was given up is what was asked for; what couldn't be cleaned up was told.
    Ok(if ended.stopped { Status::Done } else { ended.status })
}

/// Hears a job to its end. The first signal leaves it to be resumed, the second one doesn't wait for that.
async fn drive(mut job: JobHandle, telling: &mut Telling<'_>) -> Result<Ended, Failure> {
    if telling.json() {
        job.control().tell_files(true);
    }
    let mut stop = interrupted()?;
    let (mut stopping, mut number, mut left) = (false, None, false);
    let outcome = loop {
        tokio::select! {
            biased;
            () = &mut stop => {
                if std::mem::replace(&mut stopping, true) {
                    return Ok(gone(number, telling));
                }
                telling.clear();
                job.control().suspend();
                stop = interrupted()?;
            }
            event = job.next() => match event {
                Some(JobEvent::Progress(progress)) => telling.progress(&progress),
                Some(JobEvent::Asks(question, asked)) => {
                    telling.clear();
                    let answered = ask_or_leave(&job, question, asked, &mut stop).await;
                    left |= answered == Answered::LeftAlone;
                    if answered == Answered::Stopped {
                        stopping = true;
                        stop = interrupted()?;
                    }
                }
                Some(JobEvent::Note(text)) => telling.note(&text),
                Some(JobEvent::Kept(kept)) => {
                    number = Some(kept);
                    telling.kept(kept);
                }
                Some(JobEvent::Paused(paused)) => telling.paused(paused),
                Some(JobEvent::File(report)) => telling.file(&report),
                Some(JobEvent::Touched(_)) => {}
                Some(JobEvent::Finished(outcome)) => break *outcome,
                None => return Ok(gone(number, telling)),
            },
        }
    };
    telling.finished(&outcome);
    if let Some(broken) = telling.take_broken() {
        return Err(broken.into());
    }
    let stopped = outcome.cancelled || outcome.suspended;
    let all = outcome.failures.is_empty() && !stopped && !left;
    let status = if all { Status::Done } else { Status::Failed };
    Ok(Ended { status, stopped, files: outcome.files() })
}

/// It was left at once: the journal has what was done until then.
fn gone(number: Option<u64>, telling: &mut Telling<'_>) -> Ended {
    telling.clear();
    match number {
        Some(number) => tell(&format!("left at once: go on with `bifold jobs resume {number}`")),
        None => tell("left at once"),
    }
    Ended { status: Status::Failed, stopped: true, files: 0 }
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    /// It was answered.
    Yes,
    /// There is nobody to ask: what was in the way was left as it is.
    LeftAlone,
    /// The person stopped the job instead.
    Stopped,
}

/// Asks the person. Where there is none, what came in the way since the start is left as it is.
async fn ask_or_leave(
    job: &JobHandle,
    number: u64,
    question: Question,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Answered {
    if !can_ask() {
        job.answer(number, left_alone(&question));
        return Answered::LeftAlone;
    }
    let asked = tokio::task::spawn_blocking(move || ask::ask(&question));
    tokio::select! {
        biased;
        () = stop => {
            job.control().suspend();
            return Answered::Stopped;
        }
        answer = asked => match answer {
            Ok(answer) => job.answer(number, answer),
            Err(_) => job.cancel(),
        },
    }
    Answered::Yes
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
