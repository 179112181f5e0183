//! Questions: whether to delete, what to do about a conflict, whether to leave.

use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::dialog::{BucketName, Buttons, Chosen, Confirm, DeleteQuestion, JobQuestion, ReadQuestion};
use crate::app::edit::EditQuestion;
use crate::model::text::{Align, cut_middle, escape, pad};
use crate::model::{Entry, Kind, Uri};
use crate::transfer::{Conflict, Question};
use crate::view::{format, sheet, status, words};

/// The names that are listed before "and … more".
const NAMED: usize = 5;

/// `Delete 1,284 objects, 159 GB, under s3://lake/events/ ?`
pub fn delete(sheet: &mut Sheet<'_>, question: &DeleteQuestion) {
    sheet.call("Delete");
    let bucket = question.bucket.as_ref();
    match bucket {
        Some(bucket) => sheet.tell(&format!("Delete the bucket {} ?", escape(&bucket.name))),
        None => sheet.tell(&delete_sentence(sheet, question)),
    }
    if question.chosen.sources.len() > 1 {
        let names = names(sheet, &question.chosen);
        sheet.body.extend(names);
    }
    if let Some(error) = &question.failed {
        sheet.complain(&format!("not all could be counted: {error}"));
    }
    if let Some(bucket) = bucket {
        return bucket_name(sheet, bucket);
    }
    sheet.warn(match &question.chosen.origin {
        Uri::Local(_) | Uri::Archive(_) => "This can't be undone.",
        Uri::S3(_) => "This can't be undone, unless the bucket keeps versions.",
    });
    sheet.foot.push(blank());
    buttons(sheet, &question.buttons);
}

fn bucket_name(sheet: &mut Sheet<'_>, bucket: &BucketName) {
    sheet.tell("Only an empty bucket can be deleted. Its name can be taken by others afterwards.");
    sheet.foot.push(blank());
    sheet.hint(&["Type its name to delete it", "Esc leaves it"]);
    sheet.foot.push(Line::Field(bucket.input.0.clone()));
    if let Some(problem) = &bucket.problem {
        sheet.complain(problem);
    }
}

fn delete_sentence(sheet: &Sheet<'_>, question: &DeleteQuestion) -> String {
    let chosen = &question.chosen;
    let place = words::location(&chosen.origin, sheet.look.state);
    let (one, many) = words::things(&chosen.origin);
    let counts = &question.counts;
    let mut parts = Vec::new();
    if counts.files > 0 || counts.dirs == 0 {
        parts.push(format::counted(counts.files, one, many));
    }
    if counts.dirs > 0 {
        parts.push(format::counted(counts.dirs, "directory", "directories"));
    }
    parts.push(format::size(counts.bytes));
    let held = parts.join(", ");
    let [so_far, spinner] =
        if question.counting.is_some() { [" so far", sheet.look.spinner()] } else { ["", ""] };
    match &chosen.sources[..] {
        [only] if only.entry.kind.is_dir() => {
            let name = words::name(&only.entry.name, only.entry.kind);
            format!("Delete {name} with {held}{so_far}, under {place} ? {spinner}")
        }
        [only] => {
            let name = words::name(&only.entry.name, only.entry.kind);
            let size = only.entry.size.map(|size| format!(", {}", format::size(size))).unwrap_or_default();
            format!("Delete {name}{size}, in {place} ?")
        }
        _ => format!("Delete {held}{so_far}, under {place} ? {spinner}"),
    }
}

fn names(sheet: &Sheet<'_>, chosen: &Chosen) -> Vec<Line> {
    let theme = sheet.look.theme;
    let room = usize::from(sheet.width).saturating_sub(2);
    let named = chosen.sources.iter().take(NAMED).map(|item| {
        let name = words::name(&item.entry.name, item.entry.kind);
        format!("  {}", cut_middle(&name, room, theme.glyphs.ellipsis))
    });
    let more = chosen.sources.len().saturating_sub(NAMED);
    let rest =
        (more > 0).then(|| format!("  {} and {} more", theme.glyphs.ellipsis, format::count(more as u64)));
    named.chain(rest).map(|text| Line::Spans(vec![Span::styled(text, theme.text)])).collect()
}

/// The ways out, in as many lines as they need.
pub fn buttons(sheet: &mut Sheet<'_>, buttons: &Buttons) {
    let spans = sheet::buttons(buttons, sheet.look.theme);
    let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let mut used = 0;
    for button in spans.chunk_by(|_, next| !next.content.starts_with(['[', ' '])) {
        let width = crate::view::paint::columns_of(button);
        if used > 0 && used + width > sheet.width {
            lines.push(Vec::new());
            used = 0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.extend(button.iter().cloned());
        }
    }
    sheet.foot.extend(lines.into_iter().map(Line::Spans));
}

