//! Words that two Sallyport programs must agree on: ids, counts of tokens and money, wire types, platforms and releases.
//!
//! Nothing here does I/O, knows an async runtime or a web framework.

pub mod api;
pub mod exit;
pub mod finding;
pub mod id;
pub mod platform;
pub mod release;
pub mod secret;
pub mod terminal;
pub mod time;
pub mod usage;
