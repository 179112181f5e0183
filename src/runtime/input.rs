//! What the terminal reports, as messages.

use std::future::poll_fn;
use std::task::Poll;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::{Stream, StreamExt};

use crate::app::{Code, Key};

/// The key that was pressed; `None` for releases, repeats of modifiers and keys that nothing is bound to.
pub(super) fn key(event: KeyEvent) -> Option<Key> {
    if event.kind != KeyEventKind::Press {
        return None;
    }
    let has = |modifier| event.modifiers.contains(modifier);
    let shift = has(KeyModifiers::SHIFT) || event.code == KeyCode::BackTab;
    Some(Key::new(code(event.code)?, has(KeyModifiers::CONTROL), has(KeyModifiers::ALT), shift))
}

fn code(code: KeyCode) -> Option<Code> {
    Some(match code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::F(number) => Code::F(number),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab | KeyCode::BackTab => Code::Tab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    })
}

/// What the stream has by now: `None` where that is nothing, without waiting.
///
/// It asks with the waker of the task that awaits this. The terminal's stream keeps the first waker that it
/// was asked with in vain, whoever asks later: one that wakes nobody (`now_or_never`) loses the next key.
pub(super) async fn at_once<S: Stream + Unpin>(stream: &mut S) -> Option<Option<S::Item>> {
    poll_fn(|context| match stream.poll_next_unpin(context) {
        Poll::Ready(item) => Poll::Ready(Some(item)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// What the loop hears from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A key.
    Key(Key),
    /// Text that was pasted.
    Paste(String),
    /// A new size: columns and rows.
    Size(u16, u16),
}

/// What an event of the terminal means to the loop.
pub(super) fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, rows) => Some(Input::Size(columns, rows)),
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;

    /// Keeps the first waker, as the terminal's stream does.
    #[derive(Default)]
    struct Silent(Option<Waker>);

    impl Stream for Silent {
        type Item = ();

        fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
            self.0.get_or_insert_with(|| context.waker().clone());
            Poll::Pending
        }
    }

    #[derive(Default)]
    struct Loop(AtomicUsize);

    impl Wake for Loop {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_key_after_looking_in_vain_wakes_the_loop() {
        let (task, mut stream) = (Arc::new(Loop::default()), Silent::default());
        let waker = Waker::from(task.clone());
        let found = pin!(at_once(&mut stream)).poll(&mut Context::from_waker(&waker));
        assert_eq!(found, Poll::Ready(None));
        stream.0.expect("it was asked").wake();
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn only_presses_count_and_shift_tab_is_a_tab() {
        let press = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(key(press), Some(Key::new(Code::Tab, false, false, true)));
        let release = KeyEvent { kind: KeyEventKind::Release, ..press };
        assert_eq!(key(release), None);
        assert_eq!(input(Event::Resize(1, 1)), Some(Input::Size(1, 1)));
    }
}
