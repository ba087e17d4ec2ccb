//! Handing out tokens: the one that is there, or its successor, however many ask.

use std::time::{Duration, SystemTime};

use sallyportd::sandbox::entra::User;
use serde_json::json;

use crate::{
    server::Odd,
    workstation::{Workstation, now},
};

const CALLERS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_token_is_handed_out_without_a_question() {
    let mut here = Workstation::signed_in(3600).await;
    here.auth = Some(Odd::away().await);
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_callers_with_an_expired_token_cause_one_refresh() {
    let here = Workstation::signed_in(-1).await;
    let old = here.token();
    let started: Vec<_> = (0..CALLERS)
        .map(|_| {
            let mut command = here.command(&["get-token"]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut tokens = Vec::new();
    for child in started {
        tokens.push(crate::workstation::Ended::from(child.wait_with_output().await.unwrap()).token());
    }
    assert_eq!(tokens.len(), CALLERS);
    assert!(tokens.iter().all(|token| *token == tokens[0]) && tokens[0] != old);
    assert_eq!(here.token(), tokens[0]);
    assert_eq!((here.refreshes("renewed").await, here.refreshes("repeated").await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_replaced_before_it_ends() {
    let here = Workstation::signed_in(299).await;
    let old = here.token();
    assert_ne!(here.run(&["get-token"]).await.token(), old);
    assert!(here.read()["expires_at"].as_i64().unwrap() > now() + 3600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_token_serves_while_the_auth_server_is_away() {
    let mut here = Workstation::signed_in(120).await;
    here.auth = Some(Odd::away().await);
    assert_eq!(here.run(&["get-token"]).await.token(), here.token());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_token_serves_while_the_auth_server_hangs_or_ails() {
    let mut here = Workstation::signed_in(120).await;
    let ailing = Odd::saying("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    for server in [Odd::silent().await, ailing] {
        here.auth = Some(server.url.clone());
        assert_eq!(here.run(&["get-token"]).await.token(), here.token());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_after_the_clock_was_set_back() {
    let here = Workstation::signed_in(27 * 3600).await;
    here.date(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now()).unwrap() + 24 * 3600));
    let old = here.token();
    assert_ne!(here.run(&["get-token"]).await.token(), old);
}

/// As if the token had been written by a clock that was a day behind, or today's clock were a day ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_after_the_clock_was_set_ahead() {
    let here = Workstation::signed_in(-21 * 3600).await;
    let day_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now()).unwrap() - 24 * 3600);
    here.date(day_ago);
    // When it was handed out last.
    let lock = std::fs::File::create(here.home.path().join(".claude/token.json.lock")).unwrap();
    lock.set_modified(day_ago).unwrap();
    let old = here.token();
    let new = here.run(&["get-token"]).await.token();
    assert_ne!(new, old);
    assert_eq!(here.run(&["get-token"]).await.token(), new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_while_the_auth_server_is_away_is_told_as_that() {
    for day in [-24 * 3600, 24 * 3600] {
        let mut here = Workstation::signed_in(day + 3 * 3600).await;
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now() + day).unwrap());
        here.date(written);
        here.auth = Some(Odd::away().await);
        here.run(&["get-token"]).await.assert_refused(3, &["auth server can't be reached"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_private_and_as_the_prototype_had_it() {
    use std::os::unix::fs::PermissionsExt;
    let here = Workstation::signed_in(-1).await;
    std::fs::set_permissions(here.token_file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    here.run(&["get-token"]).await.token();
    let mode = std::fs::metadata(here.token_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let keys: Vec<String> = here.read().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["access_token", "expires_at", "refresh_token"]);
    let names = std::fs::read_dir(here.home.path().join(".claude")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["token.json", "token.json.lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timers_refresh_is_done_once_even_if_the_token_is_fresh() {
    let here = Workstation::signed_in(3600).await;
    let old = here.token();
    let done = here.run(&["refresh-loop", "--once"]).await;
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""));
    assert_ne!(here.token(), old);
    assert_eq!(here.refreshes("renewed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_refreshes_when_it_is_due_and_ends_with_the_session() {
    let here = Workstation::signed_in(-1).await;
    let old = here.token();
    let running = here.start(&["refresh-loop"]);
    while here.token() == old {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(running);
    here.revoke(User::ADA).await;
    here.expire();
    let ended = here.run(&["refresh-loop"]).await;
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("this session was revoked") && ended.stderr.contains("claude-agent login"));
    assert_eq!(here.read()["expires_at"], json!(0));
}
