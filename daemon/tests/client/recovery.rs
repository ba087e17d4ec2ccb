//! Claude Code when something goes wrong: a policy that denies, an upstream that fails.

use std::time::Duration;

use sallyportd::store::query::UsageBy;

use crate::{
    in_both_modes,
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
async fn recovers(mode: Mode) {
    let machine = Machine::new(mode).await;
    for failure in MID_STREAM {
        let said = machine.ask_model("say hi", failure).await;
        said.assert_says("You said: say hi");
    }
    let requests = machine.sandbox.bedrock.requests();
    assert_eq!(requests.len(), 2 * MID_STREAM.len(), "one failure and one answer each");
    machine.sandbox.usage_of(requests.len() as u64).await.unwrap();
    for sum in machine.sandbox.usage(UsageBy::Model).await.unwrap() {
        assert_eq!((sum.requests, sum.estimated), (2, 1), "{}", sum.key);
    }
}

/// What goes wrong before an answer begins is not seen either.
async fn tries_again(mode: Mode) {
    let machine = Machine::new(mode).await;
    for (asked, failure) in (1..).zip(BEFORE) {
        machine.ask_model("say hi", failure).await.assert_says("You said: say hi");
        assert_eq!(machine.sandbox.bedrock.counts().seen, 2 * asked, "{failure}");
    }
}

/// A stream that says nothing for longer than anyone is patient, but for our pings.
async fn keeps_waiting(mode: Mode) {
    let machine =
        Machine::with(mode, |config| config.gateway.ping_interval = Duration::from_millis(200)).await;
    machine.ask_model("say hi", "sandbox.stall.3").await.assert_says("You said: say hi");
    assert_eq!((machine.tap.asked(), machine.sandbox.bedrock.counts().seen), (1, 1));
}

/// What can't be helped is told, and not tried again.
async fn tells(mode: Mode) {
    let machine = Machine::new(mode).await;
    machine.ask_model("say hi", "sandbox.too-long").await.assert_fails_with("Prompt is too long");
    machine.ask_model("say hi", "sandbox.missing").await.assert_fails_with("issue with the selected model");
    machine
        .ask_model("say hi", "meta.llama3-8b-instruct-v1:0")
        .await
        .assert_fails_with("model identifier is invalid");
}

/// Failures in the middle of a stream.
const MID_STREAM: [&str; 5] = [
    "sandbox.once.exception-internal",
    "sandbox.once.exception-throttling",
    "sandbox.once.cut-after.3",
    "sandbox.once.cut-mid-frame.3",
    "sandbox.once.ends-early.4",
];
/// Failures before one.
const BEFORE: [&str; 4] =
    ["sandbox.once.throttled", "sandbox.once.unavailable", "sandbox.once.broken", "sandbox.once.cut-before"];

in_both_modes!(a_denial_shows_our_sentence_after_one_request, denial);
in_both_modes!(a_stream_that_fails_is_recovered, recovers);
in_both_modes!(what_fails_before_an_answer_is_tried_again, tries_again);
in_both_modes!(a_silence_is_bridged, keeps_waiting);
in_both_modes!(what_cannot_be_helped_is_told, tells);
