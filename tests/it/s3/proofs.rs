//! How finished objects say that they were verified.

use bifold::config::{ChecksumMode, Connection};
use bifold::model::ErrorKind;
use bifold::vfs::{CopyOptions, DynPath, Placed, Precondition, Proof};
use demo::{Effect, Options, Rule, Server, Versioning};

use crate::support::*;

const MIB: usize = 1 << 20;

fn telling(server: &Server, mode: ChecksumMode) -> bifold::vfs::registry::Registry {
    let connection =
        Connection { request_checksums: Some(mode), response_checksums: Some(mode), ..Connection::default() };
    registry_of(server, connection)
}

async fn placed(path: &DynPath, len: usize) -> Placed {
    let sink = begin(path, len as u64).await.expect("begun");
    fill(&*sink, &noise(len)).await.expect("written");
    sink.commit(Precondition::None).await.expect("committed")
}

#[tokio::test]
async fn each_mode_says_what_it_compared() {
    for (mode, proof) in
        [(ChecksumMode::WhenSupported, Proof::Checksum), (ChecksumMode::WhenRequired, Proof::ETag)]
    {
        let server = serve(Options { tells_checksums: false, ..Options::default() });
        let registry = telling(&server, mode);
        for len in [0, 1000, 20 * MIB] {
            let placed = placed(&at(&registry, "k"), len).await;
            assert_eq!(placed.proof, proof, "{mode:?} {len}");
            assert_eq!(placed.version, None);
        }
        let copied =
            at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
        let copied = copied.expect("copied").expect("by the service");
        assert_eq!(copied.proof, Proof::Size, "a tag of parts isn't that of a whole");
    }
}

#[tokio::test]
async fn a_service_that_tells_checksums_unasked_is_believed() {
    let server = serve(Options::default());
    let registry = telling(&server, ChecksumMode::WhenRequired);
    for len in [0, 1000, 20 * MIB] {
        assert_eq!(placed(&at(&registry, "k"), len).await.proof, Proof::Checksum, "{len}");
    }
    let registry = telling(&server, ChecksumMode::WhenSupported);
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    assert_eq!(copied.expect("copied").expect("by the service").proof, Proof::Checksum);
}

#[tokio::test]
async fn a_small_copy_is_verified_by_its_tag() {
    let server = serve(Options::default());
    server.store().put("box", "k", "hello");
    let registry = telling(&server, ChecksumMode::WhenRequired);
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    assert_eq!(copied.expect("copied").expect("by the service").proof, Proof::ETag);
}

#[tokio::test]
async fn a_lost_answer_is_verified_by_what_is_there() {
    let server = serve(Options { tells_checksums: false, ..Options::default() });
    for (mode, proof) in
        [(ChecksumMode::WhenSupported, Proof::Checksum), (ChecksumMode::WhenRequired, Proof::ETag)]
    {
        let registry = telling(&server, mode);
        for (operation, len) in [("PutObject", 1000), ("CompleteMultipartUpload", 17 * MIB)] {
            server.faults().add(Rule::on(operation, Effect::LoseAnswer));
            assert_eq!(placed(&at(&registry, "k"), len).await.proof, proof, "{mode:?} {operation}");
        }
    }
}

#[tokio::test]
async fn another_checksum_is_a_failure() {
    let server = serve(Options::default());
    let registry = telling(&server, ChecksumMode::WhenSupported);
    server.faults().add(Rule::on("UploadPart", Effect::WrongChecksum));
    let sink = begin(&at(&registry, "k"), 20 << 20).await.expect("begun");
    fails(fill(&*sink, &noise(20 * MIB)).await, ErrorKind::Corrupt);
    assert!(sink.state().parts.is_empty(), "a part that differs isn't one");
    fill(&*sink, &noise(20 * MIB)).await.expect("sent again");
    assert_eq!(sink.commit(Precondition::None).await.expect("committed").proof, Proof::Checksum);
}

#[tokio::test]
async fn a_versioned_bucket_tells_the_version_that_was_written() {
    let server = serve(Options::default());
    server.store().set_versioning("box", Versioning::Enabled);
    let registry = uncached(&server);
    let newest = |key: &str| server.store().info("box", key).expect("there").version;
    for len in [10, 17 * MIB] {
        let placed = placed(&at(&registry, "k"), len).await;
        assert_eq!(placed.version.as_deref(), Some(&*newest("k")));
    }
    let copied = at(&registry, "k").copy_native(&*at(&registry, "c"), &CopyOptions::default(), &|_| ()).await;
    let copied = copied.expect("copied").expect("by the service");
    assert_eq!(copied.version.as_deref(), Some(&*newest("c")));
    server.faults().add(Rule::on("PutObject", Effect::LoseAnswer));
    assert_eq!(placed(&at(&registry, "k"), 10).await.version.as_deref(), Some(&*newest("k")));
}
