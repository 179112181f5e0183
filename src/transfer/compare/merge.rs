//! Two trees in the order of their paths, made one: [`Merge`].
//!
//! 1. *Nothing is held but a step of each side*, and the paths that close what lies below them, which are
//!    beginnings of the path that is next.
//! 2. *What couldn't be read is not absent.* Where a directory is closed on one side, what the other has
//!    below it isn't told.
//! 3. *A side that isn't in order* would tell things as missing that are there: it ends the merge.
//! 4. *A link or a file can hide a tree of its name*: what the other side has below a link is left alone, and
//!    what lies below a file's name can't be held by a disk.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::Side;
use crate::model::{Entry, Kind, Name, VfsError};
use crate::vfs::Step;

/// What stands at one path.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// On one side, or on both.
    Rows(Option<Box<Entry>>, Option<Box<Entry>>),
    /// A directory that couldn't be read on this side: nothing below it is told.
    Closed(Side, Name, VfsError),
    /// The first tree has both this and a file that a disk would have to make a directory of.
    Beneath(Entry),
}

/// A side isn't told in order, at this path: it can't be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disorder(pub Side, pub Name);

/// What one side told.
#[derive(Debug, Default)]
struct Feed {
    rows: VecDeque<Entry>,
    closed: Option<(Name, VfsError)>,
    last: Option<Name>,
    over: bool,
}

impl Feed {
    fn next(&self) -> Option<&[u8]> {
        let closed = self.closed.as_ref().map(|(path, _)| path.as_bytes());
        self.rows.front().map(|row| row.name.as_bytes()).or(closed)
    }

    fn is_dry(&self) -> bool {
        !self.over && self.next().is_none()
    }

    fn add(&mut self, step: Step) -> Result<(), Name> {
        match step {
            Step::Rows(rows) => {
                for row in &rows {
                    if self.last.as_ref().is_some_and(|last| *last >= row.name) {
                        return Err(row.name.clone());
                    }
                    self.last = Some(row.name.clone());
                }
                self.rows.extend(rows);
            }
            Step::Closed(path, error) => self.closed = Some((path, error)),
        }
        Ok(())
    }

    /// Takes what is next, which is a row or a closed directory.
    fn take(&mut self) -> Result<Entry, (Name, VfsError)> {
        match self.rows.pop_front() {
            Some(row) => Ok(row),
            None => Err(self.closed.take().expect("it was looked at before")),
        }
    }
}

/// Two trees, side by side.
#[derive(Debug, Default)]
pub struct Merge {
    here: Feed,
    there: Feed,
    /// Directories (with their `/`) below which nothing is told; each is a beginning of what came last.
    closed: Vec<Name>,
    /// Files of the first tree that something may lie below, where the second is a disk.
    files: Vec<Name>,
    /// Whether the second tree can't hold a file beside a directory of its name.
    strict: bool,
}

impl Merge {
    /// A merge; `strict` where the second tree is on a disk, on which a file's name is no directory's.
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// The side that has to be fed before anything more can be told.
    pub fn wants(&self) -> Option<Side> {
        match (self.here.is_dry(), self.there.is_dry()) {
            (true, _) => Some(Side::Here),
            (false, true) => Some(Side::There),
            (false, false) => None,
        }
    }

    /// Takes what a side tells next; `None` is its end.
    ///
    /// # Errors
    /// A side that isn't in order.
    pub fn feed(&mut self, side: Side, step: Option<Step>) -> Result<(), Disorder> {
        let feed = match side {
            Side::Here => &mut self.here,
            Side::There => &mut self.there,
        };
        if let Some(step) = step {
            return feed.add(step).map_err(|path| Disorder(side, path));
        }
        feed.over = true;
        Ok(())
    }

    /// How many rows and paths are held.
    pub fn held(&self) -> usize {
        self.here.rows.len() + self.there.rows.len() + self.closed.len() + self.files.len()
    }

