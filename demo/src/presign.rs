//! What 1,000 presigned links cost: signings, links given again, time, requests.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use bifold::cache::LinkFigures;
use bifold::config::{Env, Settings};
use bifold::model::{LinkAsk, LinkMethod, S3Uri, Uri, VfsError};
use bifold::vfs::registry::Registry;
use futures::future::try_join_all;

use crate::{Options, Server};

/// What one round of calls cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was asked for.
    pub what: &'static str,
    /// How many links were asked for.
    pub calls: u64,
    /// How many were signed.
    pub signed: u64,
    /// How many were given again.
    pub reused: u64,
    /// Time per call.
    pub each: Duration,
    /// Requests that the server saw.
    pub requests: u64,
}

/// Asks for 1,000 links in four rounds.
///
/// # Errors
/// When the server can't be started, or a link can't be signed.
pub async fn measure() -> io::Result<Vec<Row>> {
    let server = Server::start(Options::default())?;
    server.store().create_bucket("links");
    let env: Env = server.env().into_iter().collect();
    let desk = Desk { registry: Registry::new(&Settings::default(), &env), server };
    let read = LinkAsk::get(Duration::from_mins(15));
    let write = LinkAsk { method: LinkMethod::Put, ..read.clone() };
    let one_by_one = |times: usize| (0..100 * times).map(|at| (at % 100, 1)).collect::<Vec<_>>();
    let at_once: Vec<_> = (100..110).map(|at| (at, 50)).collect();
    Ok(vec![
        desk.round("100 objects, once", &one_by_one(1), &read).await?,
        desk.round("the same, three times more", &one_by_one(3), &read).await?,
        desk.round("10 others, 50 callers at once", &at_once, &read).await?,
        desk.round("the first 100, to write", &one_by_one(1), &write).await?,
    ])
}

struct Desk {
    registry: Registry,
    server: Server,
}

impl Desk {
    /// Asks for the link of each object as many times at once as stand beside it.
    async fn round(&self, what: &'static str, asks: &[(usize, usize)], ask: &LinkAsk) -> io::Result<Row> {
        let (before, sent) = (self.registry.link_figures(), self.server.counts().total());
        let begun = Instant::now();
        for (object, times) in asks {
            let uri = Uri::S3(S3Uri::new("s3", "links", &format!("object-{object:03}")));
            let path = self.registry.resolve(&uri).map_err(failed)?;
            try_join_all((0..*times).map(|_| path.presign(ask))).await.map_err(failed)?;
        }
        let took = begun.elapsed();
        let LinkFigures { issued, reused, .. } = self.registry.link_figures();
        let calls = asks.iter().map(|(_, times)| *times as u64).sum::<u64>();
        Ok(Row {
            what,
            calls,
            signed: issued - before.issued,
            reused: reused - before.reused,
            each: took / u32::try_from(calls).unwrap_or(u32::MAX),
            requests: self.server.counts().total() - sent,
        })
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn failed(error: VfsError) -> io::Error {
    io::Error::other(error.to_string())
}

/// The rows as a Markdown table, and their sum.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from("| Links | calls | signed | given again | hit rate | each | requests |\n");
    text += "|---|---:|---:|---:|---:|---:|---:|\n";
    let all = Row {
        what: "all",
        calls: rows.iter().map(|row| row.calls).sum(),
        signed: rows.iter().map(|row| row.signed).sum(),
        reused: rows.iter().map(|row| row.reused).sum(),
        each: average(rows),
        requests: rows.iter().map(|row| row.requests).sum(),
    };
    for row in rows.iter().chain([&all]) {
        let rate = row.reused * 100 / row.calls.max(1);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {rate} % | {} µs | {} |",
            row.what,
            row.calls,
            row.signed,
            row.reused,
            row.each.as_micros(),
            row.requests
        );
    }
    text
}

fn average(rows: &[Row]) -> Duration {
    let calls: u64 = rows.iter().map(|row| row.calls).sum();
    let total: Duration =
        rows.iter().map(|row| row.each * u32::try_from(row.calls).unwrap_or(u32::MAX)).sum();
    total / u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thousand_links_take_as_many_signings_as_there_are_links() {
        let rows = measure().await.expect("measured");
        let counts: Vec<_> =
            rows.iter().map(|row| (row.calls, row.signed, row.reused, row.requests)).collect();
        assert_eq!(counts, [(100, 100, 0, 0), (300, 0, 300, 0), (500, 10, 490, 0), (100, 100, 0, 0)]);
        assert!(table(&rows).contains("| all | 1000 | 210 | 790 | 79 % |"), "{}", table(&rows));
    }
}
