//! OpenAI's surface.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};
use shared::id::ModelId;

use super::{
    sse::Events,
    world::{Bill, OPUS, World},
};

fn body(model: &str, content: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": content }] })
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

async fn ask(world: &World, body: &Value) -> Response {
    world.post("/v1/chat/completions").body(body.to_string()).send().await.unwrap()
}

async fn stream(world: &World, body: Value) -> Events {
    Events::read(ask(world, &with(body, "stream", json!(true))).await).await
}

async fn completion(world: &World, body: &Value) -> Value {
    let answer = ask(world, body).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// The status and OpenAI's envelope.
async fn refused(answer: Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    assert!(answer.headers().contains_key("x-request-id"));
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].clone())
}

fn weather() -> Value {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    json!([{ "type": "function", "function": { "name": "weather", "parameters": schema } }])
}

fn deltas(events: &Events) -> impl Iterator<Item = &Value> {
    events.data().map(|data| &data["choices"][0]["delta"])
}

fn text(events: &Events) -> String {
    deltas(events).filter_map(|delta| delta["content"].as_str()).collect()
}

#[tokio::test]
async fn a_stream_is_chunks_with_usage_and_a_bill() {
    let world = World::with(|config| {
        config.gateway.aliases.insert("gpt-4o".into(), ModelId::new(OPUS));
    })
    .await;
    let asked = with(body("gpt-4o", "hello there"), "stream_options", json!({ "include_usage": true }));
    let events = stream(&world, asked).await;
    assert_eq!(text(&events), "You said: hello there");
    assert!(events.text.ends_with("data: [DONE]\n\n"));
    let tokens = world.bedrock.requests()[0].usage.unwrap();
    let usage = &events.all[events.all.len() - 2].1["usage"];
    assert_eq!(usage["completion_tokens"], tokens.output);
    assert_eq!(usage["prompt_tokens"], tokens.input + tokens.cache_read + tokens.cache_write);
    assert!(events.data().all(|data| data == "[DONE]" || data["model"] == "gpt-4o"));
    let (model, surface, outcome) = (OPUS.into(), "chat".into(), "completed".into());
    assert_eq!(world.bill().await, Bill { model, surface, outcome, estimated: false, tokens });
}

