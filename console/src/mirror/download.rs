//! Fetches the binaries of a release side by side into the folder of what is on its way, where they stay until all of
//! them are verified.
//!
//! Invariant: a file that the plan calls verified has the size and the digest of the manifest, hashed whole from the
//! disk or as it was written.

mod partial;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc, time::Duration};

use rustix::fs::statvfs;
use shared::{
    platform::Platform,
    release::{Binary, Fault, Version},
};
use tokio::{sync::Semaphore, task::JoinSet};

use self::partial::Partial;
use super::{MirrorError, Progress, State, layout::Tree, progress::Item, release::Release, source::Source};

/// Attempts that bring nothing new, one after the other, before a download is given up.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What must be fetched.
#[derive(Debug)]
pub(super) struct Downloads {
    jobs: Vec<Job>,
    root: PathBuf,
}

#[derive(Debug)]
struct Job {
    version: Version,
    platform: Platform,
    binary: Binary,
    path: PathBuf,
    /// Bytes of it that an earlier run left.
    left: u64,
    shown: Arc<Item>,
}

impl Downloads {
    /// Looks at what is there already.
    pub(super) async fn plan(
        tree: &Tree,
        release: &Release,
        platforms: &BTreeSet<Platform>,
        progress: &Progress,
    ) -> Result<Self, MirrorError> {
        let version = &release.manifest.version;
        let mut jobs = Vec::new();
        for (platform, binary) in release.binaries(platforms) {
            let shown = progress.add(version, platform, binary.size);
            let published = Partial::at(tree.binary(version, platform, &binary.name));
            shown.become_(State::Checking);
            if published.is_verified(binary, &shown).await? {
                shown.become_(State::Done);
                continue;
            }
            let path = tree.on_its_way(version, platform, binary);
            let left = fs::metadata(&path).map_or(0, |file| file.len().min(binary.size));
            shown.become_(State::Waiting);
            shown.reach(left);
            let (version, binary) = (version.clone(), binary.clone());
            jobs.push(Job { version, platform, binary, path, left, shown });
        }
        Ok(Self { jobs, root: tree.root().to_owned() })
    }

    pub(super) fn fetches(&self, platform: Platform) -> bool {
        self.jobs.iter().any(|job| job.platform == platform)
    }

    /// How many bytes are to be fetched.
    pub(super) fn bytes(&self) -> u64 {
        self.jobs.iter().map(|job| job.binary.size - job.left).sum()
    }

    /// Fetches them, `at_a_time`, and says how many bytes that took. At the first failure the others stop; what they
    /// have stays for the next time.
    pub(super) async fn run(self, source: &Source, at_a_time: usize) -> Result<u64, MirrorError> {
        self.check_space()?;
        let slots = Arc::new(Semaphore::new(at_a_time.max(1)));
        let mut running = JoinSet::new();
        for job in self.jobs {
            let (source, slots) = (source.clone(), slots.clone());
            running.spawn(async move {
                // The semaphore is never closed.
                let _slot = slots.acquire().await;
                job.fetch(&source).await
            });
        }
        let mut fetched = 0;
        while let Some(outcome) = running.join_next().await {
            fetched += outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        }
        Ok(fetched)
    }

    fn check_space(&self) -> Result<(), MirrorError> {
        let needed = self.bytes();
        let Ok(system) = statvfs(&self.root) else { return Ok(()) };
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if free >= needed {
            Ok(())
        } else {
            Err(MirrorError::Space { path: self.root.clone(), needed, free })
        }
    }
}

/// How an attempt went that did not bring the whole file.
enum Setback {
    /// Another attempt may go on.
    Cut(MirrorError),
    /// What an earlier attempt left is not what belongs there.
    Stale,
    Final(MirrorError),
}

impl Job {
    async fn fetch(self, source: &Source) -> Result<u64, MirrorError> {
        let outcome = self.persist(source).await;
        self.shown.become_(if outcome.is_ok() { State::Done } else { State::Failed });
        outcome
    }

    async fn persist(&self, source: &Source) -> Result<u64, MirrorError> {
        let (mut fruitless, mut fetched) = (0, 0);
        loop {
            let partial = Partial::at(self.path.clone());
            let before = fetched;
            match self.attempt(source, &partial, &mut fetched).await {
                Ok(()) => return Ok(fetched),
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Stale) => partial.remove()?,
                Err(Setback::Cut(_)) if fetched > before => fruitless = 0,
                Err(Setback::Cut(error)) if fruitless + 1 >= ATTEMPTS => return Err(error),
                Err(Setback::Cut(_)) => {
                    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(fruitless)).await;
                    fruitless += 1;
                }
            }
        }
    }

    /// Fetches what is missing, and verifies the whole.
    async fn attempt(&self, source: &Source, partial: &Partial, fetched: &mut u64) -> Result<(), Setback> {
        self.shown.become_(State::Checking);
        let mut taking = partial.take_up(&self.binary, &self.shown).await.map_err(Setback::Final)?;
        let left = taking.seen();
        self.shown.become_(State::Fetching);
        if left < self.binary.size {
            let body = source.open(&self.version, (self.platform, &self.binary), left).await;
            let mut body = body.map_err(|error| Self::setback(error, left))?;
            if let Some(fault) = Fault::foreseen(&self.binary, body.total, body.is_page) {
                return Err(self.refused(partial, fault));
            }
            if body.from != left {
                taking.restart().await.map_err(Setback::Final)?;
                self.shown.reach(0);
            }
            while let Some(piece) = body.piece().await.map_err(Setback::Cut)? {
                *fetched += piece.len() as u64;
                taking
                    .add(&piece, &self.shown)
                    .await
                    .map_err(|error| self.refused_or_failed(partial, error))?;
            }
        }
        match taking.finish().await {
            Ok(()) => Ok(()),
            Err(partial::Taken::Refused(Fault::Digest)) if left > 0 => Err(Setback::Stale),
            Err(error) => Err(self.refused_or_failed(partial, error)),
        }
    }

    fn setback(error: MirrorError, left: u64) -> Setback {
        match error {
            MirrorError::Status { status: 416, .. } if left > 0 => Setback::Stale,
            MirrorError::Status { status: 429 | 500..=599, .. } | MirrorError::Unreachable { .. } => {
                Setback::Cut(error)
            }
            _ => Setback::Final(error),
        }
    }

    fn refused_or_failed(&self, partial: &Partial, error: partial::Taken) -> Setback {
        match error {
            partial::Taken::Refused(fault) => self.refused(partial, fault),
            partial::Taken::Failed(error) => Setback::Final(error),
        }
    }

    /// Nothing stays of what was refused.
    fn refused(&self, partial: &Partial, fault: Fault) -> Setback {
        Setback::Final(match partial.remove() {
            Ok(()) => MirrorError::Binary { platform: self.platform, fault },
            Err(error) => error,
        })
    }
}
