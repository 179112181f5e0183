//! Settings taken apart into single values, each with where it came from: [`Leaf`].

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::Env;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(text) => write!(f, "flag {text}"),
        }
    }
}

/// One value of one layer.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// Its keys from the top, as `cache`, `ttl`, `list`.
    pub(super) path: Vec<String>,
    /// What was given.
    pub(super) value: Value,
    /// Where.
    pub(super) origin: Origin,
}

/// The dotted key, quoted where a name needs it.
pub(super) fn dotted(path: &[String]) -> String {
    let plain =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let keys = path.iter().map(|key| if plain(key) { key.clone() } else { format!("{key:?}") });
    keys.collect::<Vec<_>>().join(".")
}

/// A file that is no TOML at some place: the line, and what was expected there.
pub(super) type SyntaxError = (usize, String);

/// Takes a document apart. What can be read around a broken line is read.
pub(super) fn leaves_of(text: &str, origin: impl Fn(usize) -> Origin) -> (Vec<Leaf>, Vec<SyntaxError>) {
    let line_at = |offset: usize| 1 + text[..offset.min(text.len())].matches('\n').count();
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut leaves = Vec::new();
    walk(document.get_ref(), &mut Vec::new(), &|offset| origin(line_at(offset)), &mut leaves);
    let errors = errors
        .iter()
        .map(|error| (error.span().map_or(1, |span| line_at(span.start)), error.message().to_owned()));
    (leaves, errors.collect())
}

fn walk(
    table: &DeTable<'_>,
    path: &mut Vec<String>,
    origin: &dyn Fn(usize) -> Origin,
    leaves: &mut Vec<Leaf>,
) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => walk(inner, path, origin, leaves),
            _ => {
                if let Ok(value) =
                    Value::deserialize(toml::de::ValueDeserializer::from(value.clone()).into_deserializer())
                {
                    leaves.push(Leaf { path: path.clone(), value, origin: origin(key.span().start) });
                }
            }
        }
        path.pop();
    }
}

/// The values that the environment gives to the keys of `known`: `BIFOLD_TRANSFER_RATE` for
/// `transfer.rate`, and those of [`SHORT`].
pub(super) fn leaves_of_env(known: &[Leaf], env: &Env) -> Vec<Leaf> {
    let long = known.iter().map(|leaf| (variable(&leaf.path), &leaf.path));
    let short = known.iter().filter_map(|leaf| Some((short(&leaf.path)?.to_owned(), &leaf.path)));
    short
        .chain(long)
        .filter_map(|(name, path)| {
            let value = scalar(env.get(&name)?);
            Some(Leaf { path: path.clone(), value, origin: Origin::Variable(name) })
        })
        .collect()
}

/// The settings that a variable names without their section.
const SHORT: [(&str, &str); 5] = [
    ("log.level", "BIFOLD_LOG"),
    ("cache.objects.max_size", "BIFOLD_CACHE_MAX_SIZE"),
    ("cache.objects.max_entries", "BIFOLD_CACHE_MAX_ENTRIES"),
    ("cache.objects.max_age", "BIFOLD_CACHE_TTL"),
    ("cache.objects.eviction", "BIFOLD_CACHE_EVICTION"),
];

fn short(path: &[String]) -> Option<&'static str> {
    let key = dotted(path);
    SHORT.iter().find(|(setting, _)| *setting == key).map(|(_, name)| *name)
}

fn variable(path: &[String]) -> String {
    format!("BIFOLD_{}", path.join("_").to_uppercase())
}

/// The variables below a section of `known` that name no setting: most likely misspelt.
pub(super) fn stray_variables(known: &[Leaf], env: &Env) -> Vec<String> {
    let short = SHORT.iter().map(|(_, name)| (*name).to_owned());
    let names: Vec<String> = known.iter().map(|leaf| variable(&leaf.path)).chain(short).collect();
    let sections: Vec<String> = known.iter().map(|leaf| format!("{}_", variable(&leaf.path[..1]))).collect();
    let given = env.iter().filter_map(|(name, _)| name.to_str());
    given
        .filter(|name| {
            sections.iter().any(|section| name.starts_with(section))
                && !names.iter().any(|known| known == name)
        })
        .map(str::to_owned)
        .collect()
}

/// A value of `--set KEY=VALUE`.
pub(super) fn leaf_of_flag(flag: &str) -> Result<Leaf, String> {
    let (key, value) = flag.split_once('=').ok_or("write it as KEY=VALUE")?;
    let origin = Origin::Flag(format!("--set {key}"));
    let (found, errors) = leaves_of(&format!("{} = 0", key.trim()), |_| origin.clone());
    match (found.into_iter().next(), errors.is_empty()) {
        (Some(leaf), true) => Ok(Leaf { value: scalar(value), ..leaf }),
        _ => Err("the key is written as cache.enabled".to_owned()),
    }
}

/// A text as the value that it most plainly is: a number, a yes or no, else the text.
fn scalar(text: &str) -> Value {
    match (text.parse::<bool>(), text.parse::<i64>()) {
        (Ok(yes), _) => Value::Boolean(yes),
        (_, Ok(number)) => Value::Integer(number),
        _ => Value::String(text.to_owned()),
    }
}

/// Reads a file, where there is one.
pub(super) fn read_file(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
