//! Rates and concurrency: just under the cap passes, at the cap is refused, also when a hundred requests race.

use std::time::Duration;

use reqwest::Response;
use sallyportd::domain::policy::{Caps, Policy};

use super::world::{OPUS, World};

/// Answers at once, and is not remembered by the upstream.
const FAST: &str = "sandbox.fast";
/// A stream that never ends.
const STALLED: &str = "sandbox.stall";

async fn world(caps: Caps) -> World {
    World::with(|config| config.policies = vec![Policy { caps, ..Policy::unlimited("all") }]).await
}

fn requests(cap: u64) -> Caps {
    Caps { requests_per_minute: Some(cap), ..Caps::default() }
}

/// How many of a hundred requests that are sent at once are let pass; the answers are kept, so that none ends.
async fn race(world: &World, model: &str) -> (usize, Vec<Response>) {
    let answers = futures_util::future::join_all((0..100).map(|_| world.open_stream(model))).await;
    let passed = answers.iter().filter(|answer| answer.status() == 200).count();
    assert!(answers.iter().all(|answer| [200, 429].contains(&answer.status().as_u16())));
    (passed, answers)
}

#[tokio::test]
async fn requests_pass_up_to_the_cap_and_again_when_there_is_room() {
    let world = world(requests(2)).await;
    for _ in 0..2 {
        assert_eq!(world.invoke(OPUS).await.status(), 200);
        world.clock.advance(Duration::from_secs(10));
    }
    let refused = world.invoke(OPUS).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"40".parse().unwrap()));
    assert!(!refused.headers().contains_key("x-should-retry"));
    assert!(refused.text().await.unwrap().contains("2 of 2 requests in a minute, policy `all`"));
    world.clock.advance(Duration::from_secs(39));
    assert_eq!(world.invoke(OPUS).await.status(), 429);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    assert_eq!(world.bedrock.requests().len(), 3, "what is refused reaches nobody");
}

#[tokio::test]
async fn of_a_hundred_racing_requests_as_many_pass_as_may() {
    let world = world(requests(37)).await;
    assert_eq!(race(&world, FAST).await.0, 37);
}

#[tokio::test]
async fn of_a_hundred_racing_streams_as_many_run_as_may() {
    let world = world(Caps { concurrent_streams: Some(7), ..Caps::default() }).await;
    let (passed, answers) = race(&world, STALLED).await;
    assert_eq!(passed, 7);
    let refused = answers.iter().find(|answer| answer.status() == 429).unwrap();
    assert_eq!(refused.headers()["retry-after"], "5");
    drop(answers);
    world.upstream_is_idle().await;
    assert_eq!(race(&world, STALLED).await.0, 7, "who leaves makes room");
}

#[tokio::test]
async fn tokens_are_held_by_estimate_and_put_right_by_the_upstreams_numbers() {
    let world = world(Caps { tokens_per_minute: Some(150), ..Caps::default() }).await;
    let held = (world.open_stream(STALLED).await, world.open_stream(STALLED).await);
    assert_eq!((held.0.status().as_u16(), held.1.status().as_u16()), (200, 200));
    assert_eq!(world.invoke(OPUS).await.status(), 429, "two requests may use more than 150 tokens");
    drop(held);
    world.upstream_is_idle().await;
    assert_eq!(world.invoke(OPUS).await.status(), 200, "they used less");
}

#[tokio::test]
async fn one_user_never_waits_for_another() {
    let world = world(requests(1)).await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    assert_eq!(world.invoke(OPUS).await.status(), 429);
    let path = format!("/model/{OPUS}/invoke");
    let other = world.anonymous(&path).bearer_auth(world.token_of("grace", &[]));
    assert_eq!(other.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn counting_tokens_is_free() {
    let world = world(requests(1)).await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    let body = serde_json::json!({ "model": OPUS, "messages": [{ "role": "user", "content": "hi" }] });
    let request = world.post("/v1/messages/count_tokens").body(body.to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(world.invoke(OPUS).await.status(), 429);
}
