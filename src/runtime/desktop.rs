//! The desktop's program for a file: [`open`], [`is_here`].

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::Env;

/// How long a starter may take; one that goes on is the program itself.
const PATIENCE: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(20);

/// Whether there is a desktop to open things on: over SSH there is one only where it is forwarded.
pub(super) fn is_here(env: &Env) -> bool {
    let set = |name: &str| env.get_os(name).is_some_and(|value| !value.is_empty());
    let local = cfg!(target_os = "macos") && !set("SSH_CONNECTION");
    local || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Opens a file with the program that the desktop has for its kind, on a thread that may block. The file is one
/// argument of it, and no shell sees its name. The program outlives this one.
///
/// # Errors
/// What to tell: there is no starter, or it has no program for such a file.
pub(super) async fn open(file: PathBuf) -> Result<(), String> {
    let opened = tokio::task::spawn_blocking(move || start(::open::commands(file)));
    opened.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Tries one starter after the other.
fn start(starters: Vec<Command>) -> Result<(), String> {
    let mut why = "nothing here opens files by their kind: install xdg-utils".to_owned();
    for mut starter in starters {
        starter.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Of its own group: keys and the end of this terminal aren't meant for it.
        starter.process_group(0);
        let name = starter.get_program().to_string_lossy().into_owned();
        match starter.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => why = format!("{name} doesn't start: {error}"),
            Ok(child) => match outcome(child) {
                None => return Ok(()),
                Some(status) => why = format!("{name} found no program for it ({status})"),
            },
        }
    }
    Err(why)
}

/// How a starter failed.
fn outcome(mut child: Child) -> Option<std::process::ExitStatus> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match child.try_wait() {
            Ok(Some(status)) => return (!status.success()).then_some(status),
            Ok(None) => thread::sleep(STEP),
            Err(_) => return None,
        }
    }
    // Nobody else would hear of its end.
    thread::spawn(move || child.wait());
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_first_starter_that_opens_it_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let marks = |name: &str| shell(&format!("touch '{}'", dir.path().join(name).display()));
        let starters = vec![Command::new("/no/such/starter"), shell("exit 3"), marks("a"), marks("b")];
        start(starters).unwrap();
        assert!(dir.path().join("a").exists() && !dir.path().join("b").exists());
    }

    #[test]
    fn what_nobody_opens_is_told() {
        assert!(start(vec![shell("exit 3")]).unwrap_err().contains("no program"));
        assert!(start(vec![Command::new("/no/such/starter")]).unwrap_err().contains("xdg-utils"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_desktop_is_where_a_display_is() {
        let of = |pairs: &[(&str, &str)]| is_here(&pairs.iter().copied().collect());
        assert!(of(&[("DISPLAY", ":0")]) && of(&[("WAYLAND_DISPLAY", "wayland-0")]));
        assert!(of(&[("DISPLAY", "localhost:10"), ("SSH_CONNECTION", "x")]), "forwarded");
        assert!(!of(&[]) && !of(&[("DISPLAY", "")]));
    }
}
