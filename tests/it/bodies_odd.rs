//! Bodies on disk, and services that pass over what they are asked, or are slower than what happens meanwhile.

use bifold::config::Validate;
use bifold::model::ErrorKind;
use bifold::vfs::{DynPath, Fetch, Precondition, Trust};
use bytes::Bytes;
use demo::{Effect, Rule};

use crate::bodies::{Bed, get, part, row};
use crate::support::*;

const MIB: usize = 1 << 20;

/// What becomes of a read to its end.
async fn read(
    path: &DynPath,
    range: Option<std::ops::Range<u64>>,
    how: &Fetch,
) -> bifold::model::Result<Bytes> {
    gather(path.fetch(range, how).await?.body).await
}

#[tokio::test]
async fn two_versions_are_not_mixed_where_a_service_ignores_conditions() {
    let bed = Bed::new();
    let registry = bed.begin();
    bed.server.faults().add(Rule::on("GetObject", Effect::Unconditional).always());
    let path = at(&registry, "k");
    bed.server.store().put("box", "k", vec![b'a'; 3 * MIB]);
    let old = Fetch::view(row(&path).await);
    part(&path, 0..MIB as u64, &old).await;
    bed.server.store().put("box", "k", vec![b'b'; 3 * MIB]);
    fails(read(&path, None, &old).await, ErrorKind::Conflict);
    part(&path, 0..MIB as u64, &Fetch::now()).await;
    bed.server.store().put("box", "k", vec![b'c'; 3 * MIB]);
    assert_eq!(get(&path, &Fetch::now()).await, vec![b'c'; 3 * MIB]);
    bed.server.store().put("box", "k", vec![b'd'; 3 * MIB]);
    assert_eq!(get(&path, &Fetch::now()).await, vec![b'd'; 3 * MIB], "all of it was held");
    // Without a cache, too: a copy asks for each part on the tag of its row.
    let bound = path.read(Some(5..9), Precondition::Matches(old.entry.expect("a row").tag.expect("a tag")));
    fails(bound.await.map(drop), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_range_that_begins_elsewhere_is_refused() {
    let bed = Bed::new();
    let registry = bed.begin();
    let bytes = noise(3 * MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let path = at(&registry, "k");
    let view = Fetch::view(row(&path).await);
    bed.server.faults().add(Rule::on("GetObject", Effect::WholeBody).always());
    fails(read(&path, Some(MIB as u64..MIB as u64 + 9), &view).await, ErrorKind::Corrupt);
    fails(path.read(Some(1..2), Precondition::None).await.map(drop), ErrorKind::Corrupt);
    bed.server.faults().clear();
    assert_eq!(part(&path, 0..MIB as u64, &view).await, bytes[..MIB]);
    bed.server.faults().add(Rule::on("GetObject", Effect::WholeBody).always());
    fails(read(&path, None, &view).await, ErrorKind::Corrupt);
    bed.server.faults().clear();
    assert_eq!(get(&path, &view).await, bytes);
    assert_eq!(registry.disk().objects.stats().await.all.corrupt, 0);
}

#[tokio::test]
async fn a_part_whose_whole_is_not_told_is_never_taken_for_it() {
    for range in [true, false] {
        let bed = Bed::new();
        let registry = bed.begin();
        let bytes = noise(3 * MIB);
        bed.server.store().put("box", "k", bytes.clone());
        let path = at(&registry, "k");
        let view = Fetch::view(row(&path).await);
        bed.server.faults().add(Rule::on("GetObject", Effect::UntoldSize { range }));
        assert_eq!(part(&path, 0..65_536, &view).await, bytes[..65_536]);
        for how in [&view, &Fetch::now(), &view] {
            assert!(get(&path, how).await == bytes, "told the range: {range}");
        }
    }
}

#[tokio::test]
async fn what_is_unchanged_is_served_where_a_service_ignores_conditions() {
    let mut bed = Bed::new();
    bed.settings.cache.objects.validate = Validate::Always;
    let registry = bed.begin();
    bed.server.faults().add(Rule::on("GetObject", Effect::Unconditional).always());
    let bytes = noise(MIB);
    bed.server.store().put("box", "k", bytes.clone());
    let path = at(&registry, "k");
    let view = Fetch::view(row(&path).await);
    for how in [&view, &view, &Fetch::now(), &view] {
        assert_eq!(read(&path, None, how).await.expect("it didn't change"), bytes);
    }
    let all = registry.disk().objects.stats().await.all;
    assert_eq!((all.misses, all.hits, all.validations), (1, 3, 3));
}

#[tokio::test]
async fn a_body_that_is_on_its_way_while_its_object_is_written_is_not_kept() {
    let bed = Bed::new();
    let registry = bed.begin();
    bed.server.store().put("box", "k", "first");
    let path = at(&registry, "k");
    let held = Fetch { trust: Trust::Held, ..Fetch::now() };
    let reading = path.fetch(None, &held).await.expect("a body");
    write(&path, "second", Precondition::None).await.expect("written");
    assert_eq!(gather(reading.body).await.expect("its bytes"), "first", "as it was asked for");
    assert_eq!(get(&path, &held).await, "second");
    // An own write that nobody heard of again may be applied yet.
    let other = at(&registry, "l");
    bed.server.store().put("box", "l", "first");
    let gate = bed.server.faults().hold("PutObject");
    let lost = tokio::spawn({
        let other = other.clone();
        async move { write(&other, "second", Precondition::None).await }
    });
    gate.arrived(1).await;
    lost.abort();
    let _ = lost.await;
    assert_eq!(get(&other, &held).await, "first");
    bed.server.store().put("box", "l", "second");
    assert_eq!(get(&other, &held).await, "second", "it wasn't kept");
    gate.open();
}