#[tokio::test]
async fn an_answer_in_one_piece_is_a_completion() {
    let world = World::new().await;
    let asked = json!({ "model": OPUS, "temperature": 0, "messages": [
        { "role": "system", "content": "Be brief." }, { "role": "user", "content": "hello there" }] });
    let completion = completion(&world, &asked).await;
    assert_eq!(completion["object"], "chat.completion");
    assert_eq!(completion["created"], 1_800_000_000);
    assert_eq!(completion["choices"][0]["message"]["content"], "You said: hello there");
    assert_eq!(completion["choices"][0]["finish_reason"], "stop");
    let sent: Value = serde_json::from_slice(&world.bedrock.requests()[0].body).unwrap();
    assert_eq!((&sent["system"], &sent["temperature"]), (&json!("Be brief."), &json!(0.0)));
    assert_eq!(world.bill().await.outcome, "completed");
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_read() {
    let world = World::new().await;
    let asked = with(body(OPUS, "call: weather {\"city\":\"Ulm\"}"), "tools", weather());
    let events = stream(&world, asked.clone()).await;
    let arguments: String = deltas(&events)
        .filter_map(|delta| delta["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), json!({ "city": "Ulm" }));
    let called = completion(&world, &asked).await;
    let message = &called["choices"][0]["message"];
    assert_eq!(called["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(message["tool_calls"][0]["function"]["name"], "weather");
    let result =
        json!({ "role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "sunny" });
    let turns = json!([asked["messages"][0], message, result]);
    let answer = completion(&world, &with(asked, "messages", turns)).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "The tool answered: sunny");
}

#[tokio::test]
async fn a_json_format_is_answered_in_json() {
    let world = World::new().await;
    let schema =
        json!({ "type": "object", "properties": { "age": { "type": "integer" } }, "required": ["age"] });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "person", "schema": schema } });
    let asked = with(body(OPUS, "who?"), "response_format", format);
    let whole = completion(&world, &asked).await;
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let content = whole["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    for content in [content, text(&stream(&world, asked).await)] {
        let person: Value = serde_json::from_str(&content).unwrap();
        assert!(person["age"].is_i64(), "{content}");
    }
}

#[tokio::test]
async fn thinking_stays_out_of_the_content() {
    let world = World::new().await;
    let asked = body("sandbox.thinking", "hello there");
    let whole = completion(&world, &asked).await;
    assert_eq!(whole["choices"][0]["message"]["content"], "You said: hello there");
    let events = stream(&world, asked).await;
    assert_eq!(text(&events), "You said: hello there");
    assert!(!events.text.contains("The user says"), "{}", events.text);
}

#[tokio::test]
async fn a_stream_that_fails_ends_with_an_error_and_is_not_done() {
    for (model, kind, outcome) in [
        ("sandbox.exception-throttling", "rate_limit_error", "upstream_error"),
        ("sandbox.exception-internal", "server_error", "upstream_error"),
        ("sandbox.cut-after.4", "server_error", "upstream_cut"),
        ("sandbox.ends-early.4", "server_error", "upstream_cut"),
    ] {
        let world = World::new().await;
        let events = stream(&world, body(model, "hello there")).await;
        assert_eq!(events.last()["error"]["type"], kind, "{model}");
        assert!(!events.text.contains("[DONE]"));
        let bill = world.bill().await;
        assert_eq!((bill.outcome.as_str(), bill.estimated), (outcome, true));
    }
}

#[tokio::test]
async fn a_revoked_session_loses_its_stream_with_an_error() {
    let world = World::new().await;
    let answer = ask(&world, &with(body("sandbox.stall", "hello"), "stream", json!(true))).await;
    world.revoke();
    let events = Events::read(answer).await;
    assert_eq!(events.last()["error"]["code"], "invalid_api_key");
    world.upstream_is_idle().await;
    assert_eq!(world.bill().await.outcome, "revoked");
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let world = World::with(|config| config.gateway.ping_interval = Duration::from_millis(50)).await;
    let events = stream(&world, body("sandbox.stall.1", "hello there")).await;
    assert_eq!(text(&events), "You said: hello there");
    assert!(events.text.matches(": ping\n\n").count() > 2, "{}", events.text);
}

#[tokio::test]
async fn a_request_without_a_model_gets_the_configured_one() {
    let world = World::new().await;
    let asked = json!({ "messages": [{ "role": "user", "content": "hello there" }] });
    let model = completion(&world, &asked).await["model"].clone();
    assert_eq!(model, "anthropic.claude-3-5-sonnet-20241022-v1:0");
    assert_eq!(world.bill().await.model, model.as_str().unwrap());
}

#[tokio::test]
async fn refusals_come_in_openais_words() {
    let world = World::with(|config| config.gateway.models = vec!["sandbox.*".into(), OPUS.into()]).await;
    let unsupported = refused(ask(&world, &with(body(OPUS, "x"), "n", json!(2))).await).await;
    assert_eq!((unsupported.0, &unsupported.1["param"]), (400, &json!("n")));
    let blocked = refused(ask(&world, &body("eu.anthropic.claude-opus-4-8", "x")).await).await;
    assert_eq!((blocked.0, &blocked.1["code"]), (400, &json!("policy_blocked")));
    let anonymous = world.anonymous("/v1/chat/completions").send().await.unwrap();
    let anonymous = refused(anonymous).await;
    assert_eq!((anonymous.0, &anonymous.1["code"]), (401, &json!("invalid_api_key")));
    let throttled = refused(ask(&world, &body("sandbox.throttled", "x")).await).await;
    assert_eq!((throttled.0, &throttled.1["type"]), (429, &json!("rate_limit_error")));
    let invalid = refused(ask(&world, &body("sandbox.invalid", "x")).await).await;
    assert_eq!(invalid.1["message"], "messages: text content blocks must be non-empty");
}
