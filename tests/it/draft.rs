//! Editing through a copy, over HTTP, where the service fails.

use bifold::model::ErrorKind;
use bifold::transfer::edit::{Draft, Save};
use demo::{Attributes, Effect, Options, Rule, Server};

use crate::support::*;

/// A copy of `box/a` that somebody wrote into, and where it lies.
async fn edited(server: &Server) -> (Draft, tempfile::TempDir) {
    server.store().put_with("box", "a", "old", Attributes::default());
    let dir = tempfile::tempdir().expect("a directory");
    let draft = Draft::fetch(at(&uncached(server), "a"), dir.path(), false).await.expect("fetched");
    std::fs::write(draft.file(), "new").expect("written");
    (draft, dir)
}

/// The put is done, and neither its answer nor one to the look after it arrives.
async fn save_in_doubt(server: &Server, draft: &mut Draft) {
    server.faults().add(Rule::on("PutObject", Effect::LoseAnswer));
    server.faults().add(Rule::on("HeadObject", Effect::Drop).always());
    let error = draft.save(&Save::Bound).await.expect_err("nobody knows");
    assert!(error.kind.outcome_unknown(), "{error}");
    server.faults().clear();
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_known_again_at_the_next() {
    let server = serve(Options::default());
    let (mut draft, _dir) = edited(&server).await;
    save_in_doubt(&server, &mut draft).await;
    let entry = draft.save(&Save::Bound).await.expect("it is what was written");
    assert_eq!(entry.size, Some(3));
    std::fs::write(draft.file(), "newer").expect("written");
    draft.save(&Save::Bound).await.expect("bound to its own save");
    assert_eq!(server.store().get("box", "a").as_deref(), Some(&b"newer"[..]));
}

#[tokio::test]
async fn what_another_wrote_after_a_lost_answer_is_a_conflict() {
    let server = serve(Options::default());
    let (mut draft, _dir) = edited(&server).await;
    save_in_doubt(&server, &mut draft).await;
    server.store().put_with("box", "a", "odd", Attributes::default());
    let error = draft.save(&Save::Bound).await.expect_err("another's");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    assert_eq!(server.store().get("box", "a").as_deref(), Some(&b"odd"[..]));
}
