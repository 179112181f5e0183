//! What cost a request to learn and holds as long as an object's tag does: [`Remembered`].

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::log::wall_clock;
use super::schema;
use crate::store::{Store, StoreError, Worth};

/// A day, in milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// How many days something is kept that nobody asked for.
const LIFE: i64 = 90;

/// What goes at a time when outdated rows are removed.
const STEP: i64 = 5000;

/// The kept times of modification of objects, by their tags: so a second comparison of an unchanged tree
/// asks for none of them.
#[derive(Clone, Debug)]
pub struct Remembered {
    store: Store,
}

/// What was learnt of an object: its kept time in nanoseconds since 1970, or that it keeps none.
pub type Learnt = Option<i64>;

impl Remembered {
    /// What a state file remembers; `None` where a newer program keeps it otherwise.
    pub async fn on(store: &Store) -> Option<Self> {
        if let Err(error) = store.own(schema::REMEMBERED).await {
            tracing::warn!("times of modification aren't remembered: {error}");
            return None;
        }
        let now = today();
        store.chore(move |db| prune(db, now - LIFE));
        Some(Self { store: store.clone() })
    }

    /// What is known of these objects (key and tag), in order; `None` for each that has to be asked for.
    pub async fn get_many(
        &self,
        endpoint: &str,
        bucket: &str,
        objects: Vec<(String, String)>,
    ) -> Vec<Option<Learnt>> {
        let (place, count) = ((endpoint.to_owned(), bucket.to_owned()), objects.len());
        let read = move |db: &Connection| get(db, &place, &objects);
        let known = self.store.read(read).await;
        let (known, stale) = known.unwrap_or_else(|error| {
            tracing::warn!("times of modification can't be recalled: {error}");
            (vec![None; count], Vec::new())
        });
        self.touch(stale);
        known
    }

    /// Remembers what was learnt of these objects: key, tag, time.
    pub async fn put_many(
        &self,
        endpoint: &str,
        bucket: &str,
        learnt: Vec<(String, String, Learnt)>,
    ) -> std::result::Result<(), StoreError> {
        let place = (endpoint.to_owned(), bucket.to_owned());
        self.store.write(Worth::Note, move |db| put(db, &place, &learnt)).await
    }

    /// Keeps what is asked for from growing old; a row is written at most once a week for that.
    fn touch(&self, stale: Vec<(i64, String)>) {
        if stale.is_empty() {
            return;
        }
        let act = move |db: &Connection| {
            let mut touch = db.prepare_cached("UPDATE mtimes SET used = ?3 WHERE place = ?1 AND key = ?2")?;
            stale.iter().try_for_each(|(place, key)| touch.execute(params![place, key, today()]).map(drop))
        };
        self.store.queue(Worth::Note, act, |error| tracing::warn!("not remembered: {error}"));
    }
}

fn today() -> i64 {
    wall_clock().0 / DAY
}

type Place = (String, String);

fn place_id(db: &Connection, place: &Place) -> Result<Option<i64>> {
    let sql = "SELECT id FROM places WHERE endpoint = ?1 AND bucket = ?2";
    db.prepare_cached(sql)?.query_row(params![place.0, place.1], |row| row.get(0)).optional()
}

/// What is known of objects, and the rows of those that nobody asked for in a while.
type Known = (Vec<Option<Learnt>>, Vec<(i64, String)>);

fn get(db: &Connection, place: &Place, objects: &[(String, String)]) -> Result<Known> {
    let mut stale = Vec::new();
    let Some(id) = place_id(db, place)? else { return Ok((vec![None; objects.len()], stale)) };
    let mut query =
        db.prepare_cached("SELECT mtime, used FROM mtimes WHERE place = ?1 AND key = ?2 AND etag = ?3")?;
    let mut known = Vec::with_capacity(objects.len());
    for (key, etag) in objects {
        let row: Option<(Learnt, i64)> =
            query.query_row(params![id, key, etag], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if row.is_some_and(|(_, used)| used + 7 < today()) {
            stale.push((id, key.clone()));
        }
        known.push(row.map(|(mtime, _)| mtime));
    }
    Ok((known, stale))
}

fn put(db: &Connection, place: &Place, learnt: &[(String, String, Learnt)]) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO places (endpoint, bucket) VALUES (?1, ?2)")?
        .execute(params![place.0, place.1])?;
    let Some(id) = place_id(db, place)? else { return Ok(()) };
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO mtimes VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (key, etag, mtime) in learnt {
        insert.execute(params![id, key, etag, mtime, today()])?;
    }
    Ok(())
}

/// One step of forgetting what nobody asked for since.
fn prune(db: &Connection, before: i64) -> Result<bool> {
    let sql = "SELECT place, key FROM mtimes WHERE used < ?1 LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![before, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let old: Vec<(i64, String)> = rows.collect::<Result<_>>()?;
    let mut remove = db.prepare_cached("DELETE FROM mtimes WHERE place = ?1 AND key = ?2")?;
    for (place, key) in &old {
        remove.execute(params![place, key])?;
    }
    Ok(!old.is_empty())
}
