//! The operators' console as a library: the program, its tests and its benchmarks share it.

pub mod client;
pub mod exit;
pub mod tui;
