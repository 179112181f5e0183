//! Listings kept from one run to the next: [`KeptListings`].
//!
//! One file for each connection, named by its identity: the listings one after the other, each packed by
//! itself with a checksum, the last used first. A file is replaced by a rename. What can't be read is no
//! failure: the log says so, and the directory is asked for as if nothing had been kept.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tracing::{debug, warn};

use super::ConnectionId;
use super::ops::{Listing, OpKey, Query};
use crate::config::private_dir;
use crate::config::{KeptListings as Whose, ListingSettings};
use crate::model::{ETag, Entry, Kind, Name, StorageClass, Tag, Timestamp};

/// What a file begins with; another version of the form is another beginning.
const MAGIC: &[u8] = b"bifold listings 1\n";
/// The oldest that is shown again, in milliseconds.
const OLDEST: i64 = 30 * 24 * 3600 * 1000;
/// The most that one listing may unpack to: none that this program packs comes near.
const LARGEST: u64 = 1 << 30;
const LEVEL: i32 = 3;
/// What a file is called before it has its own name.
const NEW: &str = ".new-";
/// One of these that is older was left by a program that was killed.
const LEFT: Duration = Duration::from_mins(10);

/// Where listings are kept, whose, and how many bytes of them.
#[derive(Debug)]
pub struct KeptListings {
    dir: PathBuf,
    max_size: u64,
    /// The connections whose listings are kept; `None` for all.
    only: Option<BTreeSet<String>>,
}

impl KeptListings {
    /// In `listings` below the directory of all caches, as the settings say; `None` where nothing is kept.
    /// Touches no disk. `read_only` names the connections that refuse writes.
    pub fn new(
        caches: &Path,
        settings: ListingSettings,
        read_only: impl IntoIterator<Item = String>,
    ) -> Option<Self> {
        let only = match settings.keep {
            Whose::Off => return None,
            Whose::ReadOnly => Some(read_only.into_iter().collect()),
            Whose::All => None,
        };
        Some(Self { dir: caches.join("listings"), max_size: settings.max_size, only })
    }

    /// Whether this connection's are kept.
    pub fn keeps(&self, connection: &ConnectionId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&*connection.name))
    }

    fn file(&self, connection: &ConnectionId) -> PathBuf {
        let mut hash = Sha256::new();
        let identity = postcard::to_stdvec(&Identity::of(connection)).unwrap_or_default();
        hash.update(&identity);
        let mut name = String::new();
        for byte in hash.finalize() {
            let _ = write!(name, "{byte:02x}");
        }
        self.dir.join(name)
    }

    /// What was kept of a connection, but for what is too old at `now`. Blocks.
    pub(super) fn load(&self, connection: &ConnectionId, now: Timestamp) -> Vec<(Query, Arc<Listing>)> {
        let path = self.file(connection);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                warn!(connection = %connection.name, %error, "kept listings: can't be read");
                return Vec::new();
            }
        };
        let (listings, broken) = unpacked(&bytes, connection);
        if let Some(why) = broken {
            warn!(connection = %connection.name, why, "kept listings: the file is damaged, the rest is ignored");
        }
        let age = |listing: &Listing| now.0.saturating_sub(listing.read_at.0);
        let kept: Vec<_> =
            listings.into_iter().filter(|(_, listing)| (0..OLDEST).contains(&age(listing))).collect();
        debug!(connection = %connection.name, listings = kept.len(), "kept listings: loaded");
        kept
    }

    /// Keeps these listings, the last used first, in place of what was kept of their connections and of those
    /// of `emptied`; what is above the bound is left out, and the files of others that were written longest
    /// ago go. Blocks.
    ///
    /// # Errors
    /// What the disk says; what was kept before stays then.
    pub(super) fn save(
        &self,
        held: &[(OpKey, Arc<Listing>)],
        emptied: &[Arc<ConnectionId>],
    ) -> io::Result<()> {
        private_dir(&self.dir)?;
        let mut files: Vec<(Arc<ConnectionId>, Vec<u8>)> = Vec::new();
        let mut left = self.max_size;
        for (key, listing) in held.iter().filter(|(key, _)| self.keeps(&key.connection)) {
            let Some(packed) = packed(&key.query, listing)? else { continue };
            let at = files.iter().position(|(connection, _)| *connection == key.connection);
            let begun = if at.is_none() { beginning(&key.connection)? } else { Vec::new() };
            let size = (packed.len() + begun.len()) as u64;
            // The last used count: what comes after one that has no room is older, but may be smaller.
            let Some(rest) = left.checked_sub(size) else { continue };
            left = rest;
            let at = at.unwrap_or_else(|| {
                files.push((key.connection.clone(), begun));
                files.len() - 1
            });
            files[at].1.extend_from_slice(&packed);
        }
        let written = |connection: &Arc<ConnectionId>| files.iter().any(|(file, _)| file == connection);
        for connection in emptied.iter().filter(|connection| !written(connection)) {
            remove(&self.file(connection))?;
        }
        for (connection, bytes) in &files {
            replace(&self.dir, &self.file(connection), bytes)?;
        }
        self.sweep()?;
        self.make_room()
    }

    /// Removes what a program left that was killed while it wrote.
    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let is_new = entry.file_name().to_str().is_some_and(|name| name.starts_with(NEW));
            let written = entry.metadata().and_then(|meta| meta.modified()).ok();
            let age = written.and_then(|at| SystemTime::now().duration_since(at).ok());
            if is_new && age.is_some_and(|age| age > LEFT) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes every file. Blocks.
    pub(super) fn forget(&self) -> io::Result<()> {
        self.files()?.into_iter().try_for_each(|file| remove(&file.path))
    }

    /// The oldest files go until the rest is within the bound.
    fn make_room(&self) -> io::Result<()> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.written);
        let mut bytes: u64 = files.iter().map(|file| file.size).sum();
        for file in files {
            if bytes <= self.max_size {
                break;
            }
            remove(&file.path)?;
            bytes -= file.size;
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<OnDisk>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Another window's file on its way has a longer name, and is that window's.
            if is_ours(&entry.file_name())
                && let Ok(meta) = entry.metadata()
            {
                let written = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push(OnDisk { path: entry.path(), size: meta.len(), written });
            }
        }
        Ok(files)
    }
}

