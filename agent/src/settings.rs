//! Claude Code's settings: what they must say, put into a file without changing anything else in it, and taken out again.

pub mod change;
pub mod edit;
mod file;
pub mod text;
pub mod wanted;

pub use self::file::{BadSettings, SettingsFile};
