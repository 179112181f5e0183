//! What is looked at first: the sources.

use std::collections::BTreeMap;

use super::super::super::job::JobKind;
use super::super::super::machine::{batch_dir, is_marker};
use super::super::way::Way;
use super::super::{Asked, Request, Requests};
use super::{Dir, Look, Planner, Root, Visit};
use crate::model::{Entry, Kind, Uri};

impl Planner {
    /// What to look at first.
    pub fn begin(&mut self) -> Vec<Visit> {
        if self.spec.kind == JobKind::Delete { self.begin_delete() } else { self.begin_copy() }
    }

    pub(super) fn begin_copy(&mut self) -> Vec<Visit> {
        let mut visits = Vec::new();
        let mut beside: BTreeMap<Uri, Vec<usize>> = BTreeMap::new();
        for root in 0..self.roots.len() {
            let Root { item, target: Some(target), way: Some(_) } = &self.roots[root] else { continue };
            let (item, target) = (item.clone(), target.clone());
            let to_disk = self.to.is_some_and(|to| to.caps.real_dirs);
            if is_marker(&item) && to_disk {
                self.plan.counts.dirs += 1;
            } else if item.entry.kind.is_dir() {
                self.count_dir(root);
                visits.push(self.dir(root, item.uri, Some(target), false));
            } else if is_marker(&item) {
                visits.push(self.visit(Dir { waiting: vec![root], ..self.blank(root) }, Look::One(target)));
            } else if let Some(above) = target.parent() {
                beside.entry(above).or_default().push(root);
            }
        }
        for (above, waiting) in beside {
            let one = waiting.len() == 1;
            let first = waiting[0];
            let at = self.roots[first].target.clone().unwrap_or_else(|| above.clone());
            let look = if one { Look::One(at) } else { Look::Names(above) };
            let dir = Dir { waiting, ..self.blank(first) };
            visits.push(self.visit(dir, look));
        }
        visits
    }

    pub(super) fn begin_delete(&mut self) -> Vec<Visit> {
        let mut visits = Vec::new();
        let mut beside: BTreeMap<Uri, Vec<usize>> = BTreeMap::new();
        for root in 0..self.roots.len() {
            let Root { item, way: Some(way), .. } = &self.roots[root] else { continue };
            let (item, way) = (item.clone(), *way);
            match item.entry.kind {
                Kind::Dir | Kind::Bucket => {
                    self.plan.counts.dirs += 1;
                    let alone = u64::from(item.entry.kind == Kind::Bucket && way.reads.is_some());
                    self.ask(&way, Asked { from: Requests::of(Request::Delete, alone), ..Asked::default() });
                    visits.push(self.dir(root, item.uri, None, true));
                }
                _ => {
                    self.remove(&way, &item.entry);
                    match batch_dir(&item) {
                        Some(dir) => beside.entry(dir).or_default().push(root),
                        None => self.remove_alone(&way, &item.entry),
                    }
                }
            }
        }
        for roots in beside.values() {
            let bound = roots.iter().filter(|root| self.roots[**root].item.entry.tag.is_some()).count();
            if let Some(way) = self.roots[roots[0]].way {
                self.ask(&way, way.removals(roots.len() as u64, bound as u64));
            }
        }
        visits
    }

    /// A key that no listing of its parent would show.
    pub(super) fn remove_alone(&mut self, way: &Way, entry: &Entry) {
        let Some(terms) = way.reads else { return };
        let looks = entry.tag.is_none() || !terms.limits.conditional_delete;
        let mut from = Requests::of(Request::Delete, 1);
        from.add(Request::Head, u64::from(looks));
        self.ask(way, Asked { from, ..Asked::default() });
    }
}
