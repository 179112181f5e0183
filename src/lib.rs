//! bifold: a two-pane terminal file manager, local disks and S3 side by side.
//!
//! This page is the project's architecture document: the map, the flow, and what must stay true.
//!
//! # Words
//!
//! | word | means |
//! |---|---|
//! | connection | a named way to reach an S3 service: profile, endpoint, region, path style, unsigned, read-only |
//! | location | where something is, as data: [`model::Uri`] |
//! | path | a live handle on a location: an `Arc<dyn` [`vfs::VfsPath`]`>` |
//! | entry | one row of a listing: name, kind, size, modified, tag ([`model::Entry`]) |
//! | operation | one kind of S3 API request; a [`cache::ops::OpKey`] names one request exactly |
//! | body | the bytes of an object; held ones are on disk ([`cache::objects`]), and are asked about as [`vfs::Trust`] says |
//! | plan | what a job would do, as data, before anything is done ([`transfer::Plan`]) |
//! | job | a running or waiting transfer ([`transfer::JobSpec`]) |
//! | journal | what jobs did, on disk, so that they can be resumed after anything ([`transfer::journal`]) |
//! | proof | how a finished file was verified ([`vfs::Proof`]) |
//! | draft | a copy that an editor has, written back only over what it was made from ([`transfer::edit::Draft`]) |
//! | view, screenful | something that is looked at, and what of it fits on the screen ([`model::Screenful`]) |
//! | message, command | what happened, what to do next; both plain data ([`app::Msg`], [`app::Cmd`]) |
//!
//! # The house
//!
//! A floor uses the floors below it and never one above; `tests/it/tidy.rs` holds this.
//!
//! ```text
//! main.rs      hands over                                                             (thin)
//! cli          arguments; a file per subcommand, on the same engine as the panes
//! runtime      the only place that awaits for the panes: loop, runner of commands, terminal
//! view         draws a &State; decides nothing, keeps nothing
//! app          PURE: state, messages, commands, update, panes, dialogs, jobs on screen, keymap
//! transfer     job (words) · plan and compare (pure) · machine (sans-IO: conflicts, retries) · exec (tokio)
//!              · journal · edit (drafts)
//! preview      bytes in, styled lines or pixels out: source (ranges) · viewer (a task a view) · kinds (documents)
//! vfs          VfsPath · registry (location to path) · local · memory (the reference) · archive · s3
//!   s3         path · api (trait S3Api) · sdk · cached · upload · copy
//! cache        ops (answers to S3 requests) · disk: objects (bodies) and previews (renderings) · kept (listings
//!              from one run to the next) · presigned (links) · meter (requests sent) · stats · clock
//! store        the one SQLite state file: opening, migrations, a thread that owns the connection
//! config       defaults in assets/, the user's file, environment, flags: one typed Settings
//! model        PURE: locations, entries, errors, text, order, filters
//! ```
//!
//! PURE floors touch no disk, network, clock, randomness or terminal.
//!
//! # How it flows
//!
//! A key press reaches the loop in [`runtime`], which turns it into a message. [`app::update`] changes
//! the state and answers with commands. The runner makes each command a task, whose answers come back
//! as messages that carry the request's id; an answer nobody waits for any more is dropped. When the
//! queue is drained the view draws the state, at most 60 times a second, and not at all when nothing
//! changed.
//!
//! A listing is asked of a [`vfs::VfsPath`] and arrives page by page. On S3 it passes
//! [`vfs::s3::S3Api`] twice: `Cached` looks it up, joins a request that is under way, or asks `Sdk`,
//! which asks the service. The pages are shared, never copied: cache, both panes and a sort off the
//! loop hold the same rows.
//!
//! What is viewed is read by a [`preview::Source`]: ranges, through [`vfs::VfsPath::fetch`], which the cache of
//! bodies may answer. The task of an open view turns them into a [`model::Screenful`], plain data that the app
//! keeps and the view draws; its first one is kept, too, under a key of all that shaped it, so that a second look
//! asks and decodes nothing.
//!
//! A listing past its life is shown to the panes at once and read again behind it; a write of our own changes what
//! is held where its answer is exact, and drops it where it isn't.
//!
//! A job's machine is told what happened and answers what to do, both as data; `exec` does it on tokio,
//! under one budget of requests and of buffers for all jobs. What is written goes to a
//! [`vfs::Sink`], and shows under its name only after `commit`.
//!
//! What is done is recorded in the [`transfer::journal`] once it is safe: an upload before its first part,
//! each part when it is flushed or acknowledged, a file when it is in place and before its source goes. A
//! resumed job reads its sources anew; before a file is begun the machine asks what the journal recalls of
//! it, and goes on with the parts that are really there: those that a disk still has with their checksum,
//! those that the service lists. A job has one owner, known by a lock that dies with its process.
//!
//! Before a job begins, [`transfer::Engine::plan`] walks the same trees and tells what it would ask of the
//! services, what is in the way and what can't be copied; the dialogs and `--dry-run` show it.
//!
//! Two trees are compared in the order of their keys, a page a side at a time; `sync` makes jobs of the
//! differences, and deletes last, only when every listing and every copy went well.
//!
//! # What must stay true
//!
//! - **The loop never waits.** No I/O, no lock that is held across I/O, no sort of a large listing.
//! - **The app is data in, data out.** No closure in a message or a command: a trace replays a bug.
//! - **An operation is bound to full locations and tags when its question is asked**, never to rows.
//! - **Keys are byte-exact.** Display text is never parsed back; text from outside passes
//!   [`model::text`] once on its way to a screen.
//! - **One LIST draws a directory.** Drawing, sorting and marking ask nothing. Plans, conflicts and
//!   deletes read past the cache.
//! - **A write names what it invalidates**, is fenced before it is sent and after it ends, however it
//!   ends ([`cache::ops`]).
//! - **A destination appears when it is whole and verified**; what was there stays until then. An
//!   overwrite holds for what was shown.
//! - **A source is removed after its own copy was verified**, if it still is what was copied.
//! - **A record never precedes its fact**, but for the intention to begin an upload. A journal that can't
//!   be written fails no job.
//! - **What changed starts over, and says so**: a source, an upload that somebody ended, a destination that
//!   another client wrote.
//! - **A view asks for ranges**, and what a hostile file can make it read, unpack or keep is bounded.
//! - **What an editor wrote stays on disk until the service has it.**
//! - **A presigned link is a secret**: in memory only, in no log, history or journal.
//! - **Nothing that isn't ours is ended unasked**: uploads are offered for abort by name.
//! - **No name leads out of a destination**: below what a person named no link is followed.
//! - **A held body is right or a miss**: a checksum over place, tag and bytes is checked whenever it is read, and
//!   what the cache can't do fails nothing else.
//! - **403 is never "absent"**, and an unknown outcome is looked into before it is called a failure.
//! - **Secrets reach no log**, and no byte of a name reaches the terminal unescaped.
//!
//! # Where the code taught better
//!
//! - The plan is not a list of steps: it is counted beforehand and shown, and the machine reads the tree
//!   again while it transfers, so that a million files need no memory of a million steps. Its totals are
//!   "so far" until the tree is read.
//! - Small puts look at nothing first where the service keeps `If-None-Match`: a 412 is the look.
//! - A large copy within a service goes through a sink whose parts the service fills, so that the journal
//!   holds it as it holds an upload.
//! - `Sink::commit` and `abort` take `&self` and may be called again: after a lost answer the machine
//!   looks first, then asks the same sink once more.
//! - A listing past the cache without a delimiter isn't held: whoever walks a million keys takes page
//!   after page.
//! - An inode alone can't tell that one directory lies in another: [`vfs::Identity`] carries the inodes
//!   above it.
//! - Names are ordered by an order of our own (`model::sort`): it is total over bytes, which a key or
//!   a name on a disk may be.
//! - Where one left off is a small file in the state directory, replaced by a rename: it has to be read
//!   before the first frame, and the state file has not.

pub mod app;
pub mod cache;
pub mod cli;
pub mod config;
pub mod model;
pub mod preview;
pub mod runtime;
pub mod store;
pub mod transfer;
pub mod vfs;
pub mod view;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program: `args` as a process gets them (the first is its own name), `env` in place of the
/// process's environment. Gives the exit status: 0 when all of it worked, 1 for failures, 2 for wrong
/// use.
pub fn run(args: impl IntoIterator<Item = OsString>, env: config::Env) -> ExitCode {
    cli::main(args, env)
}
