//! Who can read what is written, also where the umask hides nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use demo::{Options, Server};

/// The program under umask 0, with a home of its own.
fn command(server: &Server, home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_bifold");
    command.args(["-c", "umask 0; exec \"$0\" \"$@\"", program]).args(args);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).envs(server.env());
    command.stdin(Stdio::null()).current_dir(home);
    command
}

/// Everything below that others could open, but for `except`.
fn open_to_others(dir: &Path, except: &[&str]) -> Vec<String> {
    let all = super::snapshot(dir, Path::new(""));
    let open = all.into_iter().filter(|(path, (mode, _))| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        mode & 0o077 != 0 && mode & 0o170_000 != 0o120_000 && !except.contains(&name)
    });
    open.map(|(path, (mode, _))| format!("{} {mode:o}", path.display())).collect()
}

#[test]
fn under_umask_0_only_what_was_asked_for_is_open_to_others() {
    let server = Server::start(Options::default()).expect("a free port");
    server.store().create_bucket("box");
    server.store().put("box", "big", demo::Blob::noise(1, 17 << 20));
    server.store().put("box", "small", "bytes");
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(home.path().join("to")).expect("a directory");

    let gate = server.faults().hold("GetObject");
    let copy = command(&server, home.path(), &["cp", "s3://box/big", "to/big"]).spawn().expect("it runs");
    gate.wait_arrived(1);
    let parts = super::snapshot(&home.path().join("to"), Path::new(""));
    assert_eq!(parts.len(), 1, "the temporary file: {:?}", parts.keys());
    assert_eq!(open_to_others(&home.path().join("to"), &[]), [] as [String; 0]);
    gate.open();
    assert!(copy.wait_with_output().expect("it ends").status.success());

    for args in
        [&["cp", "s3://box/small", "to/small"][..], &["cp", "to/small", "s3://box/up"], &["ls", "s3://box"]]
    {
        assert!(command(&server, home.path(), args).status().expect("it runs").success(), "{args:?}");
    }
    let mode = fs::metadata(home.path().join("to/small")).expect("it is there").mode() & 0o7777;
    assert_eq!(mode, 0o666, "the file itself is as open as its umask says");
    assert_eq!(open_to_others(home.path(), &["to", "big", "small"]), [] as [String; 0]);
}
