//! The operation cache over HTTP: requests are counted at the server.

use std::sync::Arc;
use std::time::Duration;

use bifold::cache::ops::{DOUBT, SharedOpCache};
use bifold::cache::{ManualClock, OpKind};
use bifold::config::{Env, Settings};
use bifold::model::{Entry, ErrorKind, Freshness, Kind, Page, Result, S3Uri, Source, StorageClass, Uri};
use bifold::vfs::registry::Registry;
use bifold::vfs::{Attributes, CopyOptions, CreateHint, DynPath, Precondition, Removal};
use demo::{Effect, Options, Rule, Server};
use futures::{StreamExt, TryStreamExt, stream};

/// bifold on a server, with a clock that stands still.
struct Client {
    registry: Registry,
    clock: Arc<ManualClock>,
}

impl Client {
    fn of(server: &Server) -> Self {
        let clock = Arc::new(ManualClock::default());
        let settings = Settings::default();
        let cache = SharedOpCache::with_clock(settings.cache.operations.clone(), clock.clone());
        let env: Env = server.env().into_iter().collect();
        Self { registry: Registry::with_cache(&settings, &env, cache), clock }
    }

    fn at(&self, key: &str) -> DynPath {
        self.registry.resolve(&Uri::S3(S3Uri::new("s3", "lake", key))).expect("the connection is there")
    }

    async fn list(&self, prefix: &str) -> Vec<String> {
        names(&pages(&self.at(prefix), Freshness::Cached).await.expect("a listing"))
    }

    async fn refresh(&self, prefix: &str) -> Vec<String> {
        names(&pages(&self.at(prefix), Freshness::Past).await.expect("a listing"))
    }

    async fn rows(&self, prefix: &str, freshness: Freshness) -> Vec<Entry> {
        let pages = pages(&self.at(prefix), freshness).await.expect("a listing");
        let mut rows: Vec<Entry> = pages.iter().flat_map(|page| page.entries.iter().cloned()).collect();
        rows.sort_by(|a, b| a.id().cmp(&b.id()));
        rows
    }

    async fn write(&self, key: &str, size: u64, class: Option<&str>) {
        let attributes = Attributes { class: class.map(StorageClass::new), ..Attributes::default() };
        let hint = CreateHint { size: Some(size), attributes, ..CreateHint::default() };
        let sink = self.at(key).create(hint).await.expect("begun");
        let part = sink.layout().part_size;
        for offset in (0..size.max(1)).step_by(usize::try_from(part).expect("it fits")) {
            let len = part.min(size - offset);
            let bytes = bytes::Bytes::from(vec![7; usize::try_from(len).expect("it fits")]);
            let body = stream::once(async { Ok(bytes) }).boxed();
            sink.write_part(offset, len, body).await.expect("a part");
        }
        sink.commit(Precondition::None).await.expect("written");
    }

    async fn put(&self, key: &str) -> Result<Entry> {
        let hint = CreateHint { size: Some(3), ..CreateHint::default() };
        let sink = self.at(key).create(hint).await?;
        let body = stream::once(async { Ok(bytes::Bytes::from_static(b"new")) }).boxed();
        sink.write_part(0, 3, body).await?;
        sink.commit(Precondition::None).await.map(|placed| placed.entry)
    }
}

async fn pages(path: &DynPath, freshness: Freshness) -> Result<Vec<Page>> {
    path.list(freshness).try_collect().await
}

fn names(pages: &[Page]) -> Vec<String> {
    let slash = |entry: &Entry| if entry.kind == Kind::Dir { "/" } else { "" };
    let name = |entry: &Entry| format!("{}{}", entry.name.to_lossy(), slash(entry));
    let mut names: Vec<String> = pages.iter().flat_map(|page| page.entries.iter().map(name)).collect();
    names.sort();
    names
}

