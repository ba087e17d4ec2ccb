//! Money: held before, settled after, refused when it is spent, and never other than the sum of what was recorded.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Response;
use sallyportd::{
    config::Config,
    domain::{
        limit::{Grant, Raise},
        pattern::Pattern,
        policy::{Caps, Policy, SpendCaps},
        price::{Override, Price},
    },
};
use serde_json::{Value, json};
use shared::{
    id::{GrantId, UserId},
    time::Period,
    usage::Money,
};

use super::world::{OPUS, World, hello};

/// A budget of some dollars a day, of which each token of an answer costs one, and nothing else costs anything.
fn per_day(dollars: u64) -> impl FnOnce(&mut Config) {
    move |config| {
        let price = Price::derived(Money::ZERO, Money::from_dollars(1_000_000));
        config.prices = vec![Override { model: Pattern::new("*"), price }];
        let spend = SpendCaps { day: Some(Money::from_dollars(dollars)), ..SpendCaps::default() };
        let caps = Caps { spend, ..Caps::default() };
        config.policies = vec![Policy { caps, ..Policy::unlimited("all") }];
    }
}

fn spent(world: &World, period: Period) -> Money {
    world.parts.limits.spent(&UserId::new("ada"), period, world.clock.now())
}

/// What one answer to `hello` costs, in dollars.
async fn cost_of_one() -> u64 {
    let world = World::with(per_day(1_000)).await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    spent(&world, Period::Day).micros() / 1_000_000
}

async fn sentence(answer: Response) -> String {
    let body: Value = answer.json().await.unwrap();
    body["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn money_passes_until_it_is_spent_and_again_on_the_next_day() {
    let one = cost_of_one().await;
    let world = World::with(per_day(2 * one)).await;
    for _ in 0..2 {
        assert_eq!(world.invoke(OPUS).await.status(), 200);
    }
    assert_eq!(spent(&world, Period::Day), Money::from_dollars(2 * one));
    let refused = world.invoke(OPUS).await;
    let header = |name: &str| refused.headers()[name].to_str().unwrap();
    // The world begins at 08:00.
    assert_eq!((header("x-should-retry"), header("retry-after")), ("false", "57600"));
    assert_eq!(refused.status(), 429);
    let told = sentence(refused).await;
    assert!(told.starts_with("spend limit reached (daily; resets 2027-01-16 00:00 UTC): "), "{told}");
    assert_eq!(world.bedrock.requests().len(), 2);
    let limits = &world.parts.limits;
    let tomorrow = world.clock.now() + Duration::from_hours(16);
    assert_eq!(limits.spent(&UserId::new("ada"), Period::Day, tomorrow), Money::ZERO);
}

#[tokio::test]
async fn what_is_left_of_a_budget_can_be_spent() {
    let one = cost_of_one().await;
    let world = World::with(per_day(2 * one + 1)).await;
    for status in [200, 200, 200, 429] {
        assert_eq!(world.invoke(OPUS).await.status(), status);
    }
}

#[tokio::test]
async fn of_a_hundred_racing_requests_no_two_are_given_the_same_money() {
    // `hello` asks for 99 tokens, so that each stream holds 99 dollars as long as it runs.
    let world = World::with(per_day(7 * 99)).await;
    let streams = (0..100).map(|_| world.open_stream("sandbox.stall"));
    let answers = futures_util::future::join_all(streams).await;
    assert_eq!(answers.iter().filter(|answer| answer.status() == 200).count(), 7);
    for refused in answers.into_iter().filter(|answer| answer.status() != 200) {
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (429, &"5".parse().unwrap())
        );
        assert!(!refused.headers().contains_key("x-should-retry"), "there may be room soon");
    }
    world.upstream_is_idle().await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
}

#[tokio::test]
async fn what_the_upstream_refuses_costs_nothing_and_holds_nothing() {
    let world = World::with(per_day(99)).await;
    for model in ["sandbox.throttled", "sandbox.invalid", "sandbox.broken"] {
        assert_ne!(world.invoke(model).await.status(), 200);
    }
    assert_eq!(spent(&world, Period::Day), Money::ZERO);
    assert_eq!(world.invoke(OPUS).await.status(), 200);
}

