//! Texts that scroll: the help, an error in full.

use ratatui::text::Span;

use super::{Line, Sheet};
use crate::app::dialog::TextView;
use crate::app::keymap::HelpRow;
use crate::model::text::{Align, cut_end, escape, pad};

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
    sheet.body =
        rows.iter().enumerate().flat_map(|(at, row)| help_row(sheet, row, column, at == 0)).collect();
    sheet.top = first_line(rows, top);
    sheet.hint(&["arrows and page keys scroll", "Esc leaves"]);
}

/// The line of the body that row `top` begins at: a heading has an empty line before it.
fn first_line(rows: &[HelpRow], top: usize) -> usize {
    let headings = rows.iter().take(top).skip(1).filter(|row| matches!(row, HelpRow::Heading(_))).count();
    top + headings
}

fn help_row(sheet: &Sheet<'_>, row: &HelpRow, column: usize, is_first: bool) -> Vec<Line> {
    let theme = sheet.look.theme;
    match row {
        HelpRow::Heading(title) => {
            let heading = Line::Spans(vec![Span::styled(*title, theme.strong)]);
            if is_first { vec![heading] } else { vec![super::blank(), heading] }
        }
        HelpRow::Keys { keys, help } => {
            let keys = cut_end(keys, column, theme.glyphs.ellipsis);
            let keys = format!("  {}", pad(&keys, column, Align::Left));
            let room = usize::from(sheet.width).saturating_sub(column + 4);
            let help = cut_end(help, room, theme.glyphs.ellipsis);
            vec![Line::Spans(vec![
                Span::styled(keys, theme.text),
                Span::styled(format!("  {help}"), theme.dim),
            ])]
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
