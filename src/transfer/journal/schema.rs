//! The tables of the journal, and of what is remembered for comparisons.

use crate::store::Schema;

/// Jobs, what they wrote, what is open, what can be undone.
///
/// A file is known by its source and its target: through links a job can copy one source to two places.
///
/// A file that is over is one short row, since a job may have a million: its target is kept as what differs
/// from the source, its rows as columns. What is open is a row of its own with its parts.
pub(super) const JOURNAL: Schema = Schema {
    name: "journal",
    steps: &[
        "
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tag INTEGER NOT NULL,
    spec TEXT NOT NULL,
    identities TEXT NOT NULL,
    state TEXT NOT NULL,
    host TEXT, boot TEXT, lock TEXT, pid INTEGER,
    attempts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    last_attempt INTEGER NOT NULL,
    ended INTEGER,
    errors TEXT NOT NULL DEFAULT '[]',
    progress TEXT NOT NULL DEFAULT '{}',
    wish TEXT
);
CREATE TABLE files (
    job INTEGER NOT NULL,
    source BLOB NOT NULL,
    target BLOB NOT NULL,
    size INTEGER, modified INTEGER, tag, mode INTEGER, class TEXT, odd TEXT,
    now_size INTEGER, now_modified INTEGER, now_tag, now_mode INTEGER, now_class TEXT, now_odd TEXT,
    version TEXT,
    proof INTEGER NOT NULL,
    overwrote INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, source)
) WITHOUT ROWID;
CREATE TABLE sinks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER,
    attempt INTEGER NOT NULL,
    source BLOB NOT NULL,
    entry TEXT NOT NULL,
    target BLOB NOT NULL,
    upload TEXT,
    part_size INTEGER, size INTEGER, hint TEXT,
    since INTEGER NOT NULL
);
CREATE INDEX sinks_of_jobs ON sinks (job, source);
CREATE TABLE parts (
    sink INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    len INTEGER NOT NULL,
    tag TEXT,
    crc64 INTEGER NOT NULL,
    PRIMARY KEY (sink, offset)
) WITHOUT ROWID;
CREATE TABLE undo (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    uri BLOB NOT NULL,
    version TEXT NOT NULL,
    kind INTEGER NOT NULL
);
CREATE INDEX undo_of_jobs ON undo (job, id);
",
        "
CREATE TABLE placed_files (
    job INTEGER NOT NULL,
    source BLOB NOT NULL,
    target BLOB NOT NULL,
    size INTEGER, modified INTEGER, tag, mode INTEGER, class TEXT, odd TEXT,
    now_size INTEGER, now_modified INTEGER, now_tag, now_mode INTEGER, now_class TEXT, now_odd TEXT,
    version TEXT,
    proof INTEGER NOT NULL,
    overwrote INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, source, target)
) WITHOUT ROWID;
INSERT INTO placed_files SELECT * FROM files;
DROP TABLE files;
ALTER TABLE placed_files RENAME TO files;
",
    ],
};

/// Times of modification that cost a request to learn.
pub(super) const REMEMBERED: Schema = Schema {
    name: "remembered",
    steps: &["
CREATE TABLE places (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL,
    bucket TEXT NOT NULL,
    UNIQUE (endpoint, bucket)
);
CREATE TABLE mtimes (
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    mtime INTEGER,
    used INTEGER NOT NULL,
    PRIMARY KEY (place, key)
) WITHOUT ROWID;
"],
};