#[tokio::test]
async fn the_counters_are_the_sum_of_the_records_however_requests_end() {
    let world = World::new().await;
    let models = [
        OPUS,
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "sandbox.tool",
        "sandbox.huge.9",
        "sandbox.cut-after.4",
        "sandbox.ends-early",
        "sandbox.exception-throttling",
        "sandbox.throttled",
    ];
    let requests = models.iter().cycle().take(64).map(async |model| {
        let _ = world.open_stream(model).await.bytes().await;
    });
    futures_util::future::join_all(requests).await;
    let abandoned = futures_util::future::join_all((0..8).map(|_| world.open_stream("sandbox.stall"))).await;
    drop(abandoned);
    world.upstream_is_idle().await;
    let counted = Period::ALL.map(|period| spent(&world, period));
    let recorded = world.cost_of_bills().await;
    assert!(recorded > Money::ZERO);
    assert_eq!(counted, [recorded; 3]);
}

#[tokio::test]
async fn who_leaves_before_the_first_word_is_charged_for_the_prompt() {
    let world = World::new().await;
    tokio::select! {
        answer = world.invoke("sandbox.silent") => panic!("it is silent: {answer:?}"),
        _ = world.bedrock.wait_for(|counts| counts.in_flight == 1) => {}
    }
    world.upstream_is_idle().await;
    assert!(spent(&world, Period::Day) > Money::ZERO);
    let bill = world.bill().await;
    assert_eq!((bill.outcome.as_str(), bill.estimated), ("client_gone", true));
    assert_eq!(bill.tokens.input, hello().to_string().len().div_ceil(4) as u64);
}

#[tokio::test]
async fn a_grant_lets_its_user_go_on() {
    let one = cost_of_one().await;
    let world = World::with(per_day(one)).await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    assert_eq!(world.invoke(OPUS).await.status(), 429);
    let now = world.clock.now();
    world.parts.limits.grant(Grant {
        id: GrantId::generate(),
        user: UserId::new("ada"),
        raise: Raise::Spend(Money::from_dollars(1)),
        from: now,
        until: now + Duration::from_mins(10),
        reason: "release".to_owned(),
        operator: 0,
    });
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    assert_eq!(world.invoke(OPUS).await.status(), 429);
}

/// The status of a Messages answer, and what it tells about the budget.
async fn told(world: &World) -> (u16, BTreeMap<String, String>) {
    let body = json!({ "model": OPUS, "max_tokens": 99, "messages": hello()["messages"] });
    let answer = world.post("/v1/messages").body(body.to_string()).send().await.unwrap();
    let headers = answer.headers().iter().filter_map(|(name, value)| {
        let name = name.as_str().strip_prefix("anthropic-ratelimit-unified-")?;
        Some((name.to_owned(), value.to_str().unwrap().to_owned()))
    });
    (answer.status().as_u16(), headers.collect())
}

#[tokio::test]
async fn messages_answers_tell_how_much_of_the_budget_is_used() {
    let one = cost_of_one().await;
    let world = World::with(per_day(2 * one)).await;
    for utilization in ["0.00", "0.50"] {
        let (status, headers) = told(&world).await;
        assert_eq!((status, headers["overage-utilization"].as_str()), (200, utilization));
        assert_eq!(
            (headers["status"].as_str(), headers["representative-claim"].as_str()),
            ("allowed", "overage")
        );
        assert_eq!(headers["reset"], (1_800_000_000 + 57_600).to_string());
    }
    let (status, headers) = told(&world).await;
    assert_eq!((status, headers["status"].as_str()), (429, "rejected"));
    assert_eq!(headers["overage-disabled-reason"], "org_spend_cap_reached");
    assert!(told(&World::new().await).await.1.is_empty(), "no cap, no word");
}
