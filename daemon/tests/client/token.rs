//! Claude Code and tokens that end.

use std::{sync::Arc, time::Duration};

use sallyportd::{
    clock::Clock, config, domain::session::Identity, keyring::Keyring, live::LiveSessions,
    sandbox::entra::User,
};
use shared::{
    id::{SessionId, UserId},
    time::Timestamp,
};

use crate::{
    in_both_modes,
    machine::{Machine, Mode},
};

/// A token that this daemon would have minted then.
pub fn minted_at(at: Timestamp, config: &config::Token) -> String {
    let keyring = Keyring::new(config, Clock::manual(at), Arc::new(LiveSessions::default())).unwrap();
    let identity = Identity {
        session: SessionId::generate(),
        user: UserId::new(User::ADA.oid),
        email: None,
        name: None,
        groups: Vec::new(),
        device: None,
    };
    keyring.mint(&identity).unwrap().token.expose().clone()
}

async fn expired(mode: Mode) {
    let mut token = None;
    let machine = Machine::with(mode, |config| token = Some(config.token.clone())).await;
    let yesterday = Timestamp(Clock::System.now().0 - 86_400_000);
    let expired = minted_at(yesterday, &token.unwrap());
    let (marker, renew) = (machine.beside("renewed"), machine.token_command());
    let marker = marker.display();
    machine.set_helper(&format!("if [ -e {marker} ]; then exec {renew}; fi; touch {marker}; echo {expired}"));
    let said = machine.ask("say hi").await;
    said.assert_says("You said: say hi");
    assert_eq!(machine.helper_runs(), 2, "the token was renewed once");
    assert_eq!(machine.tap.asked(), 2, "one refusal, one answer");
    assert_eq!(machine.sandbox.bedrock.counts().seen, 1, "nothing of the refused request reached Bedrock");
}

/// A token that is good for the first request and not for the second one.
async fn outlived(mode: Mode) {
    let machine = Machine::with(mode, |config| config.token.access_ttl = Duration::from_secs(3)).await;
    let said = machine.ask("run: sleep 4; echo awake").await;
    said.assert_says("The tool answered: awake");
    assert_eq!((machine.helper_runs(), machine.tap.asked()), (2, 3));
}

/// A session that an operator ended: the user is told, and a new sign-in works.
async fn signed_out(mode: Mode) {
    let machine = Machine::new(mode).await;
    let tokens = machine.sandbox.sign_in(User::ADA).await.unwrap();
    let token = tokens.access_token.expose();
    let logout = machine.sandbox.client().post(format!("{}/auth/logout", machine.sandbox.auth()));
    assert!(logout.bearer_auth(token).send().await.unwrap().status().is_success());
    let (marker, renew) = (machine.beside("renewed"), machine.token_command());
    let marker = marker.display();
    machine.set_helper(&format!("if [ -e {marker} ]; then exec {renew}; fi; touch {marker}; echo {token}"));
    let said = machine.ask("say hi").await;
    said.assert_says("You said: say hi");
    assert_eq!((machine.helper_runs(), machine.tap.asked()), (2, 2));
}

in_both_modes!(an_expired_token_is_replaced_once, expired);
in_both_modes!(a_token_that_expires_at_work_is_replaced, outlived);
in_both_modes!(a_session_that_was_ended_is_replaced, signed_out);
