//! What the gateway does, second by second, as operators see it.

use futures_util::future::join_all;
use reqwest::StatusCode;
use sallyportd::sandbox::entra::User;
use shared::{
    api::admin::{Outcomes, Sample, Traffic},
    time::Timestamp,
};

use super::world::{World, because, user};

async fn traffic(world: &World, query: &str) -> Traffic {
    serde_json::from_value(world.operator().get(&format!("/traffic{query}")).await).unwrap()
}

/// Waits until so many requests have ended, and returns all that is told.
async fn traffic_of(world: &World, requests: u64) -> Traffic {
    loop {
        let told = traffic(world, "").await;
        let total: u64 = told.samples.iter().map(|sample| sample.outcomes.total()).sum();
        assert!(total <= requests, "{total} of {requests}");
        if total == requests {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn sum(told: &Traffic, count: fn(&Outcomes) -> u64) -> u64 {
    told.samples.iter().map(|sample| count(&sample.outcomes)).sum()
}

#[tokio::test]
async fn every_request_is_counted_once_however_it_ends() {
    let world = World::new().await;
    let (hers, his) = (world.sign_in(User::ADA, 1).await, world.sign_in(User::GRACE, 1).await);
    let answers = join_all((0..4).map(|_| world.ask(&his[0], "sandbox.echo"))).await;
    join_all(answers.into_iter().map(reqwest::Response::bytes)).await;
    let stalled = world.ask(&hers[0], "sandbox.stall").await;
    drop(world.ask(&his[0], "sandbox.stall").await);
    world.operator().act(&user(User::ADA, "revoke"), &because("left the company")).await;
    stalled.bytes().await.unwrap();
    assert_eq!(world.refused(&hers[0]).await.0, StatusCode::UNAUTHORIZED);
    let told = traffic_of(&world, 7).await;
    assert_eq!((sum(&told, |o| o.completed), sum(&told, |o| o.client_gone)), (4, 1));
    assert_eq!((sum(&told, |o| o.revoked), sum(&told, |o| o.refused)), (1, 1));
    assert!(told.samples.iter().map(|sample| sample.tokens.output).sum::<u64>() > 0);
    assert!(told.samples.iter().any(|sample| sample.cost.micros() > 0));
    let (latency, first_byte) = (told.latency.unwrap(), told.first_byte.unwrap());
    assert!(first_byte.p50_microseconds > 0 && first_byte.p50_microseconds <= latency.p99_microseconds);
    assert_eq!(told.samples.last().map(|sample| sample.in_flight), Some(0));
}

#[tokio::test]
async fn counting_tokens_and_listing_models_are_no_requests_for_an_answer() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    let client = world.sandbox.client();
    for path in ["/v1/models", "/inference-profiles", "/v1/models/none"] {
        let url = format!("{}{path}", world.sandbox.gateway());
        client.get(url).bearer_auth(token.access_token.expose()).send().await.unwrap();
    }
    let count = format!("{}/model/sandbox.echo/count-tokens", world.sandbox.gateway());
    client.post(count).send().await.unwrap();
    world.ask(&token, "sandbox.echo").await.bytes().await.unwrap();
    assert_eq!(sum(&traffic_of(&world, 1).await, |o| o.completed), 1);
}

#[tokio::test]
async fn samples_come_each_second_and_can_be_asked_for_from_a_moment_on() {
    let world = World::new().await;
    let mut told = traffic(&world, "").await;
    while told.samples.len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        told = traffic(&world, "").await;
    }
    let [first, second, ..] = told.samples.as_slice() else { panic!() };
    assert_eq!(second.at.0 - first.at.0, 1000);
    let Timestamp(first) = first.at;
    let rest = traffic(&world, &format!("?after={first}")).await.samples;
    assert!(rest.first().map(|sample: &Sample| sample.at) == Some(second.at), "{rest:?}");
    let refused = world.operator().open("/traffic?before=1").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
}
