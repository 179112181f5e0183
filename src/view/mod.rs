//! The screen: draws a `&State`, decides nothing and keeps nothing.

pub mod format;
pub mod paint;
pub mod sheet;
pub mod theme;

pub use theme::Theme;
