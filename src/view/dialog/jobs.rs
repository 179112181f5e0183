//! The jobs panel, and one job in full.

use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::jobs::{Job, Left, Phase};
use crate::app::{Action, State};
use crate::model::text::{Align, cut_end, cut_middle, escape, pad};
use crate::transfer::Proof;
use crate::transfer::{FileEnd, FileReport, JobId};
use crate::view::paint::{self, Piece};
use crate::view::{Look, format, sheet, status, words};

/// How many failures one job in full lists; the list of failures has more.
const FAILURES: usize = 100;

/// The lines that a job takes.
const JOB_LINES: usize = 2;

/// The jobs, the one with the cursor in the band.
pub fn jobs(sheet: &mut Sheet<'_>, selected: usize) {
    let state = sheet.look.state;
    sheet.call("Jobs");
    if state.jobs.is_empty() {
        sheet.tell("No job has run yet.");
        let key = |action| words::key(state, action);
        sheet.hint(&[
            &format!("{} copies", key(Action::Copy)),
            &format!("{} moves", key(Action::Move)),
            "Esc leaves",
        ]);
        return;
    }
    let lines: Vec<Line> =
        state.jobs.iter().enumerate().flat_map(|(at, job)| job_lines(sheet, job, at == selected)).collect();
    sheet.body = lines;
    sheet.foot.push(blank());
    offer_uploads(sheet);
    let hints = panel_hints(state, state.jobs.at(selected), true);
    sheet.hint(&hints.iter().map(String::as_str).collect::<Vec<_>>());
    sheet.top = sheet::window(sheet.body.len(), selected * JOB_LINES, sheet.body_rows());
}

/// Uploads that nobody goes on with cost money until they are ended.
fn offer_uploads(sheet: &mut Sheet<'_>) {
    let state = sheet.look.state;
    let open = state.uploads.len() as u64;
    if open == 0 {
        return;
    }
    let uploads = format::counted(open, "upload", "uploads");
    let key = words::key(state, Action::JobUploads);
    sheet.warn(&format!("{uploads} of bifold's own that nobody goes on with: {key} shows and aborts"));
}

fn job_lines(sheet: &Sheet<'_>, job: &Job, selected: bool) -> [Line; JOB_LINES] {
    let look = sheet.look;
    let theme = look.theme;
    let width = usize::from(sheet.width);
    let (text, style) = match &job.phase {
        Phase::Finished(_) => {
            let (text, bad) = status::ended(job, look);
            (text, if bad { theme.error } else { theme.text })
        }
        _ => (format!("{} {}", status::sign(job, look), status::what(job, look)), theme.text),
    };
    let first = vec![Span::styled(
        pad(&cut_middle(&text, width, theme.glyphs.ellipsis), width, Align::Left).into_owned(),
        style,
    )];
    let second = vec![Span::raw("  ")].into_iter().chain(under(sheet, job)).collect();
    [if selected { Line::Chosen(first) } else { Line::Spans(first) }, Line::Spans(second)]
}

