//! The settings: defaults in `assets/`, the user's file, the environment and flags, as one typed
//! [`Settings`], with where each value came from.

mod cache;
mod connection;
mod dirs;
mod editor;
pub mod env;
mod layers;
mod load;
mod preview;
mod settings;
mod ui;
mod units;

pub use cache::{
    CacheSettings, Eviction, KeptListings, LayerSettings, ListingSettings, ObjectSettings, OpCacheSettings,
    Validate,
};
pub use connection::{ChecksumMode, Connection};
pub use dirs::{Dirs, private_dir, private_file};
pub use editor::editor;
pub use env::Env;
pub use layers::Origin;
pub use load::{Loaded, Overrides, Problem, load};
pub use preview::{ImageProtocol, PreviewSettings};
pub use settings::{LinkSettings, LogLevel, LogSettings, Notify, Settings, TransferSettings, Ttl};
pub use ui::{ColourChoice, GlyphChoice, HiddenChoice, KEYMAPS, KeymapChoice, UiSettings};
pub use units::{size, time};
