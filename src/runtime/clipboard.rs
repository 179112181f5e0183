//! The system's clipboard, beside the terminal's own: [`Clipboard`].
//!
//! A thread of its own keeps it, since on X11 what was copied is there for as long as whoever copied it is, and
//! since the window system may keep it waiting. Where there is none, the terminal (OSC 52) is all there is.

use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::terminal::Screen;
use crate::config::Env;
use crate::model::Redacted;

/// The system's clipboard, opened when something is first copied.
#[derive(Debug, Default)]
pub(super) struct Clipboard {
    /// Whether there is a window system here, and not at the other end of a connection.
    here: bool,
    /// Whether the person sits at another machine.
    remote: bool,
    keeper: Option<Sender<Redacted<String>>>,
}

impl Clipboard {
    /// What this environment tells of it.
    pub fn detect(env: &Env) -> Self {
        let set = |name: &str| env.get_os(name).is_some_and(|value| !value.is_empty());
        let remote = set("SSH_CONNECTION") || set("SSH_TTY");
        let screen = cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY");
        Self { here: screen && !remote, remote, keeper: None }
    }

    /// What to tell of a copy that only the terminal can have taken.
    pub fn word(&self) -> Option<&'static str> {
        self.remote
            .then_some("over SSH the terminal alone can take it (OSC 52): if nothing arrives, it doesn't")
    }

    /// Puts a text into the terminal's clipboard and the system's; gives what is to be told of it.
    pub fn copy_to_both(&mut self, screen: &mut impl Screen, text: Redacted<String>) -> Option<&'static str> {
        if let Err(error) = screen.copy(text.expose()) {
            tracing::warn!("the clipboard can't be reached: {error}");
        }
        self.copy(text);
        self.word()
    }

    /// Puts a text there, if there is one. Never waits; what fails is logged without the text.
    pub fn copy(&mut self, text: Redacted<String>) {
        if !self.here {
            return;
        }
        let keeper = self.keeper.get_or_insert_with(keep);
        if keeper.send(text).is_err() {
            self.keeper = None;
        }
    }
}

/// A thread that owns the clipboard for as long as the program runs.
fn keep() -> Sender<Redacted<String>> {
    let (send, texts) = channel::<Redacted<String>>();
    thread::spawn(move || {
        let mut clipboard = match arboard::Clipboard::new() {
            Ok(clipboard) => clipboard,
            Err(error) => return tracing::info!("the system's clipboard can't be reached: {error}"),
        };
        for text in texts {
            if let Err(error) = clipboard.set_text(text.expose().as_str()) {
                tracing::info!("the system's clipboard refused: {error}");
            }
        }
    });
    send
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Clipboard {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Clipboard::detect(&variables.iter().map(pair).collect())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn over_ssh_and_without_a_screen_only_the_terminal_is_asked() {
        assert!(of(&[("DISPLAY", ":0")]).here);
        assert!(!of(&[]).here && of(&[]).word().is_none());
        let far = of(&[("DISPLAY", ":10"), ("SSH_CONNECTION", "a b")]);
        assert!(!far.here && far.word().is_some());
    }

    #[test]
    fn a_clipboard_that_is_not_there_keeps_nobody_waiting() {
        let mut clipboard = Clipboard { here: true, remote: false, keeper: None };
        for _ in 0..3 {
            clipboard.copy(Redacted::new("text".to_owned()));
        }
    }
}
