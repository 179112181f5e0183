//! Going on with an upload: the service's list of parts against the record and the bytes.

use bifold::config::{ChecksumMode, Connection};
use bifold::model::ErrorKind;
use bifold::vfs::registry::Registry;
use bifold::vfs::{CreateHint, DynPath, Precondition, Proof, SinkState};
use bytes::Bytes;
use demo::{Effect, Options, Rule, Server};

use crate::support::*;

const MIB: usize = 1 << 20;
const LEN: usize = 20 * MIB;

fn telling(server: &Server, mode: ChecksumMode) -> Registry {
    let connection =
        Connection { request_checksums: Some(mode), response_checksums: Some(mode), ..Connection::default() };
    registry_of(server, connection)
}

fn part(bytes: &Bytes, n: usize) -> Bytes {
    bytes.slice(n * 8 * MIB..bytes.len().min((n + 1) * 8 * MIB))
}

/// An upload of which these parts were sent.
async fn begun(path: &DynPath, sent: &[usize]) -> SinkState {
    let sink = begin(path, LEN as u64).await.expect("begun");
    for n in sent {
        let piece = part(&noise(LEN), *n);
        sink.write_part((n * 8 * MIB) as u64, piece.len() as u64, body(piece)).await.expect("a part");
    }
    sink.keep();
    sink.state()
}

async fn resumed(path: &DynPath, kept: SinkState) -> Box<dyn bifold::vfs::Sink> {
    path.resume(kept, CreateHint { size: Some(LEN as u64), ..CreateHint::default() }).await.expect("resumed")
}

const MODES: [(ChecksumMode, Proof); 2] =
    [(ChecksumMode::WhenSupported, Proof::Checksum), (ChecksumMode::WhenRequired, Proof::ETag)];

#[tokio::test]
async fn what_the_record_does_not_know_is_proven_by_its_bytes() {
    for (mode, proof) in MODES {
        let server = serve(Options { tells_checksums: false, ..Options::default() });
        let path = at(&telling(&server, mode), "k");
        let mut kept = begun(&path, &[0, 1, 2]).await;
        kept.parts.clear();
        server.reset_counts();
        let sink = resumed(&path, kept).await;
        assert!(sink.state().parts.is_empty(), "{mode:?}");
        assert_eq!(sink.unproven().len(), 3);
        for range in sink.unproven() {
            let at = usize::try_from(range.start).expect("small") / (8 * MIB);
            let piece = part(&noise(LEN), at);
            assert_eq!(range.end - range.start, piece.len() as u64);
            assert!(sink.prove(range.start, body(piece)).await.expect("compared"), "{mode:?} {at}");
        }
        assert!(sink.unproven().is_empty());
        assert_eq!(sink.state().parts.len(), 3);
        let placed = sink.commit(Precondition::Absent).await.expect("committed");
        assert_eq!(placed.proof, proof, "{mode:?}");
        assert_eq!(server.counts().get("UploadPart"), 0);
        assert_eq!(server.counts().total(), 2, "a list of parts and the completion");
        assert_eq!(server.store().get("box", "k").expect("there"), noise(LEN));
    }
}

#[tokio::test]
async fn other_bytes_prove_nothing() {
    for (mode, _) in MODES {
        let server = serve(Options::default());
        let path = at(&telling(&server, mode), "k");
        let mut kept = begun(&path, &[0, 1]).await;
        kept.parts.remove(1);
        let sink = resumed(&path, kept).await;
        assert_eq!(sink.unproven(), vec![8 << 20..16 << 20]);
        let other = part(&noise(LEN + 7).slice(7..), 1);
        assert!(!sink.prove(8 << 20, body(other)).await.expect("compared"));
        assert_eq!(sink.state().parts.len(), 1);
        assert!(!sink.prove(0, body(part(&noise(LEN), 0))).await.expect("it is known already"));
        for n in [1, 2] {
            let piece = part(&noise(LEN), n);
            sink.write_part((n * 8 * MIB) as u64, piece.len() as u64, body(piece)).await.expect("sent again");
        }
        sink.commit(Precondition::Absent).await.expect("committed");
        assert_eq!(server.store().get("box", "k").expect("there"), noise(LEN));
    }
}

