//! Claude Code when something goes wrong: a policy that denies, an upstream that fails.

use sallyportd::store::query::UsageBy;

use crate::{
    client_test,
    machine::{Machine, Mode},
};

async fn denial(mode: Mode) {
    let machine = Machine::with(mode, |config| {
        config.gateway.models = vec!["us.anthropic.claude-haiku-*".to_owned()];
    })
    .await;
    let said = machine.ask("say hi").await;
    said.assert_fails_with("API Error: 400 ");
    said.assert_fails_with("us.anthropic.claude-opus-4-8");
    assert_eq!(machine.tap.asked(), 1);
    assert_eq!(machine.sandbox.bedrock.counts().seen, 0);
}

/// What goes wrong once is not seen by the user.
async fn recovers(mode: Mode, failures: &[&str]) {
    let machine = Machine::new(mode).await;
    for failure in failures {
        let said = machine.ask_model("say hi", failure).await;
        said.assert_says("You said: say hi");
    }
    let requests = machine.sandbox.bedrock.requests();
    assert_eq!(requests.len(), 2 * failures.len(), "one failure and one answer each");
    machine.sandbox.usage_of(requests.len() as u64).await.unwrap();
    for sum in machine.sandbox.usage(UsageBy::Model).await.unwrap() {
        assert_eq!((sum.requests, sum.estimated), (2, 1), "{}", sum.key);
    }
}

/// Failures in the middle of a stream.
const MID_STREAM: [&str; 5] = [
    "sandbox.once.exception-internal",
    "sandbox.once.exception-throttling",
    "sandbox.once.cut-after.3",
    "sandbox.once.cut-mid-frame.3",
    "sandbox.once.ends-early.4",
];

client_test!(
    "needs the real Claude Code client",
    a_denial_shows_our_sentence_after_one_request_as_by_bedrock,
    || denial(Mode::Bedrock)
);
client_test!(
    "needs the real Claude Code client",
    a_denial_shows_our_sentence_after_one_request_as_by_anthropic,
    || denial(Mode::Anthropic)
);
client_test!("needs the real Claude Code client", a_stream_that_fails_is_recovered_as_by_bedrock, || {
    recovers(Mode::Bedrock, &MID_STREAM)
});
client_test!("needs the real Claude Code client", a_stream_that_fails_is_recovered_as_by_anthropic, || {
    recovers(Mode::Anthropic, &MID_STREAM)
});
