//! What a policy does not allow is refused before anybody is asked, in words for the developer.

use sallyportd::domain::{
    pattern::Pattern,
    policy::{Members, Policy},
};
use serde_json::{Value, json};
use shared::id::ModelId;

use super::world::{OPUS, World, hello};

const HAIKU: &str = "us.anthropic.claude-haiku-4-5-20251001-v1:0";

/// Contractors may use one model and little of it, nobody else but staff may use anything.
async fn world() -> World {
    World::with(|config| {
        config.gateway.aliases.insert("fast".into(), ModelId::new(HAIKU));
        let groups = |name: &str| Members::Groups(vec![name.to_owned()]);
        config.policies = vec![
            Policy {
                members: groups("contractors"),
                models: Some(vec![Pattern::new("fast")]),
                max_tokens: Some(99),
                message: Some("ask in #ai".to_owned()),
                ..Policy::unlimited("contractors")
            },
            Policy { members: groups("staff"), ..Policy::unlimited("staff") },
            Policy { deny: true, ..Policy::unlimited("everyone else") },
        ];
    })
    .await
}

/// Every surface that takes a model and a `max_tokens`, with a request for them.
fn requests(model: &str, max_tokens: u64) -> [(String, Value); 5] {
    let mut native = hello();
    native["max_tokens"] = json!(max_tokens);
    let mut named = json!({ "model": model, "max_tokens": max_tokens });
    named["messages"] = native["messages"].clone();
    [
        (format!("/model/{model}/invoke"), native.clone()),
        (format!("/model/{model}/invoke-with-response-stream"), native.clone()),
        (format!("/invoke?modelId={model}"), native),
        ("/v1/messages".to_owned(), named.clone()),
        ("/v1/chat/completions".to_owned(), named),
    ]
}

/// Sends it as somebody of a group: the status and the body.
async fn said(world: &World, group: &str, (path, body): &(String, Value)) -> (u16, String) {
    let request = world.anonymous(path).bearer_auth(world.token_of("somebody", &[group]));
    let answer = request.body(body.to_string()).send().await.unwrap();
    (answer.status().as_u16(), String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned())
}

#[tokio::test]
async fn a_model_that_a_policy_does_not_allow_is_refused_on_every_surface() {
    let world = world().await;
    for request in requests(OPUS, 9) {
        let (status, body) = said(&world, "contractors", &request).await;
        assert_eq!(status, 400, "{request:?}");
        assert!(body.contains("policy_blocked"), "{body}");
        let sentence = format!("policy `contractors` does not allow the model `{OPUS}` · ask in #ai");
        assert!(body.contains(&sentence), "{body}");
    }
    assert!(world.bedrock.requests().is_empty());
    assert!(world.bills().await.is_empty());
}

#[tokio::test]
async fn what_a_policy_allows_passes_by_either_name_on_every_surface() {
    let world = world().await;
    for request in requests(HAIKU, 99).iter().chain(&requests("fast", 99)) {
        let (status, body) = said(&world, "contractors", request).await;
        assert_eq!(status, 200, "{request:?}: {body}");
    }
    for request in requests(OPUS, 9_999) {
        assert_eq!(said(&world, "staff", &request).await.0, 200);
    }
}

#[tokio::test]
async fn more_tokens_than_the_ceiling_are_refused_on_every_surface() {
    let world = world().await;
    for request in requests(HAIKU, 100) {
        let (status, body) = said(&world, "contractors", &request).await;
        assert_eq!(status, 400, "{request:?}");
        assert!(body.contains("policy_blocked") && body.contains("up to 99, not 100"), "{body}");
    }
    let evasive = r#"{"max_tokens":1,"max\u005ftokens":100}"#;
    let path = format!("/model/{HAIKU}/invoke");
    let token = world.token_of("somebody", &["contractors"]);
    let answer = world.anonymous(&path).bearer_auth(token).body(evasive).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("up to 99, not 100"));
    assert!(world.bedrock.requests().is_empty());
}

#[tokio::test]
async fn who_is_in_no_group_that_is_named_gets_what_is_said_of_everyone_else() {
    let world = world().await;
    for request in requests(HAIKU, 9) {
        let (status, body) = said(&world, "strangers", &request).await;
        assert_eq!(status, 400, "{request:?}");
        assert!(body.contains("policy `everyone else` does not let you use this gateway"), "{body}");
    }
    let count = (format!("/model/{HAIKU}/count-tokens"), json!({}));
    assert_eq!(said(&world, "strangers", &count).await.0, 400);
}

#[tokio::test]
async fn the_list_of_models_is_that_of_the_caller() {
    let world = world().await;
    let list = async |group: &str| {
        let request = world.client.get(world.url("/v1/models"));
        let request = request.bearer_auth(world.token_of("somebody", &[group]));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let models = answer["data"].as_array().unwrap().clone();
        models.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("contractors").await, ["fast"]);
    assert_eq!(list("staff").await, ["fast"]);
    assert!(list("strangers").await.is_empty());
    world.reconfigure(|config| {
        config.gateway.aliases.clear();
        config.policies.truncate(1);
        config.policies[0].models = Some(vec![Pattern::new("eu.*"), Pattern::new(OPUS)]);
    });
    assert_eq!(list("contractors").await, [OPUS], "a policy names models too");
}

#[tokio::test]
async fn new_rules_hold_from_the_next_request_on() {
    let world = world().await;
    let request = requests(OPUS, 9).into_iter().next().unwrap();
    assert_eq!(said(&world, "contractors", &request).await.0, 400);
    world.reconfigure(|config| config.policies.clear());
    assert_eq!(said(&world, "contractors", &request).await.0, 200);
}
