//! The pages of a column, looked at before the library unpacks them: [`Column`].
//!
//! The library makes as much room as a page's header says, unpacks some codecs to whatever they give, and
//! takes a value for each that a header counts. So each header is read here first, its page is unpacked once
//! into nothing where the codec has no bound of its own, and all columns draw on one account.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use parking_lot::Mutex;
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::super::input::Input;
use super::super::lines::size;
use super::shapes::PAGE;
use super::thrift::{Compact, Of, Struct, damaged};

/// The largest page, unpacked.
const MOST_PAGE: u64 = 32 << 20;
/// The most that the pages of all columns take in memory, and what is made of them.
const MOST_HELD: u64 = 256 << 20;
/// The longest header of a page: the least and the largest value may be in it. Most are short.
const MOST_HEADER: [u64; 2] = [512, 256 << 10];
/// What a value takes once it is one: in a dictionary, and in a list for each part of its path.
const VALUE: u64 = 32;
const LISTED: u64 = 128;

/// What the header of a page says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Page {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// The bytes of levels before what is packed.
    levels: i64,
    plain: bool,
    /// How many of its parts are there: it should have the one of its kind.
    parts: u32,
}

/// What all columns of a rendering draw on.
pub type Account = Arc<AtomicU64>;

/// A column of a file as the library asks for it.
pub struct Column {
    input: Mutex<Input>,
    len: u64,
    codec: Compression,
    /// What a value takes in memory, where a row may have many.
    each: u64,
    account: Account,
    /// The page whose header was read last, and where its bytes begin.
    page: Mutex<Option<(u64, Page)>>,
}

impl Column {
    pub fn new(input: Input, column: &ColumnChunkMetaData, account: Account) -> Self {
        let path = column.column_path().parts();
        let names: usize = path.iter().map(String::len).sum();
        let each = LISTED * path.len() as u64 + names as u64;
        let each = if column.column_descr().max_rep_level() > 0 { each } else { 0 };
        let len = input.len();
        Self {
            input: Mutex::new(input),
            len,
            codec: column.compression(),
            each,
            account,
            page: Mutex::default(),
        }
    }

    fn read(&self, start: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut input = self.input.lock().again(length);
        input.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        input.take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The bytes of the header that begins here, and what it says.
    fn header(&self, start: u64) -> io::Result<(Vec<u8>, Page)> {
        let mut bytes = self.read(start, MOST_HEADER[0])?;
        let mut header = header(&bytes);
        if header.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            bytes = self.read(start, MOST_HEADER[1])?;
            header = self::header(&bytes);
        }
        let (len, page) = header?;
        bytes.truncate(len);
        Ok((bytes, page))
    }

    /// That there is room for this page.
    fn admit(&self, page: &Page) -> io::Result<()> {
        if page.parts != 1 || !matches!(page.kind, 0 | 2 | 3) {
            return Err(damaged());
        }
        let whole = |number: i64| u64::try_from(number).map_err(|_| damaged());
        let (packed, unpacked, values) = (whole(page.packed)?, whole(page.unpacked)?, whole(page.values)?);
        if packed.max(unpacked) > MOST_PAGE {
            return Err(too_large(format!(
                "a page claims to have {} when unpacked",
                size(packed.max(unpacked))
            )));
        }
        if !is_read(page.encoding) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a page is encoded in a way that isn't read here",
            ));
        }
        let each = if page.kind == 2 { VALUE } else { self.each };
        let takes = packed.saturating_add(unpacked).saturating_add(values.saturating_mul(each));
        if self.account.fetch_add(takes, Ordering::Relaxed).saturating_add(takes) > MOST_HELD {
            return Err(too_large(format!("its pages take more than {} of memory", size(MOST_HELD))));
        }
        Ok(())
    }

    /// That a page unpacks to no more than it claims, where the library wouldn't see it in time.
    fn check(&self, page: &Page, bytes: &[u8]) -> io::Result<()> {
        if page.plain || !matches!(self.codec, Compression::GZIP(_)) {
            return Ok(());
        }
        let levels = usize::try_from(page.levels).map_err(|_| damaged())?;
        let packed = bytes.get(levels..).ok_or_else(damaged)?;
        let claimed = u64::try_from(page.unpacked - page.levels).map_err(|_| damaged())?;
        let count = io::copy(&mut MultiGzDecoder::new(packed).take(claimed + 1), &mut io::sink())?;
        if count > claimed {
            return Err(too_large(format!(
                "a page unpacks to more than the {} that it claims",
                size(claimed)
            )));
        }
        Ok(())
    }
}