fn server(keys: impl IntoIterator<Item = impl AsRef<str>>) -> Server {
    let server = Server::start(Options::default()).expect("a free port");
    server.store().create_bucket("lake");
    for key in keys {
        server.store().put("lake", key.as_ref(), "old");
    }
    server
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("d/{n:05}")).collect()
}

fn lists(server: &Server) -> u64 {
    server.counts().get("ListObjectsV2")
}

#[tokio::test]
async fn fifteen_hundred_objects_listed_twice_cost_two_requests() {
    let server = server(numbered(1_500));
    let client = Client::of(&server);
    let first = client.list("d/").await;
    assert_eq!(first.len(), 1_500);
    assert_eq!(client.list("d/").await, first);
    assert_eq!((lists(&server), server.counts().total()), (2, 2));
    let stats = client.registry.cache_stats();
    assert_eq!((stats.total.hits, stats.total.misses, stats.total.saved), (1, 1, 2));
}

#[tokio::test]
async fn up_to_a_thousand_entries_cost_one_list_and_no_head_whatever_is_looked_up() {
    for count in [1, 20, 999, 1_000] {
        let server = server(numbered(count));
        let client = Client::of(&server);
        let rows = client.list("d/").await;
        for row in &rows {
            let entry = client.at(&format!("d/{row}")).stat(Freshness::Cached).await.expect("a row");
            assert_eq!(entry.size, Some(3));
        }
        assert_eq!((rows.len(), lists(&server), server.counts().total()), (count, 1, 1));
    }
}

#[tokio::test]
async fn the_parent_on_the_way_back_costs_nothing() {
    let server = server(["a/b/c", "a/k", "z"]);
    let client = Client::of(&server);
    for prefix in ["", "a/", "a/b/", "a/", ""] {
        client.list(prefix).await;
    }
    assert_eq!(server.counts().total(), 3);
    client.clock.advance(Duration::from_mins(1));
    client.list("").await;
    assert_eq!(server.counts().total(), 4, "its life is over");
}

