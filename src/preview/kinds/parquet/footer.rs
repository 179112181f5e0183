//! The footer of a file, looked at before the library builds what it says: [`read`].

use std::io::{self, Read, Seek, SeekFrom};

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::super::MIB;
use super::super::input::Input;
use super::super::lines::{count, size};
use super::shapes::FOOTER;
use super::thrift::{Compact, Of, Struct, damaged};

/// The largest footer that is read.
const MOST_FOOTER: u64 = 16 * MIB;
/// The deepest schema, and the most elements of one.
const MOST_DEPTH: usize = 64;
const MOST_ELEMENTS: i64 = 5_000;
/// The most bytes of all columns' paths: each has the names of all that is above it.
const MOST_PATHS: usize = 32 << 20;
/// The most memory that the library may take for a footer.
const MOST_HELD: usize = 256 << 20;

/// The metadata of a file.
///
/// # Errors
/// `InvalidData` for damage, `FileTooLarge` for what is beyond the bounds.
pub fn read(input: &Input) -> io::Result<ParquetMetaData> {
    let footer = bytes(input)?;
    check(&footer)?;
    ParquetMetaDataReader::decode_metadata(&footer).map_err(io::Error::other)
}

fn bytes(input: &Input) -> io::Result<Vec<u8>> {
    let mut tail = [0; 8];
    let mut from = input.again(0);
    let end = input.len().checked_sub(8).ok_or_else(|| refuse("it is too short"))?;
    // The footer of most files lies within the last block, which comes with the tail.
    from.seek(SeekFrom::Start(end))?;
    from.read_exact(&mut tail)?;
    if &tail[4..] != b"PAR1" {
        return Err(refuse("it doesn't end as a Parquet file does"));
    }
    let len = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let begin = end.checked_sub(len).ok_or_else(|| refuse("its footer is longer than the file"))?;
    if len > MOST_FOOTER {
        return Err(too_large(format!(
            "its footer has {}; at most {} are read",
            size(len),
            size(MOST_FOOTER)
        )));
    }
    let mut footer = Vec::new();
    let mut from = input.again(len);
    from.seek(SeekFrom::Start(begin))?;
    from.take(len).read_to_end(&mut footer)?;
    Ok(footer)
}

/// Looks at it before the library does, which recurses as deep as the schema says, and makes as much room.
pub fn check(footer: &[u8]) -> io::Result<()> {
    let (mut outline, mut at) = (Outline::default(), Compact::new(footer));
    at.walk(&FOOTER, &mut |within, field, value| outline.hear(within, field, value))?;
    if outline.most_children >= outline.elements.max(1) {
        return Err(damaged());
    }
    if outline.held.saturating_add(at.members.saturating_mul(8)) > MOST_HELD {
        return Err(too_large("its footer would take too much memory".into()));
    }
    Ok(())
}

