//! Signing out, and what `status` says.

use serde_json::{Value, json};

use crate::{server::Odd, workstation::Workstation};

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_and_removes_its_tokens() {
    let here = Workstation::signed_in(3600).await;
    let refresh_token = here.read()["refresh_token"].clone();
    let ended = here.run(&["logout"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "signed out\n"));
    assert!(!here.token_file().exists());
    let body = json!({ "refresh_token": refresh_token });
    let url = format!("{}/auth/refresh", here.sandbox.auth());
    let answer = here.sandbox.client().post(url).json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    let again = here.run(&["logout"]).await;
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains("nobody is signed in"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_cannot_be_read_are_removed_with_a_word() {
    let here = Workstation::signed_in(3600).await;
    std::fs::write(here.token_file(), "{").unwrap();
    let ended = here.run(&["logout"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("it ends too early; it is removed"), "{}", ended.stderr);
    assert!(!here.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_stay_until_the_server_was_told_unless_that_does_not_matter() {
    let mut here = Workstation::signed_in(3600).await;
    here.auth = Some(Odd::away().await);
    let ended = here.run(&["logout"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(here.token_file().exists());
    let ended = here.run(&["logout", "--force"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!here.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_everything_but_the_tokens() {
    let here = Workstation::signed_in(3600).await;
    let told = here.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&status["signed_in"], &status["token"]), (&json!(true), &json!("fresh")));
    assert_eq!(status["expires_at"], here.read()["expires_at"]);
    let auth = &status["settings"]["auth_server_url"];
    assert_eq!((&auth["value"], &auth["from"]), (&json!(here.sandbox.auth()), &json!("environment")));
    let people = here.run(&["status"]).await;
    assert!(people.stdout.contains("fresh until"), "{}", people.stdout);
    for secret in [here.token(), here.read()["refresh_token"].as_str().unwrap().to_owned()] {
        assert!(!told.stdout.contains(&secret) && !people.stdout.contains(&secret));
    }
    std::fs::remove_file(here.token_file()).unwrap();
    assert!(here.run(&["status"]).await.stdout.contains("nobody is signed in"));
}
