//! What the console does itself, since no daemon is needed: work on the mirror's folder, one job at a time.

use std::collections::BTreeSet;

use shared::{platform::Platform, release::Version};

use super::Failure;
use crate::mirror::{self, RolledBack, Survey, Verified, Wanted};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    Mirror {
        wanted: Wanted,
        /// All that the release has, if empty.
        platforms: BTreeSet<Platform>,
        allow_downgrade: bool,
        reason: String,
    },
    /// One version, or all of them.
    Verify(Option<Version>),
    RollBack {
        to: Version,
        reason: String,
    },
}

/// What a job brought about.
#[derive(Debug, Clone)]
pub enum Finished {
    Mirrored(Box<mirror::Outcome>),
    Verified(Box<Verified>),
    RolledBack(RolledBack),
}

/// What the folder holds, and by which settings this console works on it.
#[derive(Debug, Clone)]
pub struct Folder {
    pub survey: Survey,
    pub source: String,
    /// Whose signature counts, or why nobody's can.
    pub signer: Result<String, Failure>,
    /// Versions that stay.
    pub keep: usize,
}

impl Job {
    /// What it is called while it runs.
    pub fn title(&self) -> String {
        match self {
            Self::Mirror { wanted, .. } => format!("mirroring {wanted}"),
            Self::Verify(None) => "verifying everything".to_owned(),
            Self::Verify(Some(version)) => format!("verifying {version}"),
            Self::RollBack { to, .. } => format!("rolling back to {to}"),
        }
    }
}