/// The second line: what it asks, how far it is, or how it ended.
fn under(sheet: &Sheet<'_>, job: &Job) -> Vec<Span<'static>> {
    let look = sheet.look;
    let theme = look.theme;
    let room = sheet.width.saturating_sub(2);
    if job.is_active() && !job.questions.is_empty() {
        let key = words::key(look.state, Action::JobAnswer);
        return vec![Span::styled(format!("? it waits for an answer: {key}"), theme.strong)];
    }
    let progress = job.outcome().map_or(&job.progress, |outcome| &outcome.progress);
    let dot = format!(" {} ", theme.glyphs.dot);
    if let Some(words) = standing(job) {
        return stands(sheet, job, words, room);
    }
    if !job.is_active() {
        let mut pieces =
            vec![Piece::new(5, format::counted(progress.done.files, "file", "files"), theme.dim)];
        if let Some(at) = job.ended {
            pieces.push(Piece::new(4, format::age(look.state.now.0 - at.0).into_owned(), theme.dim));
        }
        if let Some(failure) = job.outcome().and_then(|outcome| outcome.failures.first()) {
            pieces.insert(
                0,
                Piece::new(
                    9,
                    cut_end(&escape(&failure.error.reason), usize::from(room / 2), theme.glyphs.ellipsis)
                        .into_owned(),
                    theme.text,
                ),
            );
        }
        return paint::join(paint::fit(pieces, room, 3), &dot, theme.dim);
    }
    let mut pieces = status::progress(job, (room / 3).min(24), look);
    pieces.push(Piece::new(4, files(job), theme.dim));
    pieces.extend(limit(job, look));
    paint::join(paint::fit(pieces, room, 2), "  ", theme.text)
}

/// Why a job doesn't move, though it isn't over.
fn standing(job: &Job) -> Option<String> {
    Some(match &job.phase {
        Phase::Waiting(_) => "waits for its turn".to_owned(),
        Phase::Paused => "paused".to_owned(),
        Phase::Left(Left::Interrupted) => "interrupted".to_owned(),
        Phase::Left(Left::Suspended) => "left, to be resumed".to_owned(),
        Phase::Left(Left::Elsewhere { host, pid }) => {
            format!("runs in another window: {pid} on {}", escape(host))
        }
        Phase::Running | Phase::Cancelling | Phase::Suspending | Phase::Finished(_) => return None,
    })
}

/// `paused · 12 of 40 files · 1.2 of 3.4 GB`.
fn stands(sheet: &Sheet<'_>, job: &Job, words: String, room: u16) -> Vec<Span<'static>> {
    let theme = sheet.look.theme;
    let mut pieces = vec![Piece::new(9, words, theme.strong)];
    if job.progress.total.files > 0 {
        pieces.push(Piece::new(7, files(job), theme.dim));
        let (done, total) = (job.progress.done.bytes, job.progress.total.bytes);
        pieces.push(Piece::new(6, format!("{} of {}", format::size(done), format::size(total)), theme.dim));
    }
    pieces.extend(limit(job, sheet.look).filter(|_| job.is_active()));
    if let Some(at) = job.ended.filter(|_| matches!(job.phase, Phase::Left(_))) {
        pieces.push(Piece::new(4, format::age(sheet.look.state.now.0 - at.0).into_owned(), theme.dim));
    }
    paint::join(paint::fit(pieces, room, 3), &format!(" {} ", theme.glyphs.dot), theme.dim)
}

/// `at most 10 MB/s`.
fn limit(job: &Job, look: Look<'_>) -> Option<Piece<'static>> {
    let most = job.limit?;
    Some(Piece::new(3, format!("at most {}", format::rate(most as f64)), look.theme.dim))
}

/// `12 of 40+ files, 2 failed`.
fn files(job: &Job) -> String {
    let progress = &job.progress;
    let (done, total) = (format::count(progress.done.files), format::count(progress.total.files));
    let total = match (progress.total.files, progress.total_known) {
        (1, true) => format!("{total} file"),
        (_, true) => format!("{total} files"),
        (_, false) => format!("{total}+ files"),
    };
    let failed = match progress.failed {
        0 => String::new(),
        failed => format!(", {} failed", format::count(failed)),
    };
    format!("{done} of {total}{failed}")
}

/// The keys that apply to this job.
fn hints(state: &State, actions: &[(Action, &str)]) -> Vec<String> {
    let applying = actions.iter().filter(|(action, _)| action.applies(state));
    let hints = applying.map(|(action, help)| format!("{} {help}", words::key(state, *action)));
    hints.chain([String::from("Esc leaves")]).collect()
}

fn pause_word(job: Option<&Job>) -> &'static str {
    match job.map(|job| &job.phase) {
        Some(Phase::Paused) => "goes on",
        Some(Phase::Left(_)) => "resumes",
        _ => "pauses",
    }
}

/// What is of use only in the list.
const LISTED: [Action; 4] = [Action::JobOpen, Action::JobUp, Action::JobDown, Action::JobForget];

/// The keys of the list, or of one job in full.
fn panel_hints(state: &State, job: Option<&Job>, list: bool) -> Vec<String> {
    let mut actions = vec![
        (Action::JobAnswer, "answers"),
        (Action::JobOpen, "opens"),
        (Action::JobPause, pause_word(job)),
        (Action::JobCancel, "cancels"),
        (Action::JobRetry, "tries again"),
        (Action::JobUndo, "undoes"),
        (Action::JobFailures, "failures"),
        (Action::JobSlower, "slower"),
        (Action::JobFaster, "faster"),
        (Action::JobUp, "sooner"),
        (Action::JobDown, "later"),
        (Action::JobForget, "removes"),
    ];
    actions.retain(|(action, _)| list || !LISTED.contains(action));
    hints(state, &actions)
}

/// One job in full.
pub fn detail(sheet: &mut Sheet<'_>, id: JobId, top: usize) {
    let look = sheet.look;
    let Some(job) = look.state.jobs.get(id) else {
        sheet.call("Job");
        return sheet.tell("This job is no longer in the list.");
    };
    sheet.call(&job.number.map_or_else(|| "Job".to_owned(), |number| format!("Job {number}")));
    let first = job_lines(sheet, job, false);
    sheet.head.extend(first);
    sheet.head.push(blank());
    sheet.body = facts(sheet, job);
    let hints = panel_hints(look.state, Some(job), false);
    sheet.foot.push(blank());
    sheet.hint(&hints.iter().map(String::as_str).collect::<Vec<_>>());
    sheet.top = top;
}

fn facts(sheet: &Sheet<'_>, job: &Job) -> Vec<Line> {
    let look = sheet.look;
    let mut lines = Vec::new();
    let mut fact = |name: &str, text: String| {
        let text = cut_middle(&text, usize::from(sheet.width).saturating_sub(12), look.theme.glyphs.ellipsis);
        lines.push(Line::Spans(vec![
            Span::styled(format!("{name:<11} "), look.theme.dim),
            Span::styled(text.into_owned(), look.theme.text),
        ]));
    };
    if let Some(first) = &job.label.first {
        let more =
            if job.label.count > 1 { format!(" and {} more", job.label.count - 1) } else { String::new() };
        fact("from", format!("{}{more}", words::location(first, look.state)));
    }
    if let Some(target) = &job.label.target {
        fact("to", words::location(target, look.state));
    }
    fact("files", files(job));
    let kept = job.progress.kept;
    if kept.files > 0 || kept.bytes > 0 {
        let bytes = format::size(kept.bytes);
        let files = match kept.files {
            0 => String::new(),
            files => format!("{} and ", format::counted(files, "file", "files")),
        };
        fact("of these", format!("{files}{bytes} were done before"));
    }
    if job.attempts > 1 {
        fact("attempts", job.attempts.to_string());
    }
    if let Some(limit) = job.limit {
        fact("limit", format::rate(limit as f64));
    }
    if let Some(proofs) = proofs(job) {
        fact("verified", proofs);
    }
    if let Some(current) = job.progress.current.as_ref().filter(|_| job.is_active()) {
        fact("now", words::location(current, look.state));
    }
    lines.extend(job.notes.iter().rev().map(|note| plain(sheet, note)));
    lines.extend(job.files.iter().rev().map(|file| file_line(sheet, file)));
    let failures = job.outcome().map_or(&[][..], |outcome| &outcome.failures);
    for failure in failures.iter().take(FAILURES) {
        let text = format!("{} {}: {}", look.theme.glyphs.bad, failure.item.uri, failure.error.reason);
        lines.extend(sheet.say(&text, look.theme.error));
    }
    lines
}

fn plain(sheet: &Sheet<'_>, text: &str) -> Line {
    let text =
        cut_end(&escape(text), usize::from(sheet.width), sheet.look.theme.glyphs.ellipsis).into_owned();
    Line::Spans(vec![Span::styled(text, sheet.look.theme.text)])
}

/// `✓ a/b.csv  1.2 MB  checksum of the whole`.
fn file_line(sheet: &Sheet<'_>, file: &FileReport) -> Line {
    let look = sheet.look;
    let glyphs = &look.theme.glyphs;
    let (sign, how) = match &file.end {
        FileEnd::Copied(proof) => (glyphs.good, format!("by {proof}")),
        FileEnd::Renamed => (glyphs.good, "renamed".to_owned()),
        FileEnd::Deleted => (glyphs.good, "deleted".to_owned()),
        FileEnd::AsBefore => (glyphs.good, "done before".to_owned()),
        FileEnd::Skipped => (glyphs.none, "skipped".to_owned()),
        FileEnd::Failed(error) => (glyphs.bad, escape(&error.reason).into_owned()),
    };
    let tail = format!("  {:>8}  {how}", format::size(file.bytes));
    let room = usize::from(sheet.width).saturating_sub(tail.chars().count() + 2);
    let name = escape(&file.source.name().to_lossy()).into_owned();
    let name = pad(&cut_middle(&name, room, glyphs.ellipsis), room, Align::Left).into_owned();
    Line::Spans(vec![
        Span::styled(format!("{sign} {name}"), look.theme.text),
        Span::styled(tail, look.theme.dim),
    ])
}

/// `12 by checksum of the whole, 3 by size`.
fn proofs(job: &Job) -> Option<String> {
    const ALL: [Proof; 4] = [Proof::Checksum, Proof::Parts, Proof::ETag, Proof::Size];
    let counts = job.outcome()?.proofs;
    let told = ALL.iter().zip(counts).filter(|(_, count)| *count > 0);
    let told: Vec<_> = told.map(|(proof, count)| format!("{} by {proof}", format::count(count))).collect();
    (!told.is_empty()).then(|| told.join(", "))
}
