//! Tests of the application as a person meets it: keys in, state and commands out.

mod dialogs;
mod edit;
mod inspect;
mod jobs;
mod links;
mod listings;
mod panes;
mod random;
mod viewer;
mod watch;

use std::sync::Arc;

use super::pane::Row;
use super::*;
use crate::model::uri::UriContext;
use crate::model::{Arrangement, Entry, ErrorKind, Kind, Op, Page, S3Uri, Source, Uri, VfsError};

const NOW: Timestamp = Timestamp(1_000_000);

/// A row of a listing from `name` (10 bytes), `name=SIZE`, `name/`, or `name@` for a dangling link.
fn entry(text: &str) -> Entry {
    let (name, kind, size) = match text.split_once('=') {
        Some((name, size)) => (name, Kind::File, size.parse().ok()),
        None if text.ends_with('/') => (&text[..text.len() - 1], Kind::Dir, None),
        None if text.ends_with('@') => (&text[..text.len() - 1], Kind::Symlink, None),
        None => (text, Kind::File, Some(10)),
    };
    let link = (kind == Kind::Symlink)
        .then(|| Box::new(crate::model::Link { target: "nowhere".into(), leads_to: None }));
    Entry { size, link, ..Entry::new(name.into(), kind) }
}

fn page(rows: &[&str]) -> Page {
    let entries = Arc::new(rows.iter().map(|row| entry(row)).collect());
    Page { entries, read_at: NOW, source: Source::Backend }
}

fn s3(text: &str) -> Uri {
    let context = UriContext { connections: vec!["s3".into(), "ro".into()], ..UriContext::default() };
    Uri::parse(text.as_ref(), &context).unwrap()
}

fn local(text: &str) -> Uri {
    Uri::Local(text.into())
}

/// Both panes ask for their first listing.
fn starting(left: &str, right: &str) -> State {
    let session = Session {
        locations: [s3(left), s3(right)],
        arrangements: [Arrangement::default(), Arrangement::default()],
        active: Side::Left,
    };
    let context = UriContext {
        connections: vec!["s3".into(), "ro".into()],
        base: "/base".into(),
        home: Some("/home/me".into()),
    };
    let read_only = std::iter::once("ro".into()).collect();
    let mut state = State::new(Start { session, keymap: Keymap::default(), context, read_only }, NOW);
    begin(&mut state, NOW);
    state.screen.pane_rows = 5;
    state
}

/// `s3://b/p/` on the left, with these rows; `/work` on the right, empty.
fn ready(rows: &[&str]) -> State {
    ready_at("s3://b/p/", rows)
}

fn ready_at(left: &str, rows: &[&str]) -> State {
    let mut state = starting(left, "/disk");
    arrive(&mut state, Side::Left, rows);
    arrive(&mut state, Side::Right, &[]);
    state
}

fn request(state: &State, side: Side) -> ReqId {
    state.pane(side).listing.expect("a listing under way").req
}

/// These rows arrive, and they are all.
fn arrive(state: &mut State, side: Side, rows: &[&str]) {
    let req = request(state, side);
    update(state, Msg::PageArrived { req, page: page(rows) }, NOW);
    update(state, Msg::ListDone { req }, NOW);
}

/// Keys as `jj<space>y<ctrl-r>`.
fn keys(text: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (name, tail) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some(named) => named,
            None => rest.split_at(c.len_utf8()),
        };
        keys.push(Key::parse(name).unwrap_or_else(|| panic!("no key {name}")));
        rest = tail;
    }
    keys
}

/// Presses these keys, and gives what is to be done.
fn press(state: &mut State, text: &str) -> Vec<Cmd> {
    keys(text).into_iter().flat_map(|key| update(state, Msg::Key(key), NOW)).collect()
}

/// The same a second later.
fn press_later(state: &mut State, text: &str) -> Vec<Cmd> {
    let later = Timestamp(NOW.0 + 1_000);
    keys(text).into_iter().flat_map(|key| update(state, Msg::Key(key), later)).collect()
}

/// The active pane in a line: `> ` before the row of the cursor, `*` before marked ones.
fn shown(state: &State) -> String {
    let pane = state.active_pane();
    let row = |at: usize| {
        let cursor = if at == pane.cursor { ">" } else { "" };
        match pane.row(at).expect("a row below the length") {
            Row::Up => format!("{cursor}.."),
            Row::Entry { entry, marked } => {
                let mark = if marked { "*" } else { "" };
                let slash = if entry.kind.is_dir() { "/" } else { "" };
                format!("{cursor}{mark}{}{slash}", entry.name.to_lossy())
            }
        }
    };
    (0..pane.len()).map(row).collect::<Vec<_>>().join(" ")
}

/// Presses the keys, and compares what the active pane shows and what is to be done.
#[track_caller]
fn check(text: &str, mut state: State, pane: &str, cmds: &[Cmd]) -> State {
    let done = press(&mut state, text);
    assert_eq!((shown(&state).as_str(), done.as_slice()), (pane, cmds), "after {text}");
    state
}

fn denied(uri: Uri) -> VfsError {
    VfsError::new(Op::List, uri, ErrorKind::Denied, "AccessDenied").with_hint("allow s3:ListBucket")
}

/// What the notice says.
fn notice(state: &State) -> &str {
    state.notice.as_ref().map_or("", |notice| notice.text.as_str())
}

fn object(connection: &str, bucket: &str, key: &str) -> Uri {
    Uri::S3(S3Uri::new(connection, bucket, key))
}
