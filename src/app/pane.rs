//! One side of the screen: [`Pane`].

use crate::model::{Arrangement, Entry, Kind, Name, Source, Timestamp, Uri, VfsError};

use super::msg::ReqId;
use super::rows::Rows;

/// A place that a pane was at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The location.
    pub uri: Uri,
    /// The row that the cursor was on.
    pub row: Option<Wanted>,
}

/// A row that the cursor should go to when it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: Name,
    /// Its kind; `None` means whatever can be entered.
    pub kind: Option<Kind>,
}

impl Wanted {
    /// Whether this is the row.
    pub fn is(&self, entry: &Entry) -> bool {
        entry.name == self.name && self.kind.map_or_else(|| entry.can_enter(), |kind| kind == entry.kind)
    }
}

impl From<&Entry> for Wanted {
    fn from(entry: &Entry) -> Self {
        Self { name: entry.name.clone(), kind: Some(entry.kind) }
    }
}

/// A listing that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The request.
    pub req: ReqId,
    /// When it was asked for.
    pub started: Timestamp,
    /// When its rows were read, as its first page tells.
    pub read_at: Option<Timestamp>,
    /// Where its rows come from, likewise.
    pub source: Option<Source>,
    /// Whether only what is held is looked at: no page means that nothing is, and what is shown stays.
    pub held: bool,
}

/// A large listing that is being sorted elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorting {
    /// The request.
    pub req: ReqId,
    /// How it will be arranged.
    pub arrangement: Arrangement,
    /// How many rows it covers.
    pub covered: u32,
}

/// A row as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// The way up: `..`.
    Up,
    /// An entry.
    Entry {
        /// The entry.
        entry: &'a Entry,
        /// Whether it is marked.
        marked: bool,
    },
}

/// When a pane lists again by itself, because a job writes into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relist {
    /// When it is due.
    pub due: Option<Timestamp>,
    /// When it is due to show what is held by then, which costs no request.
    pub look: Option<Timestamp>,
    /// When that was done last, and how long it took, in milliseconds.
    pub looked: Option<(Timestamp, i64)>,
    /// When the last listing was complete.
    pub last: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub took: i64,
}

/// One side of the screen: a location, its rows, a cursor.
///
/// Invariants: `cursor < max(len, 1)`; `cursor` is within `top .. top + height` after every update;
/// the location changes only when a person goes elsewhere, never because something failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// Where it is.
    pub uri: Uri,
    /// The rows that are shown.
    pub rows: Rows,
    /// The rows of the same directory as they arrive while it is listed again; they take the place of
    /// `rows` when they are complete, so that nothing jumps.
    pub incoming: Option<Rows>,
    /// The row of the cursor, `..` counted.
    pub cursor: usize,
    /// The first row on the screen, `..` counted.
    pub top: usize,
    /// How the person wants the rows; [`Rows::arrangement`] follows.
    pub arrangement: Arrangement,
    /// The listing under way.
    pub listing: Option<Listing>,
    /// The sorting under way.
    pub sorting: Option<Sorting>,
    /// Why the last listing failed. Rows that came before stay.
    pub error: Option<VfsError>,
    /// When what is shown was read.
    pub read_at: Option<Timestamp>,
    /// Where it came from.
    pub source: Option<Source>,
    /// Where Back leads, the last one first to be taken.
    pub back: Vec<Place>,
    /// Where Forward leads, likewise.
    pub forward: Vec<Place>,
    /// The row that the cursor should go to when it arrives.
    pub wanted: Option<Wanted>,
    /// Whether it was typed without saying that it is a directory: it may be a file.
    pub may_be_file: bool,
    /// That what was typed is no directory: to be told unless its row is there.
    pub no_directory: Option<Box<VfsError>>,
    /// When it lists again by itself.
    pub relist: Relist,
}

impl Pane {
    /// A pane that shows nothing yet.
    pub fn new(uri: Uri, arrangement: Arrangement) -> Self {
        Self {
            uri,
            rows: Rows::new(arrangement.clone()),
            incoming: None,
            cursor: 0,
            top: 0,
            arrangement,
            listing: None,
            sorting: None,
            error: None,
            read_at: None,
            source: None,
            back: Vec::new(),
            forward: Vec::new(),
            wanted: None,
            may_be_file: false,
            no_directory: None,
            relist: Relist::default(),
        }
    }

    /// How many rows come before the first entry: 1 where there is a way up.
    pub fn above(&self) -> usize {
        usize::from(match &self.uri {
            Uri::Local(path) => path.parent().is_some(),
            Uri::S3(s3) => s3.bucket.is_some(),
            Uri::Archive(_) => true,
        })
    }

    /// How many rows are shown, `..` counted.
    pub fn len(&self) -> usize {
        self.above() + self.rows.shown()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at this place, `..` counted.
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        let Some(place) = at.checked_sub(self.above()) else { return Some(Row::Up) };
        let entry = self.rows.entry(place)?;
        Some(Row::Entry { entry, marked: self.rows.is_marked(place) })
    }

    /// The entry under the cursor; none on `..`.
    pub fn current(&self) -> Option<&Entry> {
        self.rows.entry(self.cursor.checked_sub(self.above())?)
    }

