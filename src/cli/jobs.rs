//! `bifold jobs`: what the journal knows of, and what can be done about it.

use super::Status;
use super::args::{Jobs, JobsCommand};
use super::context::{Context, Failure};
use super::job;
use super::out::{Out, tell};
use super::record;
use super::telling::Telling;
use crate::transfer::journal::{JobRecord, JobState, JournalError, Ownership, Wish};

/// Lists, shows, resumes, pauses, cancels or forgets.
pub(super) async fn run(args: &Jobs, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    match &args.command {
        JobsCommand::Ls(args) => ls(args.json, context, out).await,
        JobsCommand::Show(args) => show(args.json, &args.numbers, context, out).await,
        JobsCommand::Resume(args) => resume(args.take_over, &args.numbers, args.json, context, out).await,
        JobsCommand::Pause(args) => each(&args.numbers, async |job| pause(job, context).await, context).await,
        JobsCommand::Cancel(args) => cancel(&args.numbers, context, out).await,
        JobsCommand::Rm(args) => {
            let forget = async |job: JobRecord| {
                Ok(context.journal().forget(job.number).await.map(|()| Status::Done)?)
            };
            each(&args.numbers, forget, context).await
        }
    }
}

async fn ls(json: bool, context: &Context, out: &mut Out) -> Result<Status, Failure> {
    for job in context.journal().jobs().await? {
        let line = if json { record::json(&job).to_string() } else { record::Line(&job).to_string() };
        out.line(line.as_bytes())?;
    }
    Ok(Status::Done)
}

async fn show(json: bool, numbers: &[u64], context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let mut status = Status::Done;
    for number in numbers {
        match context.journal().job(*number).await? {
            None => status = Failure::from(JournalError::Unknown(*number)).told(),
            Some(job) if json => out.line(record::json(&job).to_string().as_bytes())?,
            Some(job) => {
                for line in record::sheet(&job) {
                    out.line(line.as_bytes())?;
                }
            }
        }
    }
    Ok(status)
}

/// Does something with each job; those that can't be are told, and the rest goes on.
async fn each(
    numbers: &[u64],
    mut act: impl AsyncFnMut(JobRecord) -> Result<Status, Failure>,
    context: &Context,
) -> Result<Status, Failure> {
    let mut status = Status::Done;
    for number in numbers {
        let found = context.journal().job(*number).await?.ok_or(JournalError::Unknown(*number));
        let done = match found {
            Ok(job) => act(job).await,
            Err(unknown) => Err(unknown.into()),
        };
        match done {
            Ok(Status::Done) => {}
            Ok(other) => status = other,
            Err(failure) => status = failure.told(),
        }
    }
    Ok(status)
}

async fn pause(job: JobRecord, context: &Context) -> Result<Status, Failure> {
    context.journal().request(job.number, Wish::Pause).await?;
    settled(job.number, context).await
}

/// Waits for the owner to fulfil a wish, as long as that may take it to notice and to end what it can't cut
/// short.
async fn settled(number: u64, context: &Context) -> Result<Status, Failure> {
    for _ in 0..PATIENCE {
        tokio::time::sleep(GLANCE).await;
        match context.journal().job(number).await? {
            Some(job) if job.owner != Ownership::Nobody => {}
            _ => return Ok(Status::Done),
        }
    }
    tell(&format!(
        "job {number} was asked to stop and hasn't yet: `bifold jobs show {number}` tells when it has"
    ));
    Ok(Status::Failed)
}

/// Between two looks.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(100);

/// How many looks: 30 seconds.
const PATIENCE: u32 = 300;

/// Those that were named, or all that stopped on the way; asks nothing beforehand.
async fn resume(
    take_over: bool,
    numbers: &[u64],
    json: bool,
    context: &Context,
    out: &mut Out,
) -> Result<Status, Failure> {
    let numbers = if numbers.is_empty() { waiting(context).await? } else { numbers.to_vec() };
    if numbers.is_empty() {
        tell("no job waits to be resumed");
    }
    let mut status = Status::Done;
    for number in numbers {
        if take_over {
            context.journal().disown(number).await?;
        }
        match job::resume(context, number, &mut Telling::new(json, out)).await {
            Ok(ended) if ended.stopped => return Ok(Status::Failed),
            Ok(ended) if ended.status == Status::Done => {}
            Ok(ended) => status = ended.status,
            Err(failure) => status = failure.told(),
        }
    }
    Ok(status)
}

async fn waiting(context: &Context) -> Result<Vec<u64>, Failure> {
    let jobs = context.journal().jobs().await?;
    Ok(jobs.into_iter().filter(|job| job.state.waits()).map(|job| job.number).collect())
}

/// A running one is asked to give up; one that nobody runs is taken over for as long as it takes to clean up.
async fn cancel(numbers: &[u64], context: &Context, out: &mut Out) -> Result<Status, Failure> {
    let act = async |job: JobRecord| {
        if job.owner != Ownership::Nobody {
            context.journal().request(job.number, Wish::Cancel).await?;
            return settled(job.number, context).await;
        }
        if matches!(job.state, JobState::Done | JobState::Cancelled) {
            return Err(JournalError::NotRunning(job.number).into());
        }
        job::discard(context, job.number, &mut Telling::new(false, out)).await
    };
    each(numbers, act, context).await
}
