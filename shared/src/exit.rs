//! How a program ends, for scripts.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The daemon or a server is not there, or does not answer.
    Unreachable = 3,
    /// Whoever asks may not.
    Refused = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
