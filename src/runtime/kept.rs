//! What stands in the journal. It is opened off the loop, behind the first frame.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio::sync::mpsc::Sender;

use super::{Services, resolver};
use crate::app::Msg;
use crate::model::{ErrorKind, VfsError};
use crate::transfer::journal::{Journal, RecordedUpload};
use crate::transfer::{Engine, JobSpec, Resolver};
use crate::vfs::{DynPath, OpenUpload};

/// How far the clocks of this machine and of a service may be apart, in milliseconds.
const BEGAN: u64 = 60_000;

/// The engine with its journal, as soon as somebody needs it.
pub(super) struct Opened {
    bare: Engine,
    flush: bool,
    resolve: Resolver,
    state_dir: Option<PathBuf>,
    outbox: Sender<Msg>,
    engine: OnceCell<Engine>,
}

impl Opened {
    pub(super) fn new(services: &Services, state_dir: Option<PathBuf>, outbox: Sender<Msg>) -> Self {
        Self {
            bare: services.engine.clone(),
            flush: services.flush,
            resolve: resolver(&services.registry),
            state_dir,
            outbox,
            engine: OnceCell::new(),
        }
    }

    /// What a job is to do, as the settings want it.
    pub(super) fn as_set(&self, mut spec: JobSpec) -> JobSpec {
        spec.options.no_flush |= !self.flush;
        spec
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

/// Aborts uploads of our own, as it was agreed.
pub(super) async fn abort(opened: Arc<Opened>, uploads: Vec<RecordedUpload>, out: Sender<Msg>) {
    for upload in uploads {
        if let Err(text) = abort_one(&opened, &upload).await {
            let _ = out.send(Msg::Trouble(format!("an upload is still open: {text}"))).await;
        }
    }
    tell(opened, out).await;
}

async fn abort_one(opened: &Opened, upload: &RecordedUpload) -> Result<(), String> {
    let ended = async {
        let path = (opened.resolve)(&upload.uri)?;
        for id in ids(&path, upload).await? {
            match path.abort_upload(&id).await {
                Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    };
    ended.await.map_err(|error: VfsError| error.to_string())?;
    let journal = opened.engine().await.journal();
    journal.forget_upload(upload.row).await.map_err(|error| error.to_string())
}

/// The upload's id. Where the answer that told it was lost: the uploads of exactly this key that began at
/// that time.
async fn ids(path: &DynPath, upload: &RecordedUpload) -> crate::model::Result<Vec<String>> {
    if let Some(id) = &upload.upload {
        return Ok(vec![id.clone()]);
    }
    let began = |open: &OpenUpload| open.since.0.abs_diff(upload.since.0) <= BEGAN;
    let open = path.uploads().await?;
    let own = open.into_iter().filter(|open| open.uri == upload.uri && began(open));
    Ok(own.map(|open| open.id.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, Settings};
    use crate::transfer::{JobKind, JobOptions};
    use crate::vfs::registry::Registry;

    #[test]
    fn jobs_of_the_panes_flush_as_the_settings_say() {
        let begun = |flush, no_flush| {
            let mut settings = Settings::default();
            settings.transfer.flush = flush;
            let services = Services::new(Registry::new(&settings, &Env::default()), settings.transfer);
            let opened = Opened::new(&services, None, tokio::sync::mpsc::channel(1).0);
            let options = JobOptions { no_flush, ..JobOptions::default() };
            let spec = JobSpec { kind: JobKind::Copy, sources: Vec::new(), target: None, options };
            opened.as_set(spec).options.no_flush
        };
        assert_eq!([begun(true, false), begun(false, false), begun(true, true)], [false, true, true]);
    }
}
