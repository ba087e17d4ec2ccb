//! How far a mirror is, for whoever shows it. Reading it disturbs nobody.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use shared::platform::Platform;

/// Shared by the downloads and by whoever looks.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<Vec<Arc<Download>>>>);

/// One binary.
#[derive(Debug)]
pub(super) struct Download {
    platform: Platform,
    size: u64,
    done: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    /// What is there already is hashed.
    Checking,
    Fetching,
    Done,
    Failed,
}

/// One binary at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub platform: Platform,
    /// In bytes.
    pub size: u64,
    pub done: u64,
    pub state: State,
}

impl Progress {
    pub(super) fn add(&self, platform: Platform, size: u64) -> Arc<Download> {
        let download =
            Arc::new(Download { platform, size, done: AtomicU64::new(0), state: Mutex::new(State::Waiting) });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(download.clone());
        download
    }

    /// Every binary, in the order of the release.
    pub fn show(&self) -> Vec<Shown> {
        let downloads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        downloads.iter().map(|download| download.show()).collect()
    }
}

impl Download {
    /// So many bytes are there.
    pub(super) fn reach(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    pub(super) fn become_(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn show(&self) -> Shown {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (platform, size) = (self.platform, self.size);
        Shown { platform, size, done: self.done.load(Ordering::Relaxed), state }
    }
}
