//! Which thing a location means, whatever it is called: [`Identity`].

use std::hash::{Hash, Hasher};

/// Which thing a location means. Two are equal when they are the same thing.
///
/// A thing that isn't there yet is told by its nearest parent that is, and the names from there on.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Device and inode, or endpoint and bucket.
    pub place: Place,
    /// The names from there on: a key on S3 (with its slashes as they are), path parts locally.
    pub below: Vec<u8>,
    /// The directories that hold it, nearest first, where they are things of their own.
    pub above: Vec<Place>,
}

/// The part of an [`Identity`] that doesn't depend on names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Place {
    Inode { dev: u64, ino: u64 },
    Bucket { endpoint: String, bucket: String },
    Memory { id: usize },
}

impl Identity {
    /// A place and the names below it.
    pub fn new(place: Place, below: impl Into<Vec<u8>>) -> Self {
        Self { place, below: below.into(), above: Vec::new() }
    }

    /// Whether this lies in `dir`, at any depth. Nothing lies in itself.
    pub fn is_inside(&self, dir: &Self) -> bool {
        let named = self.place == dir.place && is_below(&self.below, &dir.below);
        named || (dir.below.is_empty() && self.above.contains(&dir.place))
    }
}

/// Whether the path or key `it` lies below the path, or prefix with its slash, `dir`.
fn is_below(it: &[u8], dir: &[u8]) -> bool {
    match it.strip_prefix(dir) {
        Some([]) | None => false,
        Some(rest) => dir.is_empty() || dir.ends_with(b"/") || rest[0] == b'/',
    }
}

impl PartialEq for Identity {
    /// The directories above don't count: a hard link is the same thing in another directory.
    fn eq(&self, other: &Self) -> bool {
        (&self.place, &self.below) == (&other.place, &other.below)
    }
}

impl Eq for Identity {}

impl Hash for Identity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.place, &self.below).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ino: u64, below: &str, above: &[u64]) -> Identity {
        let place = |ino| Place::Inode { dev: 1, ino };
        let above = above.iter().map(|ino| place(*ino)).collect();
        Identity { above, ..Identity::new(place(ino), below) }
    }

    #[test]
    fn inside_goes_by_whole_names() {
        assert!(at(1, "a/b", &[]).is_inside(&at(1, "a", &[])));
        assert!(at(1, "a/b", &[]).is_inside(&at(1, "a/", &[])));
        assert!(at(1, "a", &[]).is_inside(&at(1, "", &[])));
        assert!(!at(1, "ab", &[]).is_inside(&at(1, "a", &[])));
        assert!(!at(1, "a", &[]).is_inside(&at(1, "a", &[])));
        assert!(!at(2, "a/b", &[]).is_inside(&at(1, "a", &[])));
    }

    #[test]
    fn inside_goes_by_the_directories_above() {
        assert!(at(3, "new", &[2, 1]).is_inside(&at(1, "", &[])));
        assert!(!at(3, "", &[2]).is_inside(&at(1, "", &[])));
        assert!(!at(3, "new", &[1]).is_inside(&at(1, "missing", &[])));
    }

    #[test]
    fn a_hard_link_is_the_same_thing() {
        assert_eq!(at(7, "", &[1]), at(7, "", &[2]));
    }
}
