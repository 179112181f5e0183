//! Lists to choose from.

use ratatui::text::Span;

use super::{Line, MORE, Sheet};
use crate::app::dialog::{Pick, PickItem};
use crate::model::text::{self, Align, cut_end, cut_middle, pad};
use crate::view::{sheet, words};

/// The columns below which what an action does isn't broken into lines, but cut off.
const LEAST_HELP: usize = 16;

/// A list to choose from.
pub fn pick(sheet: &mut Sheet<'_>, pick: &Pick) {
    let theme = sheet.look.theme;
    sheet.call(pick.title);
    let width = usize::from(sheet.width);
    let (mut body, mut first) = (Vec::new(), 0);
    for (at, item) in pick.items.iter().enumerate() {
        if at == pick.selected {
            first = body.len();
        }
        body.extend(pick_lines(sheet, item, width).into_iter().map(|text| {
            let spans = vec![Span::styled(pad(&text, width, Align::Left).into_owned(), theme.text)];
            if at == pick.selected { Line::Chosen(spans) } else { Line::Spans(spans) }
        }));
    }
    sheet.body = body;
    sheet.top = sheet::window(sheet.body.len(), first, sheet.body_rows());
}

fn pick_lines(sheet: &Sheet<'_>, item: &PickItem, width: usize) -> Vec<String> {
    let (state, ellipsis) = (sheet.look.state, sheet.look.theme.glyphs.ellipsis);
    match item {
        PickItem::Place(uri) | PickItem::Watched(_, uri) => {
            vec![format!(" {}", cut_middle(&words::location(uri, state), width.saturating_sub(2), ellipsis))]
        }
        PickItem::Action(action) => {
            let info = action.info();
            let begin = format!(" {:<18} {:<10} ", info.title, words::key(state, *action));
            let indent = text::width(&begin);
            let Some(room) = width.checked_sub(indent + MORE).filter(|room| *room >= LEAST_HELP) else {
                return vec![cut_end(&format!("{begin}{}", info.help), width, ellipsis).into_owned()];
            };
            let begins = std::iter::once(begin).chain(std::iter::repeat(" ".repeat(indent)));
            begins.zip(text::wrap(info.help, room)).map(|(begin, help)| begin + &help).collect()
        }
    }
}