#[tokio::test]
async fn the_checksum_decides_where_the_service_lists_one() {
    let server = serve(Options::default());
    let path = at(&telling(&server, ChecksumMode::WhenSupported), "k");
    let mut kept = begun(&path, &[0, 1]).await;
    kept.parts[0].tag = Some("another tag for the same bytes".into());
    kept.parts[1].crc64 ^= 1;
    let sink = resumed(&path, kept).await;
    let known: Vec<_> = sink.state().parts.iter().map(|part| part.offset).collect();
    assert_eq!(known, [0], "the same tag with another checksum isn't the part of the record");
    assert_eq!(sink.unproven(), vec![8 << 20..16 << 20]);
}

#[tokio::test]
async fn parts_that_the_service_lost_are_sent_again() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let mut kept = begun(&path, &[0]).await;
    let mut ghost = kept.parts[0].clone();
    ghost.offset = 8 << 20;
    kept.parts.push(ghost);
    let sink = resumed(&path, kept).await;
    assert_eq!(sink.state().parts.len(), 1);
    fails(sink.commit(Precondition::None).await, ErrorKind::Invalid);
}

#[tokio::test]
async fn a_resumed_upload_in_plain_mode_is_verified_by_its_tags() {
    let server = serve(Options { tells_checksums: false, ..Options::default() });
    let path = at(&uncached(&server), "k");
    let kept = begun(&path, &[0, 1]).await;
    let sink = resumed(&path, kept).await;
    let last = part(&noise(LEN), 2);
    sink.write_part(16 << 20, last.len() as u64, body(last)).await.expect("the rest");
    assert_eq!(sink.commit(Precondition::Absent).await.expect("committed").proof, Proof::ETag);
}

#[tokio::test]
async fn completed_by_us_before_the_journal_heard_of_it() {
    for (mode, proof) in
        [(ChecksumMode::WhenSupported, Proof::Checksum), (ChecksumMode::WhenRequired, Proof::Size)]
    {
        let server = serve(Options::default());
        let path = at(&telling(&server, mode), "k");
        let kept = begun(&path, &[0, 1, 2]).await;
        let sink = resumed(&path, kept.clone()).await;
        sink.commit(Precondition::Absent).await.expect("committed");
        server.reset_counts();
        let again = resumed(&path, kept.clone()).await;
        let placed = again.commit(Precondition::Absent).await.expect("ours");
        assert_eq!((placed.entry.size, placed.proof), (Some(LEN as u64), proof), "{mode:?}");
        again.abort().await.expect("nothing to abort any more");
        assert_eq!((server.counts().get("ListParts"), server.counts().get("HeadObject")), (1, 1));
        assert_eq!(server.counts().total(), 2);
        // Somebody else's object of the same size isn't ours.
        server.store().put("box", "k", noise(LEN));
        fails(path.resume(kept, CreateHint::default()).await, ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn aborted_by_somebody_begins_anew() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let kept = begun(&path, &[0]).await;
    resumed(&path, kept.clone()).await.abort().await.expect("aborted");
    fails(path.resume(kept.clone(), CreateHint::default()).await, ErrorKind::NotFound);
    server.faults().add(Rule::on("ListParts", Effect::access_denied()));
    fails(path.resume(kept, CreateHint::default()).await, ErrorKind::Denied);
}

#[tokio::test]
async fn a_list_of_many_parts_is_read_to_its_end() {
    let server = serve(Options { max_page: 2, ..Options::default() });
    let path = at(&uncached(&server), "k");
    let kept = begun(&path, &[0, 1, 2]).await;
    assert_eq!(resumed(&path, kept).await.state().parts.len(), 3);
    assert_eq!(server.counts().get("ListParts"), 2);
}

#[tokio::test]
async fn a_small_object_goes_up_anew() {
    let server = serve(Options::default());
    let path = at(&uncached(&server), "k");
    let kept = begin(&path, 10).await.expect("begun").state();
    let hint = CreateHint { size: Some(10), ..CreateHint::default() };
    let sink = path.resume(kept, hint).await.expect("resumed");
    fill(&*sink, &noise(10)).await.expect("written");
    sink.commit(Precondition::Absent).await.expect("committed");
    assert_eq!(server.counts().total(), 1);
}
