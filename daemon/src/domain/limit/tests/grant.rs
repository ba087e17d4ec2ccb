//! More than the policy allows, for one user, for a while.

use super::*;

#[test]
fn a_grant_raises_the_caps_of_its_user_until_it_ends() {
    let house = House::new(per_day("10"));
    house.spend("10", NOON);
    let grant = |raise, until| Grant {
        id: Uuid::now_v7(),
        user: ada(),
        raise,
        from: NOON,
        until,
        reason: "release week".to_owned(),
        by: 1000,
    };
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
    let result =
        raises.into_iter().chain([Raise::Spend(dollars("1"))]).fold(all, |caps, raise| raise.apply(caps));
    let spend = SpendCaps { day: Some(dollars("2")), week: None, month: Some(dollars("2")) };
    let two = Some(2);
    let wanted = Caps { requests_per_minute: two, tokens_per_minute: two, concurrent_streams: two, spend };
    assert_eq!(result, wanted);
    assert_eq!(Raise::Spend(dollars("1")).apply(Caps::default()), Caps::default());
}
