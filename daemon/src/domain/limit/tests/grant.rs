//! More than the policy allows, for one user, for a while.

use super::*;
use crate::domain::limit::grant::{BadGrant, check};

fn grant(raise: Raise, until: Timestamp) -> Grant {
    let (id, reason) = (GrantId::generate(), "release week".to_owned());
    Grant { id, user: ada(), raise, from: NOON, until, reason, operator: 1000 }
}

#[test]
fn a_grant_raises_the_caps_of_its_user_until_it_ends() {
    let house = House::new(per_day("10"));
    house.spend("10", NOON);
    let money = grant(Raise::Spend(dollars("5")), after(3600));
    house.limits.grant(money.clone());
    house.limits.grant(grant(Raise::RequestsPerMinute(1), after(60)));
    house.spend("4.99", after(1));
    assert_eq!(house.limits.standing(&ada(), &house.policy, after(1)).unwrap().cap, dollars("15"));
    assert_eq!(house.limits.grants(after(1)).len(), 2);
    assert_eq!(house.limits.grants(after(60)), std::slice::from_ref(&money));
    assert_eq!(house.refusal(after(3600)).reached.resets(), after(12 * 3600));
    let again = grant(Raise::Spend(dollars("50")), after(9_000));
    house.limits.grant(again.clone());
    house.spend("1", after(3_601));
    assert_eq!(house.limits.end_grant(again.id), Some(again.clone()));
    assert_eq!(house.limits.end_grant(again.id), None);
    house.refusal(after(3_602));
}

#[test]
fn grants_raise_every_kind_of_cap() {
    let all = Caps {
        requests_per_minute: Some(1),
        tokens_per_minute: Some(1),
        concurrent_streams: Some(1),
        spend: SpendCaps { day: Some(dollars("1")), week: None, month: Some(dollars("1")) },
    };
    let raises = [Raise::RequestsPerMinute(1), Raise::TokensPerMinute(1), Raise::ConcurrentStreams(1)];
    let result = raises.into_iter().chain([Raise::Spend(dollars("1"))]).fold(all, Caps::raised);
    let spend = SpendCaps { day: Some(dollars("2")), week: None, month: Some(dollars("2")) };
    let two = Some(2);
    let wanted = Caps { requests_per_minute: two, tokens_per_minute: two, concurrent_streams: two, spend };
    assert_eq!(result, wanted);
    assert_eq!(Caps::default().raised(Raise::Spend(dollars("1"))), Caps::default());
}

#[test]
fn only_what_means_something_is_granted() {
    let policy = capped(Caps { requests_per_minute: Some(9), ..per_day("10").caps });
    let (hour, money) = (after(3600), Raise::Spend(dollars("5")));
    let no_cap = |raise| BadGrant::NoCap { policy: "contractors".to_owned(), raise };
    let (one, too_much) = (Raise::ConcurrentStreams(1), Raise::RequestsPerMinute(1_000_000_001));
    let table = [
        (grant(money, hour), 19, Ok(())),
        (grant(Raise::RequestsPerMinute(1), after(31 * 86_400)), 0, Ok(())),
        (Grant { reason: " ".to_owned(), ..grant(money, hour) }, 0, Err(BadGrant::NoReason)),
        (grant(money, NOON), 0, Err(BadGrant::NoTime)),
        (grant(money, after(31 * 86_400 + 1)), 0, Err(BadGrant::TooLong)),
        (grant(money, Timestamp(u64::MAX)), 0, Err(BadGrant::TooLong)),
        (grant(Raise::Spend(Money::ZERO), hour), 0, Err(BadGrant::Nothing)),
        (grant(Raise::RequestsPerMinute(0), hour), 0, Err(BadGrant::Nothing)),
        (grant(Raise::Spend(Money::MAX), hour), 0, Err(BadGrant::TooMuch(Raise::Spend(Money::MAX)))),
        (grant(too_much, hour), 0, Err(BadGrant::TooMuch(too_much))),
        (grant(one, hour), 0, Err(no_cap(one))),
        (grant(Raise::TokensPerMinute(1), hour), 0, Err(no_cap(Raise::TokensPerMinute(1)))),
        (grant(money, hour), 20, Err(BadGrant::TooMany)),
    ];
    for (grant, others, outcome) in table {
        assert_eq!(check(&grant, &policy, others), outcome, "{grant}");
    }
    let denied = Policy { deny: true, ..policy };
    let outcome = check(&grant(money, hour), &denied, 0);
    assert_eq!(outcome, Err(BadGrant::Denied { policy: "contractors".to_owned() }));
}

#[test]
fn a_budget_tells_caps_with_what_was_granted_what_was_spent_and_when_it_resets() {
    let house = House::new(per_day("10"));
    house.spend("3", NOON);
    let money = grant(Raise::Spend(dollars("5")), after(3600));
    house.limits.grant(money.clone());
    let told = |seconds| house.limits.budget(&ada(), &house.policy, after(seconds));
    let budget = told(1);
    assert_eq!((budget.policy.as_str(), budget.grants), ("contractors", vec![money]));
    let spent: Vec<_> = budget.spending.iter().map(|one| (one.period, one.spent, one.cap)).collect();
    let three = dollars("3");
    let (day, week) = ((Period::Day, three, Some(dollars("15"))), (Period::Week, three, None));
    assert_eq!(spent, [day, week, (Period::Month, three, None)]);
    assert_eq!(budget.spending[0].resets, after(12 * 3600));
    assert_eq!((told(3600).spending[0].cap, told(3600).grants.len()), (Some(dollars("10")), 0));
    let nobody = house.limits.budget(&UserId::new("eve"), &house.policy, NOON);
    assert_eq!((nobody.spending[0].spent, nobody.spending[0].cap), (Money::ZERO, Some(dollars("10"))));
}
