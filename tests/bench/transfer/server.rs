//! The server in a process of its own: this program again, told what to do on its standard input. It ends with
//! that, however the race ends.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

use bytes::Bytes;
use demo::Server;

/// The bucket of all races.
pub const BUCKET: &str = "race";

/// Serves until standard input ends.
pub fn serve(latency: u64) -> ExitCode {
    let options = demo::Options { latency: Duration::from_millis(latency), ..demo::Options::default() };
    let Ok(server) = Server::start(options) else { return ExitCode::FAILURE };
    empty(&server);
    let (name, value): (Vec<_>, Vec<_>) = server.env().into_iter().unzip();
    println!("{}\t{}", name.join(","), value.join(","));
    for line in io::stdin().lines().map_while(Result::ok) {
        println!("{}", answer(&server, &line));
    }
    ExitCode::SUCCESS
}

fn empty(server: &Server) {
    server.store().remove_bucket(BUCKET);
    server.store().create_bucket(BUCKET);
    server.store().set_public(BUCKET, true);
}

fn answer(server: &Server, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["clear"] => empty(server),
        ["reset"] => server.reset_counts(),
        ["requests"] => return server.counts().total().to_string(),
        ["operations"] => return format!("{:?}", server.counts().operations),
        ["held"] => return held(server),
        ["fill", count, bytes] => fill(server, count.parse().unwrap_or(0), bytes.parse().unwrap_or(0)),
        _ => return format!("what is {line}?"),
    }
    "done".to_owned()
}

fn held(server: &Server) -> String {
    let keys = server.store().keys(BUCKET);
    let sizes = keys.iter().filter_map(|key| server.store().info(BUCKET, key)).map(|info| info.size);
    format!("{} {}", keys.len(), sizes.sum::<u64>())
}

fn fill(server: &Server, count: u64, bytes: usize) {
    let noise = Bytes::from(super::race::noise(bytes));
    for at in 0..count {
        server.store().put(BUCKET, &super::race::name(at), noise.clone());
    }
}

/// A running server.
pub struct Remote {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// What leads any tool to it.
    pub env: Vec<(String, String)>,
}

impl Remote {
    pub fn start(latency: u64) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", "--latency", &latency.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes to the server"));
        };
        let mut remote = Self { child, to, from: BufReader::new(from), env: Vec::new() };
        let env = remote.line()?;
        let (names, values) = env.split_once('\t').unwrap_or_default();
        let pairs = names.split(',').zip(values.split(','));
        remote.env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(remote)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Tells it something, and gives its answer.
    pub fn ask(&mut self, line: &str) -> io::Result<String> {
        writeln!(self.to, "{line}")?;
        self.line()
    }

    pub fn endpoint(&self) -> &str {
        let endpoint = self.env.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL");
        endpoint.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
