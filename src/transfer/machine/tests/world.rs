//! A world of files for the machine to work on, without any I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::super::super::io::{Earlier, Io, ItemId, Left, Relation, Reply};
use super::super::super::job::JobKind;
use crate::model::{
    ETag, Entry, ErrorKind, Kind, Link, Name, Op, Result, S3Uri, Tag, Timestamp, Uri, VfsError,
};
use crate::vfs::{Layout, PartRecord, Placed, Precondition, Removed, SinkState};

/// One file: which content it has, and how long that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub content: u64,
    pub size: u64,
    pub link: Option<String>,
}

/// A write under way: of which content which bytes have arrived.
#[derive(Clone, Debug, Default)]
pub struct Open {
    to: Option<Uri>,
    size: u64,
    parts: BTreeMap<u64, (u64, u64)>,
    /// What a journal finds it by.
    id: String,
    /// Whether it is what somebody else completed.
    complete: bool,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    pub files: BTreeMap<Uri, File>,
    pub dirs: BTreeSet<Uri>,
    pub sinks: HashMap<ItemId, Open>,
    /// How many of 100 pieces of work fail.
    pub faults: u8,
    pub log: Vec<Io>,
    /// What another client wrote over.
    replaced: BTreeSet<u64>,
    next: u64,
    /// What the journal has, by source.
    pub journal: BTreeMap<Uri, Earlier>,
    /// How many of 100 records are lost, since the program died before they were written.
    pub forgets: u8,
    /// Writes of dead machines that can be found again.
    pub left: BTreeMap<String, Open>,
    completed: BTreeSet<String>,
}

pub fn uri(text: &str) -> Uri {
    match text.strip_prefix("s3://") {
        None => Uri::Local(text.trim_end_matches('/').into()),
        Some(rest) => {
            let (bucket, key) = rest.split_once('/').unwrap();
            Uri::S3(S3Uri::new("s3", bucket, key))
        }
    }
}

const PART: u64 = 10;
const LAYOUT: Layout = Layout { part_size: PART, parallel: 8 };

impl World {
    /// Puts a file, or a directory (a marker) for a name that ends in `/`.
    pub fn put(&mut self, text: &str, size: u64) {
        let at = uri(text);
        if at.as_local().is_some() {
            let mut above = if text.ends_with('/') { Some(at.clone()) } else { at.parent() };
            while let Some(dir) = above {
                above = dir.parent();
                self.dirs.insert(dir);
            }
            if text.ends_with('/') {
                return;
            }
        }
        self.next += 1;
        self.files.insert(at, File { content: self.next, size, link: None });
    }

    pub fn put_link(&mut self, text: &str, target: &str) {
        self.put(text, 0);
        self.files.get_mut(&uri(text)).unwrap().link = Some(target.into());
    }

    pub fn entry(&self, at: &Uri) -> Option<Entry> {
        if at.as_local().is_some() && self.dirs.contains(at) {
            return Some(Entry::new(at.name(), Kind::Dir));
        }
        let file = self.files.get(at)?;
        let kind = if file.link.is_some() { Kind::Symlink } else { Kind::File };
        let tag = match at {
            Uri::Local(path) => {
                let name: u64 = path.to_string_lossy().bytes().map(u64::from).sum();
                Tag::File { dev: 1, ino: file.content * 100_000 + name, mtime_ns: file.content.cast_signed() }
            }
            _ => Tag::ETag(ETag::new(&format!("{:032x}", file.content))),
        };
        let link = file
            .link
            .as_ref()
            .map(|target| Box::new(Link { target: Name::from(target.as_str()), leads_to: None }));
        Some(Entry {
            size: Some(file.size),
            modified: Some(Timestamp(file.content.cast_signed())),
            tag: Some(tag),
            link,
            ..Entry::new(at.name(), kind)
        })
    }

    pub fn below(&self, text: &str) -> Vec<Uri> {
        let dir = uri(text);
        self.files.keys().filter(|at| dir.contains(at)).cloned().collect()
    }

    pub fn content(&self, text: &str) -> Option<u64> {
        self.files.get(&uri(text)).map(|file| file.content)
    }