struct OnDisk {
    path: PathBuf,
    size: u64,
    written: SystemTime,
}

fn is_ours(name: &OsString) -> bool {
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.to_str().is_some_and(hex)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The new file appears when it is whole; only its owner may read it.
fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(NEW).tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Identity<'a> {
    name: &'a str,
    endpoint: &'a str,
    profile: Option<&'a str>,
    anonymous: bool,
}

impl<'a> Identity<'a> {
    fn of(id: &'a ConnectionId) -> Self {
        let (name, endpoint) = (&*id.name, &*id.endpoint);
        Self { name, endpoint, profile: id.profile.as_deref(), anonymous: id.anonymous }
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    /// The bucket and the prefix; none is the list of buckets.
    place: Option<(String, String)>,
    read_at: i64,
    pages: Vec<Vec<SavedRow>>,
}

#[derive(Serialize, Deserialize)]
struct SavedRow {
    name: Vec<u8>,
    kind: Kind,
    size: Option<u64>,
    modified: Option<i64>,
    tag: Option<String>,
    class: Option<String>,
}

impl SavedRow {
    fn of(row: &Entry) -> Self {
        Self {
            name: row.name.as_bytes().to_vec(),
            kind: row.kind,
            size: row.size,
            modified: row.modified.map(|at| at.0),
            tag: row.etag().map(ToString::to_string),
            class: row.class.as_ref().map(|class| class.as_str().to_owned()),
        }
    }

