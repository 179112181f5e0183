//! For those who look at what is held, and set it right: list, drop, pin, verify, clear.

use rusqlite::{Connection, Row, params};

use super::index::{self, Book};
use super::room::STEP;
use super::{FileName, HeldEntry, Shelf};
use crate::model::{S3Uri, Timestamp, Uri};

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of this connection, by name.
    pub connection: Option<String>,
    /// Of this bucket.
    pub bucket: Option<String>,
    /// Whose key begins so.
    pub prefix: String,
    /// And what was made of something that isn't an object, whose location begins so as it would be typed: what is in
    /// an archive.
    pub typed: Option<String>,
}

impl Selection {
    /// All that begins as this location does: all of its connection where it names no bucket. What was made of
    /// something that isn't an object is known by the location as it would be typed.
    pub fn under(at: &Uri) -> Self {
        let nowhere = Some(String::new());
        match at.as_s3() {
            Some(at) => Self::below(at),
            None => {
                Self { connection: nowhere.clone(), bucket: nowhere, prefix: at.to_string(), typed: None }
            }
        }
    }

    /// All that begins as this location does: all of its connection where it names no bucket.
    pub fn below(at: &S3Uri) -> Self {
        let bucket = at.bucket.as_deref().map(str::to_owned);
        let (connection, typed) = (Some(at.connection.to_string()), Some(at.to_string()));
        Self { connection, bucket, prefix: at.key.to_string(), typed }
    }
}

/// How much something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Amount {
    /// Entries.
    pub entries: u64,
    /// Bytes that they take on disk.
    pub bytes: u64,
}

/// What reading all of a layer showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Verified {
    /// Files that were read.
    pub files: u64,
    /// Bytes that were checked.
    pub bytes: u64,
    /// Pieces that were damaged or gone, and are forgotten now.
    pub damaged: u64,
}

const WHERE: &str = "shelf = ?1 AND ((?2 IS NULL OR connection = ?2) AND (?3 IS NULL OR bucket = ?3)
    AND substr(CAST(key AS BLOB), 1, length(CAST(?4 AS BLOB))) = CAST(?4 AS BLOB)
    OR bucket = '' AND substr(CAST(key AS BLOB), 1, length(CAST(?5 AS BLOB))) = CAST(?5 AS BLOB))";

impl Shelf {
    /// A page of what is held, in the order of locations: so many entries after the first `skip`.
    pub async fn list(&self, of: &Selection, skip: u64, most: u64) -> Vec<HeldEntry> {
        let of = of.clone();
        self.read(move |db, book| list(db, book, &of, skip, most)).await.unwrap_or_default()
    }

    /// How much a selection names.
    pub async fn count_selected(&self, of: &Selection) -> Amount {
        let of = of.clone();
        let sql = format!("SELECT count(*), coalesce(sum(held), 0) FROM cache_files WHERE {WHERE}");
        let count = move |db: &Connection, book: &Book| {
            let key = params![book.shelf, of.connection, of.bucket, of.prefix, of.typed];
            let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            let amount = |row: &Row<'_>| Ok(Amount { entries: number(row, 0)?, bytes: number(row, 1)? });
            db.prepare_cached(&sql)?.query_row(key, amount)
        };
        self.read(count).await.unwrap_or_default()
    }

    /// Forgets all that a selection names, step by step. Gives how many.
    pub async fn remove_selected(&self, of: &Selection) -> u64 {
        let mut all = 0;
        loop {
            let of = of.clone();
            let remove = move |db: &Connection, book: &Book| {
                let sql =
                    format!("SELECT name, connection, bucket, key FROM cache_files WHERE {WHERE} LIMIT ?6");
                let (most, of) = (STEP.cast_signed(), &of);
                let key = params![book.shelf, of.connection, of.bucket, of.prefix, of.typed, most];
                index::remove_all(db, book, &sql, key, "it was dropped")
            };
            let removed = self.write(remove).await.unwrap_or(0);
            all += removed;
            if removed < STEP {
                return all;
            }
        }
    }

    /// Forgets everything, pinned or not, and what former directories hold. Gives how many files.
    pub async fn clear(&self) -> u64 {
        let removed = self.remove_selected(&Selection::default()).await;
        let former = self.clean_former(None).await;
        self.clean().await;
        removed + former
    }

    /// Holds an entry whatever the bounds say, or no longer. `false` where it isn't there.
    pub async fn pin(&self, name: FileName, pinned: bool) -> bool {
        let sql = "UPDATE cache_files SET pinned = ?3 WHERE shelf = ?1 AND name = ?2";
        let pin =
            move |db: &Connection, book: &Book| db.execute(sql, params![book.shelf, name.bytes(), pinned]);
        self.write(pin).await.unwrap_or(0) > 0
    }

    /// Reads and checks one entry; what is damaged is forgotten.
    pub async fn verify(&self, name: FileName) -> Verified {
        let mut verified = Verified::default();
        if let Some(held) = self.find(name, 0..u64::MAX).await {
            verified.files = 1;
            for piece in &held.pieces {
                match self.bytes(&held, piece).await {
                    Some(bytes) => verified.bytes += bytes.len() as u64,
                    None => verified.damaged += 1,
                }
            }
        }
        verified
    }

    /// The same for all that a selection names; `hear` is told what came of each.
    pub async fn verify_all(&self, of: &Selection, hear: impl Fn(&HeldEntry, Verified)) -> Verified {
        let mut all = Verified::default();
        for entry in self.list(of, 0, u64::MAX).await {
            let one = self.verify(entry.name).await;
            hear(&entry, one);
            all.files += one.files;
            all.bytes += one.bytes;
            all.damaged += one.damaged;
        }
        all
    }
}

fn list(
    db: &Connection,
    book: &Book,
    of: &Selection,
    skip: u64,
    most: u64,
) -> rusqlite::Result<Vec<HeldEntry>> {
    let sql = format!(
        "SELECT name, connection, bucket, key, version, tag, size, held, created, used, validated, hits, pinned,
         (SELECT coalesce(sum(len), 0) FROM cache_pieces AS pieces
          WHERE pieces.shelf = cache_files.shelf AND pieces.name = cache_files.name)
         FROM cache_files WHERE {WHERE} ORDER BY connection, bucket, key, version, name LIMIT ?6 OFFSET ?7"
    );
    let bounded = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (most, skip) = (bounded(most), bounded(skip));
    let key = params![book.shelf, of.connection, of.bucket, of.prefix, of.typed, most, skip];
    let rows: Vec<Option<HeldEntry>> =
        db.prepare_cached(&sql)?.query_map(key, entry)?.collect::<Result<_, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Option<HeldEntry>> {
    let text = |at: usize| row.get::<_, String>(at);
    let number = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let time = |at: usize| row.get(at).map(Timestamp);
    let name: Vec<u8> = row.get(0)?;
    let Some(name) = FileName::from_bytes(&name) else { return Ok(None) };
    let (connection, bucket, key) = (text(1)?, text(2)?, text(3)?);
    let size = number(6)?;
    Ok(Some(HeldEntry {
        name,
        location: (!bucket.is_empty()).then(|| S3Uri::new(&connection, &bucket, &key)),
        label: if bucket.is_empty() { key.into() } else { "".into() },
        version: row.get::<_, Option<String>>(4)?.map(Into::into),
        tag: text(5)?.into(),
        size,
        held: number(7)?,
        whole: number(13)? == size,
        created: time(8)?,
        used: time(9)?,
        validated: time(10)?,
        hits: number(11)?,
        pinned: row.get(12)?,
    }))
}
