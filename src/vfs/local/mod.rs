//! The local disk as a backend.
//!
//! What is hard about a disk, and how it is met here:
//!
//! 1. **Names change under our feet.** Every call works on an open directory (`*at` calls). The
//!    location that a handle was made with is the person's own word, and may pass through links. The
//!    names that were added to it by [`VfsPath::join`](super::VfsPath::join) are never followed, so
//!    that a link planted below a destination, or swapped in for a directory that is being deleted,
//!    leads nowhere (`place`).
//! 2. **Opening can hang or act.** A pipe blocks, a device does things: what isn't a regular file is
//!    shown and never opened; opening doesn't block, and looks at what it got (`read`).
//! 3. **Half-written files.** Bytes go to a temporary file of our own beside the destination, are
//!    flushed, and get the name in one step (`temp`, `sink`).
//! 4. **Everything blocks.** Each call runs on a blocking thread and comes back as one answer (`run`).

mod batch;
mod copy;
mod dress;
mod finished;
mod flush;
mod identity;
mod list;
mod name;
mod path;
mod place;
mod read;
mod rename;
mod row;
mod run;
mod sink;
mod space;
mod sweep;
mod temp;

pub use path::LocalPath;
