//! Editing, as the panes do it: the copies that are open, and the program that has the terminal meanwhile.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;

use super::{desktop, watch};
use crate::app::Msg;
use crate::app::edit::{EditId, SaveHow, Saved};
use crate::model::{Op, Result, Uri, VfsError};
use crate::transfer::Resolver;
use crate::transfer::edit::{Draft, Save, left};

/// For how long a copy that was opened to be looked at stays.
const DAY: Duration = Duration::from_hours(24);

/// A copy, until it is written or left.
type Held = Arc<tokio::sync::Mutex<Option<Draft>>>;

/// The copies that are open. A clone is another handle on the same.
#[derive(Clone)]
pub(super) struct Drafts {
    resolve: Resolver,
    /// Where they lie; none where there is no state directory.
    dir: Option<PathBuf>,
    open: Arc<Mutex<HashMap<EditId, Held>>>,
    watched: Arc<Mutex<HashMap<EditId, AbortHandle>>>,
}

impl Drafts {
    pub(super) fn new(resolve: Resolver, state_dir: Option<&Path>) -> Self {
        Self {
            resolve,
            dir: state_dir.map(|dir| dir.join("edits")),
            open: Arc::default(),
            watched: Arc::default(),
        }
    }

    /// Tells of copies that nobody writes back any more.
    pub(super) fn tell_left(&self, out: Sender<Msg>) {
        let Some(dir) = self.dir.clone() else { return };
        drop(tokio::task::spawn_blocking(move || {
            let left = left(&dir);
            let Some(first) = left.first() else { return };
            let more = if left.len() > 1 { format!(" (and {} more)", left.len() - 1) } else { String::new() };
            let text = format!("an earlier edit wasn't written back: {}{more}", first.display());
            let _ = out.blocking_send(Msg::Trouble(text));
        }));
    }

    /// Fetches a copy: `DraftFetched`.
    pub(super) async fn fetch(self, id: EditId, uri: Uri, out: Sender<Msg>) {
        let result = self.copy(id, &uri).await;
        let _ = out.send(Msg::DraftFetched { id, result }).await;
    }

    async fn copy(&self, id: EditId, uri: &Uri) -> Result<PathBuf> {
        let none = || io::Error::other("there is no state directory for a copy: set HOME or XDG_STATE_HOME");
        let dir = self.dir.clone().ok_or_else(|| VfsError::io(Op::Read, uri.clone(), none()))?;
        let draft = Draft::fetch((self.resolve)(uri)?, &dir, false).await?;
        let file = draft.file().to_owned();
        self.open.lock().insert(id, Arc::new(tokio::sync::Mutex::new(Some(draft))));
        Ok(file)
    }

    /// Writes a copy back, if it changed: `DraftSaved`.
    pub(super) async fn save(self, id: EditId, how: SaveHow, out: Sender<Msg>) {
        let Some(held) = self.held(id) else { return };
        let mut held = held.lock().await;
        let Some(draft) = held.as_mut() else { return };
        let saved = self.write(draft, how).await.unwrap_or_else(Saved::Failed);
        let _ = out.send(Msg::DraftSaved { id, saved }).await;
    }

    async fn write(&self, draft: &mut Draft, how: SaveHow) -> Result<Saved> {
        let how = match how {
            SaveHow::Bound if !draft.changed().await? => return Ok(Saved::Unchanged),
            SaveHow::Bound => Save::Bound,
            SaveHow::Over => Save::Over,
            SaveHow::As(uri) => Save::As((self.resolve)(&uri)?),
        };
        draft.save(&how).await?;
        Ok(Saved::Written(draft.origin().clone()))
    }

    /// Tells what changed: `DraftCompared`.
    pub(super) async fn compare(self, id: EditId, out: Sender<Msg>) {
        let Some(held) = self.held(id) else { return };
        let mut held = held.lock().await;
        let Some(draft) = held.as_mut() else { return };
        let result = draft.difference().await;
        let _ = out.send(Msg::DraftCompared { id, result }).await;
    }

    /// Nobody saves it any more; the file stays.
    pub(super) fn leave(&self, id: EditId) {
        self.unwatch(id);
        self.open.lock().remove(&id);
    }

