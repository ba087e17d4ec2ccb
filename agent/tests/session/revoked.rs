//! A session that was revoked while its token still lives: the gateway refuses it, Claude Code asks for another one, and
//! is told why there is none.

use std::{
    process::Stdio,
    time::{Duration, SystemTime},
};

use sallyportd::sandbox::entra::User;
use serde_json::json;

use crate::{
    server::Odd,
    workstation::{Ended, Workstation, now},
};

/// Asks for a token as Claude Code does, which knows the gateway.
async fn ask(here: &Workstation, gateway: &str) -> Ended {
    here.command(&["get-token"]).env("LLM_GATEWAY_URL", gateway).output().await.unwrap().into()
}

/// Some time ago: what has just been given is above all doubt of the auth server.
async fn signed_in_before() -> Workstation {
    let here = Workstation::signed_in(3600).await;
    let a_minute_ago = u64::try_from(now() - 60).unwrap();
    here.date(SystemTime::UNIX_EPOCH + Duration::from_secs(a_minute_ago));
    here
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_again_after_a_refusal_is_told_of_the_revocation() {
    let here = Workstation::signed_in(3600).await;
    let gateway = here.sandbox.gateway();
    assert_eq!(ask(&here, &gateway).await.token(), here.token());
    here.revoke(User::ADA).await;
    for _ in 0..2 {
        let refused = ask(&here, &gateway).await;
        refused.assert_refused(4, &["this session was revoked", "sign in again; run `claude-agent login`"]);
    }
    assert_eq!(here.read()["expires_at"], json!(0));
    assert!(here.run(&["status"]).await.stdout.contains("the session has ended; run `claude-agent login`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_gateway_takes_is_handed_out_however_often_it_is_asked_for() {
    let here = Workstation::signed_in(3600).await;
    let (gateway, token) = (here.sandbox.gateway(), here.token());
    for _ in 0..5 {
        assert_eq!(ask(&here, &gateway).await.token(), token);
    }
    assert_eq!(here.refreshes("renewed").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_only_the_gateway_refuses_is_replaced() {
    let here = Workstation::signed_in(3600).await;
    let gateway = Odd::saying("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    let old = ask(&here, &gateway.url).await.token();
    assert_ne!(ask(&here, &gateway.url).await.token(), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_away_or_hangs_has_refused_nothing() {
    let silent = Odd::silent().await;
    for gateway in [Odd::away().await, silent.url.clone()] {
        let here = Workstation::signed_in(3600).await;
        for _ in 0..2 {
            assert_eq!(ask(&here, &gateway).await.token(), here.token());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_to_ask_the_auth_server_tells_of_the_revocation() {
    let here = signed_in_before().await;
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
    here.revoke(User::ADA).await;
    for _ in 0..2 {
        here.run(&["get-token"]).await.assert_refused(4, &["this session was revoked", "claude-agent login"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_a_token_that_is_asked_for_again_is_replaced_once() {
    let here = signed_in_before().await;
    let old = here.run(&["get-token"]).await.token();
    let new = here.run(&["get-token"]).await.token();
    assert_ne!(new, old);
    for _ in 0..3 {
        assert_eq!(here.run(&["get-token"]).await.token(), new);
    }
    assert_eq!(here.refreshes("renewed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_server_to_ask_a_fresh_token_is_handed_out() {
    let here = Workstation::signed_in(3600).await;
    let without = |here: &Workstation| {
        let mut command = here.command(&["get-token"]);
        command.env_remove("AUTH_SERVER_URL");
        command
    };
    for _ in 0..2 {
        assert_eq!(Ended::from(without(&here).output().await.unwrap()).token(), here.token());
    }
    let here = Workstation { auth: Some(Odd::away().await), ..signed_in_before().await };
    for _ in 0..2 {
        assert_eq!(here.run(&["get-token"]).await.token(), here.token());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_after_a_revocation_are_all_told() {
    let here = Workstation::signed_in(3600).await;
    let gateway = here.sandbox.gateway();
    ask(&here, &gateway).await.token();
    here.revoke(User::ADA).await;
    ask(&here, &gateway).await.assert_refused(4, &["revoked"]);
    let start = || {
        let mut command = here.command(&["get-token"]);
        command.env("LLM_GATEWAY_URL", &gateway).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let started: Vec<_> = (0..50).map(|_| start()).collect();
    for child in started {
        Ended::from(child.wait_with_output().await.unwrap()).assert_refused(4, &["revoked"]);
    }
}
