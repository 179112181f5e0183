//! Does what the application asks for: [`Runner`]. Each command becomes a task on tokio, whose answers
//! come back as messages.

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::{AbortHandle, JoinSet};

use super::edit::{self, Drafts};
use super::jobs::{Jobs, Order};
use super::kept::Opened;
use super::stats::Layers;
use super::views::Views;
use super::{Services, ahead, inspect, requests, resolver, session, stats};
use crate::app::{Cmd, Msg, ReqId};
use crate::transfer::Resolver;
use crate::view::Pictures;

/// How long jobs may take to clean up after themselves when the program ends.
const FAREWELL: Duration = Duration::from_secs(15);

/// Runs commands. Lives on the loop's thread and never waits there.
pub(crate) struct Runner {
    services: Services,
    resolve: Resolver,
    outbox: Sender<Msg>,
    requests: HashMap<ReqId, AbortHandle>,
    jobs: Jobs,
    views: Views,
    /// What must be complete before the program ends: directories being made, the session's file.
    writes: JoinSet<()>,
    drafts: Drafts,
    layers: Layers,
    state_dir: Option<PathBuf>,
}

impl Runner {
    /// A runner whose answers go to `outbox`; sessions are kept in `state_dir`.
    pub fn new(services: Services, outbox: Sender<Msg>, state_dir: Option<PathBuf>) -> Self {
        let views = Views::new(
            resolver(&services.registry),
            services.preview.clone(),
            services.registry.disk().previews.clone(),
            services.means,
            outbox.clone(),
        );
        if let Some(voice) = services.registry.disk().voice() {
            let outbox = outbox.clone();
            // A full queue means that the loop is busy: the log has it, too.
            voice.heard_by(move |text| drop(outbox.try_send(Msg::Trouble(text))));
        }
        let opened = Arc::new(Opened::new(&services, state_dir.clone(), outbox.clone()));
        let jobs = Jobs::new(opened, outbox.clone());
        let resolve = resolver(&services.registry);
        let drafts = Drafts::new(resolve.clone(), state_dir.as_deref());
        drafts.tell_left(outbox.clone());
        Self {
            services,
            resolve,
            outbox,
            requests: HashMap::new(),
            jobs,
            views,
            writes: JoinSet::new(),
            drafts,
            layers: Layers::default(),
            state_dir,
        }
    }

    /// Begins what a command asks for. What the loop itself does (`Quit`, `Suspend`, `Notify`,
    /// `CopyToClipboard`) is none of this.
    pub fn run(&mut self, cmd: Cmd) {
        let (resolve, out) = (self.resolve.clone(), self.outbox.clone());
        match cmd {
            Cmd::List { req, uri, freshness, whole } => {
                self.request(req, requests::list(resolve, req, (uri, whole), freshness, out));
            }
            Cmd::Sort { req, pages, arrangement } => {
                self.request(req, requests::arrange(req, pages, arrangement, out));
            }
            Cmd::Plan { req, spec } => {
                self.request(req, requests::plan(self.services.engine.clone(), req, *spec, out));
            }
            Cmd::Complete { req, dir, prefix } => {
                self.request(req, requests::complete(resolve, req, dir, prefix, out));
            }
            Cmd::Probe { req, uri } => self.request(req, requests::probe(req, uri, out)),
            Cmd::Mkdir { req, uri } => self.write(requests::mkdir(resolve, req, uri, out)),
            Cmd::Presign { req, uris, ask } => {
                self.request(req, requests::presign(resolve, req, uris, *ask, out));
            }
            Cmd::GoAhead { req, what, most } => self.request(req, ahead::go(resolve, req, what, most, out)),
            Cmd::View { id, what, frame, anew } => self.views.open(id, *what, frame, anew),
            Cmd::AskView(id, ask) => self.views.ask(id, ask),
            Cmd::CloseView(id) => self.views.close(id),
            Cmd::FetchDraft { id, uri } => drop(tokio::spawn(self.drafts.clone().fetch(id, uri, out))),
            Cmd::SaveDraft { id, how } => self.write(self.drafts.clone().save(id, how, out)),
            Cmd::CompareDraft(id) => drop(tokio::spawn(self.drafts.clone().compare(id, out))),
            Cmd::OpenWatched { id, file } => self.drafts.open_watched(id, file, out),
            Cmd::OpenFile { uri, file } => drop(tokio::spawn(edit::open_file(uri, file, out))),
            Cmd::OpenCopy(uri) => drop(tokio::spawn(self.drafts.clone().show(uri, out))),
            Cmd::WatchDraft { id, file } => self.drafts.watch(id, file, out),
            Cmd::DropDraft(id) => self.write(self.drafts.clone().drop_saved(id, out)),
            Cmd::LeaveDraft(id) => self.drafts.leave(id),
            Cmd::Held { req, ask } => {
                self.request(req, inspect::held(self.services.registry.clone(), req, *ask, out));
            }
            Cmd::SampleCaches { req } => {
                self.request(
                    req,
                    self.layers.clone().sample(self.services.registry.disk().clone(), req, out),
                );
            }
            Cmd::Cancel(req) => self.cancel(req),
            Cmd::ClearCache => self.services.registry.cache().clear(),
            Cmd::SaveSession(session) => self.save(session),
            cmd => self.run_job(cmd),
        }
    }

