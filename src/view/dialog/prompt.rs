//! Questions that are answered by typing, with what completes the answer.

use ratatui::text::Span;

use super::{Line, Sheet, blank, plan};
use crate::app::dialog::{Chosen, Completion, Prompt, PromptKind};
use crate::model::text::{cut_middle, escape};
use crate::transfer::JobKind;
use crate::view::{format, words};

/// The most completions that are shown at once.
const SHOWN: usize = 8;

/// Draws a prompt.
pub fn prompt(sheet: &mut Sheet<'_>, prompt: &Prompt) {
    let state = sheet.look.state;
    let (title, question) = match &prompt.kind {
        PromptKind::GoTo => {
            let known = state.context.connections.iter().map(|name| format!("{}://", escape(name)));
            let known = known.collect::<Vec<_>>().join(" ");
            ("Go to", format!("A path, or a place on {known}"))
        }
        PromptKind::Transfer { kind, chosen } => {
            let (title, verb) = if *kind == JobKind::Move { ("Move", "Move") } else { ("Copy", "Copy") };
            let place = words::location(&chosen.origin, state);
            (title, format!("{verb} {} from {place} to:", self::chosen(chosen)))
        }
        PromptKind::Rename(item) => {
            ("Rename", format!("Rename {} to:", words::name(&item.entry.name, item.entry.kind)))
        }
        PromptKind::Mkdir(uri) if uri.as_s3().is_some_and(|s3| s3.bucket.is_none()) => {
            ("Make a bucket", format!("The name of a new bucket on {}:", words::location(uri, state)))
        }
        PromptKind::Mkdir(uri) => {
            ("Make a directory", format!("The name of a new directory in {}:", words::location(uri, state)))
        }
        PromptKind::SaveAs(_) => {
            ("Save as", "Save your text as another file or object, which must not be there:".to_owned())
        }
        PromptKind::Glob(true) => {
            ("Mark", "Mark the names that match, such as *.csv or part-0000[1-5]*:".to_owned())
        }
        PromptKind::HeldBelow { drop: true } => {
            ("Forget", "Forget all that is held and begins with this location:".to_owned())
        }
        PromptKind::HeldBelow { drop: false } => {
            ("Filter", "Show only what is held and begins with this location; nothing shows all:".to_owned())
        }
        PromptKind::Glob(false) => ("Unmark", "Unmark the names that match, such as *.csv:".to_owned()),
    };
    sheet.call(title);
    sheet.tell(&question);
    sheet.head.push(Line::Field(prompt.input.0.clone()));
    completions(sheet, &prompt.completion);
    let planning = prompt.planning.as_deref().filter(|_| prompt.completion.candidates.is_empty());
    if let Some(planning) = planning {
        plan::plan(sheet, prompt, planning);
    }
    if let Some(problem) = &prompt.problem {
        sheet.complain(problem);
    }
    if prompt.checking.is_some() && !planning.is_some_and(|planning| planning.probing) {
        sheet.hint(&["looking at the destination"]);
    } else if let (Some(planning), PromptKind::Transfer { kind, .. }) = (planning, &prompt.kind) {
        plan::hints(sheet, *kind, planning);
    } else if prompt.kind.takes_location() && prompt.completion.candidates.is_empty() {
        sheet.foot.push(blank());
        sheet.hint(&[enter(&prompt.kind), "Tab completes", "Esc leaves"]);
    }
}

fn enter(kind: &PromptKind) -> &'static str {
    match kind {
        PromptKind::GoTo => "Enter goes there",
        PromptKind::HeldBelow { drop: true } => "Enter counts, then asks",
        PromptKind::HeldBelow { drop: false } => "Enter shows it",
        PromptKind::Transfer { kind: JobKind::Move, .. } => "Enter moves",
        _ => "Enter copies",
    }
}

fn chosen(chosen: &Chosen) -> String {
    let bytes = if chosen.bytes > 0 { format!(", {}", format::size(chosen.bytes)) } else { String::new() };
    match &chosen.sources[..] {
        [only] => format!("{}{bytes}", words::name(&only.entry.name, only.entry.kind)),
        many => format!("{}{bytes},", format::counted(many.len() as u64, "thing", "things")),
    }
}

fn completions(sheet: &mut Sheet<'_>, completion: &Completion) {
    let theme = sheet.look.theme;
    let candidates = &completion.candidates;
    let chosen = completion.selected.unwrap_or_default();
    let from = crate::view::sheet::window(candidates.len(), chosen, SHOWN);
    let room = usize::from(sheet.width).saturating_sub(2);
    for (at, candidate) in candidates.iter().enumerate().skip(from).take(SHOWN) {
        let name = words::name(&candidate.name, candidate.kind);
        let text = format!("  {}", cut_middle(&name, room, theme.glyphs.ellipsis));
        let spans = vec![Span::styled(text, theme.text)];
        sheet.body.push(if completion.selected == Some(at) {
            Line::Chosen(spans)
        } else {
            Line::Spans(spans)
        });
    }
    if candidates.len() > SHOWN {
        let place = completion.selected.map(|at| format!("{} of ", at + 1)).unwrap_or_default();
        sheet.hint(&[&format!("{place}{}", format::counted(candidates.len() as u64, "name", "names"))]);
    }
}
