//! The row of a listing in a table of files: [`Columns`].

use rusqlite::{Result, Row};

use super::pack::{self, SavedTag};
use crate::model::{Entry, Kind, Name, StorageClass, Timestamp, Uri};

/// A row of a listing as columns; what rarely is, as JSON.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub size: Option<i64>,
    pub modified: Option<i64>,
    pub tag: Option<SavedTag>,
    pub mode: Option<u32>,
    pub class: Option<String>,
    pub odd: Option<String>,
}

impl Columns {
    /// `copy`: the name that it should have, and the size of its source.
    pub(super) fn of(entry: &Entry, copy: Option<(&Name, Option<u64>)>) -> Self {
        let named = copy.is_none_or(|(name, _)| *name == entry.name);
        let sized = copy.is_none_or(|(_, size)| size == entry.size || entry.size.is_some());
        if entry.kind != Kind::File || entry.link.is_some() || !named || !sized {
            return Self { odd: Some(pack::json(entry)), ..Self::default() };
        }
        let same = copy.is_some_and(|(_, size)| size == entry.size);
        Self {
            size: entry.size.filter(|_| !same).map(u64::cast_signed),
            modified: entry.modified.map(|time| time.0),
            tag: entry.tag.clone().map(SavedTag),
            mode: entry.mode,
            class: entry.class.as_ref().map(|class| class.as_str().to_owned()),
            odd: None,
        }
    }

    pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Ok(Self {
            size: row.get(at)?,
            modified: row.get(at + 1)?,
            tag: row.get(at + 2)?,
            mode: row.get(at + 3)?,
            class: row.get(at + 4)?,
            odd: row.get(at + 5)?,
        })
    }

    /// The row at `uri`; `size` where it isn't kept.
    pub(super) fn entry(self, uri: &Uri, size: Option<u64>) -> Result<Entry> {
        if let Some(odd) = self.odd {
            return pack::from_json(&odd);
        }
        let mut entry = Entry::new(uri.name(), Kind::File);
        entry.size = self.size.map(i64::cast_unsigned).or(size);
        entry.modified = self.modified.map(Timestamp);
        entry.tag = self.tag.map(|tag| tag.0);
        entry.mode = self.mode;
        entry.class = self.class.map(|class| StorageClass::new(&class));
        Ok(entry)
    }
}
