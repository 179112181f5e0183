//! From the start of the real program to its first frame, beside what starting any program costs here.
//!
//! The service that it would ask never answers: the first frame must not wait for it. The aim is at most 30 ms.

use std::cell::RefCell;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// What ends a frame: the end of a synchronized update.
const FRAME: &[u8] = b"\x1b[?2026l";

/// The time from a program's start in a new terminal until it has written `wanted`; without it, until its end.
fn time(command: &CommandBuilder, wanted: Option<&[u8]>) -> Duration {
    let size = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut reader = pair.master.try_clone_reader().expect("its output");
    let (mut seen, mut buffer) = (Vec::new(), [0; 8 << 10]);
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(command.clone()).expect("the program");
    drop(pair.slave);
    let took = loop {
        // A terminal that nobody holds any more ends with an error on some systems.
        let read = reader.read(&mut buffer).unwrap_or(0);
        seen.extend_from_slice(&buffer[..read]);
        let there = |wanted: &[u8]| seen.windows(wanted.len()).any(|window| window == wanted);
        if wanted.is_some_and(there) {
            break begun.elapsed();
        }
        if read == 0 {
            assert!(wanted.is_none(), "it ended early: {}", String::from_utf8_lossy(&seen));
            break begun.elapsed();
        }
    };
    // It may write until it has ended.
    let rest = std::thread::spawn(move || while reader.read(&mut buffer).is_ok_and(|read| read > 0) {});
    let _ = child.kill();
    child.wait().expect("its end");
    drop(pair.master);
    let _ = rest.join();
    took
}

/// The program on an S3 service at this address.
fn bifold(home: &Path, endpoint: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bifold"));
    command.args([".", "s3://lake/events/"]);
    command.env_clear();
    command.cwd(home);
    command.env("HOME", home);
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "some"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "us-east-1"),
    ] {
        command.env(name, value);
    }
    command
}

/// Measures, and gives the median of all starts.
fn measure(c: &mut Criterion, name: &str, start: impl Fn() -> Duration) -> Duration {
    let all = RefCell::new(Vec::new());
    c.bench_function(name, |bench| {
        bench.iter_custom(|times| {
            let took: Vec<Duration> = (0..times).map(|_| start()).collect();
            all.borrow_mut().extend_from_slice(&took);
            took.iter().sum()
        });
    });
    let mut all = all.into_inner();
    all.sort();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn start(c: &mut Criterion) {
    let home = tempfile::tempdir().expect("a directory");
    // Connections are taken by the system, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
    let program = bifold(home.path(), &endpoint);
    let nothing = measure(c, "start of `true`", || time(&CommandBuilder::new("true"), None));
    let frame = measure(c, "start to the first frame", || time(&program, Some(FRAME)));
    println!("first frame after {frame:.1?}; {:.1} times `true` ({nothing:.1?})", ratio(frame, nothing));
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3));
    targets = start
}
criterion_main!(benches);
