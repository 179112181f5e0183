//! Places without rows say why, and which key helps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::words::capital;
use super::{Look, paint, words};
use crate::app::{Action, Pane};
use crate::model::text::{escape, wrap};
use crate::model::{ErrorKind, VfsError};

/// A paragraph of what an empty pane says.
type Paragraph = (Style, String);

/// Fills the room below `..` with one sentence, and the key that helps.
pub fn draw(buf: &mut Buffer, area: Rect, pane: &Pane, look: Look<'_>) {
    let area = paint::inset(paint::after(area, 1));
    let mut line = 0;
    for (style, text) in said(pane, look) {
        for text in wrap(&text, area.width.into()) {
            paint::put(buf, paint::row(area, line), &text, style);
            line += 1;
        }
    }
}

fn said(pane: &Pane, look: Look<'_>) -> Vec<Paragraph> {
    let theme = look.theme;
    let (filter, total) = (&pane.rows.arrangement().filter, pane.rows.total());
    if let Some(error) = &pane.error {
        return failure(error, look);
    }
    if pane.is_loading() || pane.read_at.is_none() {
        let slow = pane.listing.is_some_and(|listing| look.state.now.0 - listing.started.0 >= 500);
        return if slow { vec![(theme.dim, waiting(pane, look))] } else { Vec::new() };
    }
    if total > 0 && !filter.text.is_empty() {
        let text = format!("No name here has \"{}\" in it.", escape(&filter.text));
        return vec![
            (theme.text, text),
            (theme.dim, helps(look, &[(Action::Filter, "types another part, Esc in it shows all")])),
        ];
    }
    if total > 0 {
        let text = "Only hidden names are here.".to_owned();
        return vec![(theme.text, text), (theme.dim, helps(look, &[(Action::Hidden, "shows them")]))];
    }
    let (text, help) = if pane.is_buckets() {
        ("There are no buckets here.", "makes one")
    } else {
        ("Nothing is here.", "makes a directory")
    };
    vec![(theme.text, text.to_owned()), (theme.dim, helps(look, &[(Action::Mkdir, help)]))]
}

fn waiting(pane: &Pane, look: Look<'_>) -> String {
    let ellipsis = look.theme.glyphs.ellipsis;
    let out = helps(look, &[(Action::Parent, "leaves without waiting")]);
    format!("Reading {} {ellipsis}\n\n{out}", words::location(&pane.uri, look.state))
}

fn failure(error: &VfsError, look: Look<'_>) -> Vec<Paragraph> {
    let theme = look.theme;
    let place = words::location(&error.uri, look.state);
    let what = format!("{} Could not {} {place}", theme.glyphs.bad, error.op.verb());
    let mut said =
        vec![(theme.error, what), (theme.text, capital(&error.reason)), (theme.text, " ".to_owned())];
    if let Some(hint) = &error.hint {
        said.push((theme.text, format!("{}.", capital(hint).trim_end_matches('.'))));
    }
    let again = match error.kind {
        ErrorKind::Denied if error.uri.as_s3().is_some_and(|s3| s3.bucket.is_none()) => {
            [(Action::GoTo, "opens a bucket by its name"), (Action::ErrorText, "shows all of this error")]
        }
        _ => [(Action::Refresh, "tries again"), (Action::ErrorText, "shows all of this error")],
    };
    said.extend([(theme.text, " ".to_owned()), (theme.dim, helps(look, &again))]);
    said
}

/// `Ctrl-R tries again · e shows all of this error`.
fn helps(look: Look<'_>, keys: &[(Action, &str)]) -> String {
    let dot = format!(" {} ", look.theme.glyphs.dot);
    let said = keys.iter().map(|(action, help)| (words::key(look.state, *action), help));
    let said = said.filter(|(key, _)| !key.is_empty()).map(|(key, help)| format!("{key} {help}"));
    said.collect::<Vec<_>>().join(&dot)
}
