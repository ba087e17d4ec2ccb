//! What is served this moment: verified when the daemon starts and whenever something in the folder moves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    artifact::Digests,
    folder::{Folder, Listing},
    index::Index,
    release::{Trust, Verifier},
    stock::Stock,
};
use crate::clock::Clock;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is served, and where it comes from.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: Folder,
    trust: Trust,
    clock: Clock,
    shown: ArcSwap<Shown>,
    digests: Mutex<Digests>,
    moved: Notify,
}

/// What is served, under its paths.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub stock: Stock,
    pub index: Index,
    /// Whether the folder has been looked at.
    pub is_ready: bool,
}

impl Shown {
    fn of(stock: Stock) -> Self {
        Self { index: Index::of(&stock), stock, is_ready: true }
    }
}

impl Shelf {
    pub fn new(folder: Folder, trust: Trust, clock: Clock) -> Self {
        // Where nothing lies, nothing need be verified.
        let is_ready = folder.listing().is_ok_and(|listing| listing == Listing::default());
        Self {
            folder,
            trust,
            clock,
            shown: ArcSwap::from_pointee(Shown { is_ready, ..Shown::default() }),
            digests: Mutex::default(),
            moved: Notify::new(),
        }
    }

    pub fn shown(&self) -> Arc<Shown> {
        self.shown.load_full()
    }

    /// Looks at the folder again, now and at all of it.
    pub fn look_again(&self) {
        self.moved.notify_one();
    }

    /// Follows the folder until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = None;
        loop {
            let (own, ending, last) = (self.clone(), stop.clone(), seen.take());
            let looking = tokio::task::spawn_blocking(move || own.look(last.as_ref(), &ending));
            seen = looking.await.ok().flatten();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.moved.notified() => seen = None,
            }
        }
    }

    /// Verifies what lies in the folder, unless it is what was seen last. Says what was seen, if there is nothing to do
    /// until it moves.
    pub fn look(&self, last: Option<&Listing>, stop: &CancellationToken) -> Option<Listing> {
        let listing = match self.folder.listing() {
            Ok(listing) => listing,
            Err(error) => {
                let problem = format!("the folder can't be read: {error}");
                let old = self.shown().stock.clone();
                self.show(Stock { problems: vec![problem], ..old }, stop);
                return None;
            }
        };
        if last != Some(&listing) {
            self.verify(&listing, stop);
        }
        // What is wrong may be put right without a trace in the listing: by a right to read.
        self.shown().stock.problems.is_empty().then_some(listing)
    }

    fn verify(&self, listing: &Listing, stop: &CancellationToken) {
        let old = self.shown();
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut verifier = Verifier {
            folder: &self.folder,
            listing,
            trust: &self.trust,
            now: self.clock.now(),
            digests: &mut digests,
            stop,
        };
        let early = |stock: &Stock| {
            if !old.is_ready {
                self.show(stock.clone(), stop);
            }
        };
        let stock = Stock::take(&mut verifier, &old.stock, early);
        digests.keep(listing);
        self.show(stock, stop);
    }

    fn show(&self, stock: Stock, stop: &CancellationToken) {
        if stop.is_cancelled() {
            return;
        }
        let old = self.shown();
        for problem in stock.problems.iter().filter(|problem| !old.stock.problems.contains(problem)) {
            warn!("not served: {problem}");
        }
        if let Some(release) = stock.served()
            && old.stock.served().map(|old| &old.version) != Some(&release.version)
        {
            let (version, platforms) = (&release.version, release.programs.len());
            let signer = release.fingerprint().map(ToString::to_string);
            info!(%version, platforms, signer, "version served");
        }
        self.shown.store(Arc::new(Shown::of(stock)));
    }
}
