//! What is said once for every mirror: from where, to where, by whose word. The commands and the screens take it from
//! the same options.

use std::{collections::BTreeSet, path::PathBuf};

use super::{Channel, MirrorError, Order, Signer, Wanted};

/// Where the official releases are.
pub const SOURCE: &str = "https://downloads.claude.ai/claude-code-releases";
const KEEP: usize = 3;
const JOBS: usize = 4;

#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that is served.
    pub folder: PathBuf,
    /// The address of the releases.
    pub source: String,
    /// Certificate authorities besides the system's, PEM.
    pub authorities: Option<PathBuf>,
    pub signer: Signer,
    /// Versions that stay, the served one among them.
    pub keep: usize,
    /// Downloads at a time.
    pub jobs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folder: super::folder(None),
            source: SOURCE.to_owned(),
            authorities: None,
            signer: Signer::Official,
            keep: KEEP,
            jobs: JOBS,
        }
    }
}

impl Settings {
    /// An order of what `latest` names, for every platform.
    pub fn order(self) -> Result<Order, MirrorError> {
        Ok(Order {
            trust: self.signer.trust()?,
            output: self.folder,
            wanted: Wanted::Channel(Channel::Latest),
            platforms: BTreeSet::new(),
            source: self.source,
            authorities: self.authorities,
            keep: Some(self.keep),
            jobs: self.jobs,
            allow_downgrade: false,
            dry_run: false,
            reason: None,
        })
    }
}
