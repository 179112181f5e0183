//! Lists to choose from.

use ratatui::text::Span;

use super::{Line, Sheet};
use crate::app::dialog::{Pick, PickItem};
use crate::model::text::{Align, cut_end, cut_middle, pad};
use crate::view::{sheet, words};

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
        PickItem::Place(uri) | PickItem::Watched(_, uri) => {
            format!(" {}", cut_middle(&words::location(uri, state), width.saturating_sub(2), ellipsis))
        }
        PickItem::Action(action) => {
            let info = action.info();
            let text = format!(" {:<18} {:<10} {}", info.title, words::key(state, *action), info.help);
            cut_end(&text, width, ellipsis).into_owned()
        }
    }
}
