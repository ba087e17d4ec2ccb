//! Claude Code under rules: what they say no to is told in their own words, after one request.

use sallyportd::{
    config::Config,
    domain::{
        pattern::Pattern,
        policy::{Caps, Members, Policy, SpendCaps},
    },
};
use shared::usage::Money;

use crate::{
    client_test, in_both_modes,
    machine::{Machine, Mode},
};

async fn machine(mode: Mode, policy: Policy) -> Machine {
    let message = Some("ask in #ai".to_owned());
    let policies = vec![Policy { message, ..policy }, Policy::unlimited("everyone else")];
    Box::pin(Machine::with(mode, |config: &mut Config| config.policies = policies)).await
}

/// A policy that holds before the one for everyone else does.
fn first() -> Policy {
    Policy { members: Members::Everyone, ..Policy::unlimited("pilots") }
}

async fn model(mode: Mode) {
    let models = Some(vec![Pattern::new("us.anthropic.claude-haiku-*")]);
    let machine = machine(mode, Policy { models, ..first() }).await;
    let said = machine.ask("say hi").await;
    said.assert_fails_with(
        "API Error: 400 policy `pilots` does not allow the model `us.anthropic.claude-opus-4-8`",
    );
    said.assert_fails_with("ask in #ai");
    assert_eq!((machine.tap.asked(), machine.sandbox.bedrock.counts().seen), (1, 0));
}

async fn ceiling(mode: Mode) {
    let machine = machine(mode, Policy { max_tokens: Some(1_000), ..first() }).await;
    let said = machine.ask("say hi").await;
    said.assert_fails_with("policy `pilots` allows a max_tokens of up to 1000, not ");
    said.assert_fails_with("CLAUDE_CODE_MAX_OUTPUT_TOKENS");
    assert_eq!((machine.tap.asked(), machine.sandbox.bedrock.counts().seen), (1, 0));
}

async fn budget(mode: Mode) {
    let spend = SpendCaps { day: Some(Money::from_micros(1)), ..SpendCaps::default() };
    let machine = machine(mode, Policy { caps: Caps { spend, ..Caps::default() }, ..first() }).await;
    machine.ask("say hi").await.assert_says("You said: say hi");
    let asked = machine.tap.asked();
    let said = machine.ask("say hi").await;
    said.assert_fails_with("spend limit reached (daily; resets ");
    said.assert_fails_with(" of $0.00 spent, policy `pilots` · ask in #ai");
    assert_eq!((machine.tap.asked(), machine.sandbox.bedrock.counts().seen), (asked + 1, 1));
}

/// A rate is waited for.
async fn rate(mode: Mode) {
    let caps = Caps { requests_per_minute: Some(1), ..Caps::default() };
    let machine = machine(mode, Policy { caps, ..first() }).await;
    machine.ask("say hi").await.assert_says("You said: say hi");
    machine.ask("say hi again").await.assert_says("You said: say hi again");
    assert_eq!(machine.sandbox.bedrock.counts().seen, 2);
}

in_both_modes!(a_model_that_is_not_allowed_is_told_after_one_request, model);
in_both_modes!(too_many_tokens_are_told_after_one_request, ceiling);
in_both_modes!(a_spent_budget_is_told_after_one_request, budget);
// One mode is enough for a minute's wait.
client_test!("needs the real Claude Code client", a_reached_rate_is_waited_for, || rate(Mode::Bedrock));
