//! An operator has the configuration read again.

use std::fs;

use reqwest::StatusCode;
use sallyportd::sandbox::entra::User;
use serde_json::{Value, json};
use shared::api::admin::{AuditEntry, ErrorAnswer, Status, reload::Reloaded};

use super::{
    page,
    world::{World, because},
};

/// Adds to the file of the sandbox.
fn write(world: &World, sections: &str) {
    let path = world.sandbox.folder().join("sallyport.toml");
    let file = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{file}{sections}")).unwrap();
}

async fn trail(world: &World) -> Vec<AuditEntry> {
    page(world.operator().get("/audit?event=reload").await)
}

#[tokio::test]
async fn what_a_reload_changed_is_answered_audited_and_told() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    let mut events = world.operator().open("/events").await;
    write(&world, "[gateway]\nmodels = ['eu.*']\nbody_limit = 10\n");
    let reloaded: Reloaded =
        serde_json::from_value(world.operator().act("/reload", &because("only the EU")).await).unwrap();
    assert_eq!((reloaded.applied[0].key.as_str(), reloaded.applied.len()), ("gateway.models", 1));
    assert_eq!(reloaded.needs_restart[0].key, "gateway.body_limit");
    assert_eq!(world.refused(&token).await.0, StatusCode::BAD_REQUEST);
    let trail = trail(&world).await;
    assert_eq!((trail.len(), trail[0].reason.as_deref()), (1, Some("only the EU")));
    assert_eq!(trail[0].operator, Some(rustix::process::geteuid().as_raw()));
    let detail = "changed: gateway.models; needs a restart: gateway.body_limit";
    assert_eq!(trail[0].detail.as_deref(), Some(detail));
    let mut said = String::new();
    while !said.contains("event: reload\n") {
        said.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(said.contains("only the EU"), "{said}");
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_every_problem_is_answered() {
    let world = World::new().await;
    let token = world.sign_in(User::ADA, 1).await.remove(0);
    write(&world, "[gateway]\nmodels = ['eu.*']\nping_interval = 'often'\nmodles = []\n");
    let (status, answer) = world.operator().post("/reload", &because("a try")).await;
    let answer: ErrorAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!((status, answer.error.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "configuration"));
    assert_eq!(answer.problems.len(), 2, "{answer:?}");
    for problem in &answer.problems {
        assert!(problem.place.as_ref().unwrap().contains("sallyport.toml:"), "{problem:?}");
        assert!(problem.hint.is_some(), "{problem:?}");
    }
    assert_eq!(world.ask(&token, "sandbox.echo").await.status(), StatusCode::OK);
    let trail = trail(&world).await;
    assert_eq!((trail.len(), trail[0].code.as_deref()), (1, Some("configuration")));
    assert_eq!(trail[0].detail.as_deref(), Some("nothing changed, 2 problems"));
}

#[tokio::test]
async fn a_reload_needs_a_reason_and_an_operator() {
    let world = World::new().await;
    for body in [json!({}), because(" "), json!({ "reason": "x", "duration_seconds": 5 })] {
        let (status, _) = world.operator().post("/reload", &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let world = World::with(|config| config.admin.operators = Some(vec![4_000_000])).await;
    let (status, _): (_, Value) = world.operator().post("/reload", &because("mischief")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(trail(&world).await.is_empty());
}

#[tokio::test]
async fn the_status_tells_whoever_asks_what_they_may_do() {
    let role = async |world: &World| {
        serde_json::from_value::<Status>(world.operator().get("/status").await).unwrap().role
    };
    assert_eq!(role(&World::new().await).await.as_deref(), Some("operator"));
    let world = World::with(|config| config.admin.operators = Some(vec![4_000_000])).await;
    assert_eq!(role(&world).await.as_deref(), Some("reader"));
}
