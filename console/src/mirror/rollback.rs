//! Back to a version that was served before. It is verified again, since disks rot and hands err.

use std::path::Path;

use serde::Serialize;
use shared::{release::Version, time::Timestamp};

use super::{
    MirrorError, Progress,
    history::{Action, Cause},
    layout::Tree,
    order::{Channel, Trust},
    publish::write,
};

/// What a rollback did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolledBack {
    pub from: Version,
    pub to: Version,
}

/// Serves a version that is kept: the one that is named, or the one that was served before.
pub fn rollback(
    folder: &Path,
    to: Option<&Version>,
    (trust, now): (&Trust, Timestamp),
    reason: &str,
    progress: &Progress,
) -> Result<RolledBack, MirrorError> {
    let tree = Tree::open(folder, false)?;
    let _alone = tree.lock()?;
    let from = tree.served()?.ok_or_else(|| MirrorError::NothingServed(folder.to_owned()))?;
    let to = match to {
        Some(version) => version.clone(),
        None => tree.before(&from)?.ok_or_else(|| MirrorError::NothingBefore(from.clone()))?,
    };
    if !tree.versions()?.contains(&to) {
        return Err(MirrorError::NotKept(to));
    }
    let broken = |problem| MirrorError::Broken { version: to.clone(), problem };
    let release = tree.read_release(&to, trust, now).map_err(|error| broken(error.to_string()))?;
    let found = tree.check(&release, progress).run()?;
    if let Some(problem) = found.problems.into_iter().next() {
        return Err(broken(problem));
    }
    let cause = Cause { at: now, action: Action::Rollback, reason: Some(reason) };
    tree.record(cause, &to, found.signer)?;
    tree.link_installers(&release.manifest)?;
    for channel in Channel::ALL {
        if tree.pointer(channel.as_str())?.as_ref() == Some(&from) {
            write(&tree.pointer_path(channel.as_str()), format!("{to}\n").as_bytes())?;
        }
    }
    tree.serve(&release.manifest)?;
    Ok(RolledBack { from, to })
}

impl Tree {
    /// The version that was served before another one: by the history, else by its number.
    fn before(&self, served: &Version) -> Result<Option<Version>, MirrorError> {
        let kept = self.versions()?;
        let published: Vec<Version> = self.published().into_iter().map(|entry| entry.version).collect();
        // Going back twice goes back two versions, not forward again: what came after a version does not count.
        let first = published.iter().position(|version| version == served).unwrap_or(published.len());
        let earlier = published.into_iter().take(first).rev().find(|version| kept.contains(version));
        Ok(earlier.or_else(|| kept.into_iter().rev().find(|version| version.is_older_than(served))))
    }
}
