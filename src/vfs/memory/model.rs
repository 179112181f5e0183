//! What each call means: pure functions on one ordered map.
//!
//! Full keys: `bucket/key` for S3, `path/of/file` for a disk. Whatever holds others (a bucket, a real
//! directory, the top, whose key is empty) ends in `/`; so does a marker, which is an object.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::{Attributes, Precondition};
use super::Flavour;
use crate::model::{ETag, Entry, ErrorKind, Kind, Link, Name, Tag, Timestamp};

/// Why something didn't happen.
pub(super) type Refusal = (ErrorKind, &'static str);
type Answer<T> = std::result::Result<T, Refusal>;

const MISSING: Refusal = (ErrorKind::NotFound, "there is nothing of that name");
const CHANGED: Refusal = (ErrorKind::Conflict, "it isn't what it was");
const IN_THE_WAY: Refusal = (ErrorKind::AlreadyExists, "something of that name is there");
const NOT_EMPTY: Refusal = (ErrorKind::NotEmpty, "it isn't empty");
const NO_PARENT: Refusal = (ErrorKind::NotFound, "the directory above isn't there");
const NOT_A_DIR: Refusal = (ErrorKind::NotADirectory, "it is a file");
const NO_BYTES: Refusal = (ErrorKind::Unsupported, "it has no bytes of its own");

/// One thing of the map.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A bucket or a real directory; its number stands for an inode.
    Dir(u64),
    File(Box<Object>),
    Link(Name, u64),
}

/// The content of a file or an object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub bytes: Bytes,
    pub attributes: Attributes,
    pub modified: Timestamp,
    pub serial: u64,
}

/// A write under way.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub size: Option<u64>,
    pub attributes: Attributes,
    pub parts: BTreeMap<u64, Bytes>,
}

#[derive(Debug)]
pub(super) struct Model {
    flavour: Flavour,
    nodes: BTreeMap<Vec<u8>, Node>,
    serial: u64,
    pub uploads: BTreeMap<String, Upload>,
}

/// The key under which a directory holds its children.
pub(super) fn as_dir(key: &[u8]) -> Vec<u8> {
    let slash: &[u8] = if key.is_empty() || key.ends_with(b"/") { b"" } else { b"/" };
    [key, slash].concat()
}

fn parent_of(key: &[u8]) -> &[u8] {
    let body = key.strip_suffix(b"/").unwrap_or(key);
    &key[..body.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1)]
}

fn split(key: &[u8]) -> (Name, &[u8]) {
    let (dir, name) = key.split_at(key.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1));
    (Name::from(name), dir)
}

fn last_name(key: &[u8]) -> Name {
    let body = key.strip_suffix(b"/").unwrap_or(key);
    Name::from(&body[parent_of(key).len()..])
}

/// Whether `now` is what was asked for.
fn check(precondition: &Precondition, now: Option<&Tag>) -> Answer<()> {
    let holds = match precondition {
        Precondition::None => true,
        Precondition::Absent => now.is_none(),
        Precondition::Matches(tag) => now == Some(tag),
    };
    if holds { Ok(()) } else { Err(CHANGED) }
}

impl Model {
    pub fn new(flavour: Flavour) -> Self {
        let nodes = BTreeMap::from([(Vec::new(), Node::Dir(0))]);
        Self { flavour, nodes, serial: 0, uploads: BTreeMap::new() }
    }

    fn is_disk(&self) -> bool {
        self.flavour == Flavour::Disk
    }

