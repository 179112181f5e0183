//! Opens bifold on the demo server: two panes, a scratch directory on the left, sample buckets on the
//! right.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bifold::config::Env;
use clap::{Parser, Subcommand};
use demo::samples::{self, Scratch};
use demo::{Options, Server, calls, picture, presign, retry, views};
use tokio::runtime::{Builder, Runtime};

/// bifold on an S3 server in memory with sample buckets. Nothing of yours is read or written.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Args {
    /// How long each request takes, as 50ms or 1.5s.
    #[arg(long, value_parser = duration, default_value = "0ms")]
    latency: Duration,
    /// Only serve, until Ctrl-C, and print the environment to use.
    #[arg(long)]
    serve: bool,
    /// The port of the server; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print how many requests each screen costs, as a Markdown table.
    Calls,
    /// Look at objects of 10, 50 and 100 MB again and again, and print what it cost, as a Markdown table.
    Views,
    /// Break jobs off at 90 %, go on with them, and print what was sent again, as a Markdown table.
    Retry {
        /// The size of what is copied, in megabytes.
        #[arg(long, default_value_t = 200)]
        megabytes: u64,
    },
    /// Ask for 1,000 presigned links, and print what they cost, as a Markdown table.
    Presign,
    /// Draw the picture of the README from the program's real screen.
    Picture {
        /// The SVG file to write.
        #[arg(default_value = "assets/screen.svg")]
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.command {
        Some(Command::Calls) => print_calls(),
        Some(Command::Views) => print_views(args.latency),
        Some(Command::Retry { megabytes }) => print_retry(*megabytes, args.latency),
        Some(Command::Presign) => print_presign(),
        Some(Command::Picture { file }) => picture::readme(file).map(|()| ExitCode::SUCCESS),
        None if args.serve => serve(&args),
        None => open(&args),
    };
    ended.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "demo: {error}"); // nowhere left to say it
        ExitCode::FAILURE
    })
}

fn start(args: &Args) -> io::Result<Server> {
    let options = Options { latency: args.latency, port: args.port, ..Options::default() };
    let server = Server::start(options)
        .map_err(|error| io::Error::other(format!("can't serve on 127.0.0.1:{}: {error}", args.port)))?;
    samples::fill(server.store());
    Ok(server)
}

fn open(args: &Args) -> io::Result<ExitCode> {
    let server = start(args)?;
    let scratch = Scratch::new()?;
    let panes = [OsString::from("bifold"), scratch.files().into_os_string(), OsString::from("s3://")];
    Ok(bifold::run(panes, environment(&server, &scratch)))
}

/// The person's environment without anything that leads to their own data: no AWS settings, no home.
fn environment(server: &Server, scratch: &Scratch) -> Env {
    let own = std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        !["AWS_", "XDG_", "BIFOLD_"].iter().any(|prefix| name.starts_with(prefix)) && name != "HOME"
    });
    let demo = server.env().into_iter().map(|(name, value)| (name.into(), value.into()));
    let env: Env = own.chain(demo).collect();
    env.with("HOME", scratch.home())
}

fn serve(args: &Args) -> io::Result<ExitCode> {
    let server = start(args)?;
    let mut out = io::stdout();
    for (name, value) in server.env() {
        writeln!(out, "export {name}='{value}'")?;
    }
    writeln!(out, "# serving on {} until Ctrl-C", server.endpoint())?;
    out.flush()?;
    runtime()?.block_on(tokio::signal::ctrl_c())?;
    Ok(ExitCode::SUCCESS)
}

fn print_calls() -> io::Result<ExitCode> {
    let rows = runtime()?.block_on(calls::measure())?;
    write!(io::stdout(), "{}", calls::table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn print_views(latency: Duration) -> io::Result<ExitCode> {
    let sizes = [10, 50, 100].map(|megabytes| megabytes * 1_000_000);
    let rows = runtime()?.block_on(views::measure(&sizes, latency))?;
    write!(io::stdout(), "{}", views::table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn print_retry(megabytes: u64, latency: Duration) -> io::Result<ExitCode> {
    let rows = runtime()?.block_on(retry::measure(megabytes * 1_000_000, latency))?;
    write!(io::stdout(), "{}", retry::table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn print_presign() -> io::Result<ExitCode> {
    let rows = runtime()?.block_on(presign::measure())?;
    write!(io::stdout(), "{}", presign::table(&rows))?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Reads `50ms`, `2s`, `0.5s`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time: write 50ms or 1.5s");
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => return Err(wrong()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| wrong())? * unit;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert!(["", "50", "ms", "-1s", "fast"].iter().all(|text| duration(text).is_err()));
    }
}
