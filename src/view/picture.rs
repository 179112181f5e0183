//! Pictures as a terminal takes them: [`Pictures`].
//!
//! The runtime makes them ready off the loop; a draw only looks one up. A picture is shown where its pixels are
//! those of the view that is drawn, and never below a dialog: cells that a dialog covers would be lost to it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use image::{DynamicImage, RgbaImage, imageops};
use parking_lot::Mutex;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::widgets::Widget;
use ratatui_image::Image;
use ratatui_image::protocol::Protocol;
use ratatui_image::protocol::halfblocks::Halfblocks;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;

use super::paint;
use crate::app::{ReqId, State, Viewer};
use crate::model::Pixels;

/// How a terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// By kitty's protocol.
    Kitty,
    /// By sixels.
    Sixel,
    /// By iTerm2's protocol.
    Iterm2,
    /// By half blocks in two colours.
    Halfblocks,
}

/// What tells one picture from another, also as kitty knows it.
static LAST: AtomicU32 = AtomicU32::new(0);

/// A picture that is ready to be drawn.
pub struct Picture {
    serial: u32,
    how: Drawing,
    pixels: Pixels,
    size: Size,
    protocol: Protocol,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}, {:?}, {:?})", self.serial, self.how, self.pixels)
    }
}

impl Picture {
    /// Makes a picture ready for a terminal whose cells have this size in pixels. It takes a while: not for the
    /// loop. `None` for pixels that are none, or that an encoder refuses.
    pub fn new(pixels: Pixels, how: Drawing, cell: (u16, u16)) -> Option<Self> {
        let (columns, rows) = (pixels.width.div_ceil(cell.0.into()), pixels.height.div_ceil(cell.1.into()));
        let size = Size::new(u16::try_from(columns).ok()?, u16::try_from(rows).ok()?);
        let image = padded(
            &pixels,
            columns * u32::from(cell.0),
            rows * u32::from(cell.1),
            how == Drawing::Halfblocks,
        )?;
        let serial = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let protocol = match how {
            Drawing::Kitty => Protocol::Kitty(Kitty::new(image, size, serial, false, true).ok()?),
            Drawing::Sixel => Protocol::Sixel(Sixel::new(image, size, false).ok()?),
            Drawing::Iterm2 => Protocol::ITerm2(Iterm2::new(image, size, false).ok()?),
            Drawing::Halfblocks => Protocol::Halfblocks(Halfblocks::new(image, size).ok()?),
        };
        Some(Self { serial, how, pixels, size, protocol })
    }
}

/// The picture on a ground that fills whole cells: else it would be stretched. `opaque` leaves nothing to show
/// through, for a terminal that knows no opacity.
fn padded(pixels: &Pixels, width: u32, height: u32, opaque: bool) -> Option<DynamicImage> {
    let mut image = RgbaImage::from_raw(pixels.width, pixels.height, pixels.rgba.to_vec())?;
    if opaque {
        for pixel in image.pixels_mut() {
            let [red, green, blue, alpha] = pixel.0;
            let on_black = |part: u8| (u16::from(part) * u16::from(alpha) / 255) as u8;
            pixel.0 = [on_black(red), on_black(green), on_black(blue), 255];
        }
    }
    if width == 0 || height == 0 {
        return None;
    }
    if (pixels.width, pixels.height) == (width, height) {
        return Some(image.into());
    }
    let mut ground = RgbaImage::new(width, height);
    imageops::replace(&mut ground, &image, 0, 0);
    Some(ground.into())
}

/// The pictures of the open views. A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct Pictures(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    by_view: HashMap<ReqId, Arc<Picture>>,
    /// Those of kitty's that nobody shows any more: the terminal still holds them.
    gone: Vec<u32>,
}

impl Held {
    fn let_go(&mut self, picture: Option<Arc<Picture>>) {
        self.gone
            .extend(picture.filter(|picture| picture.how == Drawing::Kitty).map(|picture| picture.serial));
    }
}

impl Pictures {
    /// Keeps the picture of a view in place of the one before.
    pub fn put(&self, view: ReqId, picture: Picture) {
        let mut held = self.0.lock();
        let before = held.by_view.insert(view, Arc::new(picture));
        held.let_go(before);
    }

    /// Lets go of the picture of a view that is closed.
    pub fn remove(&self, view: ReqId) {
        let mut held = self.0.lock();
        let before = held.by_view.remove(&view);
        held.let_go(before);
    }

    /// Whether there is a picture of this view.
    pub fn has(&self, view: ReqId) -> bool {
        self.0.lock().by_view.contains_key(&view)
    }

