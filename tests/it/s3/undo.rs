//! Undoing a job on a bucket that keeps versions.

use std::sync::Arc;

use bifold::model::{ErrorKind, Freshness, S3Uri, Uri};
use bifold::transfer::{
    ConflictPolicy, Engine, JobEvent, JobHandle, JobId, JobKind, JobOptions, JobSpec, Journal, Limits,
    Outcome, Resolver, SourceItem, Target,
};
use bifold::vfs::registry::Registry;
use demo::{Options, Server, Versioning};

use crate::support::*;

struct Place {
    server: Server,
    registry: Registry,
    engine: Engine,
    _state: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let server = serve(Options::default());
        server.store().set_versioning("box", Versioning::Enabled);
        let registry = uncached(&server);
        let state = tempfile::tempdir().expect("a directory");
        let (journal, told) = Journal::open(Some(state.path())).await;
        assert_eq!(told, None);
        let of = registry.clone();
        let resolve: Resolver = Arc::new(move |uri| of.resolve(uri));
        let engine = Engine::new(resolve, Limits::default()).with_journal(journal);
        Self { server, registry, engine, _state: state }
    }

    async fn item(&self, key: &str) -> SourceItem {
        let path = at(&self.registry, key);
        let entry = if key.ends_with('/') {
            bifold::model::Entry::new(path.name(), bifold::model::Kind::Dir)
        } else {
            path.stat(Freshness::Past).await.expect("it is there")
        };
        SourceItem { uri: path.uri().clone(), entry }
    }

    async fn delete(&self, keys: &[&str]) -> Outcome {
        let mut sources = Vec::new();
        for key in keys {
            sources.push(self.item(key).await);
        }
        let spec = JobSpec { kind: JobKind::Delete, sources, target: None, options: JobOptions::default() };
        ended(self.engine.start(JobId(1), spec)).await
    }

    async fn undo(&self, number: u64) -> Outcome {
        ended(self.engine.undo(JobId(2), number).await.expect("it begins")).await
    }

    fn get(&self, key: &str) -> Option<String> {
        self.server.store().get("box", key).map(|body| String::from_utf8(body.to_vec()).expect("text"))
    }
}

async fn ended(mut job: JobHandle) -> Outcome {
    loop {
        match job.next().await.expect("an end") {
            JobEvent::Finished(outcome) => return *outcome,
            JobEvent::Asks(_, question) => panic!("{question:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_was_deleted_shows_again() {
    let place = Place::new().await;
    let keys: Vec<String> = (0..20).map(|at| format!("d/{at:02}")).chain(["x".to_owned()]).collect();
    for key in &keys {
        place.server.store().put("box", key, key.as_str());
    }
    let deleted = place.delete(&["d/", "x"]).await;
    assert_eq!((deleted.failures.len(), deleted.undoable), (0, 21));
    assert!(place.server.store().keys("box").is_empty());
    place.server.reset_counts();
    let outcome = place.undo(deleted.number.expect("it is kept")).await;
    assert_eq!((outcome.progress.done.files, outcome.failures.len(), outcome.undoable), (21, 0, 0));
    assert_eq!(place.server.store().keys("box"), keys);
    assert!(keys.iter().all(|key| place.get(key).as_deref() == Some(&**key)));
    let counts = place.server.counts();
    // One listing for what lies together, one for what stands alone, a deletion for each.
    assert_eq!((counts.get("ListObjectVersions"), counts.get("DeleteObject"), counts.total()), (2, 21, 23));
    let again = place.undo(deleted.number.expect("it is kept")).await;
    assert_eq!(again.progress.done.files, 0, "nothing is left to undo");
}

#[tokio::test]
async fn what_was_overwritten_shows_again() {
    let place = Place::new().await;
    place.server.store().put("box", "from/a", "new");
    place.server.store().put("box", "to/a", "old");
    place.server.store().put("box", "to/b", "other");
    let options = JobOptions { conflict: ConflictPolicy::Overwrite, ..JobOptions::default() };
    let target = Some(Target::As(Uri::S3(S3Uri::new("s3", "box", "to/a"))));
    let spec = JobSpec { kind: JobKind::Copy, sources: vec![place.item("from/a").await], target, options };
    let copied = ended(place.engine.start(JobId(1), spec)).await;
    assert_eq!((place.get("to/a").as_deref(), copied.undoable), (Some("new"), 1));
    let outcome = place.undo(copied.number.expect("it is kept")).await;
    assert_eq!((outcome.progress.done.files, outcome.failures.len()), (1, 0));
    assert_eq!(place.get("to/a").as_deref(), Some("old"));
    assert_eq!(place.server.store().versions("box", "to/a").len(), 1);
    assert_eq!(place.get("from/a").as_deref(), Some("new"));
}

#[tokio::test]
async fn what_somebody_wrote_since_is_left_and_said() {
    let place = Place::new().await;
    for key in ["a", "a.bak", "b", "c", "d", "e"] {
        place.server.store().put("box", key, "before");
    }
    let deleted = place.delete(&["a", "b", "c", "d", "e"]).await;
    let number = deleted.number.expect("it is kept");
    place.server.store().put("box", "a", "somebody's");
    place.server.store().delete("box", "b");
    let marker = place.server.store().versions("box", "c")[0].version.clone();
    at(&place.registry, "c").remove_version(&marker).await.expect("undone by hand");
    let outcome = place.undo(number).await;
    let mut failed: Vec<_> = outcome.failures.iter().map(|it| it.item.uri.to_string()).collect();
    failed.sort();
    assert_eq!(failed, ["s3://box/a", "s3://box/b"]);
    assert!(outcome.failures.iter().all(|it| it.error.kind == ErrorKind::Conflict));
    assert!(outcome.failures[0].error.to_string().contains("since"), "{}", outcome.failures[0].error);
    assert_eq!((outcome.progress.done.files, outcome.undoable), (3, 2));
    assert_eq!(place.get("a").as_deref(), Some("somebody's"));
    assert_eq!(place.get("b"), None);
    assert!(["a.bak", "c", "d", "e"].iter().all(|key| place.get(key).as_deref() == Some("before")));
}

#[tokio::test]
async fn a_cancelled_undo_leaves_the_rest_for_another_time() {
    let place = Place::new().await;
    place.server.store().put("box", "a", "x");
    place.server.store().put("box", "b", "x");
    let deleted = place.delete(&["a", "b"]).await;
    let number = deleted.number.expect("it is kept");
    let gate = place.server.faults().hold("ListObjectVersions");
    let job = place.engine.undo(JobId(2), number).await.expect("it begins");
    gate.arrived(1).await;
    job.cancel();
    tokio::task::yield_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    gate.open();
    let outcome = ended(job).await;
    assert!(outcome.cancelled);
    let rest = place.undo(number).await;
    assert_eq!(rest.failures.len(), 0);
    assert_eq!(place.server.store().keys("box"), ["a", "b"]);
}

#[tokio::test]
async fn a_job_that_nobody_knows_is_refused() {
    let place = Place::new().await;
    let error = place.engine.undo(JobId(1), 77).await.expect_err("there is none");
    assert!(error.to_string().contains("77"), "{error}");
}
