//! As much of Thrift's compact protocol as it takes to look at Parquet's headers before a library trusts
//! them: how deep a schema is, and how large a page claims to become.

use std::io;

/// A place in bytes of the compact protocol.
pub struct Compact<'a> {
    bytes: &'a [u8],
}

/// The deepest that structures are skipped.
const DEEPEST: u32 = 32;

const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl<'a> Compact<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.bytes.split_first().ok_or_else(damaged)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    /// A number with its sign folded into the lowest bit.
    fn signed(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn pass(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| damaged())?;
        self.bytes = self.bytes.get(len..).ok_or_else(damaged)?;
        Ok(())
    }

    /// The next field of a structure: its number and its type; `None` at the end.
    fn field(&mut self, last: &mut i64) -> io::Result<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        *last = match head >> 4 {
            0 => self.signed()?,
            more => *last + i64::from(more),
        };
        Ok(Some(head & 15))
    }

    fn list(&mut self) -> io::Result<(u8, u64)> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.number()?,
            len => len.into(),
        };
        Ok((head & 15, len))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(damaged());
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.pass(1),
            4..=6 => self.number().map(|_| ()),
            7 => self.pass(8),
            8 => self.number().and_then(|len| self.pass(len)),
            LIST | 10 => {
                let (kind, len) = self.list()?;
                (0..len).try_for_each(|_| self.element(kind, depth + 1))
            }
            STRUCT => {
                let mut last = 0;
                while let Some(kind) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
            _ => Err(damaged()),
        }
    }

    /// A value in a list: there even a truth takes a byte.
    fn element(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if matches!(kind, 1 | 2) { self.pass(1) } else { self.skip(kind, depth) }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its metadata is damaged")
}

/// The columns and the depth of a Parquet footer's schema.
pub fn schema(footer: &[u8]) -> io::Result<(u64, usize)> {
    let mut at = Compact::new(footer);
    let mut last = 0;
    while let Some(kind) = at.field(&mut last)? {
        if last == 2 && kind == LIST {
            return elements(&mut at);
        }
        at.skip(kind, 0)?;
    }
    Err(damaged())
}

fn elements(at: &mut Compact<'_>) -> io::Result<(u64, usize)> {
    let (kind, len) = at.list()?;
    if kind != STRUCT {
        return Err(damaged());
    }
    let (mut open, mut deepest) = (Vec::<i64>::new(), 0);
    for _ in 0..len {
        let children = children(at)?;
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            open.push(children);
        }
        deepest = deepest.max(open.len());
        while open.last().is_some_and(|left| *left <= 0) {
            open.pop();
        }
    }
    Ok((len, deepest))
}

/// The children of the schema's element that begins here.
fn children(at: &mut Compact<'_>) -> io::Result<i64> {
    let (mut last, mut children) = (0, 0);
    while let Some(kind) = at.field(&mut last)? {
        if last == 5 && kind == 5 {
            children = at.signed()?;
        } else {
            at.skip(kind, 0)?;
        }
    }
    Ok(children)
}

/// The bytes that a page claims to have when it is unpacked, by its header.
pub fn unpacked(header: &[u8]) -> io::Result<i64> {
    let mut at = Compact::new(header);
    let mut last = 0;
    while let Some(kind) = at.field(&mut last)? {
        if last == 2 && kind == 5 {
            return at.signed();
        }
        at.skip(kind, 0)?;
    }
    Err(damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema is a chain of groups, each in the one before.
    fn chain(depth: u8) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xf0 | STRUCT, depth];
        for _ in 0..depth {
            bytes.extend([0x48, 1, b'a', 0x15, 2, 0]);
        }
        bytes
    }

    #[test]
    fn a_chain_of_groups_is_as_deep_as_it_is_long() {
        assert_eq!(schema(&chain(100)).unwrap(), (100, 100));
        assert!(schema(&chain(100)[..50]).is_err());
    }

    #[test]
    fn a_page_tells_its_size() {
        assert_eq!(unpacked(&[0x15, 0, 0x15, 0xc8, 1, 0]).unwrap(), 100);
        assert!(unpacked(&[0x15]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = (schema(&bytes), unpacked(&bytes));
        }
    }
}
