//! Presigned links: the question, and what came of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

use super::{Line, Sheet, blank};
use crate::app::dialog::{Code, LinkQuestion, Signed};
use crate::model::text::{cut_middle, escape};
use crate::model::{LinkMethod, SignedLink};
use crate::view::{format, words};

/// The column that the fields begin at.
const LABELS: usize = 20;

/// Which links to make.
pub fn question(sheet: &mut Sheet<'_>, question: &LinkQuestion) {
    sheet.call("Link");
    let what = match &question.uris[..] {
        [only] => words::location(only, sheet.look.state),
        many => format::counted(many.len() as u64, "object", "objects"),
    };
    sheet.tell(&format!("A link that lets whoever has it read or write {what} for a while:"));
    sheet.head.push(blank());
    let method = match question.method {
        LinkMethod::Get => "read it (GET)",
        LinkMethod::Put => "write it (PUT)",
    };
    let theme = sheet.look.theme;
    let label = |text: &str| Span::styled(format!("{text:<LABELS$}"), theme.dim);
    let line = vec![label("to"), Span::styled(format!("{} {method} {}", '<', '>'), theme.text)];
    sheet.head.push(if question.focus == 0 { Line::Chosen(line) } else { Line::Spans(line) });
    for (at, field) in question.fields().enumerate() {
        let input = &question.inputs[field as usize];
        if question.focus == at + 1 {
            sheet.head.push(Line::Labelled(format!("{:<LABELS$}", field.label()), input.0.clone()));
        } else {
            let value = escape(input.text()).into_owned();
            sheet.head.push(Line::Spans(vec![label(field.label()), Span::styled(value, theme.text)]));
        }
    }
    if let Some(problem) = &question.problem {
        sheet.complain(problem);
    }
    sheet.foot.push(blank());
    if question.signing.is_some() {
        return sheet.hint(&["signing", "Esc leaves"]);
    }
    sheet.hint(&["Enter makes it", "Tab: next line", "Space: read or write", "Esc leaves"]);
}

/// The links that were signed.
pub fn signed(sheet: &mut Sheet<'_>, signed: &Signed) {
    sheet.call(if signed.links.len() == 1 { "Link" } else { "Links" });
    let theme = sheet.look.theme;
    if let Some(first) = signed.links.first() {
        told(sheet, first, signed.links.len());
    }
    sheet.head.push(blank());
    for link in &signed.links {
        if signed.links.len() > 1 {
            let room = usize::from(sheet.width);
            let place = words::location(&link.uri, sheet.look.state);
            let place = cut_middle(&place, room, theme.glyphs.ellipsis).into_owned();
            sheet.body.push(Line::Spans(vec![Span::styled(place, theme.dim)]));
        }
        let lines = sheet.say(&escape(link.url.expose()), theme.text);
        sheet.body.extend(lines);
    }
    for error in &signed.failed {
        let lines = sheet.say(&format!("{} {error}", theme.glyphs.bad), theme.error);
        sheet.body.extend(lines);
    }
    sheet.top = signed.top;
    if signed.code.is_some() {
        // Only where there are no other characters: elsewhere the code itself is drawn.
        sheet.complain("a QR code needs block characters, and this terminal shows ASCII alone");
    }
    sheet.foot.push(blank());
    super::ask::buttons(sheet, &signed.buttons);
}

/// For how long it works, what cut it short, and what must be sent with it.
fn told(sheet: &mut Sheet<'_>, link: &SignedLink, count: usize) {
    let ends = format::date_full(link.ends, sheet.look.theme.zone);
    let left = format::rough(u64::try_from((link.ends.0 - sheet.look.state.now.0) / 1000).unwrap_or(0));
    let (whose, verb) = if count == 1 { ("It works", "it") } else { ("They work", "them") };
    sheet.tell(&format!("{whose} until {ends}, for {left}, for whoever has {verb}."));
    if let Some(cut) = link.cut {
        sheet.tell(&format!("That is {}.", cut.words()));
    }
    if link.may_end_early {
        sheet.tell("It may end before: the credentials are temporary and don't tell their end.");
    }
    for (name, value) in &link.send {
        sheet.tell(&format!("Whoever uses it must send the header {}: {}", escape(name), escape(value)));
    }
}

/// A QR code over the whole screen, dark on light whatever the theme: scanners want it so.
pub fn code(buf: &mut Buffer, screen: Rect, code: &Code) {
    let area = screen.centered(code.columns().into(), code.rows().into());
    let colour = |dark: bool| if dark { Color::Indexed(16) } else { Color::Indexed(231) };
    for y in 0..area.height {
        for x in 0..area.width {
            let [upper, lower] = code.cell(x, y);
            let style = Style::new().fg(colour(upper)).bg(colour(lower));
            if let Some(cell) = buf.cell_mut((area.x + x, area.y + y)) {
                cell.set_symbol("▀").set_style(style);
            }
        }
    }
}
