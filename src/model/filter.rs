//! Which rows are shown.
