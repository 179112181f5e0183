//! One run of one tool: [`run`] gives its [`Cost`].

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// What tells the processor time and the memory of a process that ended, as `wait4` does.
const TIME: &str = "/usr/bin/time";

/// The process group of the run under way.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub wall: Duration,
    /// User and system time, in seconds; `None` where the system has no `time`.
    pub cpu: Option<f64>,
    /// Peak memory in MiB.
    pub memory: Option<f64>,
    pub requests: u64,
}

/// Ctrl-C ends the run under way, too.
pub fn end_with_ctrl_c() {
    std::thread::spawn(|| {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(tokio) = tokio else { return };
        if tokio.block_on(tokio::signal::ctrl_c()).is_ok() {
            end_group();
            std::process::exit(130);
        }
    });
}

fn end_group() {
    let group = RUNNING.lock().map(|mut running| running.take());
    if let Ok(Some(group)) = group {
        let _ = kill_process_group(group, Signal::KILL); // it may have ended
    }
}

/// Runs it to its end. `requests` are filled in by the caller.
pub fn run(command: &Command, scratch: &Path) -> io::Result<Cost> {
    let told = scratch.join("time");
    let timed = Path::new(TIME).exists();
    let mut wrapped = if timed { wrap(command, &told) } else { copy(command) };
    let begun = Instant::now();
    let child = wrapped.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    if let (Ok(mut running), Ok(pid)) = (RUNNING.lock(), i32::try_from(child.id())) {
        *running = Pid::from_raw(pid);
    }
    let output = child.wait_with_output()?;
    let wall = begun.elapsed();
    end_group();
    if !output.status.success() {
        return Err(io::Error::other(format!("it ended with {}", output.status)));
    }
    let (cpu, memory) = if timed { read(&told)? } else { (None, None) };
    Ok(Cost { wall, cpu, memory, requests: 0 })
}

fn wrap(command: &Command, told: &Path) -> Command {
    let mut wrapped = Command::new(TIME);
    wrapped.arg("-o").arg(told).args(["-f", "%U %S %M"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    dress(&mut wrapped, command);
    wrapped
}

fn copy(command: &Command) -> Command {
    let mut own = Command::new(command.get_program());
    own.args(command.get_args());
    dress(&mut own, command);
    own
}

fn dress(own: &mut Command, like: &Command) {
    own.env_clear();
    own.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
}

fn read(told: &Path) -> io::Result<(Option<f64>, Option<f64>)> {
    let text = std::fs::read_to_string(told)?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [user, system, kib] => Ok((Some(user + system), Some(kib / 1024.0))),
        _ => Ok((None, None)),
    }
}
