//! What is typed at the foot of a view: what to look for, where to go.

use super::{Typed, ask, front};
use crate::app::key::{Code, Key};
use crate::app::state::State;
use crate::model::Ask;

/// A key while something is typed.
pub(super) fn press(state: &mut State, key: Key) {
    match key.code {
        Code::Esc => drop(front(state).and_then(|viewer| viewer.typing.take())),
        Code::Enter => submit(state),
        _ => {
            let Some(typed) = front(state).and_then(|viewer| viewer.typing.as_mut()) else { return };
            let empty = input(typed).text().is_empty();
            if key.code == Code::Backspace && empty {
                return press(state, Key::from(Code::Esc));
            }
            input(typed).press(key);
        }
    }
}

fn input(typed: &mut Typed) -> &mut crate::app::dialog::EqInput {
    match typed {
        Typed::Search { input, .. } | Typed::GoTo(input) => input,
    }
}

/// Types pasted text; `false` where nothing is typed.
pub(in crate::app) fn paste(state: &mut State, text: &str) -> bool {
    let typed = front(state).and_then(|viewer| viewer.typing.as_mut());
    typed.map(|typed| input(typed).paste(text)).is_some()
}

fn submit(state: &mut State) {
    let Some(viewer) = front(state) else { return };
    match viewer.typing.take() {
        Some(Typed::Search { input, up }) => {
            // As in less: an empty line looks for the last one again.
            let pattern = Some(input.text()).filter(|text| !text.is_empty()).unwrap_or(&viewer.pattern);
            let pattern = pattern.to_owned();
            if pattern.is_empty() {
                return;
            }
            viewer.pattern.clone_from(&pattern);
            viewer.searching = Some(0);
            ask(state, Ask::Search { pattern, up });
        }
        Some(Typed::GoTo(input)) => match place(input.text()) {
            Some(place) => ask(state, place),
            None if input.text().trim().is_empty() => {}
            None => {
                viewer.typing = Some(Typed::GoTo(input));
                state.refuse("120 is a line, 50% a share up to 100%, 0x1f40 an offset");
            }
        },
        None => {}
    }
}

/// A place in a file as it is typed: `120`, `50%`, `0x100`.
fn place(text: &str) -> Option<Ask> {
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        return share.trim().parse().ok().filter(|share| *share <= 100).map(Ask::Percent);
    }
    if let Some(offset) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(offset, 16).ok().map(Ask::Offset);
    }
    let line: u64 = text.replace([',', '_'], "").parse().ok()?;
    Some(Ask::Line(line.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_shares_and_offsets() {
        assert_eq!(place(" 120 "), Some(Ask::Line(120)));
        assert_eq!(place("1,200"), Some(Ask::Line(1_200)));
        assert_eq!(place("0"), Some(Ask::Line(1)));
        assert_eq!(place("50%"), Some(Ask::Percent(50)));
        assert_eq!(place("0x100"), Some(Ask::Offset(256)));
        for text in ["", "x", "101%", "-3", "0x", "0xg", "99999999999999999999"] {
            assert_eq!(place(text), None, "{text}");
        }
    }
}
