//! What is going on: the jobs, the news, the cache and the requests; and the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::paint::{self, Piece};
use super::{Look, format, words};
use crate::app::bar::{self, BarItem};
use crate::app::jobs::{Job, Phase};
use crate::app::state::{Notice, Tone};
use crate::app::{Action, Code, Stats};
use crate::model::text::{cut_end, cut_middle, escape};
use crate::transfer::JobKind;

/// From this width on the numbers of the cache stand in full beside a job.
const WIDE: u16 = 140;
/// The columns of a job's bar in the status line.
const BAR: u16 = 24;

/// Draws the status line: the news or else the jobs at the left, the cache at the right. Without news
/// and jobs, and without a line of their own (`alone`), the requests stand at the left.
pub fn draw(buf: &mut Buffer, area: Rect, alone: bool, look: Look<'_>) {
    let area = paint::inset(area);
    let notice = look.state.notice.as_ref();
    let asking = look.state.jobs.active().find(|job| !job.questions.is_empty());
    let moving = || look.state.jobs.active().find(|job| job.moves());
    let job = asking.or_else(moving).or_else(|| look.state.jobs.active().next());
    let busy = notice.is_some() || job.is_some() || look.state.jobs.left() > 0;
    let room = match busy {
        false => area.width * 2 / 3,
        // All of it has room beside a job: it stays where it is.
        true if area.width >= WIDE => area.width / 2,
        true => area.width / 3,
    };
    let dot = format!(" {} ", look.theme.glyphs.dot);
    let cache = paint::fit(cache(&look.state.stats, look), room, paint::columns(&dot));
    let cache = paint::join(cache, &dot, look.theme.dim);
    let taken = paint::columns_of(&cache);
    paint::put_spans(buf, paint::last(area, taken), &cache);
    let left = paint::first(area, area.width.saturating_sub(taken + 2));
    match (notice, job) {
        (Some(notice), _) => news(buf, left, notice, look),
        (None, Some(job)) if asking.is_some() => {
            let text = waiting(job, look);
            let shown = cut_end(&text, left.width.into(), look.theme.glyphs.ellipsis);
            paint::put(buf, left, &shown, look.theme.strong);
        }
        (None, Some(job)) => running(buf, left, job, look),
        (None, None) if look.state.jobs.left() > 0 => left_over(buf, left, look),
        (None, None) if alone => requests_at(buf, left, look),
        (None, None) => finished(buf, left, look),
    }
}

/// A line of news: a sign and what happened.
pub fn news(buf: &mut Buffer, area: Rect, notice: &Notice, look: Look<'_>) {
    let theme = look.theme;
    let (sign, style) = match notice.tone {
        Tone::Done => (theme.glyphs.good, theme.text),
        Tone::UnderWay => (theme.glyphs.ellipsis, theme.text),
        Tone::Bad => (theme.glyphs.bad, theme.error),
    };
    let text = format!("{sign} {}", escape(&notice.text));
    paint::put(buf, area, &cut_end(&text, area.width.into(), theme.glyphs.ellipsis), style);
}

/// `? F9 answers: copying 3 to s3://lake/`, before the numbers of any job.
fn waiting(job: &Job, look: Look<'_>) -> String {
    let key = words::key(look.state, Action::Jobs);
    format!("? {key} answers: {}", what(job, look))
}

/// `⇅ copying 3 to s3://lake/… ━━━━╸──── 61 %  184 MB/s  2.1 s left`, what doesn't fit left out.
fn running(buf: &mut Buffer, area: Rect, job: &Job, look: Look<'_>) {
    let theme = look.theme;
    let others = look.state.jobs.active().count() - 1;
    let mut tail = progress(job, BAR.min(area.width / 5), look);
    if others > 0 {
        tail.push(Piece::new(8, format!("+{others}"), theme.strong));
    }
    let what = format!("{} {}", sign(job, look), what(job, look));
    let wanted = paint::columns(&what).min(area.width / 3);
    let tail = paint::fit(tail, area.width.saturating_sub(wanted + 2), 2);
    let tail = paint::join(tail, "  ", theme.text);
    let room = area.width.saturating_sub(paint::columns_of(&tail) + 2);
    let used = paint::put(buf, area, &cut_end(&what, room.into(), theme.glyphs.ellipsis), theme.text);
    paint::put_spans(buf, paint::after(area, used + 2), &tail);
}

