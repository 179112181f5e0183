//! Which keys edit a line of text.

use tui_input::InputRequest as Request;

use crate::app::key::{Code, Key};

/// What this key does to a line; none for keys that mean something else.
pub(super) fn request(key: Key) -> Option<Request> {
    match key.code {
        Code::Char(c) if key.ctrl => with_ctrl(c),
        Code::Char(c) if key.alt => with_alt(c),
        Code::Char(c) => Some(Request::InsertChar(c)),
        Code::Backspace if key.alt || key.ctrl => Some(Request::DeletePrevWord),
        Code::Backspace => Some(Request::DeletePrevChar),
        Code::Delete => Some(Request::DeleteNextChar),
        Code::Left if key.ctrl || key.alt => Some(Request::GoToPrevWord),
        Code::Right if key.ctrl || key.alt => Some(Request::GoToNextWord),
        Code::Left => Some(Request::GoToPrevChar),
        Code::Right => Some(Request::GoToNextChar),
        Code::Home => Some(Request::GoToStart),
        Code::End => Some(Request::GoToEnd),
        _ => None,
    }
}

fn with_ctrl(c: char) -> Option<Request> {
    Some(match c {
        'a' => Request::GoToStart,
        'e' => Request::GoToEnd,
        'b' => Request::GoToPrevChar,
        'f' => Request::GoToNextChar,
        'h' => Request::DeletePrevChar,
        'd' => Request::DeleteNextChar,
        'w' => Request::DeletePrevWord,
        'k' => Request::DeleteTillEnd,
        'u' => Request::DeleteFromStart,
        'y' => Request::Yank,
        _ => return None,
    })
}

fn with_alt(c: char) -> Option<Request> {
    Some(match c {
        'b' => Request::GoToPrevWord,
        'f' => Request::GoToNextWord,
        'd' => Request::DeleteNextWord,
        _ => return None,
    })
}
