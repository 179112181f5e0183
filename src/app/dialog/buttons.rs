//! The ways out of a question: [`Buttons`].

use crate::app::key::{Code, Key};

/// One way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: &'static str,
    /// The letter that chooses it, small.
    pub letter: char,
    /// Whether something is removed or replaced by it.
    pub danger: bool,
}

/// A row of buttons. The first is the safe one, and has the focus to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buttons {
    /// The buttons.
    pub all: &'static [Button],
    /// The one that Enter chooses.
    pub focus: usize,
}

/// What a key meant to a row of buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Press {
    /// This button was chosen.
    Chosen(usize),
    /// The question was left without an answer.
    Left,
    /// Nothing.
    Nothing,
}

impl Buttons {
    /// These buttons, with the focus on the first.
    pub(in crate::app) fn new(all: &'static [Button]) -> Self {
        Self { all, focus: 0 }
    }

    pub(in crate::app) fn press(&mut self, key: Key) -> Press {
        let count = self.all.len();
        match key.code {
            Code::Esc => return Press::Left,
            Code::Enter => return Press::Chosen(self.focus),
            Code::Tab if key.shift => self.focus = (self.focus + count - 1) % count,
            Code::Left | Code::Up => self.focus = (self.focus + count - 1) % count,
            Code::Right | Code::Down | Code::Tab => self.focus = (self.focus + 1) % count,
            _ => {}
        }
        let letter = key.typed().map(|c| c.to_ascii_lowercase());
        let at = self.all.iter().position(|button| Some(button.letter) == letter);
        at.map_or(Press::Nothing, Press::Chosen)
    }
}
