//! Everything that keeps `get-token` from a token: one sentence on stderr, and an exit code.

use std::fs;

use sallyportd::sandbox::entra::User;
use serde_json::json;

use crate::{
    server::Odd,
    workstation::{Ended, Workstation},
};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in() {
    let here = Workstation::new().await;
    here.run(&["get-token"]).await.assert_refused(4, &["nobody is signed in", "claude-agent login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_was_revoked() {
    let here = Workstation::signed_in(-1).await;
    here.revoke(User::ADA).await;
    for _ in 0..2 {
        here.run(&["get-token"]).await.assert_refused(4, &["this session was revoked", "claude-agent login"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_sessions_live_token_is_not_handed_out_again() {
    let here = Workstation::signed_in(120).await;
    here.revoke(User::ADA).await;
    here.run(&["get-token"]).await.assert_refused(4, &["this session was revoked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_damaged() {
    let here = Workstation::new().await;
    for text in ["", "{\"access_token\": \"hunter2", "[]"] {
        fs::write(here.token_file(), text).unwrap();
        let ended = here.run(&["get-token"]).await;
        ended.assert_refused(1, &["token.json` is damaged", "claude-agent login"]);
        assert!(!ended.stderr.contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_a_link_or_a_folder() {
    let here = Workstation::signed_in(3600).await;
    let elsewhere = here.home.path().join("elsewhere.json");
    fs::rename(here.token_file(), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, here.token_file()).unwrap();
    here.run(&["get-token"]).await.assert_refused(1, &["is a link", "remove it"]);
    fs::remove_file(here.token_file()).unwrap();
    fs::create_dir(here.token_file()).unwrap();
    here.run(&["get-token"]).await.assert_refused(1, &["is no file", "remove it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_auth_server_is_away() {
    let mut here = Workstation::signed_in(-1).await;
    here.auth = Some(Odd::away().await);
    here.run(&["get-token"])
        .await
        .assert_refused(3, &["auth server can't be reached at `http://127.0.0.1:", "VPN"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_auth_server_hangs() {
    let mut here = Workstation::signed_in(-1).await;
    let server = Odd::silent().await;
    here.auth = Some(server.url.clone());
    here.run(&["get-token"]).await.assert_refused(3, &["auth server did not answer within"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_waits_for_an_auth_server_that_hangs_gives_up() {
    let mut here = Workstation::signed_in(3600).await;
    let az = format!("echo '{{\"accessToken\": \"{}\"}}'", here.sandbox.entra.access_token(User::ADA));
    here.provide("az", &az);
    let (before, server) = (here.read(), Odd::silent().await);
    here.auth = Some(server.url.clone());
    for arguments in [&["logout"][..], &["refresh-loop", "--once"], &["login", "--method", "azure-cli"]] {
        let ended = here.run(arguments).await;
        let first = ended.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: the auth server did not answer within"), "{}", ended.stderr);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{arguments:?}");
    }
    assert_eq!(here.read(), before, "the session that is there stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_that_makes_no_sense_is_told_by_its_exit_code() {
    let here = Workstation::signed_in(3600).await;
    for arguments in [&["get-token", "--twice"][..], &["got-token"], &[]] {
        let ended = here.run(arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_is_no_auth_server() {
    let mut here = Workstation::signed_in(-1).await;
    let page = "<html>Sign in to the guest network</html>";
    let page = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{page}", page.len()).into_bytes();
    let mut huge = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n".to_vec();
    huge.resize(10_000_000, b'x');
    for (answer, sentence) in [(page, "can't be understood"), (huge, "more than it should")] {
        let server = Odd::saying(answer).await;
        here.auth = Some(server.url.clone());
        let ended = here.run(&["get-token"]).await;
        ended.assert_refused(1, &[sentence, "see that the address is right"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_are_missing_or_wrong() {
    let here = Workstation::signed_in(-1).await;
    let without = here.command(&["get-token"]).env_remove("AUTH_SERVER_URL").output().await.unwrap();
    Ended::from(without).assert_refused(1, &["`AUTH_SERVER_URL` is not set"]);
    let wrong = here.command(&["get-token"]).env("AUTH_SERVER_URL", "auth.example").output().await.unwrap();
    Ended::from(wrong).assert_refused(1, &["`AUTH_SERVER_URL`: `auth.example` is no URL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_home() {
    let here = Workstation::new().await;
    let nowhere = here.command(&["get-token"]).env("HOME", "nowhere").output().await.unwrap();
    Ended::from(nowhere).assert_refused(1, &["no home folder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_holds_the_lock_and_hangs() {
    let here = Workstation::signed_in(-1).await;
    let lock = fs::File::create(here.home.path().join(".claude/token.json.lock")).unwrap();
    lock.lock().unwrap();
    here.run(&["get-token"])
        .await
        .assert_refused(1, &["another `claude-agent` is still at it", "token.json.lock"]);
    here.write(&json!({ "access_token": "a.b.c", "refresh_token": "r", "expires_at": crate::workstation::now() + 100 }));
    assert_eq!(here.run(&["get-token"]).await.token(), "a.b.c", "a live token is not held up");
}
