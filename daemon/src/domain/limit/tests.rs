//! Just under a cap passes, at the cap is refused, and money never drifts.

mod drift;
mod grant;
mod report;

use std::{sync::atomic::AtomicUsize, sync::atomic::Ordering, thread};

use super::*;
use crate::domain::policy::{Caps, SpendCaps};

/// Sunday, 9 August 2026, 12:00 UTC.
const NOON: Timestamp = Timestamp(1_786_276_800_000);

fn after(seconds: u64) -> Timestamp {
    NOON + Duration::from_secs(seconds)
}

fn ada() -> UserId {
    UserId::new("ada")
}

fn capped(caps: Caps) -> Policy {
    Policy { caps, ..Policy::unlimited("contractors") }
}

fn requests(cap: u64) -> Policy {
    capped(Caps { requests_per_minute: Some(cap), ..Caps::default() })
}

fn tokens(cap: u64) -> Policy {
    capped(Caps { tokens_per_minute: Some(cap), ..Caps::default() })
}

fn streams(cap: u64) -> Policy {
    capped(Caps { concurrent_streams: Some(cap), ..Caps::default() })
}

fn per_day(cap: &str) -> Policy {
    let spend = SpendCaps { day: Some(dollars(cap)), ..SpendCaps::default() };
    capped(Caps { spend, ..Caps::default() })
}

fn dollars(amount: &str) -> Money {
    amount.parse().unwrap()
}

fn estimate(tokens: u64, cost: &str) -> Estimate {
    Estimate { tokens, cost: dollars(cost) }
}

fn used(output: u64, cost: &str, at: Timestamp) -> Used {
    Used { tokens: Tokens { output, cache_read: 1_000_000, ..Tokens::default() }, cost: dollars(cost), at }
}

/// The user's limits, and the one policy that holds for it.
struct House {
    limits: Arc<Limits>,
    policy: Policy,
}

impl House {
    fn new(policy: Policy) -> Self {
        Self { limits: Arc::default(), policy }
    }

    fn ask(&self, estimate: Estimate, now: Timestamp) -> Result<Reservation, Exceeded> {
        self.limits.reserve(&ada(), &self.policy, estimate, now)
    }

    /// A whole request.
    fn spend(&self, cost: &str, now: Timestamp) {
        self.ask(estimate(0, cost), now).unwrap().settle(used(0, cost, now));
    }

    fn refusal(&self, now: Timestamp) -> Exceeded {
        self.ask(Estimate::default(), now).unwrap_err()
    }

    /// How many of 100 requests that start at the same moment pass, none of which ends.
    fn race(&self, estimate: Estimate) -> usize {
        let passed = AtomicUsize::new(0);
        let start = std::sync::Barrier::new(100);
        let run = || {
            start.wait();
            let held = self.ask(estimate, NOON);
            passed.fetch_add(usize::from(held.is_ok()), Ordering::Relaxed);
            start.wait();
        };
        thread::scope(|scope| (0..100).for_each(|_| drop(scope.spawn(run))));
        passed.into_inner()
    }
}

#[test]
fn requests_pass_up_to_the_cap_and_again_when_the_minute_has_passed() {
    let house = House::new(requests(3));
    for second in [0, 10, 20] {
        house.ask(Estimate::default(), after(second)).unwrap().settle(used(0, "0", after(second)));
    }
    let refused = house.refusal(after(20));
    assert_eq!(refused.reached, Reached::Requests { cap: 3, used: 3, resets: after(60) });
    assert_eq!((refused.retry_after(), refused.code()), (40, "requests_per_minute"));
    house.refusal(after(59));
    house.ask(Estimate::default(), after(60)).unwrap();
    house.refusal(after(60));
}

#[test]
fn tokens_pass_while_the_minute_is_below_the_cap() {
    let house = House::new(tokens(1_000));
    let first = house.ask(estimate(999, "0"), NOON).unwrap();
    let second = house.ask(estimate(1, "0"), NOON).unwrap();
    let refused = house.refusal(after(1));
    assert_eq!(refused.reached, Reached::Tokens { cap: 1_000, used: 1_000, resets: after(60) });
    first.settle(used(500, "0", after(2)));
    drop(second);
    let third = house.ask(estimate(500, "0"), after(2)).unwrap();
    house.refusal(after(59));
    drop(third);
    house.ask(Estimate::default(), after(59)).unwrap();
}

#[test]
fn streams_pass_while_fewer_than_the_cap_are_under_way() {
    let house = House::new(streams(2));
    let (first, second) =
        (house.ask(Estimate::default(), NOON).unwrap(), house.ask(Estimate::default(), NOON));
    let refused = house.refusal(after(600));
    assert_eq!((refused.code(), refused.retry_after(), refused.spent()), ("concurrent_streams", 5, None));
    drop(first);
    house.ask(Estimate::default(), after(600)).unwrap().settle(used(0, "0", after(601)));
    drop(second);
}

#[test]
fn money_passes_while_anything_of_the_cap_is_left() {
    let house = House::new(per_day("10"));
    house.spend("9.999999", NOON);
    house.spend("0.000001", NOON);
    let refused = house.refusal(NOON);
    let midnight = after(12 * 3600);
    let cap = dollars("10");
    assert_eq!(refused.reached, Reached::Spend { period: Period::Day, cap, spent: cap, resets: midnight });
    assert_eq!((refused.retry_after(), refused.code()), (43_200, "spend_per_day"));
    house.refusal(Timestamp(midnight.0 - 1));
    house.ask(Estimate::default(), midnight).unwrap();
}

