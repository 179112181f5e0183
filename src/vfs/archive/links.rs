//! Where the links of a zip file point: each says so in a member of its own. [`read`]

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::contents::{Data, MOST_PATH, Member, Zipped};
use super::opened::NEAR;
use super::outer::Place;
use super::{unpack, zip};
use crate::model::Kind;

/// The pieces that are read for them: of a file, and where each costs a round trip.
const MOST_PIECES: usize = 256;
const MOST_ASKED: usize = 16;
/// More than a header and a target take.
const ONE: u64 = 1024;

/// Reads them in the order in which they lie, many from a piece of the file. Those that are too long, or in
/// too many pieces, are no links then.
pub(super) fn read(
    place: &Place,
    members: &mut [Member],
    tokio: &Handle,
    cancel: &CancellationToken,
) -> io::Result<()> {
    let mut links: Vec<(Zipped, &mut Member)> = Vec::new();
    for member in members.iter_mut().filter(|member| member.kind == Kind::Symlink && member.link.is_none()) {
        match std::mem::replace(&mut member.data, Data::None) {
            Data::Zip(zipped) if member.size <= MOST_PATH as u64 && zipped.packed <= NEAR / 2 => {
                links.push((zipped, member));
            }
            _ => member.kind = Kind::Special,
        }
    }
    links.sort_by_key(|(zipped, _)| zipped.header);
    let most = if place.path.caps().metered { MOST_ASKED } else { MOST_PIECES };
    let (mut piece, mut pieces) = (Piece::default(), 0);
    for (zipped, member) in links {
        let end = zipped.header.saturating_add(zipped.packed).saturating_add(ONE).min(place.size());
        if !piece.holds(zipped.header, end) {
            if pieces == most {
                member.kind = Kind::Special;
                continue;
            }
            piece = Piece::read(place, zipped.header, tokio, cancel)?;
            pieces += 1;
        }
        member.link = Some(piece.target(&zipped, member.size)?);
    }
    Ok(())
}

/// A piece of the file.
#[derive(Default)]
struct Piece {
    begin: u64,
    bytes: Bytes,
}

impl Piece {
    fn read(place: &Place, begin: u64, tokio: &Handle, cancel: &CancellationToken) -> io::Result<Self> {
        let mut from = place.reader(tokio.clone(), NEAR, cancel.clone());
        from.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        from.take(NEAR).read_to_end(&mut bytes)?;
        Ok(Self { begin, bytes: bytes.into() })
    }

    fn holds(&self, begin: u64, end: u64) -> bool {
        self.begin <= begin && end <= self.begin + self.bytes.len() as u64
    }

    fn target(&self, zipped: &Zipped, size: u64) -> io::Result<Vec<u8>> {
        let mut from = Cursor::new(self.bytes.clone());
        from.set_position(zipped.header - self.begin);
        zip::pass_header(&mut from)?;
        let mut target = Vec::new();
        unpack::member(zipped, size, from)?.read_to_end(&mut target)?;
        Ok(target)
    }
}
