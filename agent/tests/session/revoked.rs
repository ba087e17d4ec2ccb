//! A session that was revoked while its token still lives: the gateway refuses it, Claude Code asks for another one, and
//! is told why there is none.

use std::process::Stdio;

use sallyportd::sandbox::entra::User;
use serde_json::json;

use crate::{
    server::Odd,
    workstation::{Ended, Workstation},
};

/// Asks for a token as Claude Code does, which knows the gateway.
async fn ask(here: &Workstation, gateway: &str) -> Ended {
    here.command(&["get-token"]).env("LLM_GATEWAY_URL", gateway).output().await.unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_again_after_a_refusal_is_told_of_the_revocation() {
    let here = Workstation::signed_in(3600).await;
    let gateway = here.sandbox.gateway();
    assert_eq!(ask(&here, &gateway).await.token(), here.token());
    here.revoke(User::ADA).await;
    for _ in 0..2 {
        let refused = ask(&here, &gateway).await;
        refused.assert_refused(4, &["this session was revoked", "run `claude-agent login` to sign in again"]);
    }
    assert_eq!(here.read()["expires_at"], json!(0));
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
