//! Signing in, refreshing and signing out.

mod guide;
mod world;

use std::collections::HashSet;

use futures_util::future::join_all;
use sallyportd::{
    domain::{audit::AuditEvent, session::EndReason},
    sandbox::entra::{Forgery, User},
    store::query::SessionQuery,
};
use serde_json::json;
use shared::{api::auth::TokenAnswer, secret::Secret};

use world::{ACCESS_TTL, Answer, GRACE, REFRESH_TTL, World};

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_user_signs_in_with_any_token_that_entra_gives_for_us() {
    let world = World::new().await;
    let bodies = [
        json!({ "id_token": world.entra.id_token(User::ADA) }),
        json!({ "id_token": world.entra.access_token(User::ADA) }),
        json!({ "access_token": world.entra.access_token(User::ADA) }),
        json!({ "access_token": world.entra.access_token_v2(User::ADA), "unknown": "field" }),
    ];
    for body in bodies {
        let answer = world.daemon.post("/auth/verify", &body).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        let tokens = answer.tokens();
        assert_eq!((tokens.expires_in, tokens.token_type.as_str()), (ACCESS_TTL.as_secs(), "Bearer"));
        assert_eq!(world.daemon.life(&tokens.access_token).1, None);
    }
    assert_eq!(world.daemon.trail().await, vec![(AuditEvent::SignIn, None); 4]);
}

#[tokio::test]
async fn a_session_knows_its_user_and_device_in_short_clean_words() {
    let world = World::new().await;
    let device = json!({ "hostname": format!("lap\u{1b}[31mtop{}", "x".repeat(999)), "os": "linux" });
    let body = json!({ "id_token": world.entra.id_token(User::ADA), "device_id": "dev-1", "device": device });
    let tokens = world.daemon.post("/auth/verify", &body).await.tokens();
    let (id, _) = world.daemon.life(&tokens.access_token);
    let session = world.daemon.store.session(id).await.unwrap().unwrap();
    assert_eq!(session.identity.email.as_deref(), Some(User::ADA.email));
    assert_eq!(session.identity.groups, User::ADA.groups);
    assert_eq!(session.identity.device.unwrap().as_str(), "dev-1");
    let hostname = session.device.hostname.unwrap();
    assert!(hostname.starts_with("lap[31mtop") && hostname.len() == 128, "{hostname}");
}

