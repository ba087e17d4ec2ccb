//! The counters of one user.

use shared::{
    api::admin::{Budget, Spending},
    id::GrantId,
    time::{Period, Timestamp},
    usage::Money,
};

use super::{Estimate, Grant, Reached, Standing, Used, minute::Minute, spend::Spend};
use crate::domain::policy::{Caps, Policy};

#[derive(Debug, Default)]
pub(super) struct Account {
    minute: Minute,
    in_flight: u64,
    held: Money,
    spend: Spend,
    grants: Vec<Grant>,
}

/// What one request under way holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    estimate: Estimate,
    since: Timestamp,
}

impl Account {
    /// The caps that hold for this user: those of its policy, raised by what was granted.
    pub(super) fn caps(&mut self, policy: &Caps, now: Timestamp) -> Caps {
        self.grants.retain(|grant| now < grant.until);
        self.grants
            .iter()
            .filter(|grant| grant.holds(now))
            .fold(policy.clone(), |caps, grant| caps.raised(grant.raise))
    }

    /// Whether another request may pass. Of several caps that are reached, the one that resets last is named.
    pub(super) fn check(&mut self, caps: &Caps, now: Timestamp) -> Result<(), Reached> {
        self.spend.roll(now);
        self.minute.roll(now);
        let rates = [
            self.minute.check_requests(caps, now),
            self.minute.check_tokens(caps, now),
            self.check_streams(caps, now),
        ];
        let spends = Period::ALL.map(|period| self.spend.check(period, caps, self.held, now));
        let reached = rates.into_iter().chain(spends).filter_map(Result::err);
        reached.max_by_key(Reached::resets).map_or(Ok(()), Err)
    }

    fn check_streams(&self, caps: &Caps, now: Timestamp) -> Result<(), Reached> {
        match caps.concurrent_streams {
            Some(cap) if self.in_flight >= cap => {
                Err(Reached::Streams { cap, in_flight: self.in_flight, now })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn hold(&mut self, estimate: Estimate, now: Timestamp) -> Hold {
        self.minute.add(estimate.tokens, now);
        self.in_flight = self.in_flight.saturating_add(1);
        self.held += estimate.cost;
        Hold { estimate, since: now }
    }

    pub(super) fn close(&mut self, hold: Hold, used: Option<Used>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.held = self.held.less(hold.estimate.cost);
        let tokens = used.map_or(0, |used| used.tokens.total().saturating_sub(used.tokens.cache_read));
        self.minute.correct(hold.since, hold.estimate.tokens, tokens);
        if let Some(used) = used {
            self.add(used.cost, used.at);
        }
    }

    pub(super) fn restore(&mut self, period: Period, spent: Money, now: Timestamp) {
        self.spend.restore(period, spent, now);
    }

    pub(super) fn add(&mut self, cost: Money, at: Timestamp) {
        self.spend.add(cost, at);
    }

    pub(super) fn spent(&mut self, period: Period, now: Timestamp) -> Money {
        self.spend.roll(now);
        self.spend.of(period)
    }

    pub(super) fn standing(&mut self, caps: &Caps, now: Timestamp) -> Option<Standing> {
        self.spend.roll(now);
        self.spend.standing(caps, now)
    }

    pub(super) fn budget(&mut self, policy: &Policy, now: Timestamp) -> Budget {
        self.spend.roll(now);
        let caps = self.caps(&policy.caps, now);
        let spending = Period::ALL.map(|period| Spending {
            period,
            spent: self.spend.of(period),
            cap: caps.spend.of(period),
            resets: period.around(now).end,
        });
        let grants = self.grants(now).cloned().collect();
        Budget { policy: policy.name.clone(), spending: spending.into(), grants }
    }

    pub(super) fn grant(&mut self, grant: Grant) {
        self.grants.retain(|known| known.id != grant.id);
        self.grants.push(grant);
    }

    pub(super) fn end_grant(&mut self, id: GrantId) -> Option<Grant> {
        let place = self.grants.iter().position(|grant| grant.id == id)?;
        Some(self.grants.swap_remove(place))
    }

    pub(super) fn grants(&self, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.holds(now))
    }

    /// Whether forgetting it changes nothing.
    pub(super) fn is_idle(&mut self, now: Timestamp) -> bool {
        self.spend.roll(now);
        self.minute.roll(now);
        self.grants.retain(|grant| now < grant.until);
        self.in_flight == 0 && self.minute.is_empty() && self.spend.is_zero() && self.grants.is_empty()
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> (u64, Money) {
        (self.in_flight, self.held)
    }

    #[cfg(test)]
    pub(super) fn last_minute(&self) -> (u64, u64) {
        self.minute.totals()
    }
}
