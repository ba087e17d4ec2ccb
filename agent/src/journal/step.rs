//! One thing that was done to this machine.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::settings::change::Change;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// A folder was made.
    Directory { path: PathBuf },
    /// A file was put where none was.
    File { path: PathBuf },
    /// What stood at `path` was moved to `kept`, and something of ours took its place.
    Kept { path: PathBuf, kept: PathBuf },
    /// A link was turned elsewhere.
    Link { path: PathBuf, before: Option<PathBuf> },
    /// A settings file was changed.
    Settings { path: PathBuf, change: Change },
    /// Something was loaded that runs in the background.
    Unit { name: String, file: PathBuf },
}

impl Step {
    /// Where something of ours is because of it.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path }
            | Self::Kept { path, .. }
            | Self::Link { path, .. }
            | Self::Settings { path, .. } => Some(path),
            Self::Directory { .. } | Self::Unit { .. } => None,
        }
    }

    pub(super) fn is_about(&self, wanted: &Path) -> bool {
        self.path() == Some(wanted)
    }

    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path } => Some(path),
            _ => None,
        }
    }

    pub(super) fn change(&self, wanted: &Path) -> Option<&Change> {
        match self {
            Self::Settings { path, change } if path == wanted => Some(change),
            _ => None,
        }
    }
}