    /// What stands at the next path; `None` while a side has to be fed, and at the end.
    pub fn tell(&mut self) -> Option<Met> {
        while self.wants().is_none() {
            let (here, there) = (self.here.next(), self.there.next());
            let order = match (here, there) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(here), Some(there)) => here.cmp(there),
            };
            let path = if order.is_gt() { there } else { here }?.to_vec();
            let hidden = self.below_closed(&path);
            let met = self.take(order);
            if !hidden {
                return Some(met);
            }
        }
        None
    }

    /// Whether nothing is told at this path. Forgets what can't be a beginning any more.
    fn below_closed(&mut self, path: &[u8]) -> bool {
        self.closed.retain(|dir| dir.as_bytes() >= path || path.starts_with(dir.as_bytes()));
        self.closed.iter().any(|dir| path.starts_with(dir.as_bytes()))
    }

    fn take(&mut self, order: Ordering) -> Met {
        let here = order.is_le().then(|| self.here.take());
        let there = order.is_ge().then(|| self.there.take());
        match (here, there) {
            (Some(Err((path, error))), _) => self.close(Side::Here, path, error),
            (_, Some(Err((path, error)))) => self.close(Side::There, path, error),
            (here, there) => self.rows(here.and_then(Result::ok), there.and_then(Result::ok)),
        }
    }

    fn close(&mut self, side: Side, path: Name, error: VfsError) -> Met {
        self.closed.push(path.clone());
        Met::Closed(side, path, error)
    }

    fn rows(&mut self, here: Option<Entry>, there: Option<Entry>) -> Met {
        for entry in [&here, &there].into_iter().flatten() {
            if entry.kind != Kind::File {
                let below = Name::from(&[entry.name.as_bytes(), b"/"].concat()[..]);
                self.closed.push(below);
            }
        }
        if let Some(entry) = &here
            && self.strict
        {
            if self.beneath_a_file(entry.name.as_bytes()) {
                return Met::Beneath(entry.clone());
            }
            self.files.push(entry.name.clone());
        }
        Met::Rows(here.map(Box::new), there.map(Box::new))
    }

    /// Whether a file of the first tree has the name of a directory above this path.
    fn beneath_a_file(&mut self, path: &[u8]) -> bool {
        self.files.retain(|file| path.starts_with(file.as_bytes()));
        self.files.iter().any(|file| path.get(file.as_bytes().len()) == Some(&b'/'))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ErrorKind, Op, Uri};

    fn file(path: &str) -> Entry {
        Entry::new(path.into(), Kind::File)
    }

    fn rows(paths: &[&str]) -> Step {
        Step::Rows(paths.iter().map(|path| file(path)).collect())
    }

    fn closed(path: &str) -> Step {
        let error = VfsError::new(Op::List, Uri::Local("/".into()), ErrorKind::Denied, "no");
        Step::Closed(path.into(), error)
    }

    fn told(merge: &mut Merge, mut here: VecDeque<Step>, mut there: VecDeque<Step>) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            match merge.wants() {
                Some(Side::Here) => merge.feed(Side::Here, here.pop_front()).unwrap(),
                Some(Side::There) => merge.feed(Side::There, there.pop_front()).unwrap(),
                None => match merge.tell() {
                    Some(met) => told.push(text(&met)),
                    None if merge.wants().is_none() => return told,
                    None => {}
                },
            }
        }
    }

    fn text(met: &Met) -> String {
        match met {
            Met::Rows(Some(here), None) => format!("<{}", here.name.to_lossy()),
            Met::Rows(None, Some(there)) => format!(">{}", there.name.to_lossy()),
            Met::Rows(here, _) => format!("={}", here.as_ref().unwrap().name.to_lossy()),
            Met::Closed(side, path, _) => format!("{side:?} {}", path.to_lossy()),
            Met::Beneath(entry) => format!("!{}", entry.name.to_lossy()),
        }
    }

    #[test]
    fn what_is_on_one_side_and_on_both_is_told_in_order() {
        let told = told(
            &mut Merge::new(false),
            [rows(&["a", "b/x"]), rows(&["c"])].into(),
            [rows(&["a"]), rows(&[]), rows(&["b-", "b/x", "d"])].into(),
        );
        assert_eq!(told, ["=a", ">b-", "=b/x", "<c", ">d"]);
    }

    #[test]
    fn what_lies_below_a_closed_directory_is_not_told() {
        let told = told(
            &mut Merge::new(false),
            [rows(&["a"]), closed("b/"), rows(&["c"])].into(),
            [rows(&["b-x", "b/x", "b/y/z", "b0"])].into(),
        );
        assert_eq!(told, ["<a", ">b-x", "Here b/", ">b0", "<c"]);
    }

    #[test]
    fn what_lies_below_the_name_of_a_link_is_left_alone() {
        let mut link = file("l");
        link.kind = Kind::Symlink;
        let here = [Step::Rows(vec![link])].into();
        let told = told(&mut Merge::new(false), here, [rows(&["l-", "l/x", "l/y", "l0"])].into());
        assert_eq!(told, ["<l", ">l-", ">l0"]);
    }

    #[test]
    fn a_disk_holds_no_file_beside_a_directory_of_its_name() {
        let keys = ["a", "a-", "a-/b", "a/b", "a/c/d", "a0"];
        let strict = told(&mut Merge::new(true), [rows(&keys)].into(), [].into());
        assert_eq!(strict, ["<a", "<a-", "!a-/b", "!a/b", "!a/c/d", "<a0"]);
        assert_eq!(told(&mut Merge::new(false), [rows(&keys)].into(), [].into()).len(), 6);
    }

    #[test]
    fn a_side_out_of_order_is_refused() {
        let mut merge = Merge::new(false);
        merge.feed(Side::Here, Some(rows(&["b"]))).unwrap();
        let disorder = merge.feed(Side::Here, Some(rows(&["a"]))).unwrap_err();
        assert_eq!(disorder, Disorder(Side::Here, "a".into()));
        assert!(merge.feed(Side::There, Some(rows(&["x", "x"]))).is_err(), "a key comes once");
    }

    #[test]
    fn a_million_rows_are_merged_within_two_pages() {
        let page = |from: u32, step: u32| {
            Step::Rows((from..from + 1000).map(|n| file(&format!("d{:02}/{:08}", 0, n * step))).collect())
        };
        let (mut merge, mut fed, mut most, mut count) = (Merge::new(true), [0_u32; 2], 0, 0_u32);
        loop {
            match merge.wants() {
                Some(side) => {
                    let at = &mut fed[usize::from(side == Side::There)];
                    let step = if side == Side::Here { 1 } else { 2 };
                    let whole = if side == Side::Here { 1_000_000 } else { 500_000 };
                    let next = (*at < whole).then(|| page(*at, step));
                    *at += 1000;
                    merge.feed(side, next).unwrap();
                }
                None => match merge.tell() {
                    Some(Met::Rows(..)) => count += 1,
                    Some(other) => panic!("{other:?}"),
                    None if merge.wants().is_none() => break,
                    None => {}
                },
            }
            most = most.max(merge.held());
        }
        assert_eq!(count, 1_000_000);
        assert!(most <= 2_100, "{most} were held");
    }

    proptest! {
        #[test]
        fn the_merge_is_what_two_sets_tell(
            here in proptest::collection::btree_set("[a-c/-]{1,4}", 0..20),
            there in proptest::collection::btree_set("[a-c/-]{1,4}", 0..20),
            cut in 1_usize..5,
        ) {
            let steps = |set: &std::collections::BTreeSet<String>| {
                let paths: Vec<&str> = set.iter().map(String::as_str).collect();
                paths.chunks(cut).map(rows).collect::<VecDeque<_>>()
            };
            let told = told(&mut Merge::new(false), steps(&here), steps(&there));
            let wanted: Vec<String> = here.union(&there).map(|path| {
                let mark = match (here.contains(path), there.contains(path)) {
                    (true, true) => '=',
                    (true, false) => '<',
                    _ => '>',
                };
                format!("{mark}{path}")
            }).collect();
            prop_assert_eq!(told, wanted);
        }
    }
}
