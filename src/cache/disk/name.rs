//! What a file of the caches is called: [`FileName`].

use std::fmt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// The name of a file: a SHA-256 of what it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName([u8; 32]);

impl FileName {
    /// The name for these parts. Their lengths count, too, so that no two lists of parts have one name.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The name in these bytes of the index.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The name in this text of 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes().as_chunks::<2>().0;
        let plain = text.len() == 64 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.iter().map_while(byte).collect();
        if plain { Self::from_bytes(&bytes) } else { None }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Where it is below the directory of its layer: `<2 digits>/<all digits>`.
    pub fn path(&self) -> PathBuf {
        let text = self.to_string();
        PathBuf::from(&text[..2]).join(text)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name = FileName::of(&[b"a", b"b"]);
        assert_eq!(FileName::parse(&name.to_string()), Some(name));
        assert_ne!(FileName::of(&[b"ab"]), name);
        for other in ["", "zz", &"A".repeat(64), &"0".repeat(63), &format!("{name}0")] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
        assert!(name.path().starts_with(&name.to_string()[..2]));
    }
}
