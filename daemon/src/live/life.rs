//! The life of one session, shared by its verified tokens and its requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use shared::time::Timestamp;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::request::{InFlight, LiveRequest};
use crate::{
    domain::session::{Ended, Identity, Lock},
    event::Events,
};

/// Why a session may not do anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bar {
    /// For ever.
    Ended(Ended),
    /// For a while.
    Locked(Lock),
}

/// One session that is in use.
#[derive(Debug)]
pub struct Life {
    identity: Identity,
    bar: ArcSwapOption<Bar>,
    /// Cancelled when what is in flight must end; another one takes its place if the session may go on later.
    over: ArcSwap<CancellationToken>,
    requests: Mutex<Vec<Arc<LiveRequest>>>,
    events: Events,
}

impl Life {
    pub(super) fn new(identity: Identity, events: Events) -> Self {
        Self {
            identity,
            bar: ArcSwapOption::empty(),
            over: ArcSwap::default(),
            requests: Mutex::default(),
            events,
        }
    }

    /// Whose life it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What keeps the session from going on now.
    pub fn bar(&self, now: Timestamp) -> Option<Arc<Bar>> {
        let bar = self.bar.load();
        match bar.as_deref() {
            None => None,
            Some(Bar::Locked(lock)) if !lock.holds(now) => None,
            Some(_) => bar.clone(),
        }
    }

    /// How the session ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        match self.bar.load().as_deref() {
            Some(Bar::Ended(ended)) => Some(*ended),
            _ => None,
        }
    }

    /// Resolves when what is in flight must end. Ask for it first and for `bar` then: a lock in between is missed
    /// otherwise.
    pub fn over(&self) -> WaitForCancellationFutureOwned {
        CancellationToken::clone(&self.over.load()).cancelled_owned()
    }

    /// Where everything that happens is told.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The requests in flight.
    pub fn requests(&self) -> Vec<Arc<LiveRequest>> {
        self.present().clone()
    }

    /// How many they are.
    pub fn in_flight(&self) -> usize {
        self.present().len()
    }

    /// A request begins; it has ended when what is returned is dropped.
    pub fn enter(self: &Arc<Self>, request: LiveRequest) -> InFlight {
        let request = Arc::new(request);
        self.present().push(request.clone());
        InFlight::new(self.clone(), request)
    }

    pub(super) fn leave(&self, request: &Arc<LiveRequest>) {
        let mut present = self.present();
        if let Some(at) = present.iter().position(|one| Arc::ptr_eq(one, request)) {
            present.swap_remove(at);
        }
    }

    /// Ends it; the first end stands. Returns the requests that must end.
    pub(super) fn end(&self, ended: Ended) -> Vec<Arc<LiveRequest>> {
        if self.ended().is_none() {
            self.bar.store(Some(Arc::new(Bar::Ended(ended))));
        }
        self.over.load().cancel();
        self.requests()
    }

    /// Locks it, or takes the lock away; an end stands. Returns the requests that must end.
    pub(super) fn lock(&self, lock: Option<Lock>) -> Vec<Arc<LiveRequest>> {
        if self.ended().is_some() {
            return Vec::new();
        }
        let is_locked = lock.is_some();
        self.bar.store(lock.map(Bar::Locked).map(Arc::new));
        if !is_locked {
            return Vec::new();
        }
        self.over.swap(Arc::default()).cancel();
        self.requests()
    }

    fn present(&self) -> MutexGuard<'_, Vec<Arc<LiveRequest>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
