//! The operators' console as a library: the program, its tests and its benchmarks share it.

pub mod cli;
pub mod client;
pub mod clock;
pub mod command;
pub mod format;
pub mod mirror;
pub mod output;
pub mod tui;
pub mod value;
