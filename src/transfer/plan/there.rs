//! What a directory of the destination holds: [`There`].

use std::collections::{HashMap, HashSet};

use crate::model::{Entry, Kind, Name, Timestamp};

/// What is remembered of a file: a directory may hold a million.
#[derive(Clone, Copy, Debug)]
struct Seen {
    kind: Kind,
    size: Option<u64>,
    modified: Option<Timestamp>,
}

/// The names of one directory.
#[derive(Debug, Default)]
pub struct There {
    files: HashMap<Name, Seen>,
    dirs: HashSet<Name>,
    fold: bool,
}

impl There {
    /// Nothing so far; `fold` where `A` and `a` are one name.
    pub fn new(fold: bool) -> Self {
        Self { fold, ..Self::default() }
    }

    fn key(&self, name: &Name) -> Name {
        if self.fold { Name::from(name.to_lossy().to_lowercase().as_str()) } else { name.clone() }
    }

    /// Takes in a row.
    pub fn add(&mut self, entry: &Entry) {
        let key = self.key(&entry.name);
        if entry.kind.is_dir() {
            self.dirs.insert(key);
        } else {
            let seen = Seen { kind: entry.kind, size: entry.size, modified: entry.modified };
            self.files.insert(key, seen);
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.dirs.is_empty()
    }

    /// The file of this name.
    pub fn file(&self, name: &Name) -> Option<Entry> {
        let Seen { kind, size, modified } = *self.files.get(&self.key(name))?;
        Some(Entry { size, modified, ..Entry::new(name.clone(), kind) })
    }

    /// Whether a directory has this name.
    pub fn dir(&self, name: &Name) -> bool {
        self.dirs.contains(&self.key(name))
    }
}
