//! More than the policy allows, for a while.

use reqwest::StatusCode;
use sallyportd::{
    domain::policy::{Caps, Policy, SpendCaps},
    sandbox::entra::User,
};
use serde_json::{Value, json};
use shared::{
    api::{
        admin::{self, AuditEntry, Grant, Raise},
        auth::TokenAnswer,
    },
    usage::Money,
};

use super::{
    page,
    world::{World, because, user},
};

/// Each user may send one request a minute, and spend ten dollars a day.
async fn world() -> World {
    World::with(|config| {
        let spend = SpendCaps { day: Some(Money::from_dollars(10)), ..SpendCaps::default() };
        let caps = Caps { requests_per_minute: Some(1), spend, ..Caps::default() };
        config.policies = vec![Policy { caps, ..Policy::unlimited("all") }];
    })
    .await
}

fn order(raise: &Value) -> Value {
    json!({ "reason": "release week", "duration_seconds": 600, "raise": raise })
}

async fn told(world: &World) -> admin::User {
    serde_json::from_value(world.operator().get(&format!("/users/{}", User::ADA.oid)).await).unwrap()
}

async fn status(world: &World, token: &TokenAnswer) -> StatusCode {
    let answer = world.ask(token, "sandbox.echo").await;
    let status = answer.status();
    answer.bytes().await.unwrap();
    status
}

#[tokio::test]
async fn a_grant_holds_for_the_next_request_and_no_longer_when_it_is_taken_back() {
    let world = world().await;
    let (mut tokens, operator) = (world.sign_in(User::ADA, 1).await, world.operator());
    let token = tokens.remove(0);
    assert_eq!(status(&world, &token).await, StatusCode::OK);
    assert_eq!(status(&world, &token).await, StatusCode::TOO_MANY_REQUESTS);
    let raise = json!({ "requests_per_minute": 2 });
    let given = operator.act(&user(User::ADA, "grant"), &order(&raise)).await;
    let given: Grant = serde_json::from_value(given).unwrap();
    assert_eq!((given.raise, given.until.0 - given.from.0), (Raise::RequestsPerMinute(2), 600_000));
    assert_eq!(status(&world, &token).await, StatusCode::OK);
    assert_eq!(page::<Grant>(operator.get("/grants").await), std::slice::from_ref(&given));
    let ended = operator.act(&format!("/grants/{}/end", given.id), &because("it was shipped")).await;
    assert_eq!(serde_json::from_value::<Grant>(ended).unwrap(), given);
    assert_eq!(status(&world, &token).await, StatusCode::TOO_MANY_REQUESTS);
    assert!(page::<Grant>(operator.get("/grants").await).is_empty());
    let (status, _) = operator.post(&format!("/grants/{}/end", given.id), &because("again")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(operator.post("/grants/some/end", &because("x")).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_user_tells_policy_caps_spending_and_grants() {
    let world = world().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    assert_eq!(status(&world, &token).await, StatusCode::OK);
    let five = Money::from_dollars(5);
    world.operator().act(&user(User::ADA, "grant"), &order(&json!({ "spend": five }))).await;
    let budget = told(&world).await.budget.unwrap();
    assert_eq!((budget.policy.as_str(), budget.grants.len()), ("all", 1));
    let [day, week, month] = budget.spending.as_slice() else { panic!("{budget:?}") };
    assert_eq!((day.cap, week.cap, month.cap), (Some(Money::from_dollars(15)), None, None));
    assert!(day.spent > Money::ZERO && month.resets >= day.resets, "{budget:?}");
    let all: Vec<admin::User> = page(world.operator().get("/users").await);
    assert_eq!(all, [told(&world).await]);
    assert_eq!(world.operator().open("/users/nobody").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_grant_is_audited_and_told_to_whoever_watches() {
    let world = world().await;
    world.sign_in(User::ADA, 1).await;
    let operator = world.operator();
    let mut events = operator.open("/events").await;
    let given = operator.act(&user(User::ADA, "grant"), &order(&json!({ "spend": 1 }))).await;
    operator.act(&format!("/grants/{}/end", given["id"].as_str().unwrap()), &because("enough")).await;
    let mut said = String::new();
    while !said.contains("event: grant_end") {
        said.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(said.contains("event: grant\n") && said.contains("release week"), "{said}");
    let uid = rustix::process::geteuid().as_raw();
    for (event, reason) in [("grant", "release week"), ("grant_end", "enough")] {
        let trail: Vec<AuditEntry> = page(operator.get(&format!("/audit?event={event}")).await);
        assert_eq!(
            (trail.len(), trail[0].operator, trail[0].reason.as_deref()),
            (1, Some(uid), Some(reason))
        );
        assert_eq!(trail[0].user.as_ref().unwrap().as_str(), User::ADA.oid);
    }
}

#[tokio::test]
async fn an_order_that_means_nothing_is_refused_with_a_sentence() {
    let world = world().await;
    world.sign_in(User::ADA, 1).await;
    let money = json!({ "spend": 1_000_000 });
    let with = |key: &str, value: Value| {
        let mut order = order(&money);
        order[key] = value;
        order
    };
    let table = [
        (with("reason", json!(" ")), "needs a `reason`"),
        (with("duration_seconds", json!(0)), "a second at least"),
        (with("duration_seconds", json!(-5)), "a second at least"),
        (with("duration_seconds", json!(1e300)), "31 days at most"),
        (with("raise", json!({ "spend": 0 })), "say how much more"),
        (with("raise", json!({ "spend": u64::MAX })), "$1000000.00 at most"),
        (with("raise", json!({ "requests_per_minute": u64::MAX })), "1000000000 at most"),
        (with("raise", json!({ "spend": -1 })), "wrong type"),
        (with("raise", json!({ "luck": 1 })), "wrong type"),
        (with("whom", json!("ada")), "wrong type"),
    ];
    for (order, sentence) in table {
        let (status, answer) = world.operator().post(&user(User::ADA, "grant"), &order).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{order}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(sentence), "{order}: {answer}");
    }
    assert!(page::<Grant>(world.operator().get("/grants").await).is_empty());
}

#[tokio::test]
async fn who_is_unknown_or_has_no_cap_is_granted_nothing() {
    let world = world().await;
    world.sign_in(User::ADA, 1).await;
    let money = order(&json!({ "spend": 1.0 }));
    let (status, answer) = world.operator().post("/users/nobody/grant", &money).await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    let no_cap = order(&json!({ "tokens_per_minute": 5 }));
    let (status, answer) = world.operator().post(&user(User::ADA, "grant"), &no_cap).await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::CONFLICT, Some("conflict")));
    assert!(answer["message"].as_str().unwrap().contains("policy `all` sets no cap on tokens per minute"));
}