impl Length for Column {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Column {
    type T = Cursor<Vec<u8>>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        // Whoever has seen the header of a page before asks for its bytes once more, and doesn't read them.
        if self.page.lock().is_some_and(|(begin, _)| begin == start) {
            return Ok(Cursor::default());
        }
        let (bytes, page) = self.header(start).map_err(|error| external(&error))?;
        self.admit(&page).map_err(|error| external(&error))?;
        *self.page.lock() = Some((start + bytes.len() as u64, page));
        Ok(Cursor::new(bytes))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let page = self.page.lock().take();
        let page = page.filter(|(begin, page)| *begin == start && usize::try_from(page.packed) == Ok(length));
        let Some((_, page)) = page else { return Err(external(&damaged())) };
        let bytes = self.read(start, length as u64).map_err(|error| external(&error))?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("it ends too soon".into()));
        }
        self.check(&page, &bytes).map_err(|error| external(&error))?;
        Ok(bytes.into())
    }
}

fn external(error: &io::Error) -> ParquetError {
    ParquetError::General(error.to_string())
}

fn too_large(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, why)
}

/// Whether pages of this encoding are read: others make more values of their bytes than can be told before.
fn is_read(encoding: i64) -> bool {
    READ.iter().any(|it| *it as i64 == encoding)
}

/// The encodings that are read.
#[allow(deprecated, reason = "it is in many files")]
pub const READ: [Encoding; 7] = [
    Encoding::PLAIN,
    Encoding::PLAIN_DICTIONARY,
    Encoding::RLE,
    Encoding::BIT_PACKED,
    Encoding::DELTA_BINARY_PACKED,
    Encoding::RLE_DICTIONARY,
    Encoding::BYTE_STREAM_SPLIT,
];

/// The length of a header, and what it says.
fn header(bytes: &[u8]) -> io::Result<(usize, Page)> {
    let (mut page, mut at) = (Page::default(), Compact::new(bytes));
    at.walk(&PAGE, &mut |within, field, value| {
        page.hear(within, field, value);
        Ok(())
    })?;
    Ok((bytes.len() - at.left(), page))
}

impl Page {
    fn hear(&mut self, within: &'static Struct, field: i16, value: i64) {
        match (within.of, field) {
            (Of::Page, 1) => self.kind = value,
            (Of::Page, 2) => self.unpacked = value,
            (Of::Page, 3) => self.packed = value,
            (Of::Data | Of::Data2 | Of::Dictionary, 0) => self.parts += 1,
            (Of::Data | Of::Data2 | Of::Dictionary, 1) => self.values = value,
            (Of::Data | Of::Dictionary, 2) | (Of::Data2, 4) => self.encoding = value,
            (Of::Data2, 5 | 6) => self.levels = self.levels.saturating_add(value),
            (Of::Data2, 7) => self.plain = value == 0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_its_length_and_its_page() {
        let bytes = [0x15, 0, 0x15, 0xc8, 1, 0x15, 20, 0x2c, 0x15, 6, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 9, 9];
        let page = Page { unpacked: 100, packed: 10, values: 3, parts: 1, ..Page::default() };
        assert_eq!(header(&bytes).unwrap(), (18, page));
        assert_eq!(header(&bytes[..10]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_size_that_is_told_twice_is_damage() {
        let bytes = [0x15, 0, 0x15, 2, 0x05, 4, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0x15, 2, 0];
        assert_eq!(header(&bytes).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = header(&bytes);
        }
    }
}
