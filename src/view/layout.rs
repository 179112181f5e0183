//! Where everything lies on a screen of any size: [`Layout`].

use ratatui::layout::Rect;

use super::paint;
use crate::app::Side;

/// Below this width only the active pane is shown, and the other one is a tab.
const TWO_PANES: u16 = 60;

/// The places of the screen; what has no room is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// Both panes' names, where only one pane has room.
    pub tabs: Rect,
    /// The panes, left and right.
    pub panes: [PaneLayout; 2],
    /// The line between the panes.
    pub wall: Rect,
    /// The line below them.
    pub rule: Rect,
    /// What is going on.
    pub status: Rect,
    /// The requests, on screens with room for a line of their own.
    pub requests: Rect,
    /// The keys.
    pub keys: Rect,
}

/// The places of a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PaneLayout {
    /// Where it is, how much is there.
    pub title: Rect,
    /// The rows.
    pub rows: Rect,
    /// What the cursor is on.
    pub foot: Rect,
}

/// How many rows of a listing a pane shows on a terminal of this size.
pub fn pane_rows(columns: u16, rows: u16) -> u16 {
    let layout = Layout::of(Rect::new(0, 0, columns, rows), Side::Left);
    layout.panes[Side::Left.index()].rows.height
}

impl Layout {
    /// The places on a screen where this pane is active.
    pub fn of(screen: Rect, active: Side) -> Self {
        let (height, narrow) = (screen.height, screen.width < TWO_PANES);
        let mut rest = screen;
        let mut layout = Self::default();
        let below = |rest: &mut Rect, wanted: bool| take_last(rest, u16::from(wanted));
        layout.keys = below(&mut rest, height >= 12);
        layout.requests = below(&mut rest, height > 24);
        layout.status = below(&mut rest, height >= 4);
        layout.rule = below(&mut rest, height >= 10);
        layout.tabs = take_first(&mut rest, u16::from(narrow && height >= 6));
        if narrow {
            layout.panes[active.index()] = PaneLayout::of(rest);
        } else {
            layout.split(rest);
        }
        layout
    }

    fn split(&mut self, body: Rect) {
        let left = (body.width - 1) / 2;
        self.wall = Rect { x: body.x + left, width: 1, ..body };
        let sides = [paint::first(body, left), paint::after(body, left + 1)];
        self.panes = sides.map(PaneLayout::of);
    }
}

impl PaneLayout {
    fn of(mut area: Rect) -> Self {
        let height = area.height;
        let title = take_first(&mut area, u16::from(height >= 2));
        let foot = take_last(&mut area, u16::from(height >= 4));
        Self { title, rows: area, foot }
    }
}

fn take_first(area: &mut Rect, rows: u16) -> Rect {
    let taken = Rect { height: rows.min(area.height), ..*area };
    area.y += taken.height;
    area.height -= taken.height;
    taken
}

fn take_last(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    area.height -= rows;
    Rect { y: area.bottom(), height: rows, ..*area }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_terminal_has_nineteen_rows() {
        assert_eq!(
            [pane_rows(80, 24), pane_rows(40, 12), pane_rows(120, 40), pane_rows(1, 1)],
            [19, 6, 34, 1]
        );
    }

    #[test]
    fn what_has_no_room_gives_way() {
        let at = |columns, rows| Layout::of(Rect::new(0, 0, columns, rows), Side::Right);
        assert!(at(80, 24).requests.is_empty() && !at(80, 25).requests.is_empty());
        assert!(at(80, 11).keys.is_empty() && !at(80, 12).keys.is_empty());
        assert!(at(59, 24).panes[0].rows.is_empty() && !at(59, 24).panes[1].rows.is_empty());
        assert!(!at(60, 24).panes[0].rows.is_empty() && at(60, 24).tabs.is_empty());
    }

    #[test]
    fn no_place_lies_on_another() {
        for (columns, rows) in (1..130).step_by(7).flat_map(|c| (1..45).map(move |r| (c, r))) {
            let screen = Rect::new(0, 0, columns, rows);
            let it = Layout::of(screen, Side::Left);
            let panes = it.panes.iter().flat_map(|pane| [pane.title, pane.rows, pane.foot]);
            let all: Vec<Rect> = [it.tabs, it.wall, it.rule, it.status, it.requests, it.keys]
                .into_iter()
                .chain(panes)
                .collect();
            let cells: u32 = all.iter().map(|place| place.area()).sum();
            assert_eq!(cells, screen.area(), "{columns}x{rows}");
            assert!(all.iter().all(|place| place.is_empty() || screen.intersection(*place) == *place));
        }
    }
}
