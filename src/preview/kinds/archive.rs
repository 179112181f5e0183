//! Archives as a listing: modes, sizes, times and names, as far as the bounds allow.

use std::io;

use super::MIB;
use super::grid::Grid;
use super::input::Input;
use super::lines::{count, counted, cut_bytes, size, time};
use crate::model::Kind;
use crate::model::archive::ArchiveKind;
use crate::preview::{Document, Shape};
use crate::vfs::archive::{Data, Member, Most, contents};

/// The most members that are listed, and the most bytes that are unpacked for it.
const MOST: Most = Most { members: 10_000, held: 16 << 20, unpacked: 32 * MIB };

pub fn render(input: &Input, _: &Shape) -> io::Result<Document> {
    let mut head = input.head(512)?;
    head.resize(512, 0);
    let Some(kind) = ArchiveKind::of(input.name()).or_else(|| by_content(&head)) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is no archive that is known here"));
    };
    let mut members = Vec::new();
    let ended = contents(kind, input.again(0), MOST, &mut members);
    if members.is_empty()
        && let Err(error) = ended
    {
        return Err(error);
    }
    let warning = ended.err().map(|error| {
        let why = input.bounds().breach().unwrap_or_else(|| error.to_string());
        format!("only the first {} are listed: {why}", counted(members.len() as u64, "member", "members"))
    });
    let files = members.iter().filter(|member| member.kind == Kind::File);
    let total: u64 = files.fold(0, |sum, member| sum.saturating_add(member.size));
    let about = format!(
        "{} · {} · {} · {} unpacked",
        named(kind),
        counted(members.len() as u64, "member", "members"),
        size(input.len()),
        size(total)
    );
    let mut grid = Grid::default();
    grid.heading(["mode", "size", "modified", "name"].map(str::to_owned).to_vec());
    let mut lines = Vec::with_capacity(members.len());
    for member in &members {
        grid.row(vec![mode(member), bytes(member), member.modified.map(|at| time(at.0)).unwrap_or_default()]);
        lines.push(name(member));
    }
    Ok(Document { lines: grid.lines_with(lines), about, warning, ..Document::default() })
}

fn by_content(head: &[u8]) -> Option<ArchiveKind> {
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(ArchiveKind::Zip),
        [0x1f, 0x8b, ..] => Some(ArchiveKind::TarGz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(ArchiveKind::TarZst),
        _ if &head[257..262] == b"ustar" => Some(ArchiveKind::Tar),
        _ => None,
    }
}

fn named(kind: ArchiveKind) -> &'static str {
    match kind {
        ArchiveKind::Zip => "zip",
        ArchiveKind::Tar => "tar",
        ArchiveKind::TarGz => "tar, packed by gzip",
        ArchiveKind::TarZst => "tar, packed by zstd",
    }
}

/// Kind and permission bits as `ls` writes them.
fn mode(member: &Member) -> String {
    let kind = match member.kind {
        Kind::Dir | Kind::Bucket => 'd',
        Kind::Symlink => 'l',
        Kind::Special => '?',
        Kind::File => '-',
    };
    let bit = |mode: u32, at: usize| if mode >> (8 - at) & 1 == 1 { ['r', 'w', 'x'][at % 3] } else { '-' };
    let bits = member.mode.map(|mode| (0..9).map(|at| bit(mode, at)).collect::<String>());
    format!("{kind}{}", bits.unwrap_or_default())
}

fn bytes(member: &Member) -> String {
    if member.kind == Kind::File { count(member.size) } else { String::new() }
}

fn name(member: &Member) -> String {
    let name = cut_bytes(&member.path, 1000);
    match (&member.link, &member.data) {
        (Some(link), _) => format!("{name} → {}", cut_bytes(link, 1000)),
        (None, Data::Unreadable(why)) => format!("{name} ({why})"),
        (None, _) => name,
    }
}
