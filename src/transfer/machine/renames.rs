//! Directories that get another name whole.

use super::super::io::{DirId, Io, Reply};
use super::Machine;
use super::tasks::Owner;
use super::tree::same_inode;
use crate::model::{Entry, ErrorKind, Result, Uri};

impl Machine {
    pub(super) fn dir_renamed(&mut self, id: DirId, result: Result<Reply>) {
        let dir = &self.dirs[&id];
        let (source, target) = (dir.source.clone(), dir.target.clone());
        let Some(at) = target else { return };
        match result.map_err(|error| error.kind) {
            Ok(_) => {
                self.touch(&source);
                self.touch(&at);
                self.dir_over(id);
            }
            // An earlier attempt may have given it its new name already.
            Err(ErrorKind::NotFound) if self.resumed => self.tasks.push(Owner::Dir(id), Io::Look { at }),
            Err(kind) => {
                self.no_rename |= kind == ErrorKind::Unsupported;
                self.make_dir(id, at);
            }
        }
    }

    fn make_dir(&mut self, id: DirId, at: Uri) {
        let follow = self.dirs[&id].named;
        self.tasks.push(Owner::Dir(id), Io::MakeDir { at, follow, above: false });
    }

    pub(super) fn dir_found(&mut self, id: DirId, at: &Uri, found: Option<&Entry>) {
        if found.is_some_and(|found| same_inode(found, &self.dirs[&id].entry)) {
            return self.dir_over(id);
        }
        self.make_dir(id, at.clone());
    }
}
