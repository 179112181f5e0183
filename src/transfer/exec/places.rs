//! From locations to live handles: [`Places`].

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use parking_lot::Mutex;

use super::super::job::{JobSpec, Target};
use super::Resolver;
use crate::model::{Kind, Name, Result, Uri};
use crate::vfs::DynPath;

/// Finds the handles of one job.
///
/// On a disk, what a person named is resolved as given, through links if need be; everything below is
/// joined to it name by name, so that the backend can refuse to pass a link that was put there
/// meanwhile.
pub struct Places {
    resolve: Resolver,
    bases: Mutex<BTreeMap<Uri, DynPath>>,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("bases", &self.bases.lock().keys()).finish_non_exhaustive()
    }
}

impl Places {
    /// The places of a job: the directories of its sources and its destination are given by the person.
    pub fn new(resolve: Resolver, spec: &JobSpec) -> Self {
        let places = Self { resolve, bases: Mutex::default() };
        for source in &spec.sources {
            places.add_parent(&source.uri);
        }
        match &spec.target {
            Some(Target::Into(dir) | Target::ContentsInto(dir) | Target::Each { base: dir, .. }) => {
                places.add(dir);
            }
            Some(Target::As(uri)) => places.add_parent(uri),
            None => {}
        }
        places
    }

    fn add_parent(&self, uri: &Uri) {
        self.add(&uri.parent().unwrap_or_else(|| uri.clone()));
    }

    /// Takes a location as given. One that can't be resolved fails where it is used.
    fn add(&self, uri: &Uri) {
        if uri.as_local().is_none() || self.bases.lock().contains_key(uri) {
            return;
        }
        if let Ok(path) = (self.resolve)(uri) {
            self.bases.lock().insert(uri.clone(), path);
        }
    }

    /// Takes what a link led to as given: the person said to follow links.
    pub fn add_followed(&self, path: DynPath) {
        self.bases.lock().insert(path.uri().clone(), path);
    }

    /// The handle of a location.
    pub fn at(&self, uri: &Uri) -> Result<DynPath> {
        let Some(path) = uri.as_local() else { return (self.resolve)(uri) };
        let bases = self.bases.lock();
        for above in path.ancestors() {
            let Some(base) = bases.get(&Uri::Local(above.to_path_buf())) else { continue };
            let Ok(below) = path.strip_prefix(above) else { continue };
            let join =
                |dir: DynPath, name: &std::ffi::OsStr| dir.join(&Name::from(name.as_bytes()), Kind::Dir);
            return below.iter().try_fold(base.clone(), join);
        }
        drop(bases);
        (self.resolve)(uri)
    }
}
