//! How the settings are found: layer by layer, value by value, so that one wrong value costs only
//! itself: [`load`].
//!
//! But for what keeps from writing: a connection of which something can't be read is read-only until that is mended,
//! and what was asked for on the command line and can't be done is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::layers::{Leaf, dotted, leaf_of_flag, leaves_of, leaves_of_env, read_file, stray_variables};
use super::settings::DEFAULTS;
use super::{Dirs, Env, Origin, Settings};

/// What the command line says about the settings.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Another file than the usual one, which must be there.
    pub file: Option<PathBuf>,
    /// `KEY=VALUE`, each.
    pub set: Vec<String>,
}

/// A setting that isn't in force, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// Which it is; empty when the whole place can't be read.
    pub key: String,
    /// What is wrong, and what was expected.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.origin, self.reason),
            key => write!(f, "{}: {key}: {}", self.origin, self.reason),
        }
    }
}

/// The settings in force, and where they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The directories of this run.
    pub dirs: Dirs,
    /// The file that was looked for.
    pub file: Option<PathBuf>,
    /// Whether it was there.
    pub file_found: bool,
    /// What isn't in force, and why. The program runs with the rest, unless [`Self::refused`].
    pub problems: Vec<Problem>,
    /// Whether a file that was asked for, or is there, can't be read.
    file_lost: bool,
    values: BTreeMap<String, (Value, Origin)>,
}

impl Loaded {
    /// Whether nothing should be done with these: a file of settings, or a flag, isn't in force, and whatever it forbids
    /// would be done.
    pub fn refused(&self) -> bool {
        self.file_lost || self.problems.iter().any(|problem| matches!(problem.origin, Origin::Flag(_)))
    }

    /// Every value in force by its dotted key, as it was given, and where it came from.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| (key.as_str(), value, origin))
    }
}

/// Finds the settings: the defaults, then the file, then the environment, then flags.
pub fn load(env: &Env, overrides: &Overrides) -> Loaded {
    let dirs = Dirs::from_env(env);
    let mut layers = Layers::over_defaults();
    let given = overrides.file.clone().or_else(|| env.get_os("BIFOLD_CONFIG").map(PathBuf::from));
    let file = given.clone().or_else(|| dirs.config.as_ref().map(|dir| dir.join("settings.toml")));
    let file_found = file.as_deref().is_some_and(|file| layers.file(file, given.is_some()));
    layers.environment(env);
    layers.flags(&overrides.set);
    layers.guard();
    let Layers { settings, values, problems, file_lost, .. } = layers;
    Loaded { settings, dirs, file, file_found, problems, file_lost, values }
}

/// The layers so far. `table` always makes valid settings: a value that doesn't is left out.
struct Layers {
    known: Vec<Leaf>,
    table: Table,
    settings: Settings,
    values: BTreeMap<String, (Value, Origin)>,
    problems: Vec<Problem>,
    doubted: Vec<(Doubted, Origin)>,
    file_lost: bool,
}

/// Of which connections something can't be read.
enum Doubted {
    One(String),
    All,
}

impl Layers {
    fn over_defaults() -> Self {
        let (known, _) = leaves_of(DEFAULTS, |_| Origin::Default);
        let table = DEFAULTS.parse().expect("the compiled-in defaults are valid: a test reads them");
        let values =
            known.iter().map(|leaf| (dotted(&leaf.path), (leaf.value.clone(), Origin::Default))).collect();
        Self {
            known,
            table,
            settings: Settings::default(),
            values,
            problems: Vec::new(),
            doubted: Vec::new(),
            file_lost: false,
        }
    }

    /// Whether the file was there.
    fn file(&mut self, path: &Path, required: bool) -> bool {
        let origin = |line| Origin::File { path: path.to_owned(), line };
        let text = match read_file(path) {
            Ok(Some(text)) => text,
            Ok(None) if !required => return false,
            Ok(None) => {
                self.problem(origin(1), "", "there is no such file");
                self.file_lost = true;
                return false;
            }
            Err(error) => {
                self.problem(origin(1), "", &format!("can't be read: {error}"));
                self.file_lost = true;
                return true;
            }
        };
        let (leaves, errors) = leaves_of(&text, origin);
        for (line, reason) in errors {
            self.problem(origin(line), "", &reason);
            if let Some(doubted) = connections_at(&text, line) {
                self.doubt(doubted, origin(line));
            }
        }
        for leaf in leaves {
            self.apply(leaf);
        }
        true
    }

    fn environment(&mut self, env: &Env) {
        for leaf in leaves_of_env(&self.known, env) {
            self.apply(leaf);
        }
        for name in stray_variables(&self.known, env) {
            self.problem(
                Origin::Variable(name),
                "",
                "no setting is called so; `bifold config` prints those that are",
            );
        }
    }

    fn flags(&mut self, flags: &[String]) {
        for flag in flags {
            match leaf_of_flag(flag) {
                Ok(leaf) => self.apply(leaf),
                Err(reason) => self.problem(Origin::Flag(format!("--set {flag}")), "", &reason),
            }
        }
    }