/// The sign of a job that isn't over.
pub fn sign(job: &Job, look: Look<'_>) -> &'static str {
    let glyphs = &look.theme.glyphs;
    match &job.phase {
        Phase::Running | Phase::Cancelling | Phase::Suspending => glyphs.job,
        Phase::Paused => "=",
        Phase::Waiting(_) => glyphs.ellipsis,
        Phase::Left(_) => "!",
        Phase::Finished(_) => glyphs.none,
    }
}

/// `copying 3 to s3://lake/`.
pub fn what(job: &Job, look: Look<'_>) -> String {
    let label = &job.label;
    let what = match (label.count, &label.first) {
        (1, Some(uri)) => {
            cut_middle(&escape(&uri.name().to_lossy()), 32, look.theme.glyphs.ellipsis).into_owned()
        }
        (count, _) => format::count(count as u64),
    };
    let well = job.outcome().is_some_and(|outcome| outcome.failures.is_empty() && !outcome.cancelled);
    if label.undoes {
        let verb = if well { "undid" } else { "undoing" };
        return format!("{verb} what was {}: {what}", words::done(label.kind));
    }
    let verb = match &job.phase {
        Phase::Cancelling | Phase::Suspending => "stopping",
        _ if well => words::done(label.kind),
        _ => words::doing(label.kind),
    };
    match &label.target {
        Some(target) => format!("{verb} {what} to {}", words::location(target, look.state)),
        None => format!("{verb} {what}"),
    }
}

/// Bar, share, rate and time left, each in a place of its own.
pub fn progress<'a>(job: &Job, bar_width: u16, look: Look<'_>) -> Vec<Piece<'a>> {
    let theme = look.theme;
    let (done, total) = (&job.progress.done, &job.progress.total);
    let mut pieces = Vec::new();
    if job.share().is_some() {
        let (part, whole) =
            if total.bytes > 0 { (done.bytes, total.bytes) } else { (done.files, total.files) };
        let (full, empty) = paint::bar(&theme.glyphs, bar_width, part, whole);
        let spans = vec![Span::styled(full, theme.bar), Span::styled(empty, theme.dim)];
        pieces.push(Piece { spans, weight: 7 });
        pieces.push(Piece::new(9, format!("{:>3} %", format::percent(part, whole)), theme.text));
    } else {
        let so_far = format!("{} {} so far", look.spinner(), format::size(total.bytes));
        pieces.push(Piece::new(9, so_far, theme.text));
    }
    if job.phase == Phase::Paused {
        pieces.push(Piece::new(6, format!("{:>9}", "paused"), theme.strong));
    } else if total.bytes > 0 && job.label.kind != JobKind::Delete {
        pieces.push(Piece::new(6, format!("{:>9}", format::rate(job.rate.per_second)), theme.text));
    }
    if let Some(seconds) = job.seconds_left() {
        pieces.push(Piece::new(5, format!("{:<11}", format!("{} left", format::rough(seconds))), theme.dim));
    }
    pieces
}

/// `2 jobs wait to be resumed: F9 shows, R resumes`.
fn left_over(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let left = look.state.jobs.left();
    let (jobs, verb) =
        (format::counted(left as u64, "job", "jobs"), if left == 1 { "waits" } else { "wait" });
    let key = |action| words::key(look.state, action);
    let (show, go_on) = (key(Action::Jobs), key(Action::ResumeJobs));
    let text = format!("! {jobs} {verb} to be resumed: {show} shows, {go_on} resumes");
    paint::put(buf, area, &cut_end(&text, area.width.into(), look.theme.glyphs.ellipsis), look.theme.strong);
}

/// How the last job ended, while none runs.
fn finished(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let Some(job) = look.state.jobs.iter().rev().find(|job| job.outcome().is_some()) else { return };
    let (text, bad) = ended(job, look);
    let style = if bad { look.theme.error } else { look.theme.dim };
    paint::put(buf, area, &cut_end(&text, area.width.into(), look.theme.glyphs.ellipsis), style);
}

/// `✓ copied 3 to s3://lake/, 1.2 GB in 12 s`, or `✗ 2 of 5 failed: …`; and whether it is bad news.
pub fn ended(job: &Job, look: Look<'_>) -> (String, bool) {
    let glyphs = &look.theme.glyphs;
    let Some(outcome) = job.outcome() else { return (String::new(), false) };
    let what = what(job, look);
    let done = &outcome.progress.done;
    let failed = outcome.failures.len() as u64;
    if failed > 0 {
        let (failed, all) = (format::count(failed), format::count(outcome.files()));
        return (format!("{} {failed} of {all} failed: {what}", glyphs.bad), true);
    }
    if outcome.cancelled {
        return (format!("{} cancelled: {what}", glyphs.none), false);
    }
    let took = job.ended.map_or(0, |at| at.0 - job.started.0);
    let bytes = if done.bytes > 0 { format!(", {}", format::size(done.bytes)) } else { String::new() };
    let skipped = match outcome.progress.skipped {
        0 => String::new(),
        skipped => format!(", {} skipped", format::count(skipped)),
    };
    (format!("{} {what}{bytes} in {}{skipped}", glyphs.good, format::duration(took)), false)
}

/// `cache 94 % hit · 1,812 saved · 1,700 hits 112 misses · 37 held 2.1 MB`.
fn cache<'a>(stats: &Stats, look: Look<'_>) -> Vec<Piece<'a>> {
    let theme = look.theme;
    if !stats.enabled {
        return vec![Piece::new(9, "cache off", theme.dim)];
    }
    let rate = match stats.hit_rate() {
        Some(_) => format!("{} %", format::percent(stats.hits, stats.hits + stats.misses)),
        None => theme.glyphs.none.to_owned(),
    };
    let count = format::count;
    let hits = format::counted(stats.hits, "hit", "hits");
    let misses = format::counted(stats.misses, "miss", "misses");
    vec![
        Piece::new(9, format!("cache {rate} hit"), theme.text),
        Piece::new(8, format!("{} saved", count(stats.saved)), theme.text),
        Piece::new(6, format!("{hits} {misses}"), theme.dim),
        Piece::new(7, format!("{} held {}", count(stats.entries), format::size(stats.bytes)), theme.dim),
    ]
}

