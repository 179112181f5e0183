//! Which names a local disk can hold.

use crate::model::Name;

/// The longest name, in bytes, on every file system in common use.
pub(super) const MAX_NAME: usize = 255;

/// Why no file can be called so; `None` when one can.
pub(super) fn why_not(name: &Name) -> Option<&'static str> {
    match name.as_bytes() {
        b"" => Some("a local file can't have the empty name"),
        b"." | b".." => Some("\".\" and \"..\" are taken on a local disk"),
        bytes if bytes.contains(&b'/') => Some("a local name can't hold a slash"),
        bytes if bytes.contains(&0) => Some("a local name can't hold a NUL byte"),
        bytes if bytes.len() > MAX_NAME => Some("a local name can't be longer than 255 bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_held() {
        for name in ["a", "...", " ", "a\nb", "é", "-rf"] {
            assert_eq!(why_not(&Name::from(name)), None, "{name:?}");
        }
        for name in ["", ".", "..", "a/b", "/", "a\0b", &"x".repeat(256)] {
            assert!(why_not(&Name::from(name)).is_some(), "{name:?}");
        }
        assert_eq!(why_not(&Name::from(&b"\xff\xfe"[..])), None);
        assert_eq!(why_not(&Name::from("x".repeat(255).as_str())), None);
    }
}