    fn doubt(&mut self, doubted: Doubted, origin: Origin) {
        let what = match &doubted {
            Doubted::One(name) => format!("connections.{name}"),
            Doubted::All => "every connection".to_owned(),
        };
        if let Some(problem) = self.problems.last_mut() {
            problem.reason += &format!(" ({what} is read-only until this is mended)");
        }
        self.doubted.push((doubted, origin));
    }

    /// Makes read-only what may have been meant to be.
    fn guard(&mut self) {
        for (doubted, origin) in std::mem::take(&mut self.doubted) {
            let names = match doubted {
                Doubted::One(name) => vec![name],
                Doubted::All => self.settings.connection_names(),
            };
            for name in names {
                self.settings.connections.entry(name.clone()).or_default().read_only = true;
                let key = dotted(&["connections".to_owned(), name, "read_only".to_owned()]);
                self.values.insert(key, (Value::Boolean(true), origin.clone()));
            }
        }
    }

    fn problem(&mut self, origin: Origin, key: &str, reason: &str) {
        let reason = reason.trim().replace('\n', "; ").replace("usize", "a whole number");
        self.problems.push(Problem { origin, key: key.to_owned(), reason });
    }

    /// Takes one value over, if the settings are valid with it.
    fn apply(&mut self, leaf: Leaf) {
        let mut table = self.table.clone();
        insert(&mut table, &leaf.path, leaf.value.clone());
        let key = dotted(&leaf.path);
        match check_name(&leaf.path)
            .and_then(|()| Settings::deserialize(table.clone()).map_err(|error| error.message().to_owned()))
        {
            Ok(settings) => {
                (self.table, self.settings) = (table, settings);
                self.values.insert(key, (leaf.value, leaf.origin));
            }
            Err(reason) => {
                self.problem(leaf.origin.clone(), &key, &reason);
                match &leaf.path[..] {
                    [section, name, _] if section == "connections" && check_name(&leaf.path).is_ok() => {
                        self.doubt(Doubted::One(name.clone()), leaf.origin);
                    }
                    [section, ..] if section == "connections" => self.doubt(Doubted::All, leaf.origin),
                    _ => {}
                }
            }
        }
    }
}

/// Which connections a line of a file may be about that can't be read.
fn connections_at(text: &str, line: usize) -> Option<Doubted> {
    let lines: Vec<&str> = text.lines().take(line).map(str::trim_start).collect();
    let wrong = lines.last()?;
    let section = lines.iter().rev().find(|line| line.starts_with('[')).map_or("", |line| *line);
    let name = section.strip_prefix("[connections.").and_then(|rest| rest.split(']').next());
    let name = name.filter(|name| !name.is_empty() && !name.contains(['"', '\'', '[']) && wrong != &section);
    match name {
        Some(name) => Some(Doubted::One(name.trim().to_owned())),
        None => (section.contains("connections") || wrong.contains("connections")).then_some(Doubted::All),
    }
}

/// A connection's name must be able to stand before `://`.
fn check_name(path: &[String]) -> Result<(), String> {
    let [section, name, ..] = path else { return Ok(()) };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if section != "connections" || (!name.is_empty() && !name.starts_with('.') && name.chars().all(plain)) {
        return Ok(());
    }
    Err("a connection's name holds letters, digits, - _ . + and doesn't begin with a dot".to_owned())
}

