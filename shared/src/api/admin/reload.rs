//! What came of reading the configuration again.

use serde::{Deserialize, Serialize};

/// The answer to a reload that was not refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// In use from now on.
    pub applied: Vec<Change>,
    /// Written, and in use only after a restart.
    pub needs_restart: Vec<Change>,
}

/// One key that differs. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub key: String,
    /// As `sallyport.toml` would write it; none if it was not set.
    pub old: Option<String>,
    pub new: Option<String>,
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file and line, or the variable, if it is known.
    pub place: Option<String>,
    pub message: String,
    pub hint: Option<String>,
}