    fn row(self) -> Entry {
        Entry {
            size: self.size,
            modified: self.modified.map(Timestamp),
            tag: self.tag.map(|tag| Tag::ETag(ETag::new(&tag))),
            class: self.class.map(|class| StorageClass::new(&class)),
            ..Entry::new(Name::from(&*self.name), self.kind)
        }
    }
}

/// What a file begins with: its form, and whose it is.
fn beginning(connection: &ConnectionId) -> io::Result<Vec<u8>> {
    let identity = postcard::to_stdvec(&Identity::of(connection)).map_err(io::Error::other)?;
    Ok([MAGIC, &frame(&identity)?].concat())
}

/// A listing as it is kept; `None` for what is shown by no pane.
fn packed(query: &Query, listing: &Listing) -> io::Result<Option<Vec<u8>>> {
    let place = match query {
        Query::ListBuckets => None,
        Query::List { bucket, prefix, delimited: true } => Some((bucket.to_string(), prefix.to_string())),
        _ => return Ok(None),
    };
    let pages = listing.pages.iter().map(|page| page.iter().map(SavedRow::of).collect()).collect();
    let saved = Saved { place, read_at: listing.read_at.0, pages };
    frame(&postcard::to_stdvec(&saved).map_err(io::Error::other)?).map(Some)
}

/// Packed with a checksum, after its length.
fn frame(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut pack = zstd::Encoder::new(Vec::new(), LEVEL)?;
    pack.include_checksum(true)?;
    pack.write_all(bytes)?;
    let packed = pack.finish()?;
    let len = u32::try_from(packed.len()).map_err(io::Error::other)?;
    Ok([&len.to_le_bytes(), &*packed].concat())
}

/// The listings of a file, and what is wrong with it from where they end.
fn unpacked(bytes: &[u8], connection: &ConnectionId) -> (Vec<(Query, Arc<Listing>)>, Option<&'static str>) {
    let mut listings = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return (listings, Some("another form")) };
    let whose = take_frame(&mut rest);
    let ours = whose.is_some_and(|whose| {
        postcard::from_bytes::<Identity<'_>>(&whose).is_ok_and(|whose| whose == Identity::of(connection))
    });
    if !ours {
        return (listings, Some("another connection's, or damaged"));
    }
    while !rest.is_empty() {
        let saved = take_frame(&mut rest).and_then(|bytes| postcard::from_bytes::<Saved>(&bytes).ok());
        let Some(saved) = saved else { return (listings, Some("a listing with a wrong checksum")) };
        listings.push(restored(saved));
    }
    (listings, None)
}

fn restored(saved: Saved) -> (Query, Arc<Listing>) {
    let query = match saved.place {
        None => Query::ListBuckets,
        Some((bucket, prefix)) => {
            Query::List { bucket: bucket.into(), prefix: prefix.into(), delimited: true }
        }
    };
    let page = |rows: Vec<SavedRow>| Arc::new(rows.into_iter().map(SavedRow::row).collect());
    let pages = saved.pages.into_iter().map(page).collect();
    (query, Arc::new(Listing::new(pages, Timestamp(saved.read_at))))
}

