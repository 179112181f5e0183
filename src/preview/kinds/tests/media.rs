//! Pictures, sounds, films.

use std::sync::Arc;

use super::{document, shape, show_as, text};
use crate::model::{ErrorKind, Freshness, ViewKind};
use crate::preview::Source;
use crate::vfs::local::LocalPath;

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let image = image::RgbaImage::from_fn(width, height, |x, y| image::Rgba([x as u8, y as u8, 9, 255]));
    image.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[tokio::test]
async fn a_picture_fits_the_frame() {
    let document = show_as(ViewKind::Image, "x.png", &png(1000, 500)).await.unwrap();
    let pixels = document.pixels.unwrap();
    assert_eq!((pixels.width, pixels.height), (320, 160), "40 columns of 8 pixels");
    assert_eq!(pixels.rgba.len(), 320 * 160 * 4);
    assert!(document.about.starts_with("PNG · 1,000 × 500"), "{}", document.about);
    let small = show_as(ViewKind::Image, "x.png", &png(10, 5)).await.unwrap().pixels.unwrap();
    assert_eq!((small.width, small.height), (10, 5), "small ones stay as they are");
}

#[tokio::test]
async fn a_picture_of_any_claim_is_refused_before_it_takes_memory() {
    let mut bytes = png(8, 8);
    bytes[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000u32.to_be_bytes());
    let crc = {
        let mut crc = flate2::Crc::new();
        crc.update(&bytes[12..29]);
        crc.sum()
    };
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = show_as(ViewKind::Image, "x.png", &bytes).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("20000 pixels"), "{error}");
}

#[tokio::test]
async fn a_large_picture_is_refused_by_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.png");
    std::fs::File::create(&file).unwrap().set_len(65 << 20).unwrap();
    let path = LocalPath::at(file);
    let entry = path.stat(Freshness::Past).await.unwrap();
    let source = Arc::new(Source::open(path, entry).await.unwrap());
    let error = document(ViewKind::Image, &source, &shape(80)).await.unwrap_err();
    assert!(error.to_string().contains("only decoded up to 67.1 MB"), "{error}");
    assert_eq!(source.asked(), 0, "nothing of it was read");
}

/// A sound of silence: one second of it.
pub(super) fn wav() -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    out.extend(8000u32.to_le_bytes());
    out.extend(8000u32.to_le_bytes());
    out.extend(b"\x01\0\x08\0data");
    out.extend(8000u32.to_le_bytes());
    out.resize(out.len() + 8000, 128);
    let len = out.len() as u32 - 8;
    out[4..8].copy_from_slice(&len.to_le_bytes());
    out
}

#[tokio::test]
async fn a_sound_tells_of_itself() {
    let document = show_as(ViewKind::Media, "x.wav", &wav()).await.unwrap();
    let all = text(&document).join("\n");
    assert!(all.contains("0:01") && all.contains("8000 Hz"), "{all}");
}

/// A sound of three empty frames, whose title is packed.
fn mp3(title: &str) -> Vec<u8> {
    // Of these tests' sizes only: seven bits a byte.
    let size = |len: usize| [len >> 21, len >> 14, len >> 7, len].map(|part| part as u8 & 0x7f);
    let text = ["\u{3}", title].concat();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    // The flags: it is packed, and its length stands before it.
    let frame =
        [&b"TIT2"[..], &size(packed.len() + 4), &[0, 0x09], &size(text.len()), packed.as_slice()].concat();
    let mut out = [&b"ID3\x04\0\0"[..], &size(frame.len()), &frame].concat();
    for _ in 0..100 {
        out.extend(b"\xff\xfb\x90\x64");
        out.resize(out.len() + 413, 0);
    }
    out
}

#[tokio::test]
async fn a_packed_tag_is_not_unpacked() {
    let document = show_as(ViewKind::Media, "x.mp3", &mp3(&"inflated ".repeat(100_000))).await.unwrap();
    let all = text(&document).join("\n");
    assert!(!all.contains("inflated"), "{all}");
    assert!(all.contains("44100 Hz") && all.contains("0:02"), "the sound itself is told of: {all}");
    let warning = document.warning.unwrap();
    assert!(warning.contains("its tags can't be read"), "{warning}");
}

#[test]
fn a_film_tells_its_sides() {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "byte strings are references")]
    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
    }
    let mut mvhd = [0u8; 100];
    mvhd[12..16].copy_from_slice(&1000u32.to_be_bytes());
    mvhd[16..20].copy_from_slice(&61_000u32.to_be_bytes());
    let mut tkhd = [0u8; 84];
    tkhd[76..80].copy_from_slice(&(1920u32 << 16).to_be_bytes());
    tkhd[80..84].copy_from_slice(&(1080u32 << 16).to_be_bytes());
    let trak = boxed(b"trak", &boxed(b"tkhd", &tkhd));
    let moov = boxed(b"moov", &[boxed(b"mvhd", &mvhd), trak].concat());
    let bytes = [boxed(b"ftyp", b"isom\0\0\0\0"), boxed(b"mdat", &[0; 50]), moov].concat();
    let film = super::super::media::film(&mut std::io::Cursor::new(bytes)).unwrap();
    assert_eq!((film.seconds, film.sides), (Some(61), Some((1920, 1080))));
}

