//! The settings: defaults in `assets/`, the user's file, the environment and flags, as one typed
//! [`Settings`].

mod connection;
mod env;
mod settings;

pub use connection::{ChecksumMode, Connection};
pub use env::Env;
pub use settings::{CacheSettings, Settings, Ttl};
