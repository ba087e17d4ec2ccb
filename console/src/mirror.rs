//! The mirror: brings a release of Claude Code into a folder that an install server serves.
//!
//! Invariant: nothing is published before all of it is verified, and the pointer moves last. Whatever happens on the
//! way, the version that was served before is still served, whole.

mod archive;
mod asked;
mod download;
mod error;
mod history;
mod intake;
mod layout;
mod lock;
mod order;
mod pace;
mod progress;
mod publish;
mod release;
mod rollback;
mod settings;
mod source;
mod survey;
mod verify;

use std::{collections::BTreeSet, env, path::PathBuf};

use shared::{platform::Platform, release::Version, time::Timestamp};

pub use self::{
    archive::{Exported, export, import},
    asked::asked,
    error::MirrorError,
    history::{Action, Entry, history},
    order::{Channel, Order, Signer, Trust, Wanted},
    pace::{Pace, percent},
    progress::{Progress, Shown, State, current},
    rollback::{RolledBack, rollback},
    settings::{SOURCE, Settings},
    survey::{Kept, KeptBinary, Survey, survey},
    verify::{Verified, VerifiedVersion, verify},
};
use self::{
    download::Downloads, history::Cause, layout::Tree, lock::Alone, publish::Publication, release::Release,
    source::Source,
};

const VARIABLE: &str = "CLAUDE_CODE_INSTALL_ARTIFACTS_DIR";
const FOLDER: &str = "install_artifacts";

/// The folder that is named, or the one that a daemon in this environment serves.
pub fn folder(named: Option<PathBuf>) -> PathBuf {
    let variable = || env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(variable).unwrap_or_else(|| FOLDER.into())
}

/// What a mirror did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    pub version: Version,
    /// What was served before.
    pub previous: Option<Version>,
    pub platforms: Vec<Platform>,
    /// Those among them whose binaries were there already.
    pub present: Vec<Platform>,
    /// Bytes that were fetched, or would be.
    pub fetched_bytes: u64,
    /// The fingerprint of the key that signed the manifest; none if nobody checked.
    pub signer: Option<String>,
    /// Whether the release was published; it was not if all of it was in its place.
    pub changed: bool,
    /// Old versions that were removed.
    pub removed: Vec<Version>,
    pub dry_run: bool,
}

/// Mirrors a release, as `order` says. It can be stopped until it is published.
pub async fn run(order: &Order, progress: &Progress, now: Timestamp) -> Result<Outcome, MirrorError> {
    let tree = Tree::open(&order.output, order.dry_run)?;
    let alone = tree.lock()?;
    let (release, outcome) = progress.unless_stopped(fetch(&tree, order, progress, now)).await?;
    if order.dry_run {
        return Ok(outcome);
    }
    let order = order.clone();
    aside(move || publish((tree, alone), &release, outcome, (&order, now))).await
}

/// Brings a release to where downloads wait, verified. A dry run only says what that would take.
async fn fetch(
    tree: &Tree,
    order: &Order,
    progress: &Progress,
    now: Timestamp,
) -> Result<(Release, Outcome), MirrorError> {
    let source = Source::new(order)?;
    let version = source.version(&order.wanted).await?;
    refuse_downgrade(tree, order, &version)?;
    let release = source.release(&version, &order.trust, now).await?;
    let platforms = release.select(&order.platforms)?;
    let previous = tree.served()?;
    let downloads = Downloads::plan(tree, &release, &platforms, progress).await?;
    let present = platforms.iter().copied().filter(|platform| !downloads.fetches(*platform)).collect();
    let outcome = Outcome { present, dry_run: order.dry_run, ..Outcome::of(&release, previous, &platforms) };
    let fetched_bytes =
        if order.dry_run { downloads.bytes() } else { downloads.run(&source, order.jobs).await? };
    Ok((release, Outcome { fetched_bytes, ..outcome }))
}

fn publish(
    (tree, _alone): (Tree, Alone),
    release: &Release,
    outcome: Outcome,
    (order, at): (&Order, Timestamp),
) -> Result<Outcome, MirrorError> {
    let platforms = outcome.platforms.iter().copied().collect();
    let cause = Cause { at, action: Action::Mirror, reason: order.reason.as_deref() };
    let changed =
        Publication { tree: &tree, release, platforms: &platforms, cause }.publish(&order.wanted)?;
    tree.sweep(&release.manifest.version)?;
    let removed = tree.prune(order.keep, cause)?;
    tree.note_asked(at)?;
    Ok(Outcome { changed, removed, ..outcome })
}

/// Long work with files, away from the runtime's thread.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, MirrorError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

impl Outcome {
    /// Of a release of which nothing is there yet.
    fn of(release: &Release, previous: Option<Version>, platforms: &BTreeSet<Platform>) -> Self {
        Self {
            version: release.manifest.version.clone(),
            previous,
            platforms: platforms.iter().copied().collect(),
            present: Vec::new(),
            fetched_bytes: 0,
            changed: false,
            signer: release.signer.as_ref().map(|signer| signer.key.to_string()),
            removed: Vec::new(),
            dry_run: false,
        }
    }
}

/// A channel never goes back by itself; nor does what is served, unless a channel says so.
fn refuse_downgrade(tree: &Tree, order: &Order, version: &Version) -> Result<(), MirrorError> {
    let channel = match &order.wanted {
        Wanted::Channel(channel) => tree.pointer(channel.as_str())?,
        Wanted::Version(_) => None,
    };
    let served = match channel {
        Some(version) => Some(version),
        None => tree.served()?,
    };
    match served {
        Some(served) if version.is_older_than(&served) && !order.allow_downgrade => {
            Err(MirrorError::Downgrade { wanted: version.clone(), served })
        }
        _ => Ok(()),
    }
}
