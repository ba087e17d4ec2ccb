//! What the simulated Bedrock was asked and what is still on the way, for tests to look at and to wait for.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method};
use shared::usage::Tokens;
use tokio::sync::watch;

use crate::http::{Body, Call, Peer};

/// How many requests are remembered.
const REMEMBERED: usize = 256;

/// One request, and what it was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    number: u64,
    pub method: Method,
    /// As it came: not decoded.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The connection it came on.
    pub peer: Peer,
    /// The status of the answer, once it is decided.
    pub status: Option<u16>,
    /// What the whole answer costs, if it has a cost.
    pub usage: Option<Tokens>,
}

/// How much has happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that have arrived.
    pub seen: u64,
    /// Answers that are not yet sent to their end, and not yet given up by the client.
    pub in_flight: usize,
}

/// Everything that is known about requests.
#[derive(Debug, Default)]
pub(super) struct Record {
    seen: Mutex<VecDeque<Seen>>,
    counts: watch::Sender<Counts>,
    /// Requests for prepared answers: counted, not remembered.
    fast: AtomicU64,
}

/// A request that is being answered; dropped when its answer has ended.
#[derive(Debug)]
pub(super) struct InFlight {
    number: u64,
    record: Arc<Record>,
}

impl Record {
    pub(super) fn arrived(self: &Arc<Self>, call: &Call, body: &Body) -> InFlight {
        let mut number = 0;
        self.counts.send_modify(|counts| {
            counts.seen += 1;
            counts.in_flight += 1;
            number = counts.seen;
        });
        let mut seen = self.lock();
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(Seen {
            number,
            method: call.method.clone(),
            path: call.path.clone(),
            headers: call.headers.clone(),
            body: body.clone().into_bytes(),
            peer: call.connection.peer,
            status: None,
            usage: None,
        });
        InFlight { number, record: self.clone() }
    }

    pub(super) fn count_fast(&self) {
        self.fast.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn all(&self) -> Vec<Seen> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    pub(super) fn fast(&self) -> u64 {
        self.fast.load(Ordering::Relaxed)
    }

    pub(super) fn counts(&self) -> watch::Receiver<Counts> {
        self.counts.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// Notes what is answered.
    pub(super) fn answered(&self, status: u16, usage: Option<Tokens>) {
        let mut seen = self.record.lock();
        if let Some(seen) = seen.iter_mut().find(|seen| seen.number == self.number) {
            seen.status = Some(status);
            seen.usage = usage;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.record.counts.send_modify(|counts| counts.in_flight -= 1);
    }
}
