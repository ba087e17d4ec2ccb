//! Anthropic's surface.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use shared::id::ModelId;

use super::{
    sse::Events,
    world::{Bill, OPUS, World},
};

const BRIEF: Duration = Duration::from_millis(50);

fn body(model: &str, content: &str) -> Value {
    json!({ "model": model, "max_tokens": 99, "messages": [{ "role": "user", "content": content }] })
}

fn streamed(model: &str) -> Value {
    with(body(model, "hello there"), "stream", json!(true))
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

async fn ask(world: &World, body: &Value) -> Response {
    world.post("/v1/messages?beta=true").body(body.to_string()).send().await.unwrap()
}

async fn stream(world: &World, model: &str) -> Events {
    Events::read(ask(world, &streamed(model)).await).await
}

/// The status and the two halves of Anthropic's envelope.
async fn refused(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let id = answer.headers()["request-id"].to_str().unwrap().to_owned();
    assert!(!answer.headers().contains_key("x-should-retry"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(id)));
    let word = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    (status, word("type"), word("message"))
}

fn text(events: &Events) -> String {
    events.data().filter_map(|data| data["delta"]["text"].as_str()).collect()
}

#[tokio::test]
async fn a_stream_is_server_sent_events_billed_by_the_upstreams_numbers() {
    let world = World::with(|config| {
        config.gateway.aliases.insert("claude-opus-4-8".into(), ModelId::new(OPUS));
    })
    .await;
    let answer = ask(&world, &streamed("claude-opus-4-8")).await;
    assert!(answer.headers().contains_key("request-id"));
    assert_eq!(answer.headers()["cache-control"], "no-cache");
    let events = Events::read(answer).await;
    assert_eq!(text(&events), "You said: hello there");
    assert_eq!(events.kinds().first(), Some(&"message_start"));
    assert_eq!(events.kinds().last(), Some(&"message_stop"));
    assert!(events.all.iter().all(|(kind, data)| data["type"] == *kind));
    let tokens = world.bedrock.requests()[0].usage.unwrap();
    let (model, surface, outcome) = (OPUS.into(), "messages".into(), "completed".into());
    assert_eq!(world.bill().await, Bill { model, surface, outcome, estimated: false, tokens });
}

#[tokio::test]
async fn an_answer_in_one_piece_is_bedrocks_own() {
    let world = World::new().await;
    let answer = ask(&world, &body(OPUS, "hello there")).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(answer.headers().contains_key("request-id"));
    world.assert_whole_and_billed(answer).await;
}

#[tokio::test]
async fn bedrock_gets_its_own_body_and_what_it_does_not_know_passes() {
    let world = World::new().await;
    let body = r#"{ "model":"us.anthropic.claude-opus-4-8", "stream":true,"max_tokens":9 ,"safeguards":{"b":1,"a":2e1},
        "tags":{"team":"x"}, "messages":[{"role":"user","content":"caf\u00e9"}]}"#;
    let request = world
        .post("/v1/messages")
        .body(body)
        .header("anthropic-beta", "dangerous-tool-use-2026-09-03,request-tags-2026-08-21");
    let request = request
        .header("anthropic-beta", "two")
        .header("anthropic-version", "2023-06-01")
        .header("x-claude-code-session-id", "s")
        .header("x-api-key", &world.token);
    Events::read(request.send().await.unwrap()).await;
    let seen = &world.bedrock.requests()[0];
    assert_eq!(seen.path, format!("/model/{OPUS}/invoke-with-response-stream"));
    let kept =
        r#""max_tokens":9 ,"safeguards":{"b":1,"a":2e1},"messages":[{"role":"user","content":"caf\u00e9"}]"#;
    let head = r#""anthropic_version":"bedrock-2023-05-31","anthropic_beta":["dangerous-tool-use-2026-09-03","two"]"#;
    assert_eq!(seen.body, format!("{{{head},{kept}}}"));
    assert_eq!(seen.headers["x-claude-code-session-id"], "s");
    for name in ["anthropic-beta", "anthropic-version", "x-api-key", "cookie"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_read() {
    let world = World::new().await;
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let tools = json!([{ "name": "weather", "input_schema": schema }]);
    let asked = with(body(OPUS, "call: weather {\"city\":\"Ulm\"}"), "tools", tools);
    let events = Events::read(ask(&world, &with(asked.clone(), "stream", json!(true))).await).await;
    let parts: String = events.data().filter_map(|data| data["delta"]["partial_json"].as_str()).collect();
    assert_eq!(serde_json::from_str::<Value>(&parts).unwrap(), json!({ "city": "Ulm" }));
    let call: Value = ask(&world, &asked).await.json().await.unwrap();
    assert_eq!(call["stop_reason"], "tool_use");
    let result =
        json!({ "type": "tool_result", "tool_use_id": call["content"][0]["id"], "content": "sunny" });
    let turns = json!([
        asked["messages"][0],
        { "role": "assistant", "content": call["content"] },
        { "role": "user", "content": [result] },
    ]);
    let answer: Value = ask(&world, &with(asked, "messages", turns)).await.json().await.unwrap();
    assert_eq!(answer["content"][0]["text"], "The tool answered: sunny");
}

#[tokio::test]
async fn an_exception_in_the_stream_is_an_error_event_and_the_end() {
    for (model, kind) in [
        ("sandbox.exception-throttling", "rate_limit_error"),
        ("sandbox.exception-unavailable", "overloaded_error"),
        ("sandbox.exception-model-timeout", "timeout_error"),
        ("sandbox.exception-model-stream-error", "api_error"),
        ("sandbox.exception-internal", "api_error"),
        ("sandbox.exception-validation", "invalid_request_error"),
    ] {
        let world = World::new().await;
        let events = stream(&world, model).await;
        assert_eq!((events.all.len(), events.kinds()[3]), (4, "error"), "{model}");
        assert_eq!(
            (&events.last()["type"], &events.last()["error"]["type"]),
            (&json!("error"), &json!(kind))
        );
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), ("upstream_error", true));
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_event() {
    for model in ["sandbox.cut-after.4", "sandbox.cut-mid-frame.4", "sandbox.ends-early.4"] {
        let world = World::new().await;
        let events = stream(&world, model).await;
        assert_eq!((events.all.len(), events.kinds()[4]), (5, "error"), "{model}");
        assert_eq!(events.last()["error"]["type"], "api_error");
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), ("upstream_cut", true));
    }
}

