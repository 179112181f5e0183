//! As much of Thrift's compact protocol as it takes to look at Parquet's metadata before a library trusts it.
//!
//! The library reads a field that it knows as what it should be, whatever type is written before it, and of a
//! field that comes twice the one or the other. Whoever looked by what is written would see another thing than
//! it does. So a [walk](Compact::walk) knows the same fields, holds each to its type and to coming once, and
//! takes nothing that the two could read differently.

use std::io;

/// What a field holds.
#[derive(Debug)]
pub enum Type {
    Truth,
    Byte,
    Short,
    Int,
    Long,
    Double,
    Bytes,
    List(&'static Self),
    Struct(&'static Struct),
}

/// The fields of a structure that the library knows, by their numbers.
#[derive(Debug)]
pub struct Struct {
    pub of: Of,
    /// The bytes of memory that the library takes for one, without its texts.
    pub held: usize,
    pub fields: &'static [(i16, Type)],
}

/// Which structure it is, where that matters to whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Other,
    Element,
    Page,
    Data,
    Data2,
    Dictionary,
}

/// Hears each field that is known, with its number; the structure itself after them, as number 0. The value is
/// that of a number, the length of bytes or of a list, and 1 for a truth that is one.
pub type Heard<'a> = &'a mut dyn FnMut(&'static Struct, i16, i64) -> io::Result<()>;

const STRUCT: u8 = 12;

/// The deepest that unknown structures are skipped.
const DEEPEST: u32 = 32;

/// A place in bytes of the compact protocol.
pub struct Compact<'a> {
    bytes: &'a [u8],
    /// The members of all lists so far.
    pub members: usize,
}

impl Type {
    /// Whether this is how it is written.
    fn is_written(&self, kind: u8) -> bool {
        match self {
            Self::Truth => matches!(kind, 1 | 2),
            Self::Byte => kind == 3,
            Self::Short => kind == 4,
            Self::Int => kind == 5,
            Self::Long => kind == 6,
            Self::Double => kind == 7,
            Self::Bytes => kind == 8,
            Self::List(_) => kind == 9,
            Self::Struct(_) => kind == STRUCT,
        }
    }
}

impl<'a> Compact<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, members: 0 }
    }

    /// The bytes that are left.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.bytes.split_first().ok_or_else(ended)?;
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
        self.bytes = self.bytes.get(len..).ok_or_else(ended)?;
        Ok(())
    }

    /// The next field of a structure: its number is in `last` then, its type is given; `None` at the end.
    fn field(&mut self, last: &mut i16) -> io::Result<Option<u8>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let number = match head >> 4 {
            0 => i16::try_from(self.signed()?).ok(),
            more => last.checked_add(more.into()),
        };
        *last = number.ok_or_else(damaged)?;
        Ok(Some(head & 15))
    }

    fn list(&mut self) -> io::Result<(u8, u64)> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.number()?,
            len => len.into(),
        };
        self.members = self.members.saturating_add(usize::try_from(len).map_err(|_| damaged())?);
        Ok((head & 15, len))
    }

    /// Goes through a structure, and tells what it is made of.
    ///
    /// # Errors
    /// `UnexpectedEof` where it goes on behind the bytes, `InvalidData` for what the library may read in
    /// another way.
    pub fn walk(&mut self, within: &'static Struct, heard: Heard<'_>) -> io::Result<()> {
        let (mut last, mut had) = (0, 0u64);
        while let Some(kind) = self.field(&mut last)? {
            let Some((number, wanted)) = within.fields.iter().find(|(number, _)| *number == last) else {
                self.skip(kind, 0)?;
                continue;
            };
            if !wanted.is_written(kind) || had >> number & 1 == 1 {
                return Err(damaged());
            }
            had |= 1 << number;
            let value = self.value(wanted, kind, heard)?;
            heard(within, last, value)?;
        }
        heard(within, 0, 0)
    }

    fn value(&mut self, wanted: &'static Type, kind: u8, heard: Heard<'_>) -> io::Result<i64> {
        match wanted {
            Type::Truth => Ok((kind == 1).into()),
            Type::Byte => self.byte().map(i64::from),
            Type::Short => self.within(i16::MIN.into(), i16::MAX.into()),
            Type::Int => self.within(i32::MIN.into(), i32::MAX.into()),
            Type::Long => self.signed(),
            Type::Double => self.pass(8).map(|()| 0),
            Type::Bytes => {
                let len = self.number()?;
                self.pass(len)?;
                Ok(len.cast_signed())
            }
            Type::List(of) => {
                let (kind, len) = self.list()?;
                if len > 0 && !of.is_written(kind) {
                    return Err(damaged());
                }
                for _ in 0..len {
                    self.value(of, kind, heard)?;
                }
                Ok(len.cast_signed())
            }
            Type::Struct(of) => self.walk(of, heard).map(|()| 0),
        }
    }

    /// A number that has room in fewer bits: the library cuts others.
    fn within(&mut self, least: i64, most: i64) -> io::Result<i64> {
        let number = self.signed()?;
        if (least..=most).contains(&number) { Ok(number) } else { Err(damaged()) }
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
            9 | 10 => {
                let (kind, len) = self.list()?;
                // Of truths the library skips none of the bytes, and counts to their number.
                if len > 0 && matches!(kind, 1 | 2) {
                    return Err(damaged());
                }
                (0..len).try_for_each(|_| self.skip(kind, depth + 1))
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
}

pub fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its metadata is damaged")
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "its metadata is cut off")
}
