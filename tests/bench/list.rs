//! A directory of 100,000 objects on the demo's server: through bifold, through the bare SDK in the same run,
//! and once more from the cache. Requests are counted at the server: a hundred, then none.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::{Client, Config};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bifold::config::Settings;
use bifold::model::{Freshness, S3Uri, Uri};
use bifold::vfs::DynPath;
use bifold::vfs::registry::Registry;
use criterion::{Criterion, criterion_group, criterion_main};
use demo::{ACCESS_KEY, Options, SECRET_KEY, Server};
use futures::TryStreamExt;
use tokio::runtime::Runtime;

const OBJECTS: usize = 100_000;
const PAGES: u64 = 100;

fn serve() -> Server {
    let server = Server::start(Options::default()).expect("a free port");
    server.store().create_bucket("lake");
    for at in 0..OBJECTS {
        server.store().put("lake", &format!("events/part-{at:08}-8f2a6d4e.snappy.parquet"), "x");
    }
    server
}

async fn list(dir: &DynPath, freshness: Freshness) -> usize {
    let pages = dir.list(freshness).try_fold(0, |sum, page| async move { Ok(sum + page.entries.len()) });
    pages.await.expect("a listing")
}

fn bare(server: &Server) -> Client {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(server.endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "bench"))
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https());
    Client::from_conf(config.build())
}

async fn list_bare(client: &Client) -> usize {
    let request = client.list_objects_v2().bucket("lake").prefix("events/").delimiter("/");
    let mut pages = request.into_paginator().send();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        rows.extend(page.expect("a page").contents.unwrap_or_default());
    }
    rows.len()
}

/// Measures listings that cost so many requests each, and gives the median of all.
fn measure(
    c: &mut Criterion,
    name: &str,
    server: &Server,
    requests: u64,
    once: impl Fn() -> usize,
) -> Duration {
    let all = RefCell::new(Vec::new());
    c.bench_function(name, |bench| {
        bench.iter_custom(|times| {
            let begun = all.borrow().len();
            for _ in 0..times {
                server.reset_counts();
                let started = Instant::now();
                assert_eq!(once(), OBJECTS);
                all.borrow_mut().push(started.elapsed());
                assert_eq!(server.counts().total(), requests);
            }
            all.borrow()[begun..].iter().sum()
        });
    });
    let mut all = all.into_inner();
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn listing(c: &mut Criterion) {
    let server = serve();
    let tokio = Runtime::new().expect("a runtime");
    let registry = Registry::new(&Settings::default(), &server.env().into_iter().collect());
    let dir =
        registry.resolve(&Uri::S3(S3Uri::new("s3", "lake", "events/"))).expect("the default connection");
    let client = bare(&server);
    let sdk = measure(c, "the bare SDK lists 100,000", &server, PAGES, || tokio.block_on(list_bare(&client)));
    let own =
        measure(c, "bifold lists 100,000", &server, PAGES, || tokio.block_on(list(&dir, Freshness::Past)));
    let held = measure(c, "bifold finds 100,000 in its cache", &server, 0, || {
        tokio.block_on(list(&dir, Freshness::Cached))
    });
    let ratio = own.as_secs_f64() / sdk.as_secs_f64();
    println!(
        "{PAGES} requests: {own:.1?}, {ratio:.2} times the bare SDK ({sdk:.1?}); 0 requests from the cache: {held:.1?}"
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(15));
    targets = listing
}
criterion_main!(benches);