    /// How many entries there are, shown or not; of a listing under way: so far. It never goes down while
    /// the same directory is listed again.
    pub fn total(&self) -> usize {
        self.rows.total().max(self.incoming.as_ref().map_or(0, Rows::total))
    }

    /// Whether rows are still to come.
    pub fn is_loading(&self) -> bool {
        self.listing.is_some()
    }

    /// Whether its rows are past their life: they are shown until they have been read again.
    pub fn is_past(&self) -> bool {
        self.source == Some(Source::Stale)
    }

    /// Whether this is a list of buckets.
    pub fn is_buckets(&self) -> bool {
        self.uri.as_s3().is_some_and(|s3| s3.bucket.is_none())
    }

    /// Whether something new or gone in `dir` can change the rows here: on S3 a key makes prefixes appear in
    /// every directory above it, on a disk a change shows in its directory and in the one that holds that.
    pub fn shows_changes_of(&self, dir: &Uri) -> bool {
        let near = match (&self.uri, dir) {
            (Uri::Local(here), Uri::Local(dir)) => dir.parent() == Some(here),
            _ => !self.is_buckets() && self.uri.contains(dir),
        };
        near || self.uri == *dir
    }

    /// What the cursor is on, to find it again.
    pub fn current_place(&self) -> Place {
        Place { uri: self.uri.clone(), row: self.current().map(Wanted::from) }
    }

    /// Where one came from, while the cursor waits for its row: whoever enters at once means that.
    pub fn awaited(&self) -> Option<&Uri> {
        let wanted = self.wanted.as_ref().filter(|_| self.listing.is_some())?;
        let is_it = |uri: &&Uri| uri.name() == wanted.name && uri.parent().as_ref() == Some(&self.uri);
        [&self.back, &self.forward]
            .into_iter()
            .filter_map(|places| places.last())
            .map(|place| &place.uri)
            .find(is_it)
    }

    /// Puts the cursor on this row, or the nearest that there is, and brings it onto a screen of `height` rows.
    pub fn set_cursor(&mut self, at: usize, height: usize) {
        self.cursor = at.min(self.len().saturating_sub(1));
        self.show_cursor(height);
    }

    /// Brings the cursor onto a screen of `height` rows, and leaves no rows free below that could be used.
    pub fn show_cursor(&mut self, height: usize) {
        let height = height.max(1);
        let lowest = self.cursor.saturating_sub(height - 1);
        let end = self.len().saturating_sub(height);
        self.top = self.top.clamp(lowest, self.cursor).min(end.max(lowest));
    }

    /// Changes the rows while the cursor stays on its entry, and the entry on its line of the screen.
    pub fn keeping_cursor(&mut self, height: usize, change: impl FnOnce(&mut Rows)) {
        let number = self.cursor.checked_sub(self.above()).and_then(|place| self.rows.number(place));
        let line = self.cursor - self.top.min(self.cursor);
        change(&mut self.rows);
        let place = number.and_then(|number| self.rows.place(number));
        let cursor = place.map_or(self.cursor, |place| place + self.above());
        self.top = cursor.saturating_sub(line);
        self.set_cursor(cursor, height);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::S3Uri;

    fn pane(names: &[&str]) -> Pane {
        let mut pane = Pane::new(Uri::Local("/a".into()), Arrangement::default());
        pane.rows.push(page(names));
        pane
    }

    fn page(names: &[&str]) -> Arc<Vec<Entry>> {
        Arc::new(names.iter().map(|name| Entry::new((*name).into(), Kind::File)).collect())
    }

    #[test]
    fn the_cursor_stays_on_its_entry_and_line_as_rows_arrive() {
        let mut pane = pane(&["m", "n", "o", "p", "q"]);
        pane.set_cursor(5, 3);
        pane.set_cursor(4, 3);
        assert_eq!((pane.top, pane.current().unwrap().name.as_str()), (3, Some("p")));
        pane.keeping_cursor(3, |rows| {
            rows.push(page(&["a", "b", "z"]));
        });
        assert_eq!((pane.cursor, pane.top, pane.current().unwrap().name.as_str()), (6, 5, Some("p")));
    }

    #[test]
    fn a_change_shows_where_it_can() {
        let shows = |here: Uri, dir: Uri| Pane::new(here, Arrangement::default()).shows_changes_of(&dir);
        let (local, s3) =
            (|path: &str| Uri::Local(path.into()), |key: &str| Uri::S3(S3Uri::new("s3", "b", key)));
        assert!(shows(local("/a"), local("/a")) && shows(local("/a"), local("/a/b")));
        assert!(!shows(local("/a"), local("/a/b/c")) && !shows(local("/a/b"), local("/a")));
        assert!(shows(s3("a/"), s3("a/b/c/")) && !shows(s3("a/"), s3("ab/")));
        let buckets = Uri::S3(S3Uri::buckets("s3"));
        assert!(shows(buckets.clone(), buckets.clone()) && !shows(buckets, s3("a/")));
    }

    #[test]
    fn the_way_up_is_there_unless_at_the_top() {
        let pane = pane(&[]);
        assert_eq!(pane.row(0), Some(Row::Up));
        assert_eq!((pane.len(), pane.row(1)), (1, None));
        let root = Pane::new(Uri::Local("/".into()), Arrangement::default());
        assert_eq!((root.len(), root.row(0)), (0, None));
    }
}
