//! All rows, each with every tool by turns.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::measure::{self, Cost};
use super::options::{Options, Row, Way};
use super::server::Remote;
use super::table::{self, Lane};
use super::tools::{self, Place, Tool};

/// The name of the file or object number `at`.
pub fn name(at: u64) -> String {
    format!("file-{at:07}.bin")
}

/// Bytes that nothing can make less of.
pub fn noise(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fastrand::Rng::with_seed(len as u64).fill(&mut bytes);
    bytes
}

/// Races everything that the options name.
pub fn run(options: &Options) -> io::Result<()> {
    let tools = tools::found(&options.tools);
    let names: Vec<_> = tools.iter().map(|tool| tool.name()).collect();
    println!("{}, {} times each, by turns", names.join(", "), options.times);
    for latency in &options.latency {
        let mut remote = Remote::start(*latency)?;
        for row in options.rows() {
            let lanes = race(&tools, &row, options.times, &mut remote)?;
            table::print(&row, *latency, &lanes);
        }
    }
    Ok(())
}

fn race(tools: &[Tool], row: &Row, times: usize, remote: &mut Remote) -> io::Result<Vec<Lane>> {
    let scratch = tempfile::tempdir()?;
    fs::write(scratch.path().join("settings.toml"), "[connections.s3]\nconditional_writes = true\n")?;
    let source = scratch.path().join("source");
    prepare(row, remote, &source)?;
    let mut lanes: Vec<Lane> =
        tools.iter().filter(|tool| tool.runs(row)).map(|tool| Lane::new(*tool)).collect();
    for _ in 0..times {
        for lane in &mut lanes {
            match once(lane.tool, row, remote, &scratch, &source) {
                Ok(cost) => lane.costs.push(cost),
                Err(error) => eprintln!("{} {}: {error}", row.name(), lane.tool.name()),
            }
        }
    }
    remote.ask("clear")?;
    Ok(lanes)
}

fn prepare(row: &Row, remote: &mut Remote, source: &Path) -> io::Result<()> {
    remote.ask("clear")?;
    if row.way != Way::Up {
        remote.ask(&format!("fill {} {}", row.count, row.bytes))?;
        return Ok(());
    }
    fs::create_dir(source)?;
    let noise = noise(usize::try_from(row.bytes).unwrap_or_default());
    (0..row.count).try_for_each(|at| fs::write(source.join(name(at)), &noise))
}

fn once(tool: Tool, row: &Row, remote: &mut Remote, scratch: &TempDir, source: &Path) -> io::Result<Cost> {
    let up = row.way == Way::Up;
    let dir = if up { source.to_path_buf() } else { scratch.path().join("target") };
    if up {
        remote.ask("clear")?;
    } else {
        fs::create_dir(&dir)?;
    }
    settle(scratch.path());
    remote.ask("reset")?;
    let place = Place { remote, home: scratch.path(), dir: &dir };
    let cost = measure::run(&place.command(tool, row), scratch.path());
    let requests = remote.ask("requests")?.parse().unwrap_or(0);
    let whole = cost.and_then(|cost| arrived(row, remote, &dir).map(|()| cost));
    if !up {
        fs::remove_dir_all(&dir)?;
    }
    Ok(Cost { requests, ..whole? })
}

/// What earlier runs left to be written shall not be paid for by the next.
fn settle(dir: &Path) {
    let _ = Command::new("sync").arg("-f").arg(dir).status(); // a race on a noisy disk is one all the same
}

/// That every byte is where it belongs.
fn arrived(row: &Row, remote: &mut Remote, dir: &PathBuf) -> io::Result<()> {
    let there = if row.way == Way::Up { remote.ask("held")? } else { held(dir)? };
    let wanted = format!("{} {}", row.count, row.count * row.bytes);
    if there == wanted {
        return Ok(());
    }
    Err(io::Error::other(format!("{there} arrived where {wanted} (files, bytes) should have")))
}

fn held(dir: &PathBuf) -> io::Result<String> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(dir)? {
        files += 1;
        bytes += entry?.metadata()?.len();
    }
    Ok(format!("{files} {bytes}"))
}