/// The line of the requests: by kind at the left, the active pane's connection at the right.
pub fn requests(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let area = paint::inset(area);
    let place = connection(look);
    let width = paint::columns(&place);
    paint::put_last(buf, area, &place, look.theme.dim);
    requests_at(buf, paint::first(area, area.width.saturating_sub(width + 2)), look);
}

fn requests_at(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let theme = look.theme;
    let pieces = look.state.stats.requests.iter().map(|(kind, count)| {
        let (weight, style) = if *count > 0 { (5, theme.text) } else { (1, theme.dim) };
        let spans =
            vec![Span::styled(format!("{kind} "), theme.dim), Span::styled(format::count(*count), style)];
        Piece { spans, weight }
    });
    let pieces = paint::fit(pieces.chain(ahead(look)).collect(), area.width, 2);
    paint::put_spans(buf, area, &paint::join(pieces, "  ", theme.dim));
}

/// The requests of the last minute that nobody had asked for yet, and how many there may be.
fn ahead<'a>(look: Look<'_>) -> Option<Piece<'a>> {
    let ahead = &look.state.ahead;
    let text = format!("ahead {}/{} a min", format::count(ahead.used().into()), ahead.budget);
    (ahead.used() > 0).then(|| Piece::new(4, text, look.theme.dim))
}

fn connection(look: Look<'_>) -> String {
    let uri = &look.state.active_pane().uri;
    if uri.as_archive().is_some() {
        return "in an archive, read only".to_owned();
    }
    let Some(s3) = uri.as_s3() else { return "local disk".to_owned() };
    let known = look.state.stats.connections.iter().find(|connection| *connection.name == *s3.connection);
    let place = known.map(|connection| connection.place.as_str()).filter(|place| !place.is_empty());
    let place = place.map(|place| format!(" ({})", escape(place))).unwrap_or_default();
    let rights = if look.state.read_only.contains(&s3.connection) { "read-only" } else { "read/write" };
    format!("{}{place} {} {rights}", escape(&s3.connection), look.theme.glyphs.dot)
}

/// How the key bar writes a key and its twin, and how far its fields stand apart.
struct Form {
    /// What stands between key and twin; `None` leaves the twin out.
    joint: Option<&'static str>,
    /// Whether nothing stands between an F-key and what it does.
    tight: bool,
    gap: &'static str,
}

/// From the widest to the narrowest: `F5/c Copy`, `F5c Copy`, `F5 Copy`, `F5Copy`.
const FORMS: [Form; 5] = [
    Form { joint: Some("/"), tight: false, gap: "  " },
    Form { joint: Some(""), tight: false, gap: " " },
    Form { joint: None, tight: false, gap: "  " },
    Form { joint: None, tight: false, gap: " " },
    Form { joint: None, tight: true, gap: " " },
];

/// A field of the key bar that gives way before the form does.
const EXTRA: u8 = 3;

/// The keys that apply now, each with its twin where there is room for all twins.
pub fn keys(buf: &mut Buffer, area: Rect, look: Look<'_>) {
    let area = paint::inset(area);
    // By the width of the whole bar, so that twins don't come and go with the row.
    let full = bar::full(look.state);
    let needed = |pieces: &[Piece<'_>]| pieces.iter().filter(|piece| piece.weight > EXTRA).count();
    let fitted = |items: &[BarItem], form: &Form| {
        paint::fit(key_pieces(items, form, look), area.width, columns(form.gap))
    };
    let roomy = |form: &&Form| needed(&fitted(&full, form)) == needed(&key_pieces(&full, form, look));
    let form = FORMS.iter().find(roomy).unwrap_or(&FORMS[FORMS.len() - 1]);
    let pieces = fitted(&bar::bar(look.state), form);
    paint::put_spans(buf, area, &paint::join(pieces, form.gap, look.theme.text));
}

fn columns(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(u16::MAX)
}

fn key_pieces(items: &[BarItem], form: &Form, look: Look<'_>) -> Vec<Piece<'static>> {
    let last = items.len().saturating_sub(1);
    let pieces = items.iter().enumerate().map(|(at, item)| {
        let twin = item.twin.zip(form.joint).map(|(twin, joint)| format!("{joint}{twin}"));
        let key = Span::styled(item.key.to_string(), look.theme.strong);
        let twin = Span::styled(twin.unwrap_or_default(), look.theme.accent);
        let space = if form.tight && matches!(item.key.code, Code::F(_)) { "" } else { " " };
        let title = Span::styled(format!("{space}{}", item.title()), look.theme.text);
        // Help and the way out are the last to give way.
        let weight = match item.action {
            _ if at == 0 || at == last => 9,
            Action::Rename => EXTRA,
            _ => 5,
        };
        Piece { spans: vec![key, twin, title], weight }
    });
    pieces.collect()
}
