//! The list of models.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::id::ModelId;

use super::world::{OPUS, World};

fn get(world: &World, path: &str) -> RequestBuilder {
    world.client.get(world.url(path)).bearer_auth(&world.token)
}

async fn json_of(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect()
}

async fn configured() -> World {
    World::with(|config| {
        config.gateway.aliases.insert("opus".into(), ModelId::new(OPUS));
        config.gateway.models = vec!["eu.*".into(), "us.anthropic.claude-haiku-4-5-20251001-v1:0".into()];
    })
    .await
}

#[tokio::test]
async fn aliases_and_models_that_are_named_are_listed() {
    let world = configured().await;
    let listed = ["opus", "us.anthropic.claude-haiku-4-5-20251001-v1:0"];
    let anthropic =
        json_of(get(&world, "/v1/models?limit=1000").header("anthropic-version", "2023-06-01")).await;
    assert_eq!(ids(&anthropic), listed);
    assert_eq!((&anthropic["has_more"], &anthropic["last_id"]), (&json!(false), &json!(listed[1])));
    assert_eq!(anthropic["data"][1]["display_name"], "Claude Haiku 4.5");
    let openai = json_of(get(&world, "/v1/models")).await;
    assert_eq!((&openai["object"], ids(&openai)), (&json!("list"), listed.to_vec()));
}

#[tokio::test]
async fn a_list_can_be_read_page_by_page() {
    let world = configured().await;
    let page = |query: &str| get(&world, &format!("/v1/models?{query}")).header("x-api-key", &world.token);
    let first = json_of(page("limit=1")).await;
    assert_eq!((ids(&first), &first["has_more"]), (vec!["opus"], &json!(true)));
    let second = json_of(page("limit=1&after_id=opus")).await;
    assert_eq!(second["has_more"], false);
    for limit in ["0", "1001", "many"] {
        assert_eq!(page(&format!("limit={limit}")).send().await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn without_any_names_the_usual_models_are_listed_as_far_as_they_are_allowed() {
    let world = World::new().await;
    let all = json_of(get(&world, "/v1/models")).await;
    assert!(ids(&all).contains(&OPUS) && ids(&all).len() == 4, "{all}");
    let world = World::with(|config| config.gateway.models = vec!["*haiku*".into()]).await;
    let haiku = json_of(get(&world, "/v1/models")).await;
    assert_eq!(ids(&haiku), ["us.anthropic.claude-haiku-4-5-20251001-v1:0"]);
}

#[tokio::test]
async fn one_model_is_described_and_an_unknown_one_is_not_found() {
    let world = configured().await;
    let haiku = get(&world, "/v1/models/us.anthropic.claude-haiku-4-5-20251001-v1%3A0");
    assert_eq!(json_of(haiku).await["object"], "model");
    let opus = json_of(get(&world, "/v1/models/opus").header("anthropic-version", "2023-06-01")).await;
    assert_eq!((&opus["type"], &opus["id"]), (&json!("model"), &json!("opus")));
    let unknown =
        get(&world, "/v1/models/nobody").header("anthropic-version", "2023-06-01").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.json::<Value>().await.unwrap()["error"]["type"], "not_found_error");
}

#[tokio::test]
async fn nobody_sees_a_list_without_a_token() {
    let world = World::new().await;
    for path in ["/v1/models", "/v1/models/opus"] {
        assert_eq!(world.client.get(world.url(path)).send().await.unwrap().status(), 401);
    }
}