#[tokio::test]
async fn own_writes_are_seen_at_once_with_and_without_a_slash_and_in_every_ancestor() {
    let server = server(["a/old", "z"]);
    let client = Client::of(&server);
    for prefix in ["", "a", "a/"] {
        client.list(prefix).await;
    }
    client.put("a/b/c/new").await.expect("written");
    for (prefix, child) in
        [("", "a/"), ("a", "b/"), ("a/", "b/"), ("a/b", "c/"), ("a/b/c", "new"), ("a/b/c/", "new")]
    {
        assert!(client.list(prefix).await.contains(&child.to_owned()), "{child} in {prefix:?}");
    }
    client.at("a/b/c/new").remove(Precondition::None).await.expect("removed");
    for prefix in ["", "a", "a/"] {
        assert_eq!(client.list(prefix).await, if prefix.is_empty() { vec!["a/", "z"] } else { vec!["old"] });
    }
    let gone = pages(&client.at("a/b/"), Freshness::Cached).await.expect_err("nothing is left below it");
    assert_eq!(gone.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn a_list_in_flight_during_a_write_leaves_nothing_stale() {
    let server = server(numbered(1_500));
    let client = Client::of(&server);
    let gate = demo::Gate::new();
    server.faults().add(Rule::on("ListObjectsV2", Effect::Hold(gate.clone())).skip(1));
    let early = tokio::spawn({
        let path = client.at("d/");
        async move { pages(&path, Freshness::Cached).await }
    });
    gate.arrived(1).await;
    // It belongs to the first page, which has come already.
    client.put("d/00000-new").await.expect("written");
    gate.open();
    let early = names(&early.await.expect("no panic").expect("a listing"));
    assert_eq!(early.len(), 1_500, "who waited is handed what there was");
    let late = client.list("d/").await;
    assert_eq!(late.len(), 1_501);
    assert!(late.contains(&"00000-new".to_owned()));
    assert_eq!(client.list("d/").await, late);
    assert_eq!(lists(&server), 4);
}

#[tokio::test]
async fn two_panes_on_one_prefix_cost_one_listing_and_the_first_may_leave() {
    let server = server(numbered(1_500));
    let client = Client::of(&server);
    let gate = demo::Gate::new();
    server.faults().add(Rule::on("ListObjectsV2", Effect::Hold(gate.clone())).skip(1));
    let mut leader = client.at("d/").list(Freshness::Cached);
    let first = leader.try_next().await.expect("a page").expect("a page");
    assert_eq!((first.entries.len(), first.source), (1_000, Source::Backend));
    gate.arrived(1).await;
    let mut follower = client.at("d/").list(Freshness::Cached);
    let page = follower.try_next().await.expect("a page").expect("a page");
    assert_eq!((page.entries.len(), page.source), (1_000, Source::Shared));
    drop(leader);
    gate.open();
    let rest: Vec<Page> = follower.try_collect().await.expect("the rest");
    assert_eq!(rest.iter().map(|page| page.entries.len()).sum::<usize>(), 500);
    assert_eq!(lists(&server), 2);
}

#[tokio::test]
async fn two_clients_see_each_other_after_a_refresh_or_a_life() {
    let server = server(["k"]);
    let (one, two) = (Client::of(&server), Client::of(&server));
    assert_eq!(one.list("").await, ["k"]);
    two.put("from-two").await.expect("written");
    assert_eq!(two.list("").await, ["from-two", "k"]);
    assert_eq!(one.list("").await, ["k"], "within its life");
    assert_eq!(one.refresh("").await, ["from-two", "k"]);
    assert_eq!(one.list("").await, ["from-two", "k"]);
    two.at("k").remove(Precondition::None).await.expect("removed");
    one.clock.advance(Duration::from_mins(1));
    assert_eq!(one.list("").await, ["from-two"]);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_leaves_its_place_unkept_for_a_while() {
    let server = server(["k"]);
    let client = Client::of(&server);
    client.list("").await;
    server.faults().add(Rule::on("PutObject", Effect::LoseAnswer));
    // Whether the engine finds out what became of it or not: the new object is there.
    drop(client.put("new").await);
    for asked in 2..=3 {
        assert_eq!(client.list("").await, ["k", "new"]);
        assert_eq!(lists(&server), asked);
    }
    client.clock.advance(DOUBT);
    client.list("").await;
    client.list("").await;
    assert_eq!(lists(&server), 4);
}

#[tokio::test]
async fn a_denied_listing_is_asked_for_again_and_an_absence_is_not() {
    let server = server(["k"]);
    let client = Client::of(&server);
    server.faults().add(Rule::on("ListObjectsV2", Effect::access_denied()));
    let denied = pages(&client.at(""), Freshness::Cached).await.expect_err("denied");
    assert_eq!(denied.kind, ErrorKind::Denied);
    assert_eq!(client.list("").await, ["k"]);
    for _ in 0..2 {
        let absent = client.at("none").stat(Freshness::Cached).await.expect_err("absent");
        assert_eq!(absent.kind, ErrorKind::NotFound);
    }
    assert_eq!(server.counts().get("HeadObject"), 1);
}

#[tokio::test]
async fn switched_off_every_visit_is_a_request() {
    let server = server(["a/k"]);
    let mut settings = Settings::default();
    settings.cache.operations.enabled = false;
    let client = Client::of(&server);
    client.registry.cache().configure(settings.cache.operations);
    for visit in 1..=3 {
        client.list("a/").await;
        assert_eq!(server.counts().total(), visit);
    }
    let requests = client.registry.requests();
    assert_eq!(requests.iter().map(|(_, counts)| counts.get(OpKind::List)).sum::<u64>(), 3);
}

#[tokio::test]
async fn a_connection_tells_where_its_requests_go_once_it_sent_one() {
    let server = server(["k"]);
    let client = Client::of(&server);
    assert_eq!(client.registry.place("s3"), None);
    client.list("").await;
    assert_eq!(client.registry.place("s3").as_deref(), Some(&*server.endpoint()));
}

#[tokio::test]
async fn what_own_writes_leave_in_a_held_listing_is_what_the_service_lists() {
    let server = server(["d/changed", "d/gone", "d/many-1", "d/many-2", "d/still", "src/x", "z"]);
    let client = Client::of(&server);
    for prefix in ["", "d/", "src/"] {
        client.list(prefix).await;
    }
    let before = lists(&server);
    client.write("d/changed", 5, None).await;
    client.write("d/cold", 6, Some("STANDARD_IA")).await;
    client.write("d/empty", 0, None).await;
    client.write("d/large", 17 << 20, Some("STANDARD_IA")).await;
    client.write("d/sub/deep", 1, None).await;
    client.at("d/marked/").mkdir().await.expect("a marker");
    client.at("d/gone").remove(Precondition::None).await.expect("removed");
    let many = ["many-1", "many-2"].map(|name| Removal { name: name.into(), kind: Kind::File, expect: None });
    assert!(client.at("d/").remove_many(&many).await.iter().all(Result::is_ok));
    let (from, to) = (client.at("src/x"), client.at("d/copied"));
    let copied = from.copy_native(&*to, &CopyOptions::default(), &|_| {}).await.expect("copied");
    assert!(copied.is_some());
    let held = client.rows("d/", Freshness::Cached).await;
    assert_eq!(lists(&server), before, "no listing was asked for");
    let read = client.rows("d/", Freshness::Past).await;
    let timeless = |rows: &[Entry]| -> Vec<Entry> {
        rows.iter().map(|row| Entry { modified: None, ..row.clone() }).collect()
    };
    assert_eq!(timeless(&held), timeless(&read));
    let time = |rows: &[Entry], name: &str| rows.iter().find(|row| row.name == name.into()).unwrap().modified;
    assert_eq!(time(&held, "still"), time(&read, "still"));
    assert_eq!(time(&held, "copied"), time(&read, "copied"), "a copy tells its time");
    assert_eq!(time(&held, "cold"), None, "a put doesn't, and nobody makes one up");
    assert!(client.registry.cache_stats().total.patched > 0);
}

#[tokio::test]
async fn a_refused_write_and_one_by_another_client_leave_the_listing_to_be_read() {
    let server = server(["d/k"]);
    let client = Client::of(&server);
    client.list("d/").await;
    server.faults().add(Rule::on("PutObject", Effect::access_denied()));
    client.put("d/new").await.expect_err("denied");
    server.store().put("lake", "d/theirs", "x");
    assert_eq!(client.list("d/").await, ["k", "theirs"]);
    assert_eq!(lists(&server), 2);
}

#[tokio::test]
async fn past_its_life_a_directory_is_there_at_once_and_one_request_reads_it_again() {
    let server = server(["d/k"]);
    let client = Client::of(&server);
    client.list("d/").await;
    server.store().put("lake", "d/new", "x");
    client.clock.advance(Duration::from_mins(2));
    let gate = server.faults().hold("ListObjectsV2");
    // Nothing answers, and it is there.
    let stale = pages(&client.at("d/"), Freshness::Stale).await.expect("a listing");
    assert_eq!((names(&stale), stale[0].source), (vec!["k".to_owned()], Source::Stale));
    gate.open();
    assert_eq!(client.list("d/").await, ["k", "new"]);
    assert_eq!(lists(&server), 2);
    let stats = client.registry.cache_stats().total;
    assert_eq!((stats.stale, stats.hits, stats.misses), (1, 0, 2));
    // A directory that isn't held is none that isn't there.
    let held = pages(&client.at("other/"), Freshness::Held).await.expect("no page is no failure");
    assert!(held.is_empty());
}