    fn run_job(&mut self, cmd: Cmd) {
        match cmd {
            Cmd::StartJob(id, spec) => self.jobs.start(id, spec),
            Cmd::ResumeJob(id, number) => self.jobs.resume(id, number),
            Cmd::UndoJob(id, number) => self.jobs.undo(id, number),
            Cmd::Answer(id, question, answer) => self.jobs.order(id, Order::Answer(question, answer)),
            Cmd::CancelJob(id) => self.jobs.order(id, Order::Cancel),
            Cmd::PauseJob(id, on) => self.jobs.order(id, Order::Pause(on)),
            Cmd::SuspendJob(id) => self.jobs.order(id, Order::Suspend),
            Cmd::LimitJob(id, most) => self.jobs.order(id, Order::Limit(most)),
            Cmd::WatchJob(id, on) => self.jobs.order(id, Order::Watch(on)),
            Cmd::ListKept => self.jobs.list_kept(),
            Cmd::ForgetKept(number) => self.jobs.forget_kept(number),
            Cmd::AbortUploads(uploads) => self.jobs.abort_uploads(uploads),
            // The loop's own.
            _ => {}
        }
    }

    /// The pictures of the open views.
    pub fn pictures(&self) -> &Pictures {
        self.views.pictures()
    }

    /// Has open views draw their pictures once more.
    pub fn draw_again(&self) {
        self.views.draw_again();
    }

    /// The numbers of cache and requests now.
    pub fn stats(&self) -> crate::app::Stats {
        stats::snapshot(&self.services.registry, &self.layers)
    }

    fn request(&mut self, req: ReqId, work: impl Future<Output = ()> + Send + 'static) {
        self.requests.retain(|_, task| !task.is_finished());
        self.requests.insert(req, tokio::spawn(work).abort_handle());
    }

    fn write(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        while self.writes.try_join_next().is_some() {}
        self.writes.spawn(work);
    }

    fn cancel(&mut self, req: ReqId) {
        if let Some(task) = self.requests.remove(&req) {
            task.abort();
        }
    }

    fn save(&mut self, kept: crate::app::Session) {
        let (Some(dir), out) = (self.state_dir.clone(), self.outbox.clone()) else { return };
        self.write(async move {
            let saved = tokio::task::spawn_blocking(move || session::save(&dir, &kept)).await;
            if let Ok(Err(error)) = saved {
                let text = format!("could not keep where you left off: {error}");
                let _ = out.try_send(Msg::Trouble(text));
            }
        });
    }

    /// Ends everything: requests at once, jobs after they have cleaned up, writes when they are whole.
    pub async fn end(mut self) {
        for task in self.requests.values() {
            task.abort();
        }
        self.views.end();
        let all = async {
            self.jobs.end().await;
            self.services.registry.disk().settle().await;
            while self.writes.join_next().await.is_some() {}
        };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            tracing::error!("some jobs did not end in time");
        }
    }
}
