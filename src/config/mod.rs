//! The settings: defaults in `assets/`, the user's file, the environment and flags, as one typed
//! [`Settings`], with where each value came from.

mod connection;
mod dirs;
pub mod env;
mod layers;
mod load;
mod settings;
mod ui;
mod units;

pub use connection::{ChecksumMode, Connection};
pub use dirs::{Dirs, private_dir, private_file};
pub use env::Env;
pub use layers::Origin;
pub use load::{Loaded, Overrides, Problem, load};
pub use settings::{CacheSettings, LogLevel, LogSettings, Notify, Settings, TransferSettings, Ttl};
pub use ui::{ColourChoice, GlyphChoice, HiddenChoice, KEYMAPS, KeymapChoice, UiSettings};
pub use units::{size, time};
