//! Requests that are refused, by us or by the upstream, and what the client is told.

use reqwest::Response;
use serde_json::{Value, json};

use super::world::{OPUS, World, hello};

/// Status, kind and sentence, as an AWS SDK reads them.
async fn told(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let kind = answer.headers()["x-amzn-errortype"].to_str().unwrap().to_owned();
    assert!(answer.headers().contains_key("x-request-id"));
    assert!(!answer.headers().contains_key("x-should-retry"));
    let body: Value = answer.json().await.unwrap();
    (status, kind, body["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_request_without_a_good_token_is_401_and_reaches_nobody() {
    let world = World::new().await;
    let path = format!("/model/{OPUS}/invoke");
    let forged = format!("{}x", world.token);
    let requests = [
        world.anonymous(&path),
        world.anonymous(&path).bearer_auth(""),
        world.anonymous(&path).bearer_auth("nonsense"),
        world.anonymous(&path).bearer_auth(forged),
        world.anonymous("/invoke"),
        world.anonymous("/model/..%2f/invoke"),
    ];
    for request in requests {
        let (status, _, sentence) = told(request.send().await.unwrap()).await;
        assert_eq!(status, 401, "{sentence}");
        assert!(!sentence.contains("nonsense"), "{sentence}");
    }
    let two = world.post(&path).header("x-api-key", "another");
    assert_eq!(told(two.send().await.unwrap()).await.0, 400);
    assert!(world.bedrock.requests().is_empty());
    assert!(world.bills().await.is_empty());
}

#[tokio::test]
async fn an_expired_token_is_401_as_well() {
    let world = World::new().await;
    world.clock.advance(std::time::Duration::from_hours(4));
    let (status, _, sentence) = told(world.invoke(OPUS).await).await;
    assert_eq!(status, 401);
    assert!(sentence.contains("expired"), "{sentence}");
}

#[tokio::test]
async fn who_is_refused_may_finish_writing_and_reads_the_answer() {
    let world = World::new().await;
    let large = vec![b' '; 8 << 20];
    let request = world.anonymous(&format!("/model/{OPUS}/invoke")).body(large.clone());
    assert_eq!(request.send().await.unwrap().status(), 401);
    let world = World::with(|config| config.gateway.body_limit = 1 << 20).await;
    let request = world.post(&format!("/model/{OPUS}/invoke")).body(large);
    assert_eq!(told(request.send().await.unwrap()).await.0, 413);
}

#[tokio::test]
async fn hostile_ids_are_400_and_reach_nobody() {
    let world = World::new().await;
    let ids = [
        "..%2f..%2fadmin",
        "%2e%2e%2fadmin",
        "a%00b",
        "a%0d%0aHost:%20evil.example",
        "http:%2f%2fevil.example%2f",
        "https%3A%2F%2Fevil.example",
        "%252e%252e%252f",
        "a%3fx=y",
        "a%23b",
        "%ff%fe",
        "",
    ];
    for id in ids {
        for action in ["invoke", "invoke-with-response-stream", "count-tokens"] {
            let head = format!("POST /model/{id}/{action} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
            let request =
                format!("{head}authorization: Bearer {}\r\ncontent-length: 2\r\n\r\n{{}}", world.token);
            let answer = world.raw(&request).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{id}: {answer}");
        }
    }
    for id in ["..%2fx", "a%0d%0ab"] {
        let answer = world.post(&format!("/invoke?modelId={id}")).send().await.unwrap();
        assert_eq!(told(answer).await.0, 400);
    }
    assert!(world.bedrock.requests().is_empty());
    assert!(world.bills().await.is_empty());
}

#[tokio::test]
async fn a_model_that_is_not_allowed_is_blocked_by_policy() {
    let world =
        World::with(|config| config.gateway.models = vec!["us.anthropic.claude-haiku-*".into()]).await;
    let answer = world.invoke(OPUS).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    let sentence = format!("the model `{OPUS}` is not one of those that this gateway allows");
    assert_eq!(body["type"], "error");
    assert_eq!(body["error"], json!({ "type": "policy_blocked", "message": sentence }));
    assert_eq!(world.invoke("us.anthropic.claude-haiku-4-5").await.status(), 200);
    assert_eq!(world.bedrock.requests().len(), 1);
}

#[tokio::test]
async fn the_upstreams_refusals_come_in_its_own_words_but_never_as_403() {
    let world = World::new().await;
    for (model, status, kind) in [
        ("sandbox.throttled", 429, "ThrottlingException"),
        ("sandbox.not-ready", 429, "ModelNotReadyException"),
        ("sandbox.invalid", 400, "ValidationException"),
        ("sandbox.too-long", 400, "ValidationException"),
        ("sandbox.missing", 404, "ResourceNotFoundException"),
        ("sandbox.model-timeout", 408, "ModelTimeoutException"),
        ("sandbox.model-error", 424, "ModelErrorException"),
        ("sandbox.broken", 500, "InternalServerException"),
        ("sandbox.unavailable", 503, "ServiceUnavailableException"),
        ("sandbox.denied", 400, "AccessDeniedException"),
    ] {
        let (told_status, told_kind, sentence) = told(world.invoke(model).await).await;
        assert_eq!((told_status, told_kind.as_str()), (status, kind), "{model}: {sentence}");
        assert!(!sentence.is_empty());
    }
    let (.., sentence) = told(world.invoke("sandbox.too-long").await).await;
    assert_eq!(sentence, "Input is too long for requested model.");
    let (.., sentence) = told(world.invoke("meta.llama3").await).await;
    assert_eq!(sentence, "The provided model identifier is invalid.");
    assert_eq!(world.bedrock.requests().len(), 12, "nothing is tried twice");
    let bills = world.bills().await;
    assert!(bills.iter().all(|bill| bill.outcome == "upstream_error" && !bill.estimated), "{bills:?}");
}

#[tokio::test]
async fn credentials_that_expired_are_replaced_without_the_client_noticing() {
    let world = World::new().await;
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    world.rotate_credentials();
    assert_eq!(world.invoke(OPUS).await.status(), 200);
    let statuses: Vec<_> = world.bedrock.requests().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [Some(200), Some(403), Some(200)]);
}

#[tokio::test]
async fn trouble_with_our_own_credentials_is_told_to_nobody() {
    let world = World::new().await;
    let (status, kind, sentence) = told(world.invoke("sandbox.expired").await).await;
    assert_eq!((status, kind.as_str()), (500, "InternalServerException"));
    assert!(sentence.contains("req_") && !sentence.contains("token"), "{sentence}");
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_502_and_not_tried_again() {
    let world = World::new().await;
    let (status, _, sentence) = told(world.invoke("sandbox.cut-before").await).await;
    assert_eq!(status, 502);
    assert!(sentence.contains("req_"), "{sentence}");
    assert_eq!(world.bedrock.requests().len(), 1);
    let bill = world.bill().await;
    assert_eq!((bill.outcome.as_str(), bill.estimated), ("upstream_cut", true));
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_502() {
    let world = World::with(|config| config.bedrock.endpoint = Some("http://127.0.0.1:1".into())).await;
    assert_eq!(told(world.invoke(OPUS).await).await.0, 502);
}

#[tokio::test]
async fn a_silent_upstream_is_504() {
    let brief = std::time::Duration::from_millis(50);
    let world = World::with(|config| config.bedrock.first_byte_timeout = brief).await;
    assert_eq!(told(world.invoke("sandbox.silent").await).await.0, 504);
    world.upstream_is_idle().await;
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let world = World::new().await;
    let answer = world.post(&format!("/model/{OPUS}/converse")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let answer = world.client.get(world.url(&format!("/model/{OPUS}/invoke"))).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    let _ = hello();
}