#[tokio::test]
async fn what_broke_can_be_asked_again_without_a_stream() {
    let world = World::new().await;
    let model = "sandbox.once.exception-internal";
    assert_eq!(stream(&world, model).await.kinds().last(), Some(&"error"));
    assert_eq!(ask(&world, &body(model, "hello")).await.status(), 200);
    let outcomes: Vec<_> = world.bills().await.into_iter().map(|bill| bill.outcome).collect();
    assert_eq!(outcomes, ["upstream_error", "completed"]);
}

#[tokio::test]
async fn silence_is_filled_with_pings_between_events() {
    let world = World::with(|config| config.gateway.ping_interval = BRIEF).await;
    let events = stream(&world, "sandbox.stall.1").await;
    assert_eq!(text(&events), "You said: hello there");
    let pings = events.kinds().into_iter().skip(3).take_while(|kind| *kind == "ping").count();
    assert!(pings > 2, "{:?}", events.kinds());
    assert!(events.text.contains("event: ping\ndata: {\"type\":\"ping\"}\n\n"));
    assert_eq!(world.bill().await.outcome, "completed");
}

#[tokio::test]
async fn a_revoked_session_loses_its_stream_with_an_error_event() {
    let world = World::new().await;
    let answer = ask(&world, &streamed("sandbox.stall")).await;
    world.revoke();
    let events = Events::read(answer).await;
    assert_eq!(events.kinds().last(), Some(&"error"));
    assert_eq!(events.last()["error"]["type"], "authentication_error");
    world.upstream_is_idle().await;
    let (status, kind, sentence) = refused(ask(&world, &body(OPUS, "hello")).await).await;
    assert_eq!((status, kind.as_str()), (401, "authentication_error"));
    assert!(sentence.contains("revoked"), "{sentence}");
    let bill = world.bill().await;
    assert_eq!((bill.outcome.as_str(), bill.estimated), ("revoked", true));
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_upstream_with_it() {
    let world = World::new().await;
    let mut answer = ask(&world, &streamed("sandbox.stall")).await;
    answer.chunk().await.unwrap().unwrap();
    drop(answer);
    world.upstream_is_idle().await;
    assert_eq!(world.bill().await.outcome, "client_gone");
}

#[tokio::test]
async fn the_upstreams_refusals_come_in_anthropics_words() {
    let world = World::new().await;
    for (model, status, kind) in [
        ("sandbox.invalid", 400, "invalid_request_error"),
        ("sandbox.too-long", 400, "invalid_request_error"),
        ("sandbox.denied", 400, "policy_blocked"),
        ("sandbox.missing", 404, "not_found_error"),
        ("sandbox.model-error", 424, "api_error"),
        ("sandbox.throttled", 429, "rate_limit_error"),
        ("sandbox.broken", 500, "api_error"),
        ("sandbox.unavailable", 503, "overloaded_error"),
        ("sandbox.cut-before", 502, "api_error"),
    ] {
        for body in [streamed(model), body(model, "hello")] {
            let (code, name, _) = refused(ask(&world, &body).await).await;
            assert_eq!((code, name.as_str()), (status, kind), "{model}");
        }
    }
    let (_, _, sentence) = refused(ask(&world, &body("sandbox.too-long", "hello")).await).await;
    assert_eq!(sentence, "Input is too long for requested model.");
}

#[tokio::test]
async fn a_request_that_makes_no_sense_reaches_nobody() {
    let world = World::new().await;
    let deep = format!("{{\"model\":\"m\",\"x\":{}", "[".repeat(100_000));
    for (body, sentence) in [
        ("", "the request body must be a JSON object"),
        ("[\"canary\"]", "the request body must be a JSON object"),
        ("{\"messages\":[]}", "`model` is required"),
        ("{\"model\":\"m\",\"stream\":\"canary\"}", "`stream` must be true or false"),
        ("{\"model\":\"a\",\"model\":\"b\"}", "the request body has the same top-level field twice"),
        (&deep, "the request body is nested deeper than 127 levels"),
        ("{\"model\":\"../canary\"}", "this is not a model id"),
    ] {
        let answer = world.post("/v1/messages").body(body.to_owned()).send().await.unwrap();
        let expected = (400, "invalid_request_error".to_owned(), sentence.to_owned());
        assert_eq!(refused(answer).await, expected);
    }
    assert!(world.bedrock.requests().is_empty());
    assert!(world.bills().await.is_empty());
}

#[tokio::test]
async fn who_may_not_is_told_so() {
    let world = World::with(|config| config.gateway.models = vec!["eu.*".into()]).await;
    let anonymous = world.anonymous("/v1/messages").body(streamed(OPUS).to_string());
    assert_eq!(refused(anonymous.send().await.unwrap()).await.1, "authentication_error");
    let two = world.post("/v1/messages").header("x-api-key", "another");
    assert_eq!(refused(two.send().await.unwrap()).await.0, 400);
    let (status, kind, sentence) = refused(ask(&world, &streamed(OPUS)).await).await;
    assert_eq!((status, kind.as_str()), (400, "policy_blocked"));
    assert!(sentence.contains(OPUS), "{sentence}");
    assert!(world.bedrock.requests().is_empty());
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let world = World::new().await;
    let sent = body(OPUS, &"x".repeat(2 << 20));
    assert_eq!(ask(&world, &sent).await.status(), 200);
    let seen: Value = serde_json::from_slice(&world.bedrock.requests()[0].body).unwrap();
    assert_eq!(seen["messages"], sent["messages"]);
    let world = World::with(|config| config.gateway.body_limit = 1 << 20).await;
    assert_eq!(refused(ask(&world, &sent).await).await.1, "request_too_large");
}

#[tokio::test]
async fn tokens_are_counted_by_the_foundation_model_and_cost_nothing() {
    let world = World::new().await;
    let count = |model: &str| {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello there" }] });
        world.post("/v1/messages/count_tokens?beta=true").body(body.to_string()).send()
    };
    let answer: Value = count(OPUS).await.unwrap().json().await.unwrap();
    assert!(answer["input_tokens"].as_u64().unwrap() > 0, "{answer}");
    assert_eq!(world.bedrock.requests()[0].path, "/model/anthropic.claude-opus-4-8/count-tokens");
    let hidden = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let (status, kind, sentence) = refused(count(hidden).await.unwrap()).await;
    assert_eq!((status, kind.as_str()), (400, "invalid_request_error"));
    assert!(sentence.starts_with("tokens can't be counted"), "{sentence}");
    assert_eq!(world.bedrock.requests().len(), 1);
    assert!(world.bills().await.is_empty());
}
