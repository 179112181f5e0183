//! Decoders that are held to what was declared: [`whole`], [`Held`].

use std::io::{self, BufReader, Read};

use flate2::Crc;
use flate2::read::{DeflateDecoder, MultiGzDecoder};

use super::contents::{Zipped, damaged};
use crate::model::archive::ArchiveKind;

/// The window of zstd that is allowed: 128 MiB, by its power of two.
const MOST_WINDOW: u32 = 27;

/// A packed tar file, unpacked, of which at most so many bytes are given.
pub(super) fn whole<'a, R: Read + 'a>(
    kind: ArchiveKind,
    from: R,
    most: u64,
) -> io::Result<Box<dyn Read + 'a>> {
    let decoder: Box<dyn Read + 'a> = match kind {
        ArchiveKind::TarGz => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, from))),
        ArchiveKind::TarZst => Box::new(zstd_of(from)?),
        ArchiveKind::Tar | ArchiveKind::Zip => Box::new(from),
    };
    Ok(Box::new(Bounded { from: decoder, left: most, most }))
}

fn zstd_of<'a, R: Read + 'a>(from: R) -> io::Result<impl Read + 'a> {
    let mut decoder = zstd::stream::read::Decoder::new(from)?;
    decoder.window_log_max(MOST_WINDOW)?;
    Ok(decoder)
}

/// The same for a task of its own.
pub(super) fn whole_sent<R: Read + Send + 'static>(
    kind: ArchiveKind,
    from: R,
) -> io::Result<Box<dyn Read + Send>> {
    Ok(match kind {
        ArchiveKind::TarGz => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, from))),
        ArchiveKind::TarZst => {
            let mut decoder = zstd::stream::read::Decoder::new(from)?;
            decoder.window_log_max(MOST_WINDOW)?;
            Box::new(decoder)
        }
        ArchiveKind::Tar | ArchiveKind::Zip => Box::new(from),
    })
}

/// Unpacks a member of a zip file from where its bytes begin, held to its size and its checksum.
pub(super) fn member<R: Read + Send + 'static>(zipped: &Zipped, size: u64, from: R) -> io::Result<Held> {
    let from = from.take(zipped.packed);
    let from: Box<dyn Read + Send> = match zipped.method {
        0 => Box::new(from),
        8 => Box::new(DeflateDecoder::new(BufReader::with_capacity(64 << 10, from))),
        _ => {
            let mut decoder = zstd::stream::read::Decoder::new(from)?;
            decoder.window_log_max(MOST_WINDOW)?;
            Box::new(decoder)
        }
    };
    Ok(Held { from, size, count: 0, crc: Crc::new(), told: zipped.crc })
}

/// No more than so many bytes: the next one is an error.
struct Bounded<R> {
    from: R,
    left: u64,
    most: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let why = format!("it unpacks to more than {} bytes", self.most);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.from.read(&mut buf[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// A member on its way: its last bytes are given when it is known to be as large as it declared, with the
/// checksum that it declared.
pub(super) struct Held {
    from: Box<dyn Read + Send>,
    size: u64,
    count: u64,
    crc: Crc,
    told: u32,
}

impl Read for Held {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.size - self.count;
        if left == 0 {
            return if self.size == 0 { self.check().map(|()| 0) } else { Ok(0) };
        }
        let most = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.from.read(&mut buf[..most])?;
        if count == 0 && most > 0 {
            let why = format!("the member has {} bytes where it declares {}", self.count, self.size);
            return Err(damaged(&why));
        }
        self.crc.update(&buf[..count]);
        self.count += count as u64;
        if self.count == self.size {
            self.check()?;
        }
        Ok(count)
    }
}

impl Held {
    fn check(&mut self) -> io::Result<()> {
        if self.from.read(&mut [0])? > 0 {
            return Err(damaged(&format!(
                "the member has more than the {} bytes that it declares",
                self.size
            )));
        }
        if self.crc.sum() != self.told {
            return Err(damaged("the member has another checksum than it declares"));
        }
        Ok(())
    }
}