fn insert(table: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let inner = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    if !inner.is_table() {
        *inner = Value::Table(Table::new());
    }
    if let Value::Table(inner) = inner {
        insert(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn with(file: &str, env: &[(&str, &str)], set: &[&str]) -> (Loaded, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let env: Env = env.iter().copied().collect();
        let set = set.iter().map(|text| (*text).to_owned()).collect();
        (load(&env, &Overrides { file: Some(path), set }), dir)
    }

    fn origin(loaded: &Loaded, wanted: &str) -> String {
        let (_, _, origin) = loaded.values().find(|(key, ..)| *key == wanted).expect("a value");
        match origin {
            Origin::File { line, .. } => format!("file:{line}"),
            other => other.to_string(),
        }
    }

    #[test]
    fn each_layer_covers_the_one_below() {
        let file = "[cache.operations]\nmax_entries = 10\nmax_bytes = \"1 MiB\"\nttl.list = 7\n";
        let env = [("BIFOLD_CACHE_OPERATIONS_MAX_BYTES", "2MiB"), ("BIFOLD_LOG", "trace")];
        let (loaded, _dir) = with(file, &env, &["cache.operations.ttl.list=9s"]);
        assert_eq!(loaded.problems, []);
        let cache = &loaded.settings.cache.operations;
        assert_eq!(
            (cache.max_entries, cache.max_bytes, cache.ttl.list),
            (10, 2 << 20, Duration::from_secs(9))
        );
        assert_eq!(origin(&loaded, "cache.operations.max_entries"), "file:2");
        assert_eq!(
            origin(&loaded, "cache.operations.max_bytes"),
            "environment BIFOLD_CACHE_OPERATIONS_MAX_BYTES"
        );
        assert_eq!(origin(&loaded, "cache.operations.ttl.list"), "flag --set cache.operations.ttl.list");
        assert_eq!(origin(&loaded, "cache.operations.enabled"), "default");
        assert_eq!(origin(&loaded, "log.level"), "environment BIFOLD_LOG");
    }

    #[test]
    fn a_wrong_value_costs_only_itself_and_is_named() {
        let file = "[cache.operations]\nmax_entrys = 1\nenabled = \"maybe\"\nmax_entries = 5\n\n[cache.operations.ttl]\nlist = \"soon\"\n\
                    [connections.prod]\nregion = \"eu-west-1\"\nprofil = \"x\"\n";
        let (loaded, _dir) = with(file, &[], &[]);
        assert_eq!(loaded.settings.cache.operations.max_entries, 5);
        assert_eq!(loaded.settings.connections["prod"].region.as_deref(), Some("eu-west-1"));
        let mut problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        problems.sort();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(
            problems[0].contains("settings.toml:10: connections.prod.profil: unknown field"),
            "{problems:#?}"
        );
        assert!(
            problems[1].contains("settings.toml:2: cache.operations.max_entrys: unknown field"),
            "{problems:#?}"
        );
        assert!(problems[1].contains("max_entries"), "{problems:#?}");
        assert!(problems[2].contains("settings.toml:3: cache.operations.enabled: "), "{problems:#?}");
        assert!(problems[2].contains("expected a boolean"), "{problems:#?}");
        assert!(problems[3].contains("settings.toml:7: cache.operations.ttl.list: "), "{problems:#?}");
        assert!(problems[3].contains("expected a duration"), "{problems:#?}");
    }

    #[test]
    fn a_broken_line_is_named_and_the_rest_is_read() {
        let (loaded, _dir) = with("[cache.operations]\nmax_entries = 5\nenabled = = true\n", &[], &[]);
        assert_eq!(loaded.settings.cache.operations.max_entries, 5);
        assert!(loaded.problems[0].to_string().contains("settings.toml:3"), "{:?}", loaded.problems);
    }

    #[test]
    fn a_section_given_as_a_value_leaves_its_defaults() {
        let (loaded, _dir) = with("cache = 3\n", &[], &[]);
        assert!(loaded.settings.cache.enabled);
        assert_eq!(loaded.problems.len(), 1);
    }

    #[test]
    fn an_empty_connection_is_a_connection() {
        let (loaded, _dir) = with("[connections.r2]\n[connections.\".x\"]\nregion = \"a\"\n", &[], &[]);
        assert_eq!(loaded.settings.connection_names(), ["s3", "r2"]);
        assert!(loaded.problems[0].reason.contains("connection's name"));
    }

    #[test]
    fn a_connection_of_which_something_cannot_be_read_is_read_only() {
        let is = |loaded: &Loaded, name: &str| {
            loaded.settings.connections.get(name).is_some_and(|it| it.read_only)
        };
        let minio = "[connections.minio]\nregion = \"a\"\n";
        for wrong in
            ["read_only = yes", "read_only = \"true\"", "readonly = true", "region = 3", "read_only true"]
        {
            let (loaded, _dir) = with(&format!("{minio}[connections.s3]\n{wrong}\n[ui]\n"), &[], &[]);
            assert_eq!((is(&loaded, "s3"), is(&loaded, "minio")), (true, false), "{wrong}");
            assert!(loaded.problems.iter().any(|it| it.reason.contains("connections.s3 is read-only")));
            assert!(!loaded.refused());
        }
        for wrong in ["[connections.\"a", "connections.s3.read_only = yes", "[connections", "connections = 3"]
        {
            let (loaded, _dir) = with(&format!("{wrong}\n{minio}"), &[], &[]);
            assert!(is(&loaded, "s3"), "{wrong}: {:?}", loaded.problems);
        }
        let (loaded, _dir) = with(&format!("{minio}[ui]\ntheme = yes\n"), &[], &[]);
        assert!(!is(&loaded, "s3") && !is(&loaded, "minio") && !loaded.problems.is_empty());
    }

    #[test]
    fn misspelt_variables_and_flags_are_named() {
        let (loaded, _dir) =
            with("", &[("BIFOLD_CACHE_TTLS", "3"), ("BIFOLD_TEST_ENDPOINT", "x")], &["cache", "a b=1"]);
        let origins: Vec<String> = loaded.problems.iter().map(|problem| problem.origin.to_string()).collect();
        assert_eq!(origins, ["environment BIFOLD_CACHE_TTLS", "flag --set cache", "flag --set a b=1"]);
        assert!(loaded.refused(), "a flag is wrong use");
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let overrides = Overrides { file: Some("/nowhere/settings.toml".into()), set: Vec::new() };
        let loaded = load(&Env::default().with("HOME", "/nowhere"), &overrides);
        assert!(loaded.problems[0].to_string().contains("no such file") && loaded.refused());
        let usual = load(&Env::default().with("HOME", "/nowhere"), &Overrides::default());
        assert_eq!((usual.problems, usual.file_found), (Vec::new(), false));
    }
}
