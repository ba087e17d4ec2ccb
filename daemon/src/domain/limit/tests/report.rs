//! What a refusal and a standing say, and what a clock that was set back may not do.

use super::*;

#[test]
fn a_refusal_says_which_policy_which_figure_and_when() {
    let mut house = House::new(per_day("10"));
    house.policy.message = Some("ask in #ai".to_owned());
    house.spend("10.129", NOON);
    assert_eq!(
        house.refusal(NOON).to_string(),
        "spend limit reached (daily; resets 2026-08-10 00:00 UTC): $10.13 of $10.00 spent, policy `contractors` · \
         ask in #ai"
    );
    let house = House::new(requests(0));
    assert_eq!(
        house.refusal(NOON).to_string(),
        "rate limit reached (resets 2026-08-09 12:01 UTC, in 60 s): 0 of 0 requests in a minute, policy `contractors`"
    );
    let house = House::new(streams(0));
    assert_eq!(
        house.refusal(NOON).to_string(),
        "concurrency limit reached (resets when a request ends): 0 of 0 requests are under way, policy `contractors`"
    );
}

#[test]
fn the_standing_is_that_of_the_fullest_cap() {
    let spend =
        SpendCaps { day: Some(dollars("10")), week: Some(dollars("20")), month: Some(dollars("1000")) };
    let house = House::new(capped(Caps { spend, ..Caps::default() }));
    assert_eq!(house.ask(Estimate::default(), NOON).unwrap().standing().unwrap().fraction(), 0);
    house.spend("8.2", NOON);
    let held = house.ask(Estimate::default(), NOON).unwrap();
    let standing = held.standing().unwrap();
    assert_eq!((standing.period, standing.fraction()), (Period::Day, 8_200));
    let free = House::new(requests(9));
    assert_eq!(free.ask(Estimate::default(), NOON).unwrap().standing(), None);
}

#[test]
fn a_clock_that_was_set_back_neither_opens_yesterday_nor_locks_anybody_out() {
    let house = House::new(per_day("10"));
    let midnight = after(12 * 3600);
    house.spend("3", midnight);
    house.spend("7", Timestamp(midnight.0 - 5));
    assert_eq!(house.limits.spent(&ada(), Period::Day, Timestamp(midnight.0 - 1)), dollars("3"));
    house.spend("7", midnight);
    let next_year = after(365 * 86_400);
    house.spend("10", next_year);
    house.refusal(NOON);
    house.ask(Estimate::default(), midnight).unwrap();
}
