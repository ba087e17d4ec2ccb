//! Steering from the screens, played to its end: what was ordered holds for the gateway.

use sallyportd::{
    domain::policy::{Caps, Policy, SpendCaps},
    sandbox::{Options, Sandbox, entra::User},
};
use serde_json::json;
use shared::{api::auth::TokenAnswer, usage::Money};

use super::{ENTER, PROGRAM, TAB, terminal::Terminal};

/// What the gateway says to somebody.
async fn said(sandbox: &Sandbox, token: &TokenAnswer) -> (u16, String) {
    let url = format!("{}/v1/messages", sandbox.gateway());
    let turn = json!({ "role": "user", "content": "hello" });
    let body = json!({ "model": "us.anthropic.claude-opus-4-8", "max_tokens": 9, "messages": [turn] });
    let request = sandbox.client().post(url).bearer_auth(token.access_token.expose()).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// On the screen of users, with one of them selected.
async fn on_users(sandbox: &Sandbox, name: &str) -> Terminal {
    let mut terminal = Terminal::open(PROGRAM, sandbox.admin_socket(), (120, 40));
    terminal.see("live").await;
    terminal.press(&format!(":users {name}{ENTER}"));
    terminal.until(|seen| seen.contains("Users · 1/1 of 2") && seen.contains(&format!("{name}@"))).await;
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_locked_and_unlocked_on_users() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (ada, grace) =
        (sandbox.sign_in(User::ADA).await.unwrap(), sandbox.sign_in(User::GRACE).await.unwrap());
    assert_eq!(said(&sandbox, &ada).await.0, 200);
    let mut terminal = on_users(&sandbox, "ada").await;
    terminal.press("l");
    terminal.see("Lock 1 user").await;
    terminal.see("ada@sandbox.example").await;
    // The reason, for how long as it stands there, the message, past Cancel to the button.
    terminal.press(&format!("runaway agent{TAB}{TAB}ask the platform team{TAB}{TAB}"));
    terminal.see("ask the platform team").await;
    terminal.press(ENTER);
    terminal.see("locked: 1 session in use").await;
    terminal.until(|seen| seen.lines().any(|line| line.contains("ada@") && line.contains("locked"))).await;
    let (status, text) = said(&sandbox, &ada).await;
    assert!(status != 200 && text.contains("ask the platform team"), "{status}: {text}");
    assert_eq!(said(&sandbox, &grace).await.0, 200, "nobody else is kept out");
    terminal.press(ENTER);
    terminal.until(|seen| seen.contains("runaway agent") && seen.contains("by uid")).await;
    terminal.press("\x1b");
    terminal.until(|seen| !seen.contains("by uid")).await;
    terminal.press("u");
    terminal.see("Unlock 1 user").await;
    terminal.press(&format!("found the cause{TAB}{TAB}"));
    terminal.see("found the cause").await;
    terminal.press(ENTER);
    terminal.see("unlocked 1 user").await;
    terminal.until(|seen| seen.lines().any(|line| line.contains("ada@") && line.contains("active"))).await;
    assert_eq!(said(&sandbox, &ada).await.0, 200);
    terminal.press("q");
    assert!(terminal.end().await.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_given_and_ended_on_users() {
    let spend = SpendCaps { day: Some(Money::from_dollars(10)), ..SpendCaps::default() };
    let policy = Policy { caps: Caps { spend, ..Caps::default() }, ..Policy::unlimited("everyone") };
    let sandbox = Sandbox::start_with(Options::default(), |config| config.policies = vec![policy]);
    let sandbox = sandbox.await.unwrap();
    for user in [User::ADA, User::GRACE] {
        sandbox.sign_in(user).await.unwrap();
    }
    let mut terminal = on_users(&sandbox, "grace").await;
    terminal.press("+");
    terminal.see("Grant more to a user").await;
    terminal.press(&format!("release week{TAB}{TAB}{TAB}{TAB}{TAB}"));
    terminal.see("release week").await;
    terminal.press(ENTER);
    terminal.see("granted until").await;
    terminal.until(|seen| seen.lines().any(|line| line.contains("grace@") && line.contains("granted"))).await;
    terminal.press("-");
    terminal.see("$20.00 more for").await;
    terminal.press(&format!("it is over{TAB}{TAB}{ENTER}"));
    terminal.see("the grant has ended").await;
    terminal.until(|seen| seen.lines().any(|line| line.contains("grace@") && line.contains("active"))).await;
    terminal.press("q");
    assert!(terminal.end().await.status.success());
}
