//! What failed, and what a retry has to do again.

use super::super::io::Action;
use super::super::job::{Failure, FileEnd, FileReport, JobKind, JobOptions, JobSpec, SourceItem, Target};
use super::Machine;
use crate::model::{Tag, Uri, VfsError};

impl Machine {
    /// Tells that a file is over, where somebody wants to hear it.
    pub(super) fn tell_over(
        &mut self,
        source: &Uri,
        target: Option<&Uri>,
        bytes: u64,
        end: impl FnOnce() -> FileEnd,
    ) {
        self.report(source, target, bytes, None, end);
    }

    pub(super) fn report(
        &mut self,
        source: &Uri,
        target: Option<&Uri>,
        bytes: u64,
        tag: Option<Tag>,
        end: impl FnOnce() -> FileEnd,
    ) {
        if self.tells_files {
            let (source, target) = (source.clone(), target.cloned());
            let report = FileReport { source, target, bytes, tag, end: end() };
            self.actions.push(Action::File(Box::new(report)));
        }
    }
}

/// One failure, with where it was to go.
#[derive(Clone, Debug)]
pub struct Failed {
    /// What it was.
    pub item: SourceItem,
    /// Its exact destination; `None` for a removal, and for what a retry can't mend.
    pub target: Option<Uri>,
    /// Why.
    pub error: VfsError,
}

/// Something that a job which was given up hasn't done.
#[derive(Clone, Debug)]
pub struct Undone {
    /// What.
    pub item: SourceItem,
    /// Its exact destination; `None` for a removal.
    pub target: Option<Uri>,
}

/// The failures as a person hears of them, and the jobs that try them again, with what wasn't done at all.
/// What goes below one directory under its own name is one job; a new name is a job of its own.
pub fn failures(
    kind: JobKind,
    options: &JobOptions,
    failed: Vec<Failed>,
    undone: &[Undone],
) -> (Vec<Failure>, Vec<JobSpec>) {
    let mut retry: Vec<JobSpec> = Vec::new();
    let failures = failed.iter().map(|failed| (&failed.item, &failed.target));
    for (item, target) in failures.chain(undone.iter().map(|undone| (&undone.item, &undone.target))) {
        let target = match (target, kind) {
            (None, JobKind::Delete) => None,
            (None, _) => continue,
            (Some(uri), _) => Some(exact(item, uri)),
        };
        let alone = matches!(target, Some(Target::As(_)));
        match retry.iter_mut().rev().find(|spec| spec.target == target).filter(|_| !alone) {
            Some(spec) => spec.sources.push(item.clone()),
            None => {
                retry.push(JobSpec { kind, sources: vec![item.clone()], target, options: options.clone() });
            }
        }
    }
    let failures = failed.into_iter().map(|Failed { item, error, .. }| Failure { item, error }).collect();
    (failures, retry)
}

fn exact(item: &SourceItem, uri: &Uri) -> Target {
    match uri.parent() {
        Some(dir) if dir.join(&item.uri.name(), item.entry.kind) == *uri => Target::Into(dir),
        _ => Target::As(uri.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, ErrorKind, Kind, Op};

    fn failed(name: &str, target: Option<&str>) -> Failed {
        let uri = Uri::Local(format!("/from/{name}").into());
        let item = SourceItem { uri: uri.clone(), entry: Entry::new(name.into(), Kind::File) };
        let target = target.map(|path| Uri::Local(path.into()));
        Failed { item, target, error: VfsError::new(Op::Copy, uri, ErrorKind::Io, "broken") }
    }

    #[test]
    fn a_retry_is_one_job_for_each_directory_and_one_for_each_new_name() {
        let all = vec![
            failed("a", Some("/to/a")),
            failed("b", Some("/to/new name")),
            failed("c", Some("/to/c")),
            failed("d", Some("/elsewhere/d")),
            failed("e", None),
        ];
        let (failures, retry) = self::failures(JobKind::Copy, &JobOptions::default(), all, &[]);
        assert_eq!(failures.len(), 5);
        let targets: Vec<_> =
            retry.iter().map(|spec| (spec.target.clone().unwrap(), spec.sources.len())).collect();
        let at = |path: &str| Uri::Local(path.into());
        assert_eq!(
            targets,
            [
                (Target::Into(at("/to")), 2),
                (Target::As(at("/to/new name")), 1),
                (Target::Into(at("/elsewhere")), 1)
            ]
        );
    }

    #[test]
    fn failed_removals_are_tried_again_in_one_job() {
        let all = vec![failed("a", None), failed("b", None)];
        let (_, retry) = self::failures(JobKind::Delete, &JobOptions::default(), all, &[]);
        assert_eq!(retry.len(), 1);
        assert_eq!(retry[0].sources.len(), 2);
    }
}
