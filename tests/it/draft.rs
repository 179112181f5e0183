//! Editing through a copy, over HTTP, where the service fails.

use bifold::model::ErrorKind;
use bifold::transfer::edit::{Draft, Save};
use bifold::vfs::Fetch;
use demo::{Attributes, Effect, Options, Rule, Server};

use crate::bodies::Bed;
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
    server.faults().add(Rule::on("HeadObject", Effect::Drop).skip(1).always());
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

#[tokio::test]
async fn what_came_after_the_difference_was_shown_isnt_overwritten() {
    let server = serve(Options::default());
    let (mut draft, _dir) = edited(&server).await;
    server.store().put_with("box", "a", "theirs", Attributes::default());
    let conflict = |error: bifold::model::VfsError| assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    conflict(draft.save(&Save::Bound).await.expect_err("somebody else's"));
    assert!(draft.difference().await.expect("a text").contains("-theirs"));
    server.store().put_with("box", "a", "later", Attributes::default());
    conflict(draft.save(&Save::Over).await.expect_err("nobody saw it"));
    draft.save(&Save::Over).await.expect("told of it again");
    assert_eq!(server.store().get("box", "a").as_deref(), Some(&b"new"[..]));
}

#[tokio::test]
async fn where_conditions_are_passed_over_it_is_looked_right_before() {
    let server = serve(Options::default());
    let (mut draft, _dir) = edited(&server).await;
    server.faults().add(Rule::on("PutObject", Effect::Unconditional).always());
    server.store().put_with("box", "a", "theirs", Attributes::default());
    server.store().put_with("box", "b", "another", Attributes::default());
    let error = draft.save(&Save::Bound).await.expect_err("somebody else's");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    let taken = Save::As(at(&uncached(&server), "b"));
    let error = draft.save(&taken).await.expect_err("somebody else's");
    assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
    for (key, bytes) in [("a", &b"theirs"[..]), ("b", b"another")] {
        assert_eq!(server.store().get("box", key).as_deref(), Some(bytes));
    }
    draft.save(&Save::As(at(&uncached(&server), "c"))).await.expect("free");
    std::fs::write(draft.file(), "newer").expect("written");
    draft.save(&Save::Bound).await.expect("its own");
    assert_eq!(server.store().get("box", "c").as_deref(), Some(&b"newer"[..]));
}

#[tokio::test]
async fn a_copy_of_held_bytes_never_gets_the_tag_of_what_came_after_them() {
    let bed = Bed::new();
    bed.server.store().put("box", "a", "old");
    let path = at(&bed.begin(), "a");
    gather(path.fetch(None, &Fetch::now()).await.expect("a body").body).await.expect("its bytes");
    // As another version of the program would have written it.
    let db = rusqlite::Connection::open(bed.home.path().join("state/state.db")).expect("a state file");
    assert_eq!(db.execute("UPDATE cache_files SET head = '{}'", []).expect("a row"), 1);

    let rule =
        Rule::on("HeadObject", Effect::Run(std::sync::Arc::new(|store| store.put("box", "a", "theirs"))));
    bed.server.faults().add(rule);
    let dir = tempfile::tempdir().expect("a directory");
    let mut draft = Draft::fetch(path, dir.path(), false).await.expect("fetched");
    bed.server.faults().clear();
    bed.server.store().put("box", "a", "theirs");
    std::fs::write(draft.file(), "new").expect("written");
    let error = draft.save(&Save::Bound).await.expect_err("somebody else's");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
    assert_eq!(bed.server.store().get("box", "a").as_deref(), Some(&b"theirs"[..]));
}

#[tokio::test]
async fn a_copy_that_nobody_waits_for_leaves_nothing() {
    let server = serve(Options::default());
    server.store().put("box", "a", vec![7; 1 << 20]);
    server.faults().add(Rule::on("GetObject", Effect::StallBody(1000)));
    let dir = tempfile::tempdir().expect("a directory");
    let fetch = Draft::fetch(at(&uncached(&server), "a"), dir.path(), false);
    let late = tokio::time::timeout(std::time::Duration::from_millis(500), fetch).await;
    assert!(late.is_err(), "it stalls");
    assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0);
}
