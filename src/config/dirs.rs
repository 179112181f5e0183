//! Where bifold keeps its files: [`Dirs`], found through the environment that is handed in.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Env;

/// The directories of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirs {
    /// The home directory: what `~` means.
    pub home: Option<PathBuf>,
    /// Where `settings.toml` is looked for.
    pub config: Option<PathBuf>,
    /// Where the log and what one left off with are kept.
    pub state: Option<PathBuf>,
    /// Where the caches are, unless the settings say otherwise.
    pub cache: Option<PathBuf>,
}

impl Dirs {
    /// Goes by `HOME` and `XDG_*` of `env`, and asks the system for what they don't say.
    pub fn from_env(env: &Env) -> Self {
        let home = env.get_os("HOME").map(PathBuf::from).or_else(dirs::home_dir);
        let config = place(env, "XDG_CONFIG_HOME", home.as_deref(), CONFIG).or_else(dirs::config_dir);
        let state = place(env, "XDG_STATE_HOME", home.as_deref(), STATE)
            .or_else(dirs::state_dir)
            .or_else(dirs::data_local_dir);
        let cache = place(env, "XDG_CACHE_HOME", home.as_deref(), CACHE).or_else(dirs::cache_dir);
        let own = |dir: PathBuf| dir.join("bifold");
        Self { config: config.map(own), state: state.map(own), cache: cache.map(own), home }
    }
}

const CONFIG: &str = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
const CACHE: &str = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
const STATE: &str = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" };

/// A directory by its variable, if that is an absolute path, else below the home directory.
fn place(env: &Env, variable: &str, home: Option<&Path>, below: &str) -> Option<PathBuf> {
    let named = env.get_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| home.map(|home| home.join(below)))
}

/// Makes a directory (and those above it) that only its owner may enter, whatever the umask.
pub fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o700))
}

/// Opens a file that only its owner may read, whatever the umask; makes it where it isn't there.
pub fn private_file(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.create(true).mode(0o600).open(path)?;
    file.set_permissions(PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_first() {
        let env: Env =
            [("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")].into_iter().collect();
        let dirs = Dirs::from_env(&env);
        assert_eq!(dirs.home, Some("/h".into()));
        assert_eq!(dirs.config, Some("/c/bifold".into()));
        assert_eq!(dirs.state, Some("/s/bifold".into()));
    }

    #[test]
    fn a_relative_variable_counts_for_nothing() {
        let env: Env = [("HOME", "/h"), ("XDG_STATE_HOME", "s")].into_iter().collect();
        assert_eq!(Dirs::from_env(&env).state, Some(Path::new("/h").join(STATE).join("bifold")));
    }

    #[test]
    fn what_is_written_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        private_dir(&inner).unwrap();
        private_file(&inner.join("f"), OpenOptions::new().append(true)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&inner.join("f"))), (0o700, 0o600));
    }
}
