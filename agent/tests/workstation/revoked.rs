//! The real Claude Code, which the agent hands tokens to, when an operator ends the session: the user is told, and signs in
//! again.

use crate::{
    isolated_test,
    real::{ask, by_user, machine, revoke, told},
    tap::Tap,
    world::{Said, World},
};

/// Claude Code tries a refused request again, and asks its helper each time.
const TRIES: usize = 12;

/// The agent that was installed, which knows no variables.
async fn agent(world: &World, arguments: &[&str]) -> Said {
    world.run(by_user(world, &world.home(".claude/bin/claude-agent"), arguments)).await
}

async fn is_told_and_signs_in_again() {
    let world = machine().await;
    let tap = Tap::start(world.sandbox.gateway().trim_start_matches("http://").parse().unwrap()).await;
    let gateway = tap.url();
    told(&world, &["install", "--method", "device-code", "--llm-gateway-url", &gateway]).await.assert_done();
    let claude = world.home(".local/bin/claude");
    assert_eq!(ask(&world, &claude).await.assert_done().out.trim(), "You said: say hi");
    let (asked, answered) = (tap.asked(), world.sandbox.bedrock.counts().seen);

    revoke(&world).await;
    let said = ask(&world, &claude).await.assert_fails(1, "");
    assert!(
        said.err.contains("this session was revoked; sign in again; run `claude-agent login`"),
        "{said:?}"
    );
    assert!(said.out.contains("API Error: 401") && said.out.contains("sign in again"), "{said:?}");
    assert!((1..=TRIES).contains(&(tap.asked() - asked)), "{} requests", tap.asked() - asked);
    assert_eq!(world.sandbox.bedrock.counts().seen, answered, "none of them reaches Bedrock");
    let said = agent(&world, &["get-token"]).await.assert_fails(4, "this session was revoked");
    assert!(said.err.contains("claude-agent login") && said.err.lines().count() == 1, "{said:?}");

    agent(&world, &["login", "--method", "device-code"]).await.assert_done();
    assert_eq!(ask(&world, &claude).await.assert_done().out.trim(), "You said: say hi");
}

isolated_test!(
    "needs the real Claude Code client, and root",
    a_revocation_is_told_and_a_new_sign_in_works,
    is_told_and_signs_in_again
);