    pub fn perform(&mut self, io: &Io, rng: &mut fastrand::Rng) -> Result<Reply> {
        self.log.push(io.clone());
        let fault = rng.u8(..100) < self.faults;
        let forgotten = rng.u8(..100) < self.forgets;
        let (before, kind) = match rng.u8(..8) {
            0 | 1 => (true, ErrorKind::Throttled),
            2 | 3 => (true, ErrorKind::Unavailable),
            4 => (true, ErrorKind::Denied),
            5 | 6 => (false, ErrorKind::Timeout),
            _ => {
                if fault {
                    self.interfere(io);
                }
                return self.really(io, forgotten);
            }
        };
        if !fault {
            return self.really(io, forgotten);
        }
        // What ends a sink always comes through in the end, or nobody could promise anything.
        if matches!(io, Io::Abort { .. }) {
            return self.really(io, forgotten);
        }
        // Whoever got no sink has none: what the service keeps of it can't be known.
        if !before && !matches!(io, Io::Create { .. } | Io::Resume { .. }) {
            self.really(io, true)?;
        }
        Err(VfsError::new(Op::Copy, io.place().clone(), kind, "a fault"))
    }

    /// Another client writes to what this is about.
    fn interfere(&mut self, io: &Io) {
        let at = match io {
            Io::Native { to, .. } => to.clone(),
            Io::Commit { at, .. } | Io::RemoveSource { at, .. } => at.clone(),
            Io::Part { from, .. } => from.clone(),
            _ => return,
        };
        self.next += 1;
        if let Some(file) = self.files.get_mut(&at) {
            self.replaced.insert(file.content);
            file.content = 1000 + self.next;
        }
    }

    fn fail(io: &Io, kind: ErrorKind) -> VfsError {
        VfsError::new(Op::Copy, io.place().clone(), kind, "as the world has it")
    }

    fn check(&self, io: &Io, at: &Uri, precondition: &Precondition) -> Result<()> {
        let there = self.entry(at);
        let holds = match precondition {
            Precondition::None => true,
            Precondition::Absent => there.is_none(),
            Precondition::Matches(tag) => there.is_some_and(|entry| entry.tag.as_ref() == Some(tag)),
        };
        if holds { Ok(()) } else { Err(Self::fail(io, ErrorKind::Conflict)) }
    }

    fn write(&mut self, to: &Uri, file: File) -> Entry {
        self.files.insert(to.clone(), file);
        self.entry(to).unwrap()
    }

    fn children(&self, dir: &Uri) -> Vec<Entry> {
        let mut rows: BTreeMap<(Name, Kind), Entry> = BTreeMap::new();
        let all = self.files.keys().map(|at| (at, true)).chain(self.dirs.iter().map(|at| (at, false)));
        for (at, is_file) in all.filter(|(at, _)| dir.contains(at)) {
            let (mut child, mut direct) = (at.clone(), true);
            while child != *dir && child.parent().is_some_and(|parent| parent != *dir) {
                child = child.parent().unwrap();
                direct = false;
            }
            let row = match (is_file && direct, child == *dir) {
                (true, true) => Entry { name: Name::default(), ..self.entry(at).unwrap() },
                (false, true) => continue,
                // A marker below shows as its prefix.
                (true, false) if at.as_s3().is_some_and(|s3| s3.key.ends_with('/')) => {
                    Entry::new(child.name(), Kind::Dir)
                }
                (true, false) => self.entry(at).unwrap(),
                (false, false) => Entry::new(child.name(), Kind::Dir),
            };
            rows.insert((row.name.clone(), row.kind), row);
        }
        rows.into_values().collect()
    }

    fn record_part(&mut self, source: &Uri, part: PartRecord) {
        let Some(Earlier { what: Left::Open(state, _), .. }) = self.journal.get_mut(source) else {
            panic!("a part of what isn't known to be open");
        };
        let twice = state.parts.iter().any(|known| known.offset == part.offset);
        assert!(!twice, "a part was sent though it was recorded");
        state.parts.push(part);
    }

    fn record_placed(&mut self, source: &Uri, entry: &Entry, target: &Uri, placed: &Placed) {
        let what = Left::Placed(Box::new(placed.clone()));
        let earlier = Earlier { entry: entry.clone(), target: target.clone(), what };
        self.journal.insert(source.clone(), earlier);
    }

    /// The program dies, or leaves: what is found again stays, all else is swept.
    pub fn leave(&mut self) {
        let open = std::mem::take(&mut self.sinks).into_values();
        self.left.extend(open.filter(|open| open.size > PART).map(|open| (open.id.clone(), open)));
    }