/// A picture of 40 × 20 pixels whose left half is red and whose right half is blue, turned as EXIF numbers it.
pub(super) fn turned(orientation: u8) -> Vec<u8> {
    let image =
        image::RgbImage::from_fn(40, 20, |x, _| image::Rgb(if x < 20 { [255, 0, 0] } else { [0, 0, 255] }));
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let jpeg = jpeg.into_inner();
    let exif =
        [&b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation, 0, 0, 0, 0, 0, 0, 0]]
            .concat();
    let len = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &len, &exif, &jpeg[2..]].concat()
}

#[tokio::test]
async fn a_picture_is_turned_as_its_camera_was_held() {
    // Where the red half is then: at the left, the right, the top, the bottom.
    for (orientation, sides, red, blue) in [
        (1, (40, 20), (5, 10), (35, 10)),
        (2, (40, 20), (35, 10), (5, 10)),
        (3, (40, 20), (35, 10), (5, 10)),
        (4, (40, 20), (5, 10), (35, 10)),
        (5, (20, 40), (10, 5), (10, 35)),
        (6, (20, 40), (10, 5), (10, 35)),
        (7, (20, 40), (10, 35), (10, 5)),
        (8, (20, 40), (10, 35), (10, 5)),
        (77, (40, 20), (5, 10), (35, 10)),
    ] {
        let document = show_as(ViewKind::Image, "x.jpg", &turned(orientation)).await.unwrap();
        let told = format!("JPEG · {} × {}", sides.0, sides.1);
        assert!(document.about.starts_with(&told), "{orientation}: {}", document.about);
        let pixels = document.pixels.unwrap();
        assert_eq!((pixels.width, pixels.height), sides, "{orientation}");
        let at = |(x, y): (u32, u32)| {
            let at = ((y * pixels.width + x) * 4) as usize;
            (pixels.rgba[at] > 150, pixels.rgba[at + 2] > 150)
        };
        assert_eq!((at(red), at(blue)), ((true, false), (false, true)), "{orientation}");
    }
}

/// An element of Matroska.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = (1u64 << 56 | body.len() as u64).to_be_bytes();
    [id, &size, body].concat()
}

/// A film of 61.5 seconds with a picture and a sound.
pub(super) fn matroska() -> Vec<u8> {
    let head = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"webm"));
    let info = [
        element(b"\x2a\xd7\xb1", &1_000_000u32.to_be_bytes()),
        element(b"\x44\x89", &61_500f64.to_be_bytes()),
        element(b"\x7b\xa9", "a \u{1b}[31mtitle".as_bytes()),
    ];
    let video = [element(b"\xb0", &1920u16.to_be_bytes()), element(b"\xba", &1080u16.to_be_bytes())];
    let audio = [element(b"\xb5", &48_000f32.to_be_bytes()), element(b"\x9f", &[2])];
    let track = |kind: u8, codec: &[u8], more: Vec<u8>| {
        element(b"\xae", &[element(b"\x83", &[kind]), element(b"\x86", codec), more].concat())
    };
    let tracks = [
        track(1, b"V_VP9", element(b"\xe0", &video.concat())),
        track(2, b"A_OPUS", element(b"\xe1", &audio.concat())),
        track(17, b"S_TEXT/UTF8", Vec::new()),
    ];
    let body = [
        element(b"\xec", &[0; 300]),
        element(b"\x15\x49\xa9\x66", &info.concat()),
        element(b"\x16\x54\xae\x6b", &tracks.concat()),
        element(b"\x1f\x43\xb6\x75", &[0; 1000]),
    ];
    // A segment whose size nobody knew when it was begun.
    [head, b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(), body.concat()].concat()
}

#[tokio::test]
async fn a_film_of_matroska_tells_of_itself() {
    let document = show_as(ViewKind::Media, "x.webm", &matroska()).await.unwrap();
    let wanted = [
        "Media",
        "container     webm",
        "title         a ␛[31mtitle",
        "duration      1:01",
        "picture       V_VP9 · 1920 × 1080",
        "sound         A_OPUS · 48000 Hz · 2 channels",
        "subtitles     S_TEXT/UTF8",
    ];
    assert_eq!(text(&document), wanted);
    assert!(document.about.starts_with("webm · "), "{}", document.about);
}

#[tokio::test]
async fn media_of_which_nothing_is_known_say_what_they_are() {
    let avi = [&b"RIFF\0\0\x01\0AVI LIST"[..], &[0; 300]].concat();
    let document = show_as(ViewKind::Media, "x.avi", &avi).await.unwrap();
    assert_eq!(
        text(&document),
        ["Media", "kind          video/x-msvideo", "No details of this kind are read here."]
    );
    let error = show_as(ViewKind::Media, "x.avi", b"words").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
}
