//! What of a directory the job is about.

use super::super::super::io::DirId;
use super::super::Machine;
use super::Dir;
use crate::model::{Entry, Kind, Uri};

impl Machine {
    pub(super) fn page_removal(&mut self, id: DirId, entry: &Entry) {
        if let Some(dir) = self.dirs.get_mut(&id) {
            dir.empty = false;
        }
        if self.came_since(entry) {
            self.leave(id, entry.clone());
        } else {
            self.plan_removal(id, entry.clone());
        }
    }

    /// Whether the job isn't about this; the directory that holds it then stays, too.
    pub(super) fn leaves_out(&mut self, id: DirId, entry: &Entry) -> bool {
        let Some(dir) = self.dirs.get_mut(&id).filter(|_| !self.matcher.takes_all()) else { return false };
        let path = format!("{}{}", dir.relative, entry.name.to_lossy());
        let marker = entry.name.is_empty() && entry.kind == Kind::File;
        let out = marker || !self.matcher.takes(&path, entry.kind.is_dir());
        dir.kept |= out;
        dir.empty &= !out;
        out
    }

    /// A directory below another.
    pub(in super::super) fn below(&self, above: DirId, root: usize, source: Uri, entry: Entry) -> Dir {
        let relative = match self.dirs.get(&above) {
            Some(dir) if !self.matcher.takes_all() => format!("{}{}/", dir.relative, entry.name.to_lossy()),
            _ => String::new(),
        };
        Dir { relative, ..Dir::new(root, Some(above), source, entry) }
    }
}
