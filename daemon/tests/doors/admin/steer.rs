//! Revoking and locking while people work.

use futures_util::future::join_all;
use reqwest::{Response, StatusCode};
use sallyportd::sandbox::entra::User;
use serde_json::json;
use shared::api::{
    admin::{AuditEntry, Effect, Verification},
    auth::TokenAnswer,
};

use super::{
    page,
    world::{World, because, user},
};

/// Streams of each of two users, in a crowd of sessions.
const STREAMS: usize = 100;
const CROWD: usize = 1000;

async fn streams(world: &World, tokens: &[TokenAnswer], model: &str) -> Vec<Response> {
    let answers = join_all(tokens.iter().take(STREAMS).map(|token| world.ask(token, model))).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
    answers
}

async fn said(stream: Response) -> String {
    String::from_utf8_lossy(&stream.bytes().await.unwrap()).into_owned()
}

/// What the last event of a whole answer holds.
fn is_whole(answer: &str) -> bool {
    !answer.contains("exception") && answer.matches("chunk").count() > 5
}

#[tokio::test]
async fn revoking_a_user_ends_exactly_their_streams_and_refuses_what_comes_next() {
    let world = World::new().await;
    let hers = world.sign_in(User::ADA, CROWD / 2).await;
    let others = world.sign_in(User::GRACE, CROWD / 2).await;
    let cut = streams(&world, &hers, "sandbox.stall").await;
    let spared = streams(&world, &others, "sandbox.stall.3").await;

    let effect = world.operator().act(&user(User::ADA, "revoke"), &because("left the company")).await;
    let effect: Effect = serde_json::from_value(effect).unwrap();
    assert_eq!((effect.sessions, effect.requests, effect.lingering), (CROWD / 2, STREAMS, 0));

    for answer in join_all(cut.into_iter().map(said)).await {
        assert!(answer.contains("validationException"), "{answer}");
    }
    let (status, refused) = world.refused(&hers[0]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused["message"], "this session was revoked; sign in again");
    let (status, refused) = world.refresh(&hers[STREAMS]).await;
    assert_eq!((status, refused["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("session_ended")));
    for answer in join_all(spared.into_iter().map(said)).await {
        assert!(is_whole(&answer), "{answer}");
    }
    assert_eq!(world.refresh(&others[0]).await.0, StatusCode::OK);
    assert_eq!(
        world.sandbox.token(User::ADA).await.map(|_| ()).ok(),
        Some(()),
        "who is revoked may come back"
    );
}

#[tokio::test]
async fn a_locked_user_is_told_why_everywhere_and_goes_on_when_unlocked() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 2).await;
    let stream = world.ask(&tokens[0], "sandbox.stall").await;
    let lock =
        json!({ "reason": "stolen laptop", "duration_seconds": 3600, "message": "call the help desk" });
    let effect = world.operator().act(&user(User::ADA, "lock"), &lock).await;
    assert_eq!((&effect["requests"], &effect["lingering"]), (&json!(1), &json!(0)));
    assert!(said(stream).await.contains("call the help desk"));
    let (status, refused) = world.refused(&tokens[1]).await;
    assert_eq!(
        (status, refused["error"]["type"].as_str()),
        (StatusCode::BAD_REQUEST, Some("policy_blocked"))
    );
    let sentence = refused["error"]["message"].as_str().unwrap().to_owned();
    assert!(sentence.ends_with("call the help desk"), "{sentence}");
    let (status, refused) = world.refresh(&tokens[1]).await;
    assert_eq!((status, &refused["error_description"]), (StatusCode::UNAUTHORIZED, &json!(sentence)));
    let refused = world.sandbox.sign_in(User::ADA).await.unwrap_err().to_string();
    assert!(refused.contains("call the help desk"), "{refused}");
    world.sign_in(User::GRACE, 1).await;
    assert_eq!(world.operator().get("/locks").await["items"][0]["id"], User::ADA.oid);
    world.operator().act(&user(User::ADA, "unlock"), &because("found it")).await;
    assert_eq!(world.refresh(&tokens[1]).await.0, StatusCode::OK);
    assert_eq!(world.ask(&tokens[0], "sandbox.echo").await.status(), StatusCode::OK);
    assert_eq!(
        world.operator().post(&user(User::ADA, "unlock"), &because("again")).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn one_session_and_one_device_can_be_revoked_by_themselves() {
    let world = World::new().await;
    let tokens = world.sign_in(User::ADA, 2).await;
    let sessions = world.operator().get("/sessions").await;
    let newest = sessions["items"][0]["id"].as_str().unwrap();
    world.operator().act(&format!("/sessions/{newest}/revoke"), &because("one of two")).await;
    let one = world.operator().get(&format!("/sessions/{newest}")).await;
    assert_eq!((&one["state"], &one["ended"]["reason"]), (&json!("ended"), &json!("revoked")));
    let works = join_all(tokens.iter().map(|token| world.ask(token, "sandbox.echo"))).await;
    assert_eq!(works.iter().filter(|answer| answer.status() == StatusCode::OK).count(), 1);
    let effect = world.operator().act("/devices/sandbox/revoke", &because("the whole device")).await;
    assert_eq!(effect["sessions"], 1);
}

#[tokio::test]
async fn a_stolen_refresh_token_that_is_used_later_shows_in_the_audit() {
    let world = World::new().await;
    let stolen = world.sign_in(User::ADA, 1).await.remove(0);
    let renewed = async |token: &TokenAnswer| -> TokenAnswer {
        serde_json::from_value(world.refresh(token).await.1).unwrap()
    };
    let second = renewed(&stolen).await;
    let third = renewed(&second).await;
    let (status, refused) = world.refresh(&stolen).await;
    assert_eq!((status, refused["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("refresh_token_reused")));
    assert_eq!(world.refused(&third).await.0, StatusCode::UNAUTHORIZED);
    let reuse: Vec<AuditEntry> = page(world.operator().get("/audit?event=reuse").await);
    assert_eq!((reuse.len(), reuse[0].user.as_ref().unwrap().as_str()), (1, User::ADA.oid));
    let verified: Verification = serde_json::from_value(world.operator().get("/audit/verify").await).unwrap();
    assert!(verified.whole && verified.records == 4, "{verified:?}");
}

#[tokio::test]
async fn an_action_is_audited_with_who_and_why() {
    let world = World::new().await;
    world.sign_in(User::ADA, 1).await;
    world.operator().act(&user(User::ADA, "revoke"), &because("left the company")).await;
    let trail: Vec<AuditEntry> =
        page(world.operator().get(&format!("/audit?event=revocation&user={}", User::ADA.oid)).await);
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!(trail.len(), 2, "the order, and the session that it ended");
    for entry in &trail {
        assert_eq!((entry.operator, entry.reason.as_deref()), (Some(uid), Some("left the company")));
    }
}
