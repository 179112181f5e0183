//! `bifold edit`: a file or an object in a person's own editor.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::Status;
use super::context::{Context, Failure};
use super::out::tell;
use crate::config::editor;
use crate::model::{ErrorKind, Op, Uri};
use crate::transfer::edit::{Draft, Save, left};

/// An editor that ends within this time and changed nothing may have begun another program.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Edits one thing; an object goes back only over what was fetched.
pub(super) async fn run(location: &OsStr, context: &Context) -> Result<Status, Failure> {
    let uri = context.typed(location)?.uri;
    context.writable(Op::Write, &uri)?;
    let words = editor(&context.env).map_err(Failure::Usage)?;
    if let Uri::Local(file) = &uri {
        return Ok(if edit(&words, file).await? { Status::Done } else { Status::Failed });
    }
    let none =
        || Failure::Usage("there is no state directory for a copy: set HOME or XDG_STATE_HOME".to_owned());
    let dir = context.state.as_deref().ok_or_else(none)?.join("edits");
    for file in left(&dir) {
        tell(&format!(
            "an earlier edit wasn't written back: {}; save it or remove its directory",
            file.display()
        ));
    }
    let mut draft = Draft::fetch(context.path(&uri)?, &dir, false).await?;
    let began = Instant::now();
    let went_well = edit(&words, draft.file()).await;
    match went_well {
        Ok(true) => {}
        other => {
            tell(&format!("nothing was written back; your text is in {}", draft.file().display()));
            return other.map(|_| Status::Failed);
        }
    }
    if !draft.changed().await? {
        if began.elapsed() < AT_ONCE {
            return Ok(still_open(&words[0], &draft));
        }
        draft.let_go();
        tell(&format!("{uri} is unchanged; nothing was written"));
        return Ok(Status::Done);
    }
    match draft.save(&Save::Bound).await {
        Ok(_) => {
            draft.let_go();
            Ok(Status::Done)
        }
        Err(error) => {
            if error.kind == ErrorKind::Conflict
                && let Ok(difference) = draft.difference().await
            {
                tell(&format!("{uri} was changed by somebody else meanwhile:"));
                difference.lines().for_each(tell);
            }
            tell(&format!("{uri} wasn't saved; your text is in {}", draft.file().display()));
            Err(error.into())
        }
    }
}

/// The editor may go on in a window of its own: its copy stays.
fn still_open(program: &str, draft: &Draft) -> Status {
    tell(&format!(
        "{program} ended at once and changed nothing; if it goes on by itself, what it saves isn't written back: let it \
         wait (code --wait, gvim -f)"
    ));
    tell(&format!("the copy stays in {}", draft.file().display()));
    Status::Failed
}

/// Runs the editor; `false` where it ended with a failure, which is told.
async fn edit(words: &[String], file: &Path) -> Result<bool, Failure> {
    // Ctrl-C is the editor's while it runs.
    let _deaf = signal(SignalKind::interrupt())?;
    let (program, args) =
        words.split_first().ok_or_else(|| Failure::Usage("there is no editor".to_owned()))?;
    let status = tokio::process::Command::new(program).args(args).arg(file).status().await;
    let status =
        status.map_err(|error| Failure::Usage(format!("the editor {program} doesn't start: {error}")))?;
    if !status.success() {
        tell(&format!("{program} ended with {status}"));
    }
    Ok(status.success())
}