fn take_frame(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (packed, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = after;
    let mut bytes = Vec::new();
    zstd::Decoder::new(packed).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const DAY: i64 = 24 * 3600 * 1000;
    const NOW: Timestamp = Timestamp(100 * DAY);

    fn connection(name: &str) -> Arc<ConnectionId> {
        let (name, endpoint) = (name.into(), "http://here".into());
        Arc::new(ConnectionId { name, endpoint, profile: None, anonymous: false })
    }

    fn held(name: &str, prefix: &str, rows: usize, read_at: i64) -> (OpKey, Arc<Listing>) {
        let query = Query::List { bucket: "b".into(), prefix: prefix.into(), delimited: true };
        let row = |at: usize| Entry {
            size: Some(at as u64),
            modified: Some(Timestamp(i64::try_from(at).unwrap())),
            // Names that pack badly: the bound is met.
            tag: Some(Tag::ETag(ETag::of_md5(fastrand::u128(..).to_be_bytes()))),
            class: Some(StorageClass::new("GLACIER")),
            ..Entry::new(Name::from(&[b'x', 0xff, at as u8][..]), Kind::File)
        };
        let pages = vec![Arc::new((0..rows).map(row).collect()), Arc::new(Vec::new())];
        (OpKey::new(&connection(name), query), Arc::new(Listing::new(pages, Timestamp(read_at))))
    }

    fn shelf(dir: &Path, max_size: u64) -> KeptListings {
        KeptListings::new(dir, ListingSettings { keep: Whose::All, max_size }, []).unwrap()
    }

    fn loaded(shelf: &KeptListings, name: &str) -> Vec<(Query, Arc<Listing>)> {
        shelf.load(&connection(name), NOW)
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was_and_for_its_connection_alone() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = shelf(dir.path(), 1 << 20);
        assert!(loaded(&shelf, "s3").is_empty());
        let kept = [held("s3", "a/", 3, NOW.0 - 5), held("prod", "", 2, NOW.0), held("s3", "", 1, NOW.0)];
        shelf.save(&kept, &[]).unwrap();
        let names = |name| loaded(&shelf, name).into_iter().collect::<Vec<_>>();
        let expected = |at: usize| (kept[at].0.query.clone(), kept[at].1.clone());
        assert_eq!(names("s3"), [expected(0), expected(2)]);
        assert_eq!(names("prod"), [expected(1)]);
        for file in shelf.files().unwrap() {
            assert_eq!(file.path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        // Nothing is left of one that holds nothing any more.
        shelf.save(&kept[1..2], &[connection("s3")]).unwrap();
        assert!(loaded(&shelf, "s3").is_empty() && !loaded(&shelf, "prod").is_empty());
        shelf.forget().unwrap();
        assert!(shelf.files().unwrap().is_empty());
    }

    #[test]
    fn what_a_kill_left_goes_when_it_is_old() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = shelf(dir.path(), 1 << 20);
        shelf.save(&[held("s3", "", 1, NOW.0)], &[]).unwrap();
        let at = |name: &str| dir.path().join("listings").join(name);
        for (name, minutes) in [(".new-old", 11), (".new-young", 1), ("notes", 99)] {
            let file = fs::File::create(at(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_mins(minutes)).unwrap();
        }
        shelf.save(&[held("s3", "", 1, NOW.0)], &[]).unwrap();
        assert_eq!([".new-old", ".new-young", "notes"].map(|name| at(name).exists()), [false, true, true]);
        assert_eq!(loaded(&shelf, "s3").len(), 1);
    }

    #[test]
    fn the_settings_say_whose() {
        let new = |keep| {
            let settings = ListingSettings { keep, max_size: 1 };
            KeptListings::new(Path::new("/none"), settings, ["prod".to_owned()])
        };
        assert!(new(Whose::Off).is_none());
        let read_only = new(Whose::ReadOnly).unwrap();
        assert!(read_only.keeps(&connection("prod")) && !read_only.keeps(&connection("s3")));
        assert!(new(Whose::All).unwrap().keeps(&connection("s3")));
    }

    #[test]
    fn a_damaged_file_is_ignored_from_where_it_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = shelf(dir.path(), 1 << 20);
        shelf.save(&[held("s3", "a/", 3, NOW.0), held("s3", "b/", 3, NOW.0)], &[]).unwrap();
        let path = shelf.file(&connection("s3"));
        let whole = fs::read(&path).unwrap();
        let (kept, mut missed) = (loaded(&shelf, "s3"), 0);
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            fs::write(&path, &flipped).unwrap();
            // Whatever still comes is right: some bits of the packing mean nothing.
            let found = loaded(&shelf, "s3");
            assert!(found.iter().all(|it| kept.contains(it)), "byte {at} was flipped");
            missed += usize::from(found.len() < 2);
            fs::write(&path, &whole[..at]).unwrap();
            assert!(loaded(&shelf, "s3").len() < 2, "cut at {at}");
        }
        assert!(missed > whole.len() * 9 / 10, "{missed} of {} were noticed", whole.len());
        fs::write(&path, &whole).unwrap();
        assert_eq!(loaded(&shelf, "s3").len(), 2);
        // Another connection's file under this name.
        fs::copy(&path, shelf.file(&connection("prod"))).unwrap();
        assert!(loaded(&shelf, "prod").is_empty());
    }

    #[test]
    fn what_is_too_old_or_yet_to_come_is_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = shelf(dir.path(), 1 << 20);
        let at = |read_at: i64| held("s3", &read_at.to_string(), 1, read_at);
        shelf.save(&[at(NOW.0 - 29 * DAY), at(NOW.0 - 30 * DAY), at(NOW.0 + 1)], &[]).unwrap();
        assert_eq!(loaded(&shelf, "s3").len(), 1);
    }

    #[test]
    fn the_bound_holds_and_the_last_used_stay() {
        let dir = tempfile::tempdir().unwrap();
        let size = |shelf: &KeptListings| shelf.files().unwrap().iter().map(|file| file.size).sum::<u64>();
        let small = shelf(dir.path(), 4_000);
        let many: Vec<_> = (0..50).map(|at| held("s3", &format!("{at}/"), 20, NOW.0)).collect();
        small.save(&many, &[]).unwrap();
        assert!(size(&small) <= 4_000);
        let found = loaded(&small, "s3");
        assert!(!found.is_empty() && found.len() < 50);
        assert_eq!(found[0].0, many[0].0.query, "the last used");
        // Another connection's come in place of the older file.
        let other: Vec<_> = (0..50).map(|at| held("prod", &format!("{at}/"), 20, NOW.0)).collect();
        std::thread::sleep(std::time::Duration::from_millis(20));
        small.save(&other, &[]).unwrap();
        assert!(size(&small) <= 4_000);
        assert!(!loaded(&small, "prod").is_empty() && loaded(&small, "s3").is_empty());
    }
}