    fn resume(&mut self, io: &Io, item: ItemId, at: &Uri, state: &SinkState) -> Result<Reply> {
        let service = at.as_s3().is_some();
        if service && self.completed.contains(&state.id) && self.files.contains_key(at) {
            let open = Open { to: Some(at.clone()), complete: true, ..Open::default() };
            self.sinks.insert(item, open);
            return Ok(Reply::Resumed { layout: LAYOUT, parts: vec![], settled: true });
        }
        let mut open = self.left.remove(&state.id).ok_or_else(|| Self::fail(io, ErrorKind::NotFound))?;
        open.parts.retain(|offset, _| state.parts.iter().any(|part| part.offset == *offset));
        let parts = open.parts.iter().map(|(offset, (len, _))| (*offset, *len)).collect();
        self.sinks.insert(item, open);
        Ok(Reply::Resumed { layout: LAYOUT, parts, settled: false })
    }

    fn really(&mut self, io: &Io, forgotten: bool) -> Result<Reply> {
        let missing = || Self::fail(io, ErrorKind::NotFound);
        match io {
            Io::Relate { .. } => Ok(Reply::Relation(Relation::Apart)),
            Io::Page { page, at, .. } => {
                let rows = self.children(at);
                Ok(Reply::Page((*page == 0).then(|| Arc::new(rows))))
            }
            Io::MakeDir { at, .. } => {
                let there = !self.children(at).is_empty() || self.dirs.contains(at);
                if at.as_local().is_some() {
                    self.dirs.insert(at.clone());
                }
                Ok(Reply::Made { fresh: !there })
            }
            Io::Mark { at } => {
                self.next += 1;
                self.write(at, File { content: 5000 + self.next, size: 0, link: None });
                Ok(Reply::Done)
            }
            // Another file system: everything is copied.
            Io::Rename { .. } => Err(Self::fail(io, ErrorKind::Unsupported)),
            Io::Look { at } => Ok(Reply::Looked(self.entry(at))),
            Io::Resolve { link } => {
                let target = self.files.get(link).and_then(|file| file.link.clone()).ok_or_else(missing)?;
                let to = uri(&target);
                let entry = self.entry(&to).ok_or_else(missing)?;
                Ok(Reply::Resolved(to, entry))
            }
            Io::Link { at, target, precondition } => {
                self.check(io, at, precondition)?;
                let link = Some(target.to_lossy().into_owned());
                self.write(at, File { content: 0, size: 0, link });
                Ok(Reply::Done)
            }
            Io::Native { from, entry, to, precondition } => {
                self.check(io, from, &Precondition::Matches(entry.tag.clone().unwrap()))?;
                if from.as_s3().is_some()
                    && from.as_s3().map(|s3| &s3.bucket) == to.as_s3().map(|s3| &s3.bucket)
                {
                    return Ok(Reply::Native(None));
                }
                self.check(io, to, precondition)?;
                let file = self.files[from].clone();
                let placed = Box::new(Placed::by_size(self.write(to, file)));
                if !forgotten {
                    self.record_placed(from, entry, to, &placed);
                }
                Ok(Reply::Native(Some(placed)))
            }
            Io::Create { item, from, entry, at, hint, .. } => {
                self.next += 1;
                let (size, id) = (hint.size.unwrap(), format!("write {}", self.next));
                if size > PART {
                    let state =
                        SinkState { id: id.clone(), part_size: PART, size: Some(size), parts: vec![] };
                    let what = Left::Open(Box::new(state), hint.clone());
                    let earlier = Earlier { entry: (**entry).clone(), target: at.clone(), what };
                    self.journal.insert(from.clone(), earlier);
                }
                let open = Open { to: Some(at.clone()), size, id, ..Open::default() };
                assert!(self.sinks.insert(*item, open).is_none(), "two sinks of one file");
                Ok(Reply::Created { layout: LAYOUT, copies: hint.copies })
            }
            Io::Part { item, from, precondition, offset, len, .. }
            | Io::CopyPart { item, from, precondition, offset, len } => {
                self.check(io, from, precondition)?;
                let content = self.files[from].content;
                let open = self.sinks.get_mut(item).expect("an open sink");
                assert!(!open.complete, "a whole object needs no parts");
                open.parts.insert(*offset, (*len, content));
                if open.size > PART && !forgotten {
                    let part = PartRecord { offset: *offset, len: *len, tag: None, crc64: content };
                    self.record_part(from, part);
                }
                Ok(Reply::Done)
            }
            Io::Commit { item, at, precondition, source, .. } => {
                let reply = self.commit(io, *item, at, precondition)?;
                if let (Reply::Committed(placed), false) = (&reply, forgotten) {
                    self.record_placed(&source.0, &source.1, at, placed);
                }
                Ok(reply)
            }
            Io::Abort { item, from, .. } => {
                self.sinks.remove(item);
                self.journal.remove(from);
                Ok(Reply::Done)
            }
            Io::DressDir { .. } => Ok(Reply::Done),
            Io::Recall { source } => {
                Ok(Reply::Recalled(self.journal.get(source).cloned().into_iter().collect()))
            }
            Io::Recognize { from, at, .. } => {
                let content = |at: &Uri| self.files.get(at).map(|file| file.content);
                Ok(Reply::Recognized(content(from) == content(at)))
            }
            Io::Resume { item, at, state, .. } => self.resume(io, *item, at, state),
            Io::RemoveSource { at, entry, .. } => {
                self.entry(at).ok_or_else(missing)?;
                self.check(io, at, &Precondition::Matches(entry.tag.clone().unwrap()))?;
                self.files.remove(at);
                Ok(Reply::Done)
            }
            Io::Remove { at, .. } => self.files.remove(at).map(|_| Reply::Done).ok_or_else(missing),
            Io::RemoveMany { dir, removals } => {
                let outcomes = removals.iter().map(|removal| {
                    let at = dir.join(&removal.name, removal.kind);
                    self.files.remove(&at).map(|_| Removed::default()).ok_or_else(missing)
                });
                Ok(Reply::Removed(outcomes.collect()))
            }
            Io::RemoveDir { at, .. } => {
                if !self.children(at).is_empty() {
                    return Err(Self::fail(io, ErrorKind::NotEmpty));
                }
                self.dirs.remove(at).then_some(Reply::Done).ok_or_else(missing)
            }
        }
    }

