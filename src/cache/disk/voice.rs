//! What a person must be told of the caches: [`Voice`].

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

type Ear = Arc<dyn Fn(String) + Send + Sync>;

/// Takes what must be told, and keeps it until somebody listens. A clone is another handle on the same.
#[derive(Clone, Default)]
pub struct Voice(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    untold: Vec<String>,
    ear: Option<Ear>,
}

impl Voice {
    /// From now on `ear` hears what is told, and at once what was told before.
    pub fn heard_by(&self, ear: impl Fn(String) + Send + Sync + 'static) {
        let ear: Ear = Arc::new(ear);
        let untold = {
            let mut state = self.0.lock();
            state.ear = Some(ear.clone());
            std::mem::take(&mut state.untold)
        };
        for text in untold {
            ear(text);
        }
    }

    /// Tells this.
    pub(super) fn tell(&self, text: String) {
        tracing::warn!("{text}");
        let ear = {
            let mut state = self.0.lock();
            if state.ear.is_none() {
                state.untold.push(text.clone());
            }
            state.ear.clone()
        };
        if let Some(ear) = ear {
            ear(text);
        }
    }
}

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_before_somebody_listened_is_heard() {
        let voice = Voice::default();
        voice.tell("one".into());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = heard.clone();
        voice.heard_by(move |text| into.lock().push(text));
        voice.tell("two".into());
        assert_eq!(*heard.lock(), ["one", "two"]);
    }
}