#[tokio::test]
async fn every_refused_sign_in_says_which_rule_refused() {
    let world = World::with(|trust| trust.required_groups = vec!["engineering".to_owned()]).await;
    let (mut sentences, mut codes) = (HashSet::new(), HashSet::new());
    for forgery in Forgery::ALL {
        let body = json!({ "id_token": world.entra.forge(User::ADA, forgery) });
        let answer = world.daemon.post("/auth/verify", &body).await;
        assert_eq!(answer.status, 401, "{forgery:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        codes.insert(answer.error().error);
        sentences.insert(answer.error().error_description);
    }
    assert_eq!(sentences.len(), Forgery::ALL.len());
    let trail = world.daemon.trail().await;
    assert!(trail.iter().all(|(event, code)| *event == AuditEvent::Refusal && code.is_some()));
    let audited: Vec<_> = trail.into_iter().filter_map(|(_, code)| code).collect();
    assert_eq!(audited.iter().collect::<HashSet<_>>(), codes.iter().collect(), "each rule");
    assert_eq!(audited.len(), codes.len(), "once a minute");
    assert!(world.daemon.store.sessions(SessionQuery::default()).await.unwrap().is_empty());
    world.sign_in().await;
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_so() {
    let world = World::new().await;
    let id_token = world.entra.id_token(User::ADA);
    for (path, body) in [
        ("/auth/verify", "{}"),
        ("/auth/verify", "no json"),
        ("/auth/verify", "{\"id_token\": 7}"),
        ("/auth/verify", &format!("{{\"id_token\": \"{id_token}\", \"device_id\": \"\"}}")),
        ("/auth/verify", &format!("{{\"id_token\": \"{id_token}\", \"device_id\": \"a\\nb\"}}")),
        ("/auth/refresh", ""),
        ("/auth/refresh", "{\"token\": \"x\"}"),
        ("/auth/logout", "{\"token\": \"x\"}"),
    ] {
        let answer = Answer::to(world.daemon.request(path).body(body.to_owned())).await;
        assert_eq!(answer.refusal(), code(400, "invalid_request"), "{path} {body}");
    }
    for path in ["/auth/verify", "/auth/refresh", "/auth/logout"] {
        let answer = Answer::to(world.daemon.request(path).body(vec![b' '; 65_537])).await;
        assert_eq!(answer.refusal(), code(413, "request_too_large"), "{path}");
    }
    assert!(world.daemon.trail().await.is_empty());
}

#[tokio::test]
async fn signing_in_waits_for_entra_only_as_long_as_its_keys_are_unknown() {
    let world = World::new().await;
    world.entra.go_down();
    let body = json!({ "id_token": world.entra.id_token(User::ADA) });
    let answer = world.daemon.post("/auth/verify", &body).await;
    assert_eq!(answer.refusal(), code(503, "entra_unavailable"));
    assert_eq!(answer.headers["retry-after"], "5");
    assert!(world.daemon.trail().await.is_empty());
    world.entra.come_back();
    world.clock.advance(GRACE);
    world.sign_in().await;
    world.entra.go_down();
    world.sign_in().await;
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_for_the_same_session() {
    let world = World::new().await;
    let first = world.sign_in().await;
    world.clock.advance(ACCESS_TTL);
    let second = world.daemon.refresh(&first.refresh_token).await.tokens();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_eq!(second.expires_in, ACCESS_TTL.as_secs());
    assert_eq!(world.daemon.life(&second.access_token).1, None);
    world.daemon.refresh(&second.refresh_token).await.tokens();
    assert_eq!(world.daemon.store.sessions(SessionQuery::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lost_reply_can_be_asked_for_again_also_after_a_restart() {
    let world = World::new().await;
    let first = world.sign_in().await;
    let lost = world.daemon.refresh(&first.refresh_token).await.tokens();
    let world = world.restart().await;
    world.clock.advance(GRACE);
    let again = world.daemon.refresh(&first.refresh_token).await.tokens();
    assert_eq!(again.refresh_token, lost.refresh_token);
    world.daemon.refresh(&again.refresh_token).await.tokens();
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_ends_the_session_for_good() {
    let world = World::new().await;
    let (bystander, first) = (world.sign_in().await, world.sign_in().await);
    let second = world.daemon.refresh(&first.refresh_token).await.tokens();
    let third = world.daemon.refresh(&second.refresh_token).await.tokens();
    let refused = world.daemon.refresh(&first.refresh_token).await;
    assert_eq!(refused.refusal(), code(401, "refresh_token_reused"));
    assert_is_over(&world, &third, EndReason::Reuse).await;
    let world = world.restart().await;
    assert_is_over(&world, &third, EndReason::Reuse).await;
    assert_eq!(world.daemon.life(&bystander.access_token).1, None);
    assert!(world.daemon.trail().await.contains(&(AuditEvent::Reuse, None)));
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_after_the_grace_window_ends_the_session() {
    let world = World::new().await;
    let first = world.sign_in().await;
    let second = world.daemon.refresh(&first.refresh_token).await.tokens();
    world.clock.advance(GRACE + std::time::Duration::from_millis(1));
    let refused = world.daemon.refresh(&first.refresh_token).await;
    assert_eq!(refused.refusal(), code(401, "refresh_token_reused"));
    assert_is_over(&world, &second, EndReason::Reuse).await;
}

#[tokio::test]
async fn a_refresh_token_that_is_unknown_or_expired_says_so() {
    let world = World::new().await;
    let first = world.sign_in().await;
    let made_up = Secret::new("A".repeat(43));
    assert_eq!(world.daemon.refresh(&made_up).await.refusal(), code(401, "refresh_token_unknown"));
    world.clock.advance(REFRESH_TTL);
    let refused = world.daemon.refresh(&first.refresh_token).await;
    assert_eq!(refused.refusal(), code(401, "refresh_token_expired"));
}

#[tokio::test]
async fn refused_refreshes_are_audited_once_a_minute_however_often_they_are_tried() {
    let world = World::new().await;
    let (left, expired) = (world.sign_in().await, world.sign_in().await);
    assert_eq!(world.daemon.log_out(&left.access_token).await.status, 200);
    world.clock.advance(REFRESH_TTL);
    for _ in 0..20 {
        world.daemon.refresh(&Secret::new("A".repeat(43))).await;
        world.daemon.refresh(&Secret::new("B".repeat(43))).await;
        world.daemon.refresh(&left.refresh_token).await;
        world.daemon.refresh(&expired.refresh_token).await;
    }
    let codes: Vec<_> = world.daemon.trail().await.into_iter().filter_map(|(_, code)| code).collect();
    assert_eq!(codes, ["refresh_token_unknown", "session_ended", "refresh_token_expired"]);
}

#[tokio::test]
async fn twenty_refreshes_that_race_give_one_successor() {
    let world = World::new().await;
    let first = world.sign_in().await;
    let answers = join_all((0..20).map(|_| world.daemon.refresh(&first.refresh_token))).await;
    let successors: HashSet<_> =
        answers.iter().map(|answer| answer.tokens().refresh_token.expose().clone()).collect();
    assert_eq!(successors.len(), 1);
    let successor = Secret::new(successors.into_iter().next().unwrap());
    world.daemon.refresh(&successor).await.tokens();
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once_and_for_good() {
    let world = World::new().await;
    let (bystander, tokens) = (world.sign_in().await, world.sign_in().await);
    assert_eq!(world.daemon.log_out(&tokens.access_token).await.status, 200);
    assert_is_over(&world, &tokens, EndReason::Logout).await;
    assert_eq!(world.daemon.log_out(&tokens.access_token).await.status, 200, "again");
    let world = world.restart().await;
    assert_is_over(&world, &tokens, EndReason::Logout).await;
    assert_eq!(world.daemon.life(&bystander.access_token).1, None);
}

#[tokio::test]
async fn signing_out_works_with_the_refresh_token_when_the_access_token_has_expired() {
    let world = World::new().await;
    let tokens = world.sign_in().await;
    world.clock.advance(ACCESS_TTL);
    let refused = world.daemon.log_out(&tokens.access_token).await;
    assert_eq!(refused.refusal(), code(401, "token_expired"));
    let renewed = world.daemon.refresh(&tokens.refresh_token).await.tokens();
    let body = json!({ "refresh_token": renewed.refresh_token });
    let request = world.daemon.request("/auth/logout").bearer_auth(tokens.access_token.expose());
    assert_eq!(Answer::to(request.json(&body)).await.status, 200);
    assert_is_over(&world, &renewed, EndReason::Logout).await;
}

#[tokio::test]
async fn signing_out_takes_a_credential() {
    let world = World::new().await;
    let nothing = Answer::to(world.daemon.request("/auth/logout")).await;
    assert_eq!(nothing.refusal(), code(401, "no_credential"));
    let made_up = json!({ "refresh_token": "A".repeat(43) });
    let unknown = world.daemon.post("/auth/logout", &made_up).await;
    assert_eq!(unknown.refusal(), code(401, "refresh_token_unknown"));
}

#[tokio::test]
async fn a_store_that_fails_is_not_explained_to_the_client() {
    let world = World::new().await;
    let tokens = world.sign_in().await;
    let database = rusqlite::Connection::open(world.dir.path().join("sallyport.db")).unwrap();
    database.execute_batch("ALTER TABLE refresh_token RENAME TO gone").unwrap();
    let refused = world.daemon.refresh(&tokens.refresh_token).await;
    assert_eq!(refused.refusal(), code(503, "temporarily_unavailable"));
    let error = refused.error();
    assert!(error.error_description.contains(&error.request_id));
    assert!(!error.error_description.contains("table"), "{}", error.error_description);
}

/// The gateway refuses the access token, and nothing can be refreshed.
async fn assert_is_over(world: &World, tokens: &TokenAnswer, reason: EndReason) {
    assert_eq!(world.daemon.life(&tokens.access_token).1, Some(reason));
    let refused = world.daemon.refresh(&tokens.refresh_token).await;
    assert_eq!(refused.refusal(), code(401, "session_ended"));
}
