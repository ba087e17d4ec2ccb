//! An operator's word holds over `kill -9`, given a moment after it was answered.

use reqwest::StatusCode;
use sallyportd::sandbox::entra::User;
use serde_json::json;

use super::process::Process;
use crate::{
    admin::world::{Operator, because, user},
    run::daemon::World,
};

#[tokio::test]
async fn a_revocation_and_a_lock_that_were_answered_hold_over_kill_9() {
    let world = World::new().await;
    let process = Process::start(&world).await;
    let revoked = process.sign_in(&world.entra.id_token(User::ADA)).await.unwrap();
    let locked = process.sign_in(&world.entra.id_token(User::GRACE)).await.unwrap();
    let spared = process.sign_in(&world.entra.id_token(User::ADMIN)).await.unwrap();
    let socket = world.path("run/admin.sock");
    let operator = Operator::at(&socket);
    let lock = json!({ "reason": "lost laptop", "duration_seconds": 3600 });
    operator.act(&user(User::GRACE, "lock"), &lock).await;
    operator.act(&user(User::ADA, "revoke"), &because("left the company")).await;
    process.kill().await;

    let process = Process::start(&world).await;
    let status = async |token| process.invoke(token).await.unwrap().0;
    assert_eq!(status(&revoked.access_token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&locked.access_token).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(&spared.access_token).await, StatusCode::OK);
    let refused = async |token| process.refresh(token).await.unwrap().map(|_| ());
    assert_eq!(refused(&revoked.refresh_token).await, Err("session_ended".to_owned()));
    assert_eq!(refused(&locked.refresh_token).await, Err("locked".to_owned()));
    assert_eq!(refused(&spared.refresh_token).await, Ok(()));
    assert_eq!(Operator::at(&socket).get("/audit/verify").await["whole"], true);
    process.kill().await;
}

/// Everyone may send one request a minute.
const ONE_A_MINUTE: &str = "[[policy]]\nname = 'all'\ngroups = ['*']\nrequests_per_minute = 1\n";

#[tokio::test]
async fn a_grant_that_was_answered_holds_over_kill_9_and_so_does_its_end() {
    let world = World::new().await;
    world.write("sallyport.toml", ONE_A_MINUTE);
    let socket = world.path("run/admin.sock");
    let process = Process::start(&world).await;
    process.sign_in(&world.entra.id_token(User::ADA)).await.unwrap();
    let order =
        |by| json!({ "reason": "release", "duration_seconds": 600, "raise": { "requests_per_minute": by } });
    let operator = Operator::at(&socket);
    let ended = operator.act(&user(User::ADA, "grant"), &order(9)).await;
    let given = operator.act(&user(User::ADA, "grant"), &order(1)).await;
    operator.act(&format!("/grants/{}/end", ended["id"].as_str().unwrap()), &because("too much")).await;
    process.kill().await;

    let process = Process::start(&world).await;
    let token = process.sign_in(&world.entra.id_token(User::ADA)).await.unwrap().access_token;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(process.invoke(&token).await.unwrap().0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(Operator::at(&socket).get("/grants").await["items"], json!([given]));
    process.kill().await;
}