    fn commit(&mut self, io: &Io, item: ItemId, at: &Uri, precondition: &Precondition) -> Result<Reply> {
        let Some(open) = self.sinks.get(&item) else { return Err(Self::fail(io, ErrorKind::Unsupported)) };
        if open.complete {
            let entry = self.entry(at).ok_or_else(|| Self::fail(io, ErrorKind::Unsupported))?;
            self.sinks.remove(&item);
            return Ok(Reply::Committed(Box::new(Placed::by_size(entry))));
        }
        assert_eq!(open.to.as_ref(), Some(at), "committed where it was begun");
        self.check(io, at, precondition)?;
        let open = self.sinks.remove(&item).unwrap();
        let mut end = 0;
        for (offset, (len, _)) in &open.parts {
            assert_eq!(*offset, end, "no hole");
            end += len;
        }
        assert_eq!(end, open.size, "whole");
        let mut contents: Vec<u64> = open.parts.values().map(|(_, content)| *content).collect();
        contents.dedup();
        assert!(contents.len() <= 1, "of one version");
        let content = contents.first().copied().unwrap_or(9999);
        let entry = self.write(at, File { content, size: open.size, link: None });
        self.completed.insert(open.id);
        Ok(Reply::Committed(Box::new(Placed::by_size(entry))))
    }

    /// Every content that was there before is there still, but for what somebody agreed to replace.
    pub fn check_nothing_lost(&self, before: &Self, from: &str, to: &str, kind: JobKind) {
        for (at, file) in &before.files {
            let now = self.files.get(at);
            let changed = now.is_some_and(|now| now.content >= 1000);
            if uri(from).contains(at) && now != Some(file) && !changed {
                assert_eq!(kind, JobKind::Move, "a copy keeps its source");
                let copies = self.below(to);
                let same = |copy: &Uri| self.files[copy].content == file.content || file.size == 0;
                let replaced = self.replaced.contains(&file.content);
                assert!(replaced || copies.iter().any(same), "{at} was removed and is nowhere");
            }
        }
        for at in self.below(to) {
            let file = &self.files[&at];
            let known = |other: &File| other.content == file.content && other.size == file.size;
            let own = file.content >= 1000;
            assert!(own || before.files.values().any(known), "{at} holds what was nowhere");
        }
    }
}
