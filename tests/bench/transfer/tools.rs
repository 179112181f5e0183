//! The tools and how each is called: [`Tool`].

use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::{Row, Way};
use super::race::name;
use super::server::{BUCKET, Remote};

/// A program that transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Bifold,
    S5cmd,
    Rclone,
    Aws,
    Curl,
}

const ALL: [Tool; 5] = [Tool::Bifold, Tool::S5cmd, Tool::Rclone, Tool::Aws, Tool::Curl];

impl Tool {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bifold => "bifold",
            Self::S5cmd => "s5cmd",
            Self::Rclone => "rclone",
            Self::Aws => "aws",
            Self::Curl => "curl",
        }
    }

    /// Whether it is held to others as one of them: curl can do nothing but one file down.
    pub fn is_peer(self) -> bool {
        !matches!(self, Self::Bifold | Self::Curl)
    }

    pub fn runs(self, row: &Row) -> bool {
        self != Self::Curl || row.way != Way::Up && row.shape == "one"
    }

    fn program(self) -> Option<PathBuf> {
        if self == Self::Bifold {
            return Some(env!("CARGO_BIN_EXE_bifold").into());
        }
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join(self.name())).find(|file| file.is_file())
    }
}

/// Those that are installed and wanted.
pub fn found(wanted: &[String]) -> Vec<Tool> {
    let takes = |tool: &Tool| wanted.is_empty() || wanted.iter().any(|name| name == tool.name());
    ALL.into_iter().filter(takes).filter(|tool| tool.program().is_some()).collect()
}

/// What a tool needs to know.
pub struct Place<'a> {
    pub remote: &'a Remote,
    pub home: &'a Path,
    /// The directory on this side.
    pub dir: &'a Path,
}

impl Place<'_> {
    /// The command of a row.
    pub fn command(&self, tool: Tool, row: &Row) -> Command {
        let program = tool.program().unwrap_or_default();
        let mut command = self.bare(&program, row, tool);
        if row.way == Way::Down && tool != Tool::Bifold {
            command = self.synced(&command);
        }
        command.env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.home).envs(self.remote.env.iter().cloned());
        command.env("S3_ENDPOINT_URL", self.remote.endpoint());
        for (name, value) in [("TYPE", "s3"), ("PROVIDER", "Other"), ("ENV_AUTH", "true")] {
            command.env(format!("RCLONE_CONFIG_RACE_{name}"), value);
        }
        command.env("RCLONE_CONFIG_RACE_ENDPOINT", self.remote.endpoint());
        command
    }

    fn bare(&self, program: &Path, row: &Row, tool: Tool) -> Command {
        let mut command = Command::new(program);
        let one = row.shape == "one";
        let file = self.dir.join(name(0)).display().to_string();
        let dir = format!("{}/", self.dir.display());
        let object = format!("s3://{BUCKET}/{}", name(0));
        let (there, all) = (format!("s3://{BUCKET}/"), format!("s3://{BUCKET}/*"));
        let (from, to) = match (row.way, one, tool) {
            (Way::Up, true, _) => (file, object),
            (Way::Up, false, Tool::Bifold) => (format!("{dir}."), there),
            (Way::Up, false, _) => (dir, there),
            (_, true, _) => (object, file),
            (_, false, Tool::Bifold) => (format!("{there}."), dir),
            (_, false, Tool::S5cmd) => (all, dir),
            (_, false, _) => (there, dir),
        };
        match tool {
            Tool::Bifold => {
                let flush = if row.way == Way::Bare { "transfer.flush=false" } else { "transfer.flush=true" };
                command.args(["cp", "--conflict", "overwrite", "--set", flush, "--config"]);
                command.arg(self.home.join("settings.toml"));
                command.args(["-r"].into_iter().filter(|_| !one)).args([from, to]);
            }
            Tool::S5cmd => {
                command.args(["--log", "error", "cp"]).args([from, to]);
            }
            Tool::Rclone => {
                let remote = |text: String| text.replace("s3://", "race:");
                let what = if one { "copyto" } else { "copy" };
                // Its 4 files at once would make it no match.
                command.args(["--transfers", "32", "--checkers", "32", what]);
                command.args([remote(from), remote(to)]);
            }
            Tool::Aws => {
                command.args(["s3", "cp", "--only-show-errors"]);
                command.args(["--recursive"].into_iter().filter(|_| !one)).args([from, to]);
            }
            Tool::Curl => {
                let address = from.replace("s3:/", self.remote.endpoint());
                command.args(["-sSf", "-o"]).args([to, address]);
            }
        }
        command
    }

    /// The same, and all of it on the disk at its end.
    fn synced(&self, command: &Command) -> Command {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "dir=$1; shift; \"$@\" && sync -f \"$dir\"", "sh"]).arg(self.dir);
        shell.arg(command.get_program()).args(command.get_args());
        shell
    }
}