/// What a job asks.
pub fn job(sheet: &mut Sheet<'_>, question: &JobQuestion) {
    let look = sheet.look;
    let job = look.state.jobs.get(question.job);
    sheet.title = job.map_or_else(|| "Question".to_owned(), |job| words::capital(&status::what(job, look)));
    let all = match &question.question {
        Question::Conflict(conflict) => {
            self::conflict(sheet, conflict);
            Some("for all further conflicts of this job")
        }
        Question::Links(uri) => {
            sheet.tell(&format!(
                "{} is a symbolic link, and links can't be kept there.",
                words::location(uri, look.state)
            ));
            sheet.tell("To follow copies what each link leads to; to skip leaves them out and counts them.");
            sheet.tell("The answer is for all links of this job.");
            None
        }
    };
    sheet.foot.push(blank());
    if let Some(all) = all {
        let tick = if question.for_all { "[x]" } else { "[ ]" };
        sheet.foot.push(Line::Spans(vec![Span::styled(format!("{tick} a: {all}"), look.theme.text)]));
    }
    buttons(sheet, &question.buttons);
}

fn conflict(sheet: &mut Sheet<'_>, conflict: &Conflict) {
    let place = words::location(&conflict.target, sheet.look.state);
    let text = if conflict.changed {
        format!("{place} changed since it was shown.")
    } else {
        format!("{place} is there already.")
    };
    sheet.tell(&text);
    sheet.head.push(blank());
    let (new, old) = (&conflict.source_entry, &conflict.target_entry);
    for (label, this, other) in [("source", new, old), ("there", old, new)] {
        let line = side(sheet, label, this, other);
        sheet.head.push(line);
    }
}

/// `source  412.0 MB  2026-11-20 08:15:00  newer, larger`.
fn side(sheet: &Sheet<'_>, label: &str, this: &Entry, other: &Entry) -> Line {
    let theme = sheet.look.theme;
    let none = || theme.glyphs.none.to_owned();
    let size = match this.kind {
        Kind::Dir | Kind::Bucket => "directory".to_owned(),
        Kind::Symlink => "link".to_owned(),
        _ => this.size.map_or_else(none, format::size),
    };
    let date = this.modified.map_or_else(none, |at| format::date_full(at, theme.zone));
    let mut words = Vec::new();
    if this.modified.zip(other.modified).is_some_and(|(this, other)| this > other) {
        words.push("newer");
    }
    if this.size.zip(other.size).is_some_and(|(this, other)| this > other) {
        words.push("larger");
    }
    let text = format!("  {label:<8}{}  {date}  ", pad(&size, 9, Align::Right));
    Line::Spans(vec![Span::styled(text, theme.text), Span::styled(words.join(", "), theme.strong)])
}

/// Whether a search reads on.
pub fn read_on(sheet: &mut Sheet<'_>, question: &ReadQuestion) {
    let cost = match question.cost {
        Some(cost) => format!(", about {} by the list of AWS", format::dollars(cost)),
        None => String::new(),
    };
    sheet.call("Read on");
    sheet.tell(&format!(
        "Read up to {} more of {} ?",
        format::size(question.bytes),
        words::location(&question.uri, sheet.look.state)
    ));
    let requests = format::counted(question.requests, "request", "requests");
    sheet.body = sheet.say(&format!("The search would send about {requests}{cost}."), sheet.look.theme.text);
    sheet.foot.push(blank());
    buttons(sheet, &question.buttons);
}

/// What becomes of an edited copy.
pub fn edit(sheet: &mut Sheet<'_>, question: &EditQuestion) {
    sheet.call("Edit");
    for line in question.text.lines() {
        sheet.tell(&escape(line));
    }
    sheet.foot.push(blank());
    buttons(sheet, &question.buttons);
}

/// Whether to do something that can't be undone.
pub fn confirm(sheet: &mut Sheet<'_>, confirm: &Confirm) {
    sheet.call("Sure?");
    let mut lines = confirm.text.lines();
    sheet.tell(&escape(lines.next().unwrap_or_default()));
    let style = sheet.look.theme.text;
    sheet.body = lines.flat_map(|line| sheet.say(&escape(line), style)).collect();
    sheet.top = confirm.top;
    sheet.foot.push(blank());
    buttons(sheet, &confirm.buttons);
}

/// Whether to leave although jobs run.
pub fn quit(sheet: &mut Sheet<'_>, buttons: &Buttons) {
    let look = sheet.look;
    sheet.call("Quit");
    let running: Vec<_> = look.state.jobs.active().collect();
    let (still, it) = if running.len() == 1 { ("still runs", "it") } else { ("still run", "they") };
    let count = format::counted(running.len() as u64, "job", "jobs");
    sheet.tell(&match running.len() {
        0 => "All jobs have ended.".to_owned(),
        _ => format!("{count} {still}. What is left to be resumed goes on from where {it} stopped."),
    });
    for job in running {
        let text = format!("  {}", cut_middle(&status::what(job, look), 70, look.theme.glyphs.ellipsis));
        sheet.body.push(Line::Spans(vec![Span::styled(text, look.theme.text)]));
    }
    sheet.foot.push(blank());
    self::buttons(sheet, buttons);
}
