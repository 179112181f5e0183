//! Whether two files of one path are the same, from what is told of both: [`judge`].
//!
//! A kept time is what an object's metadata tell of the file that it came from. Without one, an object is as
//! old as its last write, which is all that a listing tells.

use super::{By, Known, Side, Why};
use crate::model::{Entry, Tag};

/// A second, in nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A millisecond.
const MILLI: i64 = 1_000_000;

/// What is known of the times that objects keep: nothing yet, or that there is none, or one.
pub type Kept = Option<Option<i64>>;

/// What follows from what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same.
    Same(Known),
    /// They aren't.
    Differs(Why),
    /// The time that this side's object keeps has to be asked for.
    Ask(Side),
    /// Their content has to be compared.
    Compare,
}

/// One of the two files, and what is known of the time that it keeps.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The row.
    pub entry: &'a Entry,
    /// The kept time, on S3.
    pub kept: Kept,
}

impl File<'_> {
    /// The time of modification of a local file, or of an object's last write, in nanoseconds.
    fn listed(&self) -> Option<i64> {
        match self.entry.tag {
            Some(Tag::File { mtime_ns, .. }) => Some(mtime_ns),
            _ => self.entry.modified.map(|time| time.0.saturating_mul(MILLI)),
        }
    }

    fn is_local(&self) -> bool {
        !matches!(self.entry.tag, Some(Tag::ETag(_)))
    }

    /// When its content was made, as far as it is known.
    fn made(&self) -> Option<i64> {
        self.kept.flatten().or_else(|| self.listed())
    }
}

/// Whether two files of one path are the same.
pub fn judge(here: File<'_>, there: File<'_>, by: By) -> Verdict {
    if here.entry.kind != there.entry.kind {
        return Verdict::Differs(Why::Kind);
    }
    if here.entry.size != there.entry.size {
        return Verdict::Differs(Why::Size);
    }
    if here.entry.etag().is_some() && here.entry.etag() == there.entry.etag() {
        return Verdict::Same(Known::ETag);
    }
    match by {
        By::Size => Verdict::Same(Known::Size),
        By::Content | By::Download => Verdict::Compare,
        By::Time => by_time(here, there),
    }
}

fn by_time(here: File<'_>, there: File<'_>) -> Verdict {
    // What was downloaded, by whatever tool, has the time of the object, or the one that the object keeps.
    if !here.is_local() && there.is_local() && has_time_of(there.listed(), here.listed()) {
        return Verdict::Same(Known::Time);
    }
    for (file, side) in [(&there, Side::There), (&here, Side::Here)] {
        if !file.is_local() && file.kept.is_none() {
            return Verdict::Ask(side);
        }
    }
    let same = match there.kept {
        // An object that keeps no time was made by another tool: it is as new as its last write.
        Some(None) => here.made() <= there.listed(),
        _ => same_time(here.made(), there.made()),
    };
    if same { Verdict::Same(Known::Time) } else { Verdict::Differs(Why::Time) }
}

/// Whether a file was given the time that a listing tells. One that was written in the same second has a
/// fraction of its own, but for disks that keep none.
fn has_time_of(file: Option<i64>, listed: Option<i64>) -> bool {
    let (Some(file), Some(listed)) = (file, listed) else { return false };
    let unit = if file % SECOND == 0 { SECOND } else { MILLI };
    file.div_euclid(unit) == listed.div_euclid(unit)
}

