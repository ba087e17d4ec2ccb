//! Claude Code when an operator steps in while it works.

use serde_json::json;

use crate::{
    in_both_modes,
    machine::{Machine, Mode},
};

async fn lock(machine: &Machine) {
    machine.sandbox.bedrock.wait_for(|counts| counts.in_flight > 0).await;
    let body = json!({ "reason": "lost laptop", "duration_seconds": 600, "message": "call the help desk" });
    machine.order("lock", body).await;
}

/// Its stream ends, and what it asks next, once, is refused with the operator's message.
async fn is_told(mode: Mode) {
    let machine = Machine::new(mode).await;
    let (said, ()) = tokio::join!(machine.ask_model("say hi", "sandbox.stall"), lock(&machine));
    said.assert_fails_with("call the help desk");
    assert!(machine.tap.asked() <= 2, "{} requests", machine.tap.asked());
}

in_both_modes!(a_lock_shows_the_operators_message, is_told);
