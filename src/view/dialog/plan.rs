//! The plan of a copy or move, as it grows in the dialog that asks where to. Each number has its line, so that
//! nothing jumps.

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::dialog::{Planning, Prompt, PromptKind};
use crate::model::StorageClass;
use crate::model::text::cut_end;
use crate::transfer::plan::Tally;
use crate::transfer::{ConflictPolicy, JobKind, Plan};
use crate::view::{format, words};

/// All that stands below the destination.
pub fn plan(sheet: &mut Sheet<'_>, prompt: &Prompt, planning: &Planning) {
    let (PromptKind::Transfer { chosen, .. }, theme) = (&prompt.kind, sheet.look.theme) else { return };
    sheet.head.push(blank());
    match (&planning.plan, &planning.failed) {
        (Some(plan), _) => numbers(sheet, plan, planning, words::things(&chosen.origin)),
        (None, Some(why)) => line(sheet, &format!("{} no plan: {why}", theme.glyphs.bad), theme.error),
        (None, None) if planning.req.is_some() || planning.probing => {
            line(sheet, &format!("planning {}", sheet.look.spinner()), theme.dim);
        }
        (None, None) => line(sheet, "F5 plans for this destination", theme.dim),
    }
    sheet.head.push(blank());
    options(sheet, planning);
}

/// The hints at the foot.
pub fn hints(sheet: &mut Sheet<'_>, kind: JobKind, planning: &Planning) {
    let enter = if kind == JobKind::Move { "Enter moves" } else { "Enter copies" };
    let found = |plan: &Plan| plan.conflicts.count + plan.refusals.count > 0;
    let lists = planning.plan.as_deref().is_some_and(found).then_some("F3 lists what was found");
    let hints: Vec<&str> =
        [Some(enter), lists, Some("Tab completes"), Some("Esc leaves")].into_iter().flatten().collect();
    sheet.foot.push(blank());
    sheet.hint(&hints);
}

fn line(sheet: &mut Sheet<'_>, text: &str, style: Style) {
    let text = cut_end(text, sheet.width.into(), sheet.look.theme.glyphs.ellipsis).into_owned();
    sheet.head.push(Line::Spans(vec![Span::styled(text, style)]));
}

fn numbers(sheet: &mut Sheet<'_>, plan: &Plan, planning: &Planning, (one, many): (&str, &str)) {
    let theme = sheet.look.theme;
    let dot = format!(" {} ", theme.glyphs.dot);
    let policy = planning.options.conflict;
    let total = plan.total(policy);
    let so_far = if plan.known { String::new() } else { format!(" so far {}", sheet.look.spinner()) };
    let mut what = vec![format::counted(plan.counts.files, one, many)];
    if plan.counts.dirs > 0 {
        what.push(format::counted(plan.counts.dirs, "directory", "directories"));
    }
    what.push(format::size(plan.counts.bytes));
    line(sheet, &format!("{}{so_far}", what.join(&dot)), theme.text);
    line(sheet, &requests(&total, policy), theme.text);
    line(sheet, &money(plan, planning, &total).join(&dot), theme.text);
    let (text, bad) = found(plan);
    line(sheet, &text.join(&dot), if bad { theme.error } else { theme.text });
    for (text, style) in warnings(plan, policy).into_iter().zip([theme.error, theme.dim]) {
        if let Some(text) = text {
            line(sheet, &text, style);
        }
    }
}

fn requests(total: &Tally, policy: ConflictPolicy) -> String {
    let words = total.requests.words();
    if words.is_empty() {
        return "no request to a service".to_owned();
    }
    let most = if policy == ConflictPolicy::Ask { "at most " } else { "" };
    let words: Vec<String> =
        words.iter().map(|(word, number)| format!("{word} {}", format::count(*number))).collect();
    format!("{most}{}", words.join("  "))
}

fn money(plan: &Plan, planning: &Planning, total: &Tally) -> Vec<String> {
    let Planning { options, .. } = planning;
    let cost = plan.cost(options.conflict, options.attributes.class.as_ref());
    let mut pieces = Vec::new();
    match cost {
        Some(cost) => pieces.push(format!("about {} at list price", format::dollars(cost))),
        None if total.requests.total() > 0 => pieces.push("no list price is known here".to_owned()),
        None => pieces.push("costs nothing".to_owned()),
    }
    if total.egress > 0 {
        pieces.push(format!("{} leave the service", format::size(total.egress)));
    }
    pieces
}

fn found(plan: &Plan) -> (Vec<String>, bool) {
    let mut pieces = Vec::new();
    if plan.conflicts.count > 0 {
        pieces.push(format!("{} there already", format::count(plan.conflicts.count)));
    }
    if plan.refusals.count > 0 {
        let kinds: Vec<String> = plan
            .refusal_kinds()
            .map(|(kind, number)| format!("{} {}", format::count(number), kind.word()))
            .collect();
        pieces.push(format!("{} won't get there: {}", format::count(plan.refusals.count), kinds.join(", ")));
    }
    if pieces.is_empty() {
        pieces
            .push(if plan.known { "nothing is in the way" } else { "nothing in the way so far" }.to_owned());
    }
    (pieces, plan.refusals.count > 0)
}

/// What is missing at the destination, and what it can't keep.
fn warnings(plan: &Plan, policy: ConflictPolicy) -> [Option<String>; 2] {
    let short = plan.short_of(policy);
    let short = (short > 0).then(|| format!("{} more than is free there", format::size(short)));
    let losses = &plan.losses;
    let lost = [
        (losses.links, "links"),
        (losses.modes, "permissions to run"),
        (losses.metadata, "headers and metadata of objects"),
    ];
    let lost: Vec<&str> = lost.into_iter().filter(|(count, _)| *count > 0).map(|(_, what)| what).collect();
    [short, (!lost.is_empty()).then(|| format!("not kept there: {}", lost.join(", ")))]
}

fn options(sheet: &mut Sheet<'_>, planning: &Planning) {
    let (theme, options) = (sheet.look.theme, &planning.options);
    let policy = match options.conflict {
        ConflictPolicy::Ask => "ask",
        ConflictPolicy::Overwrite => "replace it",
        ConflictPolicy::Skip => "leave it",
        ConflictPolicy::Rename => "keep both",
        ConflictPolicy::Newer => "replace what is older",
    };
    option(sheet, "F2", "What is there already", policy);
    if planning.service {
        let own = "as the connection says";
        option(
            sheet,
            "F4",
            "Storage class",
            options.attributes.class.as_ref().map_or(own, StorageClass::as_str),
        );
        let encryption = options.attributes.encryption.as_ref();
        option(sheet, "F6", "Encryption", encryption.map_or(own, |encryption| &encryption.kind));
    } else {
        for _ in 0..2 {
            sheet.head.push(Line::Spans(vec![Span::styled("", theme.text)]));
        }
    }
}

fn option(sheet: &mut Sheet<'_>, key: &str, what: &str, chosen: &str) {
    let theme = sheet.look.theme;
    sheet.head.push(Line::Spans(vec![
        Span::styled(format!("{key} "), theme.strong),
        Span::styled(format!("{what:<23}"), theme.dim),
        Span::styled(chosen.to_owned(), theme.text),
    ]));
}
