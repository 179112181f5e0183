//! The jobs panel, and lists to choose from.

use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::dialog::{Pick, PickItem};
use crate::app::jobs::{Job, Phase};
use crate::app::{Action, State};
use crate::model::text::{Align, cut_end, cut_middle, escape, pad};
use crate::view::paint::{self, Piece};
use crate::view::{format, sheet, status, words};

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
    let hints = job_hints(state, state.jobs.at(selected));
    sheet.hint(&hints.iter().map(String::as_str).collect::<Vec<_>>());
    sheet.top = sheet::window(sheet.body.len(), selected * JOB_LINES, sheet.body_rows());
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
        _ => (format!("{} {}", theme.glyphs.job, status::what(job, look)), theme.text),
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
    let files = format!(
        "{} of {}",
        format::count(progress.done.files),
        format::counted(progress.total.files, "file", "files")
    );
    pieces.push(Piece::new(4, files, theme.dim));
    paint::join(paint::fit(pieces, room, 2), "  ", theme.text)
}

/// The keys that apply to this job.
fn job_hints(state: &State, job: Option<&Job>) -> Vec<String> {
    let active = job.is_some_and(Job::is_active);
    let failed = job.and_then(Job::outcome).is_some_and(|outcome| !outcome.failures.is_empty());
    let asks = job.is_some_and(|job| active && !job.questions.is_empty());
    let all = [
        (Action::JobAnswer, "answers", asks),
        (Action::JobCancel, "cancels", active),
        (Action::JobFailures, "shows what failed", failed),
        (Action::JobRetry, "tries that again", failed),
        (Action::JobForget, "removes it from the list", !active),
    ];
    let hints = all.into_iter().filter(|(_, _, applies)| *applies);
    let hints = hints.map(|(action, help, _)| format!("{} {help}", words::key(state, action)));
    hints.chain([String::from("Esc leaves")]).collect()
}

/// A list to choose from.
pub fn pick(sheet: &mut Sheet<'_>, pick: &Pick) {
    let theme = sheet.look.theme;
    sheet.call(pick.title);
    let width = usize::from(sheet.width);
    let lines = pick.items.iter().enumerate().map(|(at, item)| {
        let text = pad(&pick_text(sheet, item, width), width, Align::Left).into_owned();
        let spans = vec![Span::styled(text, theme.text)];
        if at == pick.selected { Line::Chosen(spans) } else { Line::Spans(spans) }
    });
    sheet.body = lines.collect();
    sheet.top = sheet::window(sheet.body.len(), pick.selected, sheet.body_rows());
}

fn pick_text(sheet: &Sheet<'_>, item: &PickItem, width: usize) -> String {
    let (state, ellipsis) = (sheet.look.state, sheet.look.theme.glyphs.ellipsis);
    match item {
        PickItem::Place(uri) => {
            format!(" {}", cut_middle(&words::location(uri, state), width.saturating_sub(2), ellipsis))
        }
        PickItem::Action(action) => {
            let info = action.info();
            let text = format!(" {:<18} {:<10} {}", info.title, words::key(state, *action), info.help);
            cut_end(&text, width, ellipsis).into_owned()
        }
    }
}