    pub fn next(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// The clock: one second a write, from 2026-01-01 on.
    pub fn now(&self) -> Timestamp {
        Timestamp(1_767_225_600_000 + i64::try_from(self.serial).unwrap_or(i64::MAX / 2_000) * 1_000)
    }

    /// The key under which the thing of this name is held: on a disk a name is a directory's or a file's.
    fn held(&self, key: &[u8]) -> Option<Vec<u8>> {
        let dir = as_dir(key);
        let keys = if self.is_disk() { [dir, key.to_vec()] } else { [key.to_vec(), key.to_vec()] };
        keys.into_iter().find(|key| self.nodes.contains_key(key))
    }

    pub fn node(&self, key: &[u8]) -> Option<&Node> {
        self.held(key).and_then(|key| self.nodes.get(&key))
    }

    pub fn object(&self, key: &[u8]) -> Option<&Object> {
        match self.node(key) {
            Some(Node::File(object)) => Some(object),
            _ => None,
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.nodes.keys().filter(|key| !key.is_empty())
    }

    fn below<'a>(&'a self, dir: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Node)> {
        let from = self.nodes.range(dir.to_vec()..);
        from.take_while(move |(key, _)| key.starts_with(dir)).filter(move |(key, _)| !key.is_empty())
    }

    // Reading.

    /// The rows of a directory.
    pub fn list(&self, key: &[u8]) -> Answer<Vec<Entry>> {
        let dir = as_dir(key);
        self.check_dir(key, &dir)?;
        let mut rows: Vec<Entry> = Vec::new();
        for (key, node) in self.below(&dir) {
            let rest = &key[dir.len()..];
            let row = match rest.iter().position(|byte| *byte == b'/') {
                Some(at) => self.dir_row(&dir, &rest[..at]),
                None if rest.is_empty() && matches!(node, Node::Dir(_)) => continue,
                None => self.row(Name::from(rest), node, &dir),
            };
            if rows.last().map(Entry::id) != Some(row.id()) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn check_dir(&self, key: &[u8], dir: &[u8]) -> Answer<()> {
        if self.nodes.contains_key(dir) || (!self.is_disk() && self.below(dir).next().is_some()) {
            return Ok(());
        }
        let file = self.is_disk() && self.node(key).is_some();
        Err(if file { NOT_A_DIR } else { MISSING })
    }

    fn dir_row(&self, dir: &[u8], name: &[u8]) -> Entry {
        let key = [dir, name, b"/"].concat();
        match self.nodes.get(&key) {
            Some(node @ Node::Dir(_)) => self.row(Name::from(name), node, dir),
            _ => Entry::new(Name::from(name), Kind::Dir),
        }
    }

    fn row(&self, name: Name, node: &Node, dir: &[u8]) -> Entry {
        let tag = self.tag(node);
        let kind = match node {
            Node::Dir(_) if self.is_disk() => Kind::Dir,
            Node::Dir(_) => Kind::Bucket,
            Node::File(_) => Kind::File,
            Node::Link(..) => Kind::Symlink,
        };
        let mut row = Entry { tag, ..Entry::new(name, kind) };
        match node {
            Node::Dir(_) => {}
            Node::File(object) => {
                row.size = Some(object.bytes.len() as u64);
                row.modified = Some(object.modified);
                row.class = object.attributes.class.clone().filter(|class| !class.is_standard());
                row.mode = object.attributes.mode.filter(|_| self.is_disk());
            }
            Node::Link(target, _) => {
                let leads_to = self.follow(dir, target, 40).map(|(_, kind)| kind);
                row.link = Some(Box::new(Link { target: target.clone(), leads_to }));
            }
        }
        row
    }

    /// The row of a thing as its parent's listing has it.
    pub fn entry_of(&self, key: &[u8]) -> Option<Entry> {
        let held = self.held(key)?;
        let node = self.nodes.get(&held)?;
        let (name, dir) = match node {
            Node::Dir(_) => (last_name(&held), parent_of(&held)),
            // A marker's name is the empty one: what follows its last slash.
            _ => split(&held),
        };
        Some(self.row(name, node, dir))
    }

    pub fn stat(&self, key: &[u8]) -> Answer<Entry> {
        self.entry_of(key).ok_or(MISSING)
    }

    pub fn tag_of(&self, key: &[u8]) -> Option<Tag> {
        self.node(key).and_then(|node| self.tag(node))
    }

    fn tag(&self, node: &Node) -> Option<Tag> {
        let serial = match node {
            Node::File(object) if !self.is_disk() => return Some(etag(&object.bytes)),
            Node::File(object) => object.serial,
            Node::Dir(_) if !self.is_disk() => return None,
            Node::Dir(serial) | Node::Link(_, serial) => *serial,
        };
        Some(Tag::File { dev: 0, ino: serial, mtime_ns: 0 })
    }

    pub fn read(&self, key: &[u8], precondition: &Precondition) -> Answer<Bytes> {
        match self.node(key).ok_or(MISSING)? {
            Node::File(object) => {
                check(precondition, self.tag_of(key).as_ref())?;
                Ok(object.bytes.clone())
            }
            Node::Dir(_) | Node::Link(..) => Err(NO_BYTES),
        }
    }

    /// What a link in the directory `dir` leads to in the end: its key and kind.
    pub fn follow(&self, dir: &[u8], target: &Name, hops: u32) -> Option<(Vec<u8>, Kind)> {
        let mut at: Vec<u8> = if target.as_bytes().starts_with(b"/") { Vec::new() } else { dir.to_vec() };
        for part in target.as_bytes().split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => at = parent_of(&at).to_vec(),
                name => at = [&as_dir(&at), name].concat(),
            }
        }
        let held = self.held(&at)?;
        match self.nodes.get(&held)? {
            Node::Dir(_) => Some((at, Kind::Dir)),
            Node::File(_) => Some((at, Kind::File)),
            Node::Link(next, _) if hops > 0 => self.follow(parent_of(&held), next, hops - 1),
            Node::Link(..) => None,
        }
    }

    // Writing.

    fn check_parent(&self, key: &[u8]) -> Answer<()> {
        let bucket_end = key.iter().position(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let parent = if self.is_disk() { parent_of(key) } else { &key[..bucket_end] };
        if self.nodes.contains_key(parent) { Ok(()) } else { Err(NO_PARENT) }
    }

    /// Whether a new thing that isn't a directory may stand at `key`, in place of what is there.
    pub fn check_place(&self, key: &[u8], precondition: &Precondition) -> Answer<()> {
        self.check_parent(key)?;
        if matches!(self.node(key), Some(Node::Dir(_))) {
            return Err(IN_THE_WAY);
        }
        check(precondition, self.tag_of(key).as_ref())
    }

    pub fn put(
        &mut self,
        key: &[u8],
        bytes: Bytes,
        attributes: Attributes,
        precondition: &Precondition,
    ) -> Answer<Entry> {
        self.check_place(key, precondition)?;
        let serial = self.next();
        let kept = attributes.modified.filter(|_| self.is_disk());
        let modified = kept.unwrap_or_else(|| self.now());
        self.nodes.insert(key.to_vec(), Node::File(Box::new(Object { bytes, attributes, modified, serial })));
        self.stat(key)
    }

    pub fn symlink(&mut self, key: &[u8], target: &Name) -> Answer<()> {
        self.check_parent(key)?;
        if self.node(key).is_some() {
            return Err(IN_THE_WAY);
        }
        let serial = self.next();
        self.nodes.insert(key.to_vec(), Node::Link(target.clone(), serial));
        Ok(())
    }

    /// Makes a directory, a bucket, or a prefix's marker.
    pub fn mkdir(&mut self, key: &[u8]) -> Answer<()> {
        let dir = as_dir(key);
        let holder = self.is_disk() || parent_of(&dir).is_empty();
        if self.node(&dir).is_some() || (self.is_disk() && self.node(key).is_some()) {
            return Err(IN_THE_WAY);
        }
        if !holder {
            return self.put(&dir, Bytes::new(), Attributes::default(), &Precondition::Absent).map(drop);
        }
        if !self.nodes.contains_key(parent_of(&dir)) {
            return Err(NO_PARENT);
        }
        let serial = self.next();
        self.nodes.insert(dir, Node::Dir(serial));
        Ok(())
    }

    pub fn remove(&mut self, key: &[u8], precondition: &Precondition) -> Answer<()> {
        let held = self.held(key).ok_or(MISSING)?;
        check(precondition, self.tag_of(key).as_ref())?;
        if matches!(self.nodes.get(&held), Some(Node::Dir(_))) && self.below(&held).count() > 1 {
            return Err(NOT_EMPTY);
        }
        self.nodes.remove(&held);
        self.serial += 1;
        Ok(())
    }

    /// Gives a thing, with all below it, another name. On a disk only.
    pub fn rename(&mut self, from: &[u8], to: &[u8], precondition: &Precondition) -> Answer<()> {
        let held = self.held(from).ok_or(MISSING)?;
        self.check_parent(to)?;
        let is_dir = held.ends_with(b"/");
        let new = if is_dir { as_dir(to) } else { to.to_vec() };
        if new == held {
            return Err((ErrorKind::Invalid, "it is called so already"));
        }
        if is_dir && new.starts_with(&held) {
            return Err((ErrorKind::Invalid, "a directory can't go into itself"));
        }
        self.check_place(to, precondition)?;
        if is_dir && self.node(to).is_some() {
            return Err(IN_THE_WAY);
        }
        let moved: Vec<Vec<u8>> =
            if is_dir { self.below(&held).map(|(key, _)| key.clone()).collect() } else { vec![held.clone()] };
        for key in moved {
            if let Some(node) = self.nodes.remove(&key) {
                self.nodes.insert([&new, &key[held.len()..]].concat(), node);
            }
        }
        Ok(())
    }

    // By another hand.

    pub fn seed_dirs(&mut self, dir: &[u8]) {
        let slashes = dir.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at + 1);
        let deep = if self.is_disk() { usize::MAX } else { 1 };
        for end in slashes.take(deep).collect::<Vec<_>>() {
            let serial = self.next();
            self.nodes.entry(dir[..end].to_vec()).or_insert(Node::Dir(serial));
        }
        if !self.is_disk() && !self.nodes.contains_key(dir) {
            self.seed(dir, Bytes::new());
        }
    }

    pub fn seed(&mut self, key: &[u8], bytes: Bytes) {
        let bucket_end = key.iter().position(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let dirs = if self.is_disk() { parent_of(key).to_vec() } else { key[..bucket_end].to_vec() };
        self.seed_dirs(&dirs);
        let serial = self.next();
        let modified = self.now();
        let object = Object { bytes, attributes: Attributes::default(), modified, serial };
        self.nodes.insert(key.to_vec(), Node::File(Box::new(object)));
    }

    pub fn forget(&mut self, key: &[u8]) {
        self.nodes.remove(key);
    }

    pub fn change(&mut self, key: &[u8], change: impl FnOnce(&mut Object)) {
        if let Some(Node::File(object)) = self.nodes.get_mut(key) {
            change(object);
        }
    }
}

/// A tag that, as S3's, depends on the bytes alone.
fn etag(bytes: &Bytes) -> Tag {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    Tag::ETag(ETag::new(&format!("{:016x}{crc:016x}", bytes.len())))
}
