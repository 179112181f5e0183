//! What stands in the journal. It is opened off the loop, behind the first frame.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio::sync::mpsc::Sender;

use super::Services;
use crate::app::Msg;
use crate::transfer::Engine;
use crate::transfer::journal::{Journal, RecordedUpload};

/// The engine with its journal, as soon as somebody needs it.
pub(super) struct Opened {
    bare: Engine,
    state_dir: Option<PathBuf>,
    outbox: Sender<Msg>,
    engine: OnceCell<Engine>,
}

impl Opened {
    pub(super) fn new(services: &Services, state_dir: Option<PathBuf>, outbox: Sender<Msg>) -> Self {
        Self { bare: services.engine.clone(), state_dir, outbox, engine: OnceCell::new() }
    }

    /// The engine. What must be told of its journal is told once.
    pub(super) async fn engine(&self) -> &Engine {
        let open = async {
            let (journal, told) = Journal::open(self.state_dir.as_deref()).await;
            if let Some(text) = told {
                let _ = self.outbox.send(Msg::Trouble(text)).await;
            }
            self.bare.clone().with_journal(journal)
        };
        self.engine.get_or_init(|| open).await
    }
}

/// Tells what stands in the journal, and the uploads that no job of it will go on with.
pub(super) async fn tell(opened: Arc<Opened>, out: Sender<Msg>) {
    let journal = opened.engine().await.journal();
    if !journal.keeps() {
        return;
    }
    let told = async {
        let uploads = journal.uploads().await?.into_iter().filter(|upload| upload.job.is_none());
        Ok::<_, crate::transfer::JournalError>((journal.jobs().await?, uploads.collect()))
    };
    let msg = match told.await {
        Ok((jobs, uploads)) => Msg::Kept { jobs, uploads },
        Err(error) => Msg::Trouble(format!("the journal of jobs can't be read: {error}")),
    };
    let _ = out.send(msg).await;
}

/// Forgets a job of the journal.
pub(super) async fn forget(opened: Arc<Opened>, number: u64, out: Sender<Msg>) {
    if let Err(error) = opened.engine().await.journal().forget(number).await {
        let _ = out.send(Msg::Trouble(format!("job {number} stays in the journal: {error}"))).await;
    }
    tell(opened, out).await;
}

/// Aborts uploads of our own.
pub(super) async fn abort(opened: Arc<Opened>, uploads: Vec<RecordedUpload>, out: Sender<Msg>) {
    let engine = opened.engine().await;
    for upload in uploads {
        if let Err(error) = engine.abort_upload(&upload).await {
            let text = format!("the upload of {} is still open: {error}", upload.uri);
            let _ = out.send(Msg::Trouble(text)).await;
        }
    }
    tell(opened, out).await;
}
