//! Texts that scroll: the help, an error in full.

use ratatui::text::Span;

use super::{Line, MORE, Sheet};
use crate::app::dialog::TextView;
use crate::app::keymap::HelpRow;
use crate::model::text::{Align, escape, pad, wrap};

/// The widest that the column of keys gets.
const KEYS: usize = 24;

/// The keys and what they do.
pub fn help(sheet: &mut Sheet<'_>, rows: &[HelpRow], top: usize) {
    sheet.call("Keys");
    let longest = rows.iter().map(|row| match row {
        HelpRow::Heading(_) => 0,
        HelpRow::Keys { keys, .. } => crate::model::text::width(keys),
    });
    let column = longest.max().unwrap_or_default().min(KEYS).min(usize::from(sheet.width) / 2);
    let mut body = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        if at == top {
            // The empty line before a heading isn't shown on top.
            sheet.top = body.len() + usize::from(at > 0 && matches!(row, HelpRow::Heading(_)));
        }
        body.extend(help_row(sheet, row, column, at == 0));
    }
    sheet.body = body;
    sheet.hint(&["arrows and page keys scroll", "Esc leaves"]);
}

fn help_row(sheet: &Sheet<'_>, row: &HelpRow, column: usize, is_first: bool) -> Vec<Line> {
    let theme = sheet.look.theme;
    match row {
        HelpRow::Heading(title) => {
            let heading = Line::Spans(vec![Span::styled(*title, theme.strong)]);
            if is_first { vec![heading] } else { vec![super::blank(), heading] }
        }
        HelpRow::Keys { keys, help } => {
            let room = usize::from(sheet.width).saturating_sub(column + 4 + MORE);
            let (keys, help) = (wrap(keys, column), wrap(help, room));
            let line = |at: usize| {
                let [keys, help] = [&keys, &help].map(|lines| lines.get(at).map_or("", String::as_str));
                let keys = format!("  {}", pad(keys, column, Align::Left));
                Line::Spans(vec![
                    Span::styled(keys, theme.text),
                    Span::styled(format!("  {help}"), theme.dim),
                ])
            };
            (0..keys.len().max(help.len())).map(line).collect()
        }
    }
}

/// A text in full.
pub fn text(sheet: &mut Sheet<'_>, view: &TextView) {
    sheet.title = escape(&view.title).into_owned();
    sheet.body = sheet.say(&view.text, sheet.look.theme.text);
    sheet.top = view.top;
    sheet.hint(&["arrows and page keys scroll", "Esc leaves"]);
}