#[test]
fn money_that_requests_under_way_may_cost_is_not_given_twice_but_may_be_free_soon() {
    let house = House::new(per_day("10"));
    let first = house.ask(estimate(0, "9.999999"), NOON).unwrap();
    let second = house.ask(estimate(0, "50"), NOON).unwrap();
    let refused = house.refusal(NOON);
    assert!(matches!(refused.reached, Reached::Held { spent: Money::ZERO, .. }), "{refused}");
    assert_eq!((refused.retry_after(), refused.spent()), (5, None));
    first.settle(used(1, "0.10", NOON));
    drop(second);
    house.ask(Estimate::default(), NOON).unwrap();
    assert_eq!(house.limits.spent(&ada(), Period::Day, NOON), dollars("0.10"));
}

#[test]
fn weeks_begin_on_monday_and_months_on_their_first_day() {
    let spend = SpendCaps { week: Some(dollars("5")), month: Some(dollars("9")), day: None };
    let house = House::new(capped(Caps { spend, ..Caps::default() }));
    house.spend("5", NOON);
    let (sunday, monday) = (after(12 * 3600 - 1), after(12 * 3600));
    assert_eq!(house.refusal(sunday).code(), "spend_per_week");
    house.spend("4", monday);
    let refused = house.refusal(monday);
    assert_eq!(
        (refused.code(), refused.reached.resets().to_string()),
        ("spend_per_month", "2026-09-01 00:00 UTC".into())
    );
    house.ask(Estimate::default(), refused.reached.resets()).unwrap();
}

#[test]
fn a_hundred_racing_requests_never_share_what_is_there_for_one() {
    assert_eq!(House::new(requests(37)).race(Estimate::default()), 37);
    assert_eq!(House::new(streams(37)).race(Estimate::default()), 37);
    assert_eq!(House::new(tokens(370)).race(estimate(10, "0")), 37);
    assert_eq!(House::new(tokens(361)).race(estimate(10, "0")), 37);
    assert_eq!(House::new(tokens(371)).race(estimate(10, "0")), 38);
    assert_eq!(House::new(per_day("3.70")).race(estimate(0, "0.10")), 37);
    assert_eq!(House::new(per_day("3.700001")).race(estimate(0, "0.10")), 38);
    assert_eq!(House::new(per_day("1")).race(Estimate::default()), 100);
    assert_eq!(House::new(Policy::unlimited("free")).race(estimate(10, "10")), 100);
}

#[test]
fn a_cap_of_nothing_lets_nothing_pass() {
    for policy in [requests(0), tokens(0), streams(0), per_day("0")] {
        assert_eq!(House::new(policy).race(Estimate::default()), 0);
    }
}

#[test]
fn of_several_caps_the_one_that_resets_last_is_named() {
    let spend = SpendCaps { day: Some(dollars("1")), month: Some(dollars("1")), week: None };
    let caps = Caps { requests_per_minute: Some(1), spend, ..Caps::default() };
    let house = House::new(capped(caps));
    house.spend("1", NOON);
    assert_eq!(house.refusal(NOON).code(), "spend_per_month");
}

#[test]
fn one_users_use_is_not_anothers() {
    let house = House::new(requests(1));
    let _held = house.ask(Estimate::default(), NOON).unwrap();
    house.limits.reserve(&UserId::new("grace"), &house.policy, Estimate::default(), NOON).unwrap();
}

#[test]
fn what_was_spent_before_the_start_counts() {
    let house = House::new(per_day("10"));
    for (period, spent) in [(Period::Day, "9"), (Period::Week, "20"), (Period::Month, "30")] {
        house.limits.restore(&ada(), period, dollars(spent), NOON);
    }
    house.spend("1", NOON);
    house.refusal(NOON);
    let spent = |period| house.limits.spent(&ada(), period, NOON);
    assert_eq!([Period::Day, Period::Week, Period::Month].map(spent), ["10", "21", "31"].map(dollars));
}

#[test]
fn what_another_daemon_has_spent_counts() {
    let house = House::new(per_day("10"));
    house.spend("1", NOON);
    house.limits.add(&ada(), dollars("8"), after(1));
    house.spend("1", after(2));
    assert_eq!(house.refusal(after(2)).code(), "spend_per_day");
    house.limits.add(&UserId::new("grace"), dollars("9"), after(2));
    assert_eq!(house.limits.spent(&UserId::new("grace"), Period::Month, after(2)), dollars("9"));
}

#[test]
fn idle_users_are_forgotten_and_only_they() {
    let house = House::new(per_day("10"));
    let held = house.ask(Estimate::default(), NOON).unwrap();
    assert_eq!(house.limits.sweep(after(3600)), 1, "a request is under way");
    drop(held);
    assert_eq!(house.limits.sweep(after(3600)), 0);
    house.spend("1", NOON);
    assert_eq!(house.limits.sweep(after(86_400)), 1, "the month is not over");
    assert_eq!(house.limits.sweep(after(40 * 86_400)), 0);
}
