//! What each user has used of what its policy allows: requests and tokens of the last minute, answers under way, money
//! of the day, the week and the month.
//!
//! A request passes while everything that is used, together with what the requests under way may still use, is
//! below its cap. So a cap is passed by one request at most, never by many at once, and what is left of a budget
//! can always be spent.
//!
//! Invariants: counting and deciding happen under one lock, so a race decides nothing. The money of a window is
//! exactly the sum of the costs that were settled in it.

mod account;
mod exceeded;
mod grant;
mod minute;
mod spend;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use exceeded::{Exceeded, Reached};
pub use grant::{BadGrant, Grant, Raise, check as check_grant};
use shared::{
    api::admin::Budget,
    id::{GrantId, UserId},
    time::{Period, Timestamp},
    usage::{Money, Tokens},
};
pub use spend::Standing;

use super::policy::Policy;
use account::{Account, Hold};

/// A clock that was set back by less than this stands still for us; by more, we follow it.
const CLOCK_STEP: Duration = Duration::from_hours(1);

/// What a request may use, before it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    pub tokens: u64,
    pub cost: Money,
}

/// What a request has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    pub tokens: Tokens,
    pub cost: Money,
    /// When it ended: its money belongs to the windows of this moment.
    pub at: Timestamp,
}

/// The counters of every user.
#[derive(Debug, Default)]
pub struct Limits {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    accounts: HashMap<UserId, Account>,
    latest: Timestamp,
}

/// What is held for a request under way. Dropping it gives back what it holds: nothing was used.
#[derive(Debug)]
pub struct Reservation {
    limits: Arc<Limits>,
    user: UserId,
    hold: Hold,
    standing: Option<Standing>,
    is_open: bool,
}

impl Reservation {
    /// How far the user is with the cap that will be reached first, if there is any.
    pub fn standing(&self) -> Option<&Standing> {
        self.standing.as_ref()
    }

    /// Replaces what was held by what was used.
    pub fn settle(mut self, used: Used) {
        self.close(Some(used));
    }

    fn close(&mut self, used: Option<Used>) {
        if std::mem::take(&mut self.is_open) {
            self.limits.lock().close(&self.user, self.hold, used);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.close(None);
    }
}

impl Limits {
    /// Lets a request pass and holds what it may use, or says which cap it would pass.
    pub fn reserve(
        self: &Arc<Self>,
        user: &UserId,
        policy: &Policy,
        estimate: Estimate,
        now: Timestamp,
    ) -> Result<Reservation, Exceeded> {
        let (hold, standing) = {
            let mut state = self.lock();
            let now = state.observe(now);
            let account = state.account(user);
            let caps = account.caps(&policy.caps, now);
            if let Err(reached) = account.check(&caps, now) {
                return Err(Exceeded::new(policy, reached, now));
            }
            (account.hold(estimate, now), account.standing(&caps, now))
        };
        Ok(Reservation { limits: self.clone(), user: user.clone(), hold, standing, is_open: true })
    }

    /// What a user has spent in the windows of `now`, by the records: for the start of the daemon.
    pub fn restore(&self, user: &UserId, period: Period, spent: Money, now: Timestamp) {
        let mut state = self.lock();
        let now = state.observe(now);
        state.account(user).restore(period, spent, now);
    }

    /// Adds what a request has cost that was not reserved here and ended at `at`.
    pub fn add(&self, user: &UserId, cost: Money, at: Timestamp) {
        self.lock().account(user).add(cost, at);
    }

    /// Raises the caps of a user for a while.
    pub fn grant(&self, grant: Grant) {
        let user = grant.user.clone();
        self.lock().account(&user).grant(grant);
    }

    /// Takes a grant back before its time. None if there is no such grant.
    pub fn end_grant(&self, id: GrantId) -> Option<Grant> {
        self.lock().accounts.values_mut().find_map(|account| account.end_grant(id))
    }

    /// The grants that hold at `now`.
    pub fn grants(&self, now: Timestamp) -> Vec<Grant> {
        let state = self.lock();
        state.accounts.values().flat_map(|account| account.grants(now)).cloned().collect()
    }

    /// How far a user is with the cap of its policy that will be reached first.
    pub fn standing(&self, user: &UserId, policy: &Policy, now: Timestamp) -> Option<Standing> {
        let mut state = self.lock();
        let now = state.observe(now);
        let account = state.accounts.get_mut(user)?;
        let caps = account.caps(&policy.caps, now);
        account.standing(&caps, now)
    }

    /// How far a user is with everything that its policy allows.
    pub fn budget(&self, user: &UserId, policy: &Policy, now: Timestamp) -> Budget {
        let mut state = self.lock();
        let now = state.observe(now);
        match state.accounts.get_mut(user) {
            Some(account) => account.budget(policy, now),
            None => Account::default().budget(policy, now),
        }
    }

    /// What a user has spent in the window of `now`.
    pub fn spent(&self, user: &UserId, period: Period, now: Timestamp) -> Money {
        let mut state = self.lock();
        let now = state.observe(now);
        state.accounts.get_mut(user).map_or(Money::ZERO, |account| account.spent(period, now))
    }

    /// Forgets users of whom nothing is left to count. Returns how many are still known.
    pub fn sweep(&self, now: Timestamp) -> usize {
        let mut state = self.lock();
        let now = state.observe(now);
        state.accounts.retain(|_, account| !account.is_idle(now));
        state.accounts.shrink_to_fit();
        state.accounts.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The time for all that follows. Requests that race across midnight must not open yesterday again.
    fn observe(&mut self, now: Timestamp) -> Timestamp {
        if now > self.latest || self.latest.since(now) > CLOCK_STEP {
            self.latest = now;
        }
        self.latest
    }

    fn account(&mut self, user: &UserId) -> &mut Account {
        self.accounts.entry(user.clone()).or_default()
    }

    fn close(&mut self, owner: &UserId, hold: Hold, used: Option<Used>) {
        if let Some(used) = used {
            self.observe(used.at);
        }
        if let Some(account) = self.accounts.get_mut(owner) {
            account.close(hold, used);
        }
    }
}

#[cfg(test)]
mod tests;
