//! The only place that awaits for the panes.

pub mod log;
