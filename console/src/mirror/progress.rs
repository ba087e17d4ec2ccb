//! How far a mirror is, for whoever shows it. Reading it disturbs nobody; stopping it is the only word that goes back.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use shared::{platform::Platform, release::Version};
use tokio::sync::watch;

use super::{MirrorError, intake::Trouble};

/// Shared by the work and by whoever looks.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    items: Arc<Mutex<Vec<Arc<Item>>>>,
    stop: Arc<watch::Sender<bool>>,
}

/// One binary.
#[derive(Debug)]
pub(super) struct Item {
    version: Version,
    platform: Platform,
    size: u64,
    done: AtomicU64,
    fresh: AtomicU64,
    state: Mutex<State>,
    stop: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    /// What is there already is hashed.
    Checking,
    Fetching,
    /// It is copied into a file.
    Writing,
    /// Verified.
    Done,
    /// As it is on the disk.
    Written,
    Failed,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Checking => "checking",
            Self::Fetching => "fetching",
            Self::Writing => "writing",
            Self::Written => "written",
            Self::Done => "verified",
            Self::Failed => "failed",
        }
    }
}

/// Those of the version that is being worked on; at the end, of the last one.
pub fn current(shown: &[Shown]) -> impl Iterator<Item = &Shown> {
    let is_open = |one: &&Shown| !matches!(one.state, State::Done | State::Written | State::Failed);
    let version = shown.iter().find(is_open).or(shown.last()).map(|one| &one.version);
    shown.iter().filter(move |one| Some(&one.version) == version)
}

/// One binary at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub version: Version,
    pub platform: Platform,
    /// In bytes.
    pub size: u64,
    pub done: u64,
    /// Those among them that this very work brought or read.
    pub fresh: u64,
    pub state: State,
}

impl Progress {
    pub(super) fn add(&self, version: &Version, platform: Platform, size: u64) -> Arc<Item> {
        let item = Arc::new(Item {
            version: version.clone(),
            platform,
            size,
            done: AtomicU64::new(0),
            fresh: AtomicU64::new(0),
            state: Mutex::new(State::Waiting),
            stop: self.stop.clone(),
        });
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push(item.clone());
        item
    }

    /// Every binary, in the order of the work.
    pub fn show(&self) -> Vec<Shown> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().map(|item| item.show()).collect()
    }

    /// Ends the work as soon as it can be ended. What is being published is published to its end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for some work, unless somebody stops it.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, MirrorError>>,
    ) -> Result<T, MirrorError> {
        let mut stop = self.stop.subscribe();
        tokio::select! {
            done = work => done,
            _ = stop.wait_for(|is_stopped| *is_stopped) => Err(MirrorError::Stopped),
        }
    }
}

impl Item {
    /// So many bytes are there.
    pub(super) fn reach(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// So many more are there, by this work.
    pub(super) fn bring(&self, bytes: usize) {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
        self.fresh.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn become_(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// For work that can't be dropped.
    pub(super) fn check_stop(&self) -> Result<(), Trouble> {
        if *self.stop.borrow() { Err(Trouble::Stopped) } else { Ok(()) }
    }

    fn show(&self) -> Shown {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (version, platform, size) = (self.version.clone(), self.platform, self.size);
        let (done, fresh) = (self.done.load(Ordering::Relaxed), self.fresh.load(Ordering::Relaxed));
        Shown { version, platform, size, done, fresh, state }
    }
}
