//! The members of an archive as directories: [`Tree`].

use std::collections::HashMap;
use std::io;

use super::contents::{Data, MOST_PATH, Member};
use crate::model::{ETag, Entry, Kind, Link, Name, Tag};

/// The most bytes of all paths, those of directories that are only implied included.
const MOST_HELD: usize = 256 << 20;

/// A thing in an archive.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub entry: Entry,
    pub data: Data,
}

/// All that is in an archive, by its path: directories end in `/`, the root is the empty path.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: HashMap<Vec<u8>, Node>,
    rows: HashMap<Vec<u8>, Vec<Vec<u8>>>,
    held: usize,
}

impl Tree {
    /// Builds it. Of two members of one path and kind the later one counts, as it does for those who unpack.
    ///
    /// # Errors
    /// `FileTooLarge` where its paths are too long.
    pub fn of(members: Vec<Member>, tag: Option<&str>) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.rows.insert(Vec::new(), Vec::new());
        for member in members {
            tree.add(member, tag)?;
        }
        Ok(tree)
    }

    /// A thing by its path; a directory also without its `/`.
    pub fn get(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(path).or_else(|| self.nodes.get(&[path, b"/"].concat()))
    }

    /// The rows of a directory, in the order of the archive; `None` where there is no such directory.
    pub fn list(&self, dir: &[u8]) -> Option<Vec<Entry>> {
        let paths = self.rows.get(dir)?;
        Some(paths.iter().filter_map(|path| Some(self.nodes.get(path)?.entry.clone())).collect())
    }

    fn add(&mut self, member: Member, tag: Option<&str>) -> io::Result<()> {
        let Some(path) = settled(&member.path, member.kind.is_dir()) else { return Ok(()) };
        if path.len() > MOST_PATH {
            return Err(too_large("a path in it is too long"));
        }
        self.add_above(&path)?;
        let (mut size, mut data) = (member.size, member.data);
        if data == Data::Same {
            let first = member.link.as_deref().and_then(|link| settled(link, false));
            let first =
                first.and_then(|path| self.nodes.get(&path)).filter(|node| node.entry.kind == Kind::File);
            (size, data) = match first {
                Some(node) => (node.entry.size.unwrap_or(0), node.data.clone()),
                None => (0, Data::Unreadable("it is a hard link to a member that isn't in the archive")),
            };
        }
        let mut entry = Entry::new(Name::from(last(&path)), member.kind);
        entry.size = (member.kind == Kind::File).then_some(size);
        entry.modified = member.modified;
        entry.mode = member.mode;
        entry.tag = tag_of(&data, size, tag);
        if member.kind == Kind::Symlink {
            let target = Name::from(&member.link.unwrap_or_default()[..]);
            entry.link = Some(Box::new(Link { target, leads_to: None }));
        }
        self.put(path, Node { entry, data })
    }

    /// The directories above a path, where no member told of them.
    fn add_above(&mut self, path: &[u8]) -> io::Result<()> {
        let body = path.strip_suffix(b"/").unwrap_or(path);
        let mut missing = Vec::new();
        for at in (0..body.len()).rev().filter(|at| body[*at] == b'/') {
            if self.nodes.contains_key(&body[..=at]) {
                break;
            }
            missing.push(at);
        }
        for at in missing.into_iter().rev() {
            let dir = body[..=at].to_vec();
            let entry = Entry::new(Name::from(last(&dir)), Kind::Dir);
            self.put(dir, Node { entry, data: Data::None })?;
        }
        Ok(())
    }

    fn put(&mut self, path: Vec<u8>, node: Node) -> io::Result<()> {
        self.held += path.len() * 3 + size_of::<Node>();
        if self.held > MOST_HELD {
            return Err(too_large("its paths take too much memory"));
        }
        if node.entry.kind.is_dir() {
            self.rows.entry(path.clone()).or_default();
        }
        // A file, a link and a directory of one name are three; two files are one.
        if self.nodes.insert(path.clone(), node).is_none() {
            let above = above(&path).to_vec();
            self.rows.entry(above).or_default().push(path);
        }
        Ok(())
    }
}

fn too_large(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// A member's path as this tree has it: `.` names nothing, everything else is a name. `None` for the root.
fn settled(path: &[u8], dir: bool) -> Option<Vec<u8>> {
    let body = path.strip_suffix(b"/").unwrap_or(path);
    let names: Vec<&[u8]> = body.split(|byte| *byte == b'/').filter(|name| *name != b".").collect();
    let mut path = names.join(&b'/');
    if path.is_empty() {
        return None;
    }
    if dir {
        path.push(b'/');
    }
    Some(path)
}

fn above(path: &[u8]) -> &[u8] {
    let body = path.strip_suffix(b"/").unwrap_or(path);
    body.iter().rposition(|byte| *byte == b'/').map_or(b"", |at| &body[..=at])
}

fn last(path: &[u8]) -> &[u8] {
    let body = path.strip_suffix(b"/").unwrap_or(path);
    body.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// What tells a member's content: the archive's own tag, and where in it. Without the former nothing does.
fn tag_of(data: &Data, size: u64, outer: Option<&str>) -> Option<Tag> {
    let outer = outer?;
    let at = match data {
        Data::At(at) => *at,
        Data::Zip(zipped) => zipped.header,
        _ => return None,
    };
    Some(Tag::ETag(ETag::new(&format!("{outer}/{at:x}/{size:x}"))))
}