/// Whether two times are one, to what both tell: a service tells seconds, other tools keep milliseconds.
fn same_time(one: Option<i64>, other: Option<i64>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let whole = one % SECOND == 0 || other % SECOND == 0;
    let unit = if whole { SECOND } else { MILLI };
    one.div_euclid(unit) == other.div_euclid(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ETag, Kind, Timestamp};

    const T: i64 = 1_700_000_000 * SECOND;

    fn local(size: u64, mtime_ns: i64) -> Entry {
        let tag = Tag::File { dev: 1, ino: 1, mtime_ns };
        Entry { size: Some(size), tag: Some(tag), ..Entry::new("a".into(), Kind::File) }
    }

    fn object(size: u64, modified_ns: i64, etag: &str) -> Entry {
        Entry {
            size: Some(size),
            modified: Some(Timestamp(modified_ns / MILLI)),
            tag: Some(Tag::ETag(ETag::new(etag))),
            ..Entry::new("a".into(), Kind::File)
        }
    }

    fn told(here: &Entry, own: Kept, there: &Entry, other: Kept) -> Verdict {
        judge(File { entry: here, kept: own }, File { entry: there, kept: other }, By::Time)
    }

    #[test]
    fn another_size_needs_no_more() {
        assert_eq!(told(&local(1, T), None, &object(2, T, "x"), None), Verdict::Differs(Why::Size));
        let link = Entry { kind: Kind::Symlink, ..local(1, T) };
        assert_eq!(told(&link, None, &local(1, T), None), Verdict::Differs(Why::Kind));
    }

    #[test]
    fn local_files_go_by_their_times() {
        assert_eq!(told(&local(1, T + 5), None, &local(1, T + 5), None), Verdict::Same(Known::Time));
        assert_eq!(
            told(&local(1, T + 5), None, &local(1, T), None),
            Verdict::Same(Known::Time),
            "a coarse disk"
        );
        assert_eq!(told(&local(1, T + SECOND), None, &local(1, T), None), Verdict::Differs(Why::Time));
    }

    #[test]
    fn an_upload_goes_by_the_kept_time_and_asks_for_it() {
        let (file, up) = (local(1, T + 5 * MILLI), object(1, T + 60 * SECOND, "x"));
        assert_eq!(told(&file, None, &up, None), Verdict::Ask(Side::There));
        assert_eq!(told(&file, None, &up, Some(Some(T + 5 * MILLI))), Verdict::Same(Known::Time));
        assert_eq!(told(&file, None, &up, Some(Some(T))), Verdict::Same(Known::Time), "kept in seconds");
        assert_eq!(told(&file, None, &up, Some(Some(T + 6 * MILLI))), Verdict::Differs(Why::Time));
        assert_eq!(told(&file, None, &up, Some(None)), Verdict::Same(Known::Time), "older than the object");
        let edited = local(1, T + 61 * SECOND);
        assert_eq!(told(&edited, None, &up, Some(None)), Verdict::Differs(Why::Time));
        let before = local(1, T + 60 * SECOND);
        assert_eq!(
            told(&before, None, &up, None),
            Verdict::Ask(Side::There),
            "an upload may be as quick as that"
        );
    }

    #[test]
    fn a_download_asks_only_where_the_time_is_not_the_objects() {
        let object = object(1, T, "x");
        assert_eq!(told(&object, None, &local(1, T + 7), None), Verdict::Same(Known::Time));
        let kept = local(1, T - 100 * SECOND + 7);
        assert_eq!(told(&object, None, &kept, None), Verdict::Ask(Side::Here));
        assert_eq!(told(&object, Some(Some(T - 100 * SECOND + 7)), &kept, None), Verdict::Same(Known::Time));
        let edited = local(1, T + 500 * MILLI);
        assert_eq!(told(&object, None, &edited, None), Verdict::Ask(Side::Here), "edited within that second");
        assert_eq!(told(&object, Some(None), &kept, None), Verdict::Differs(Why::Time));
        assert_eq!(told(&object, Some(None), &local(1, T + SECOND), None), Verdict::Differs(Why::Time));
    }

    #[test]
    fn objects_go_by_their_tags_then_by_kept_times() {
        let (one, other) = (object(1, T, "x"), object(1, T + 60 * SECOND, "y"));
        assert_eq!(told(&one, None, &object(1, T + 9, "x"), None), Verdict::Same(Known::ETag));
        assert_eq!(told(&one, None, &other, None), Verdict::Ask(Side::There));
        assert_eq!(told(&one, None, &other, Some(None)), Verdict::Ask(Side::Here));
        assert_eq!(told(&one, Some(None), &other, Some(None)), Verdict::Same(Known::Time), "written later");
        assert_eq!(told(&other, Some(None), &one, Some(None)), Verdict::Differs(Why::Time));
        assert_eq!(told(&one, Some(Some(T)), &other, Some(Some(T))), Verdict::Same(Known::Time));
        assert_eq!(told(&one, Some(Some(T)), &other, Some(Some(T + SECOND))), Verdict::Differs(Why::Time));
    }

    #[test]
    fn content_is_compared_where_that_was_asked_for() {
        let (one, other) = (local(1, T), object(1, T, "y"));
        let by = |by| judge(File { entry: &one, kept: None }, File { entry: &other, kept: None }, by);
        assert_eq!((by(By::Content), by(By::Size)), (Verdict::Compare, Verdict::Same(Known::Size)));
    }
}
