//! The screens as people see them: the real program in a real terminal, on the real daemon.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod ending;
mod mirror;
#[path = "../mirror/server.rs"]
#[allow(dead_code, reason = "the tests of the mirror use more of it")]
mod server;
mod steer;
#[allow(dead_code, reason = "the benchmark uses more of it")]
mod terminal;
#[path = "../mirror/world.rs"]
#[allow(dead_code, reason = "the tests of the mirror use more of it")]
mod world;

use sallyport::client::{Client, SessionQuery};
use sallyportd::sandbox::{Options, Sandbox, entra::User};
use serde_json::json;
use shared::api::{admin::SessionState, auth::TokenAnswer};

use self::terminal::{LONG, Terminal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sallyport");
const TAB: &str = "\t";
const ENTER: &str = "\r";

/// A stream that begins and never ends by itself.
async fn endless(sandbox: &Sandbox, token: &TokenAnswer) -> reqwest::Response {
    let url = format!("{}/model/sandbox.stall/invoke-with-response-stream", sandbox.gateway());
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
        "messages": [{ "role": "user", "content": "hello there" }],
    });
    let request = sandbox.client().post(url).bearer_auth(token.access_token.expose()).json(&body);
    request.header("user-agent", "claude-cli/2.1.330 (external, cli)").send().await.unwrap()
}

async fn states(sandbox: &Sandbox) -> Vec<(String, SessionState)> {
    let client = Client::new(sandbox.admin_socket().to_owned());
    let page = client.sessions(&SessionQuery::default()).await.unwrap();
    let mut states: Vec<_> =
        page.items.into_iter().map(|it| (it.email.unwrap_or_default(), it.state)).collect();
    states.sort_by(|one, other| one.0.cmp(&other.0));
    states
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_found_and_revoked_and_its_stream_ends() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let ada = sandbox.sign_in(User::ADA).await.unwrap();
    sandbox.sign_in(User::GRACE).await.unwrap();
    let stream = endless(&sandbox, &ada).await;
    assert!(stream.status().is_success());
    let mut terminal = Terminal::open(PROGRAM, sandbox.admin_socket(), (120, 40));
    terminal.until(|seen| seen.contains("live") && seen.contains("Prompt from cache")).await;
    terminal.press("2");
    terminal.until(|seen| seen.contains("ada@") && seen.contains("grace@")).await;
    terminal.press("/ada");
    terminal.until(|seen| seen.contains("/ada") && !seen.contains("grace@")).await;
    terminal.press(ENTER);
    terminal.press("r");
    terminal.see("Revoke 1 session").await;
    terminal.see("1 session and 1 request in flight end now").await;
    terminal.press("laptop stolen");
    terminal.see("laptop stolen").await;
    for key in [TAB, TAB, ENTER] {
        terminal.press(key);
    }
    terminal.see("revoked: 1 session and 1 request ended").await;
    // The stream ends, one way or another, though the model would never have ended it.
    let _ = tokio::time::timeout(LONG, stream.bytes()).await.expect("the stream of the session ends");
    let of = |name: &str, state| (format!("{name}@sandbox.example"), state);
    assert_eq!(states(&sandbox).await, [of("ada", SessionState::Ended), of("grace", SessionState::Active)]);
    terminal.press("q");
    let ended = terminal.end().await;
    assert!(ended.status.success() && ended.is_restored, "{:?}", ended.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_comes_by_its_digit_and_the_help_closes() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.sign_in(User::ADA).await.unwrap();
    let mut terminal = Terminal::open(PROGRAM, sandbox.admin_socket(), (80, 24));
    terminal.see("live").await;
    for (place, entry) in (1..).zip(sallyport::tui::screen::ALL) {
        terminal.press(&place.to_string());
        terminal.see(&format!("╭─ {}", entry.title)).await;
        terminal.until(|seen| !seen.contains("loading")).await;
    }
    terminal.press("?");
    terminal.see("Help").await;
    terminal.press("\x1b");
    terminal.until(|seen| !seen.contains("─ Help")).await;
    terminal.press("q");
    assert!(terminal.end().await.status.success());
}
