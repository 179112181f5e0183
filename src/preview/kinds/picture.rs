//! Pictures: decoded, turned as their EXIF says, and scaled to fit the frame.

use std::io::{self, BufReader};

use bytes::Bytes;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::MIB;
use super::input::Input;
use super::lines::{count, size};
use crate::model::Pixels;
use crate::preview::{Document, Shape};

/// The largest file that is decoded.
const MOST_ENCODED: u64 = 64 * MIB;
/// The most pixels a side.
const MOST_SIDE: u32 = 20_000;
/// The most memory of a decoded picture.
const MOST_DECODED: u64 = 320 * MIB;

pub fn render(input: &Input, shape: &Shape) -> io::Result<Document> {
    if input.len() > MOST_ENCODED {
        let (len, most) = (size(input.len()), size(MOST_ENCODED));
        let why = format!("the file has {len}, and pictures are only decoded up to {most}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let reader = ImageReader::new(BufReader::new(input.again(MIB))).with_guessed_format()?;
    let format = reader.format();
    let (image, full) = decode(reader).map_err(told)?;
    input.bounds().check()?;
    let room = (
        u32::from(shape.frame.columns) * u32::from(shape.cell.0.max(1)),
        u32::from(shape.frame.rows) * u32::from(shape.cell.1.max(1)),
    );
    let colours = format!("{:?}", image.color()).to_lowercase();
    let fits = image.width() <= room.0 && image.height() <= room.1;
    let image = if fits { image } else { image.thumbnail(room.0.max(1), room.1.max(1)) };
    let pixels = image.into_rgba8();
    let about = format!(
        "{} · {} × {} · {colours} · {}",
        format.map_or("picture", named),
        count(full.0.into()),
        count(full.1.into()),
        size(input.len())
    );
    let (width, height) = pixels.dimensions();
    let pixels = Pixels { width, height, rgba: Bytes::from(pixels.into_raw()) };
    Ok(Document { pixels: Some(pixels), about, ..Document::default() })
}

/// The picture as it is to be looked at, and its sides.
fn decode(mut reader: ImageReader<BufReader<Input>>) -> Result<(DynamicImage, (u32, u32)), ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_DECODED);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    limits.check_dimensions(width, height)?;
    limits.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let full = (image.width(), image.height());
    Ok((image, full))
}

fn told(error: ImageError) -> io::Error {
    match error {
        ImageError::IoError(error) => error,
        ImageError::Limits(_) => {
            let most = size(MOST_DECODED);
            let why =
                format!("it has more than {MOST_SIDE} pixels a side, or takes more than {most} of memory");
            io::Error::new(io::ErrorKind::FileTooLarge, why)
        }
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

fn named(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WebP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::Ico => "icon",
        _ => "picture",
    }
}