    /// The pictures that kitty should forget, by its ids; told once.
    pub fn take_gone(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().gone)
    }

    /// What a draw of this state would show: the picture's number, and whether it stays on the terminal when its
    /// cells are written over by the same text as before.
    pub fn shown(&self, state: &State) -> Option<(u32, bool)> {
        let beside = state.quick.as_ref().and_then(|quick| quick.view.as_deref());
        let viewer = state.viewer.as_deref().or(beside)?;
        let picture = self.of(viewer, state)?;
        Some((picture.serial, matches!(picture.how, Drawing::Sixel | Drawing::Iterm2)))
    }

    /// The picture that this view shows.
    fn of(&self, viewer: &Viewer, state: &State) -> Option<Arc<Picture>> {
        let wanted = viewer.screen.as_ref()?.pixels.as_ref().filter(|_| state.dialogs.is_empty())?;
        let picture = self.0.lock().by_view.get(&viewer.id).cloned()?;
        same(&picture.pixels, wanted).then_some(picture)
    }

    /// Draws the picture of a view, and gives the rows that it takes.
    pub(super) fn draw(&self, buf: &mut Buffer, area: Rect, viewer: &Viewer, state: &State) -> u16 {
        let area = area.intersection(buf.area);
        let Some(picture) = self.of(viewer, state) else { return 0 };
        if picture.size.width > area.width || picture.size.height > area.height {
            return 0;
        }
        let place = Rect { width: picture.size.width, height: picture.size.height, ..area };
        Image::new(&picture.protocol).render(place, buf);
        paint::row(area, place.height).y - area.y
    }
}

/// Whether these are the very same pixels, without looking at each.
fn same(a: &Pixels, b: &Pixels) -> bool {
    (a.width, a.height) == (b.width, b.height)
        && a.rgba.as_ptr() == b.rgba.as_ptr()
        && a.rgba.len() == b.rgba.len()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// A picture of one colour.
    fn pixels(width: u32, height: u32, colour: [u8; 4]) -> Pixels {
        Pixels { width, height, rgba: Bytes::from(colour.repeat((width * height) as usize)) }
    }

    #[test]
    fn half_blocks_are_two_pixels_a_cell() {
        let mut rgba = [255, 0, 0, 255].repeat(4);
        rgba.extend([0, 0, 255, 255].repeat(4));
        let picture =
            Picture::new(Pixels { width: 4, height: 2, rgba: rgba.into() }, Drawing::Halfblocks, (1, 2));
        let picture = picture.unwrap();
        assert_eq!(picture.size, Size::new(4, 1));
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        Image::new(&picture.protocol).render(buf.area, &mut buf);
        let cell = &buf[(0, 0)];
        let colours = if cell.symbol() == "\u{2580}" { (cell.fg, cell.bg) } else { (cell.bg, cell.fg) };
        assert_eq!(colours, (ratatui::style::Color::Rgb(255, 0, 0), ratatui::style::Color::Rgb(0, 0, 255)));
    }

    #[test]
    fn every_protocol_takes_what_fills_no_whole_cells() {
        for how in [Drawing::Kitty, Drawing::Sixel, Drawing::Iterm2, Drawing::Halfblocks] {
            let picture = Picture::new(pixels(17, 33, [1, 2, 3, 255]), how, (8, 16)).unwrap();
            assert_eq!(picture.size, Size::new(3, 3), "{how:?}");
            assert!(Picture::new(pixels(0, 0, [0; 4]), how, (8, 16)).is_none());
        }
        let short = Pixels { width: 9, height: 9, rgba: Bytes::from_static(b"few") };
        assert!(Picture::new(short, Drawing::Halfblocks, (1, 2)).is_none());
    }

    #[test]
    fn kitty_is_told_of_each_picture_that_goes() {
        let pictures = Pictures::default();
        let picture = |how| Picture::new(pixels(8, 16, [9, 9, 9, 255]), how, (8, 16)).unwrap();
        let (first, second) = (picture(Drawing::Kitty), picture(Drawing::Kitty));
        let serials = vec![first.serial, second.serial];
        pictures.put(ReqId(1), first);
        assert!(pictures.take_gone().is_empty());
        pictures.put(ReqId(1), second);
        pictures.remove(ReqId(1));
        pictures.put(ReqId(2), picture(Drawing::Sixel));
        pictures.remove(ReqId(2));
        assert_eq!(pictures.take_gone(), serials);
        assert!(pictures.take_gone().is_empty());
    }
}
