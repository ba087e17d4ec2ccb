//! The gateway's Bedrock surfaces.

mod audit;
mod budget;
mod chat;
mod ending;
mod limit;
mod messages;
mod models;
mod policy;
mod refusal;
mod sse;
mod world;

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use self::world::{Bill, OPUS, Streamed, World, hello};

/// Every path that takes a body.
pub(crate) const SURFACES: [&str; 8] = [
    "/model/anthropic.claude-opus-4-8/invoke",
    "/model/anthropic.claude-opus-4-8/invoke-with-response-stream",
    "/model/anthropic.claude-opus-4-8/count-tokens",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/chat/completions",
    "/invoke",
    "/invoke-with-response-stream",
];

#[tokio::test]
async fn a_stream_comes_to_its_end_and_is_billed_by_the_upstreams_numbers() {
    let world = World::new().await;
    let answer = world.open_stream(OPUS).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(answer.headers()["x-amzn-bedrock-content-type"], "application/json");
    assert!(
        answer.headers().contains_key("x-request-id") && answer.headers().contains_key("x-amzn-requestid")
    );
    let streamed = Streamed::read(answer).await;
    assert_eq!((streamed.text().as_str(), &streamed.end), ("You said: hello there", &None));
    assert_eq!(streamed.kinds().last(), Some(&"message_stop"));
    let tokens = world.bedrock.requests()[0].usage.unwrap();
    let (model, surface, outcome) = (OPUS.into(), "bedrock".into(), "completed".into());
    assert_eq!(world.bill().await, Bill { model, surface, outcome, estimated: false, tokens });
}

#[tokio::test]
async fn an_answer_in_one_piece_is_billed_the_same() {
    let world = World::new().await;
    let answer = world.invoke(OPUS).await;
    assert!(answer.headers().contains_key("x-amzn-bedrock-output-token-count"));
    assert!(answer.content_length().is_some());
    world.assert_whole_and_billed(answer).await;
}

#[tokio::test]
async fn the_body_and_unknown_headers_go_on_and_credentials_do_not() {
    let world = World::new().await;
    let body = format!("{} ", hello());
    let request = world.post(&format!("/model/{OPUS}/invoke")).body(body.clone());
    let request = request
        .header("anthropic-beta", "one,two")
        .header("x-claude-code-session-id", "s")
        .header("x-from-the-future", "f")
        .header("cookie", "c")
        .header("x-amz-date", "20200101T000000Z")
        .header("x-api-key", &world.token);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let seen = &world.bedrock.requests()[0];
    assert_eq!(seen.body, body);
    for (name, value) in
        [("anthropic-beta", "one,two"), ("x-claude-code-session-id", "s"), ("x-from-the-future", "f")]
    {
        assert_eq!(seen.headers[name], value);
    }
    assert!(seen.headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 "));
    assert_eq!(seen.headers["x-amz-date"], "20270115T080000Z");
    for name in ["cookie", "x-api-key"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
    let all = format!("{:?}", seen.headers);
    assert!(!all.contains(&world.token), "{all}");
}

#[tokio::test]
async fn ids_are_forwarded_as_they_came() {
    let world = World::new().await;
    let ids = [
        "anthropic.claude-3-5-sonnet-20241022-v1:0",
        "anthropic.claude-3-5-sonnet-20241022-v1%3A0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fmy-id",
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fmy-id",
    ];
    for id in ids {
        assert_eq!(world.invoke(id).await.status(), 200, "{id}");
    }
    let paths: Vec<_> = world.bedrock.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ids.map(|id| format!("/model/{id}/invoke")));
    let models: Vec<_> = world.bills().await.into_iter().map(|bill| bill.model).collect();
    assert_eq!((&models[0], &models[2]), (&models[1], &models[3]));
}

#[tokio::test]
async fn an_alias_is_sent_as_what_it_stands_for() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let world = World::with(|config| {
        config.gateway.aliases.insert("opus".into(), shared::id::ModelId::new(arn));
        config.gateway.models = vec!["eu.anthropic.*".into()];
    })
    .await;
    assert_eq!(world.stream("opus").await.text(), "You said: hello there");
    let path = "/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fabc/invoke-with-response-stream";
    assert_eq!(world.bedrock.requests()[0].path, path);
    assert_eq!(world.bill().await.model, arn);
}

#[tokio::test]
async fn a_packed_request_is_unpacked() {
    let world = World::new().await;
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(hello().to_string().as_bytes()).unwrap();
    let request = world.post(&format!("/model/{OPUS}/invoke")).header("content-encoding", "gzip");
    let answer = request.body(packer.finish().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen = &world.bedrock.requests()[0];
    assert_eq!(seen.body, hello().to_string());
    assert!(!seen.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn the_prototypes_own_paths_take_the_model_from_the_query() {
    let world = World::new().await;
    let answer = world.post(&format!("/invoke?modelId={OPUS}")).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["content"][0]["text"], "You said: hello there");
    let answer = world.post("/invoke-with-response-stream").send().await.unwrap();
    assert_eq!(Streamed::read(answer).await.text(), "You said: hello there");
    let bills = world.bills().await;
    assert!(bills.iter().all(|bill| bill.surface == "invoke" && bill.outcome == "completed"));
    assert_eq!(bills[0].model, OPUS);
    assert_eq!(bills[1].model, "anthropic.claude-3-5-sonnet-20241022-v1:0");
}

#[tokio::test]
async fn tokens_are_counted_and_cost_nothing() {
    let world = World::new().await;
    let invoke = base64_simd::STANDARD.encode_to_string(hello().to_string());
    let body = json!({ "input": { "invokeModel": { "body": invoke } } }).to_string();
    for id in ["anthropic.claude-opus-4-8", OPUS] {
        let request = world.post(&format!("/model/{id}/count-tokens")).body(body.clone());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["inputTokens"].as_u64().unwrap() > 0, "{answer}");
    }
    assert_eq!(world.bedrock.requests()[1].path, "/model/anthropic.claude-opus-4-8/count-tokens");
    assert!(world.bills().await.is_empty());
}

#[tokio::test]
async fn the_client_finds_somebody_there() {
    let world = World::new().await;
    let answer = world.client.head(world.url("/api/hello")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for (path, status) in [
        // This Bedrock lists none.
        ("/inference-profiles?type=SYSTEM_DEFINED", 404),
        ("/inference-profiles/us.anthropic.claude-opus-4-8", 200),
    ] {
        let anonymous = world.client.get(world.url(path));
        assert_eq!(anonymous.send().await.unwrap().status(), 401);
        let answer = world.client.get(world.url(path)).bearer_auth(&world.token).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn many_streams_run_side_by_side_on_connections_that_are_kept() {
    let world = World::new().await;
    for _ in 0..2 {
        let streams = (0..64).map(|_| world.stream("sandbox.fast"));
        for streamed in futures_util::future::join_all(streams).await {
            assert_eq!((streamed.events.len(), streamed.end), (55, None));
        }
    }
    let bills = world.bills().await;
    assert_eq!(bills.len(), 128);
    assert!(bills.iter().all(|bill| bill.outcome == "completed" && !bill.estimated), "{bills:?}");
}
