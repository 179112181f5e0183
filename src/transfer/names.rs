//! Which names a destination can hold, and free names beside taken ones.

use std::collections::HashSet;

use crate::model::{Kind, Name, Uri};
use crate::vfs::Caps;

/// Why `name` can't stand in a place of these capabilities, in words; `None` where it can.
///
/// `target` is the location that it would become: on S3 the whole key counts. Nothing that passes can
/// lead out of the directory that it is joined to.
pub fn refusal(name: &Name, target: &Uri, caps: &Caps) -> Option<String> {
    let bytes = name.as_bytes();
    if bytes.contains(&b'/') {
        return Some("the name has a slash in it".into());
    }
    if caps.utf8_names && name.as_str().is_none() {
        return Some("the name is not UTF-8, which keys have to be".into());
    }
    if caps.real_dirs {
        return disk_refusal(bytes, caps);
    }
    let key = target.as_s3().map_or(bytes.len(), |s3| s3.key.len());
    too_long("key", key, caps.max_name)
}

fn disk_refusal(bytes: &[u8], caps: &Caps) -> Option<String> {
    match bytes {
        b"" => Some("the name is empty, which a disk can't hold".into()),
        b"." | b".." => Some("the name means another directory on a disk".into()),
        _ if bytes.contains(&0) => Some("the name has a NUL in it, which a disk can't hold".into()),
        _ => too_long("name", bytes.len(), caps.max_name),
    }
}

fn too_long(what: &str, len: usize, most: usize) -> Option<String> {
    (len > most).then(|| format!("the {what} has {len} bytes; the destination takes {most}"))
}

/// The names that a directory of the plan takes at its destination.
///
/// Only kept where two names of the source can become one: an object `a` beside a prefix `a/`, or `A`
/// beside `a` on a case-blind disk.
#[derive(Debug, Default)]
pub struct Taken {
    seen: Option<HashSet<Box<[u8]>>>,
    fold: bool,
}

impl Taken {
    /// An empty set, for what goes from a place to another.
    pub fn new(from: &Caps, to: &Caps) -> Self {
        let needed = to.case_blind || (from.file_beside_dir && !to.file_beside_dir);
        Self { seen: needed.then(HashSet::new), fold: to.case_blind }
    }

    /// Takes a name; `false` where another of the plan has it already.
    pub fn take(&mut self, name: &Name) -> bool {
        let Some(seen) = &mut self.seen else { return true };
        let key = if self.fold {
            name.to_lossy().to_lowercase().into_bytes().into_boxed_slice()
        } else {
            name.as_bytes().into()
        };
        seen.insert(key)
    }
}

/// The `n`th name beside a taken one: `a (2).txt`.
pub fn beside(name: &Name, n: u32) -> Name {
    let bytes = name.as_bytes();
    let dot = bytes.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0).unwrap_or(bytes.len());
    let mut new = bytes[..dot].to_vec();
    new.extend_from_slice(format!(" ({n})").as_bytes());
    new.extend_from_slice(&bytes[dot..]);
    Name::from(&new[..])
}

/// The location of a name in the directory that holds `uri`.
pub fn sibling(uri: &Uri, name: &Name) -> Option<Uri> {
    uri.parent().map(|dir| dir.join(name, Kind::File))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::testing::{disk, service};

    fn refused(name: &[u8], caps: &Caps) -> bool {
        let name = Name::from(name);
        refusal(&name, &Uri::Local("/to".into()).join(&name, Kind::File), caps).is_some()
    }

    #[test]
    fn a_disk_refuses_what_leads_elsewhere_or_nowhere() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/abs", b"a\0b", &[b'x'; 256]] {
            assert!(refused(name, &disk()), "{name:?}");
        }
        for name in [&b"a"[..], b"...", b"C:", b"\xff\xfe", b"a\nb", &[b'x'; 255]] {
            assert!(!refused(name, &disk()), "{name:?}");
        }
    }

    #[test]
    fn a_key_is_measured_whole() {
        let dir = Uri::S3(crate::model::S3Uri::new("s3", "b", &"d/".repeat(500)));
        let fits = |len: usize| {
            let name = Name::from("x".repeat(len).as_str());
            refusal(&name, &dir.join(&name, Kind::File), &service()).is_none()
        };
        assert!(fits(24));
        assert!(!fits(25));
        assert!(refused(b"\xff", &service()));
    }

    #[test]
    fn names_beside_keep_their_ending() {
        let beside = |name: &str| beside(&Name::from(name), 2).to_lossy().into_owned();
        assert_eq!(beside("a.txt"), "a (2).txt");
        assert_eq!(beside("a"), "a (2)");
        assert_eq!(beside(".bashrc"), ".bashrc (2)");
    }

    #[test]
    fn one_name_is_taken_once_where_two_would_collide() {
        let mut taken = Taken::new(&service(), &disk());
        assert!(taken.take(&"a".into()) && !taken.take(&"a".into()) && taken.take(&"A".into()));
        let mut blind = Taken::new(&disk(), &Caps { case_blind: true, ..disk() });
        assert!(blind.take(&"a".into()) && !blind.take(&"A".into()));
        let mut apart = Taken::new(&service(), &service());
        assert!(apart.take(&"a".into()) && apart.take(&"a".into()));
    }

    proptest! {
        #[test]
        fn what_passes_stays_inside(name in proptest::collection::vec(any::<u8>(), 0..300)) {
            let dir = Uri::Local("/to/here".into());
            let name = Name::from(&name[..]);
            let target = dir.join(&name, Kind::File);
            if refusal(&name, &target, &disk()).is_none() {
                prop_assert_eq!(target.parent(), Some(dir));
                prop_assert_eq!(target.name(), name);
            }
        }
    }
}