    /// Opens a copy in the desktop's program, and tells of each save from now on: `DraftTouched`.
    pub(super) fn open_watched(&self, id: EditId, file: PathBuf, out: Sender<Msg>) {
        let (told, opened) = (out.clone(), file.clone());
        let begin = move || {
            tokio::spawn(async move {
                if let Err(why) = desktop::open(opened).await {
                    let _ = told.send(Msg::EditorClosed { id, result: Err(why) }).await;
                }
            });
        };
        let watcher = tokio::spawn(watch::watch(id, file, out, begin));
        self.watched.lock().insert(id, watcher.abort_handle());
    }

    /// The same for a program that has the copy already.
    pub(super) fn watch(&self, id: EditId, file: PathBuf, out: Sender<Msg>) {
        let watcher = tokio::spawn(watch::watch(id, file, out, || ()));
        self.watched.lock().insert(id, watcher.abort_handle());
    }

    /// Removes a copy once all that is in it is saved: `DraftDropped`. Its program may have written into it
    /// after the save that was to be the last.
    pub(super) async fn drop_saved(self, id: EditId, out: Sender<Msg>) {
        self.unwatch(id);
        let Some(held) = self.held(id) else { return };
        let mut held = held.lock().await;
        let Some(draft) = held.as_mut() else { return };
        let result = match self.write(draft, SaveHow::Bound).await {
            Ok(saved) => {
                if let Some(draft) = held.take() {
                    draft.let_go();
                }
                self.open.lock().remove(&id);
                Ok(if let Saved::Written(uri) = saved { Some(uri) } else { None })
            }
            Err(error) => Err(error),
        };
        let _ = out.send(Msg::DraftDropped { id, result }).await;
    }

    fn unwatch(&self, id: EditId) {
        if let Some(watcher) = self.watched.lock().remove(&id) {
            watcher.abort();
        }
    }

    /// Fetches a copy that can't be written to and opens it: `Opened`.
    pub(super) async fn show(self, uri: Uri, out: Sender<Msg>) {
        let result = self.open_copy(&uri).await;
        let _ = out.send(Msg::Opened { uri, result }).await;
    }

    async fn open_copy(&self, uri: &Uri) -> std::result::Result<(), String> {
        let edits = self.dir.as_deref().ok_or("there is no state directory for a copy")?;
        let dir = edits.with_file_name("opened");
        let old = dir.clone();
        let _ = tokio::task::spawn_blocking(move || sweep(&old)).await;
        let origin = (self.resolve)(uri).map_err(|error| error.to_string())?;
        let draft = Draft::fetch(origin, &dir, true).await.map_err(|error| error.to_string())?;
        let opened = desktop::open(draft.file().to_owned()).await;
        // The program may read it for as long as it runs: it stays for a day.
        if opened.is_err() {
            draft.discard();
        }
        opened
    }

    fn held(&self, id: EditId) -> Option<Held> {
        self.open.lock().get(&id).cloned()
    }
}

/// Removes copies that were opened more than a day ago.
fn sweep(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let age =
            entry.metadata().and_then(|meta| meta.modified()).map(|at| at.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > DAY)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!("a copy that was opened stays at {}: {error}", entry.path().display());
        }
    }
}

/// Opens a local file itself: `Opened`.
pub(super) async fn open_file(uri: Uri, file: PathBuf, out: Sender<Msg>) {
    let result = desktop::open(file).await;
    let _ = out.send(Msg::Opened { uri, result }).await;
}

/// A program that has the terminal.
pub(super) struct Lent {
    /// What it edits.
    pub(super) id: EditId,
    /// Its end.
    pub(super) ended: BoxFuture<'static, io::Result<ExitStatus>>,
    program: String,
}

impl Lent {
    /// Starts the editor on a file: arguments, never a shell.
    pub(super) fn start(id: EditId, words: &[String], file: &Path) -> std::result::Result<Self, String> {
        let (program, args) = words.split_first().ok_or("there is no editor")?;
        let child = tokio::process::Command::new(program).args(args).arg(file).spawn();
        let mut child = child.map_err(|error| {
            format!(
                "the editor {program} doesn't start: {error}; set $VISUAL or $EDITOR to one that is installed"
            )
        })?;
        let ended = Box::pin(async move { child.wait().await });
        Ok(Self { id, ended, program: program.clone() })
    }

    /// What its end tells.
    pub(super) fn verdict(&self, ended: &io::Result<ExitStatus>) -> std::result::Result<(), String> {
        match ended {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{} ended with {status}", self.program)),
            Err(error) => Err(format!("{} can't be waited for: {error}", self.program)),
        }
    }
}