fn refuse(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn too_large(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// A schema as it comes: a list of elements, each with the number of those that follow and are in it.
#[derive(Default)]
struct Outline {
    elements: i64,
    /// The bytes of the name of the element that comes, and its children.
    name: usize,
    children: i64,
    most_children: i64,
    /// Of each element that is open, what is missing of it, and the bytes of the path to it.
    open: Vec<(i64, usize)>,
    paths: usize,
    held: usize,
}

impl Outline {
    fn hear(&mut self, within: &'static Struct, field: i16, value: i64) -> io::Result<()> {
        match (within.of, field) {
            (Of::Element, 4) => self.name = usize::try_from(value).map_err(|_| damaged())?,
            (Of::Element, 5) => self.children = value,
            (Of::Element, 0) => {
                self.held = self.held.saturating_add(within.held);
                self.add()?;
            }
            (_, 0) => self.held = self.held.saturating_add(within.held),
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self) -> io::Result<()> {
        let (children, name) = (std::mem::take(&mut self.children), std::mem::take(&mut self.name));
        if children < 0 {
            return Err(damaged());
        }
        self.elements += 1;
        self.most_children = self.most_children.max(children);
        let above = self.open.last().map_or(0, |(_, path)| *path);
        let path = above.saturating_add(name).saturating_add(size_of::<String>());
        if let Some((left, _)) = self.open.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            self.open.push((children, path));
        } else {
            self.paths = self.paths.saturating_add(path);
        }
        let depth = self.open.len();
        if depth > MOST_DEPTH || self.elements > MOST_ELEMENTS {
            let elements = count(self.elements.unsigned_abs());
            return Err(too_large(format!("its schema has {elements} elements or more, {depth} deep")));
        }
        if self.paths > MOST_PATHS {
            return Err(too_large("the names in its schema are too long".into()));
        }
        while self.open.last().is_some_and(|(left, _)| *left <= 0) {
            self.open.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schema of groups, each in the one before, written as this kind of list.
    fn chain(kind: u8, depth: u8) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x10 | kind, 0xfc, depth];
        for at in 0..depth {
            let children = if at + 1 == depth { 0 } else { 2 };
            bytes.extend([0x48, 1, b'a', 0x15, children, 0]);
        }
        bytes.push(0);
        bytes
    }

    /// A schema of a root whose children are told by this field.
    fn root(children: &[u8]) -> Vec<u8> {
        [&[0x15, 2, 0x19, 0x2c, 0x48, 1, b'r'][..], children, &[0, 0x48, 1, b'a', 0, 0]].concat()
    }

    #[test]
    fn a_schema_is_bounded_in_its_depth() {
        check(&chain(9, 60)).unwrap();
        assert_eq!(check(&chain(9, 100)).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(check(&chain(9, 60)[..50]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_list_that_is_written_as_a_set_is_no_schema() {
        assert_eq!(check(&chain(10, 60)).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_number_of_children_in_another_type_is_damage() {
        check(&root(&[0x15, 2])).unwrap();
        assert_eq!(check(&root(&[0x16, 2])).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn there_are_no_more_children_than_elements() {
        for children in [vec![0x15, 4], vec![0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f], vec![0x15, 1]] {
            assert_eq!(
                check(&root(&children)).unwrap_err().kind(),
                io::ErrorKind::InvalidData,
                "{children:x?}"
            );
        }
    }

    #[test]
    fn a_field_that_comes_twice_is_damage() {
        let twice = [&root(&[0x15, 2])[..5 + 9], &[0x09, 4][..], &chain(9, 60)[3..]].concat();
        assert_eq!(check(&twice).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(check(&root(&[0x15, 2, 0x05, 10, 2])).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_number_of_a_field_is_never_cut_to_another() {
        // 65,538 is 2 in 16 bits, and the library keeps no more.
        let wide = [&[0x15, 2, 0x09, 0x84, 0x80, 0x08][..], &chain(9, 60)[3..]].concat();
        assert_eq!(check(&wide).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn truths_in_a_list_that_is_skipped_hide_nothing() {
        // Field 20, which nobody knows: 15 truths, whose bytes the library would read as fields.
        let hidden = [&[0x15, 2, 0x09, 40, 0xf1, 15][..], &chain(9, 60)[2..17], &[0][..]].concat();
        assert_eq!(check(&hidden).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn names_that_each_column_repeats_are_bounded() {
        let mut bytes = vec![0x15, 2, 0x19, 0xfc, 0xd2, 0x0f, 0x48, 0, 0x15, 2, 0];
        // A group of a long name with 2,000 columns.
        bytes.extend([0x48, 0x80, 0x80, 0x04]);
        bytes.extend(vec![b'n'; 1 << 16]);
        bytes.extend([0x15, 0xa0, 0x1f, 0]);
        for _ in 0..2_000 {
            bytes.extend([0x48, 1, b'a', 0]);
        }
        bytes.push(0);
        assert_eq!(check(&bytes).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_is_held_of_many_columns_is_bounded() {
        let mut bytes = vec![0x15, 2, 0x39, 0x1c];
        // One group of 400,000 columns without anything in them.
        bytes.extend([0x19, 0xfc, 0x80, 0xb5, 0x18]);
        bytes.extend(vec![0; 400_000]);
        bytes.extend([0, 0]);
        assert_eq!(check(&bytes).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = check(&bytes);
        }
    }
}
