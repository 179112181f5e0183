//! What archives may cost: memory for names, room on the disk for looks, requests for links.

use super::*;
use crate::vfs::Fetch;
use crate::vfs::faulty::{Call, Script};
use crate::vfs::memory::Memory;

const MIB: usize = 1 << 20;

fn listed(kind: ArchiveKind, bytes: &[u8], held: usize) -> (String, usize) {
    let most = Most { members: 200_000, held, unpacked: 64 << 30 };
    let mut members = Vec::new();
    let error = contents(kind, std::io::Cursor::new(bytes), most, &mut members).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{error}");
    (error.to_string(), members.iter().map(|member| member.path.len()).sum())
}

#[test]
fn long_names_are_refused_where_they_are_read() {
    let name = vec![b'n'; MIB];
    let half = &name[..MIB / 2];
    let pax = [format!("{} path=", half.len() + 13).as_bytes(), half, b"\n"].concat();
    for (kind, text) in [(b'L', &name), (b'K', &name), (b'x', &pax)] {
        let member = [tarred(b"././@LongLink", kind, b"", text), tarred(b"f", b'0', b"", b"")].concat();
        let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        for _ in 0..300 {
            packer.write_all(&member).unwrap();
        }
        let (why, held) = listed(ArchiveKind::TarZst, &packer.finish().unwrap(), 128 * MIB);
        assert!(why.contains("longer than 4096 bytes") && held == 0, "{why}, {held} bytes held");
    }
}

#[test]
fn many_names_are_bounded_while_they_are_read() {
    let long = "n".repeat(4_000);
    let member =
        [tarred(b"././@LongLink", b'L', b"", long.as_bytes()), tarred(b"f", b'0', b"", b"")].concat();
    let (why, held) = listed(ArchiveKind::Tar, &member.repeat(600), MIB);
    assert!(why.contains("too much memory") && held <= MIB, "{why}, {held} bytes held");
    let names: Vec<String> = (0..600).map(|at| format!("{at}{long}")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let packed = zip_of(&members, zip::CompressionMethod::Stored);
    let (why, held) = listed(ArchiveKind::Zip, &packed, MIB);
    assert!(why.contains("too much memory") && held <= MIB, "{why}, {held} bytes held");
}

#[tokio::test]
async fn a_look_unpacks_no_more_than_its_bound_and_a_copy_all() {
    let place = Place::new();
    let mut bytes = vec![0; 48 * MIB];
    bytes[..4].copy_from_slice(b"PAR1");
    let members = [("big", &bytes[..]), ("small", &bytes[..40])];
    place.write("x.zip", &zip_of(&members, zip::CompressionMethod::Deflated));
    place.write("y.zip", &zip_of(&members, zip::CompressionMethod::Stored));
    let file = place.at("x.zip", b"big");
    let entry = file.stat(Freshness::Cached).await.unwrap();
    let look = Fetch::view(entry);
    assert_eq!(file.reach().await.unwrap(), Some(32 << 20));
    assert_eq!(place.at("x.zip", b"small").reach().await.unwrap(), None);
    assert_eq!(place.at("y.zip", b"big").reach().await.unwrap(), None, "what isn't packed has a middle");
    let end = bytes.len() as u64;
    let seen = async |range: std::ops::Range<u64>| -> Result<Vec<Bytes>> {
        file.fetch(Some(range), &look).await?.body.try_collect().await
    };
    assert_eq!(seen(0..4).await.unwrap().concat(), b"PAR1");
    assert_eq!(seen(end - 8..end).await.unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(seen((32 << 20) - 8..32 << 20).await.unwrap().concat(), [0; 8]);
    let opened =
        place.shelf.open(&LocalPath::at(place.dir.path().join("x.zip")), Freshness::Cached).await.unwrap();
    assert!(opened.spooled() <= 33 << 20, "{} bytes on the disk", opened.spooled());
    assert_eq!(read(&file, Some(end - 8..end)).await.unwrap(), [0; 8][..]);
}

/// A zip file of links, so much apart.
fn zip_of_links(links: usize, apart: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..links {
        writer.add_symlink(format!("l{at:03}"), format!("to{at}"), options).unwrap();
        writer.start_file(format!("f{at:03}"), options).unwrap();
        writer.write_all(&vec![0; apart]).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn the_links_of_a_zip_on_a_service_cost_few_requests() {
    for (links, apart, told) in [(300, 100, 300), (40, 300 << 10, 16)] {
        let memory = Arc::new(Memory::like_s3("s3"));
        memory.put("b/x.zip", zip_of_links(links, apart));
        let script = Script::new();
        let outer = script.wrap(memory.at_key("b/x.zip"));
        let at = ArchiveUri::new(outer.uri().clone(), b"");
        let root: DynPath = Arc::new(ArchivePath::new(Arc::default(), outer, at));
        let rows = rows(&root).await.unwrap();
        let targets = rows.iter().filter_map(|row| row.link.as_ref()).map(|link| link.target.clone());
        let wanted: Vec<_> = (0..told).map(|at| Name::from(&*format!("to{at}"))).collect();
        assert_eq!(targets.collect::<Vec<_>>(), wanted);
        assert_eq!(rows.iter().filter(|row| row.kind == Kind::Special).count(), links - told);
        assert!(script.count(Call::Read) <= 24, "{} requests", script.count(Call::Read));
    }
}
