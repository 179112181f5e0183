//! What can be set: [`Settings`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{CacheSettings, Connection, OpCacheSettings, PreviewSettings, UiSettings, units};

/// The defaults, as people read them.
pub(super) const DEFAULTS: &str = include_str!("../../assets/settings.toml");

/// All settings in force. The defaults stand in `assets/settings.toml` and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The connections by name. `s3` is the default one and need not be here.
    #[serde(default)]
    pub connections: BTreeMap<String, Connection>,
    /// The panes.
    pub ui: UiSettings,
    /// The caches.
    pub cache: CacheSettings,
    /// The viewer and the quick view.
    pub preview: PreviewSettings,
    /// Presigned links.
    pub links: LinkSettings,
    /// Jobs.
    pub transfer: TransferSettings,
    /// The log file.
    pub log: LogSettings,
}

/// `[cache.operations.ttl]`. Zero: never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ttl {
    /// Listings.
    #[serde(deserialize_with = "units::duration")]
    pub list: Duration,
    /// Heads.
    #[serde(deserialize_with = "units::duration")]
    pub head: Duration,
    /// Absence, and empty listings.
    #[serde(deserialize_with = "units::duration")]
    pub negative: Duration,
    /// The regions of buckets.
    #[serde(deserialize_with = "units::duration")]
    pub region: Duration,
}

/// `[transfer]`: jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferSettings {
    /// The most bytes a second of all jobs together; 0 is no bound.
    #[serde(deserialize_with = "units::bytes")]
    pub rate: u64,
    /// Whether a local file is flushed before it gets its name.
    pub flush: bool,
    /// What a finished job does besides its line.
    pub notify: Notify,
}

/// How a finished job makes itself heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// The terminal's bell.
    Bell,
    /// A notification of the terminal, by OSC 9.
    Osc9,
    /// Not at all.
    Off,
}

/// `[links]`: presigned links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// How long a link works where nobody says otherwise.
    #[serde(deserialize_with = "units::duration")]
    pub expires: Duration,
}

/// `[log]`: the log file in the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// How much is written.
    pub level: LogLevel,
}

/// How much goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    /// Every request, and what the cache did about it.
    Debug,
    Trace,
}

impl Settings {
    /// The names of all connections, the default one included.
    pub fn connection_names(&self) -> Vec<String> {
        let default = crate::model::uri::DEFAULT_CONNECTION;
        let others = self.connections.keys().filter(|name| *name != default).cloned();
        std::iter::once(default.to_owned()).chain(others).collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        toml::from_str(DEFAULTS).expect("the compiled-in defaults are valid: a test reads them")
    }
}

impl Default for UiSettings {
    fn default() -> Self {
        Settings::default().ui
    }
}

impl Default for Ttl {
    fn default() -> Self {
        OpCacheSettings::default().ttl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_defaults_are_valid() {
        let cache = Settings::default().cache.operations;
        assert_eq!((cache.enabled, cache.max_entries, cache.max_bytes), (true, 4096, 64 << 20));
        assert_eq!(Ttl::default().region, Duration::from_mins(10));
    }

    /// A setting's line stands below a comment, or below one that stands there with it.
    #[test]
    fn every_setting_has_a_comment() {
        let mut told = false;
        for line in DEFAULTS.lines() {
            told = match line.chars().next() {
                Some('#') => true,
                None | Some('[') => false,
                Some(_) => told,
            };
            let is_setting = line.contains('=') && !line.starts_with('#');
            assert!(!is_setting || told, "no comment above {line}");
        }
        let connection = serde_json::to_value(Connection::default()).unwrap();
        for name in connection.as_object().unwrap().keys() {
            assert!(DEFAULTS.contains(&format!("\n# {name} = ")), "{name} of a connection isn't told");
        }
    }

    #[test]
    fn the_commented_connection_is_valid() {
        let start = DEFAULTS.find("# [connections.").expect("an example");
        let lines: Vec<_> = DEFAULTS[start..].lines().map(|line| line.trim_start_matches("# ")).collect();
        let table: toml::Table = lines.join("\n").parse().unwrap();
        let minio = table["connections"]["minio"].clone();
        assert_eq!(Connection::deserialize(minio).unwrap().page_size, Some(1000));
    }

    #[test]
    fn the_readme_has_this_text() {
        let readme = include_str!("../../README.md");
        let text = readme
            .split("<!-- settings -->\n")
            .nth(1)
            .and_then(|rest| rest.split("<!-- /settings -->").next());
        let wanted = format!("```toml\n{DEFAULTS}```\n");
        assert!(text == Some(&wanted), "between the marks of README.md should stand assets/settings.toml");
    }

    #[test]
    fn the_default_connection_is_always_known_and_once() {
        let mut settings = Settings::default();
        settings.connections.insert("s3".into(), Connection::default());
        settings.connections.insert("a".into(), Connection::default());
        assert_eq!(settings.connection_names(), ["s3", "a"]);
    }
}
