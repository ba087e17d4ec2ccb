//! Claude Code at work: a prompt, a tool, a subagent, and what all of it costs.

use sallyportd::{sandbox::entra::User, store::query::UsageBy};

use crate::{
    in_both_modes,
    machine::{Machine, Mode},
};

/// What reached the store is what Bedrock says the answers cost, and every request is in it.
async fn assert_metered(machine: &Machine) {
    let requests = machine.sandbox.bedrock.requests();
    let expected = requests.iter().filter_map(|request| request.usage).sum();
    let settled = machine.sandbox.usage_of(requests.len() as u64).await.unwrap();
    assert_eq!(settled, expected);
    assert!(expected.input > 0 && expected.output > 0 && expected.cache_write > 0, "{expected}");
    let by_user = machine.sandbox.usage(UsageBy::User).await.unwrap();
    assert_eq!(by_user.iter().map(|sum| sum.key.as_str()).collect::<Vec<_>>(), [User::ADA.oid]);
    assert_eq!((by_user[0].requests, by_user[0].estimated), (requests.len() as u64, 0));
}

async fn plain_prompt(mode: Mode) {
    let machine = Machine::new(mode).await;
    let said = machine.ask("say hi").await;
    said.assert_says("You said: say hi");
    assert_eq!((machine.tap.asked(), machine.helper_runs()), (1, 1));
    assert_metered(&machine).await;
}

async fn tool(mode: Mode) {
    let machine = Machine::new(mode).await;
    let said = machine.ask("run: echo from the tool | tee made").await;
    said.assert_says("The tool answered: from the tool");
    assert_eq!(std::fs::read_to_string(machine.project("made")).unwrap(), "from the tool\n");
    assert_eq!(machine.tap.asked(), 2);
    assert_metered(&machine).await;
}

async fn subagent(mode: Mode) {
    let machine = Machine::new(mode).await;
    let said = machine.ask("delegate: run: echo from below | tee made").await;
    assert!(said.is_success && said.text.contains("from below"), "{said:?}");
    assert_eq!(std::fs::read_to_string(machine.project("made")).unwrap(), "from below\n");
    assert_eq!(machine.tap.asked(), 4);
    assert_metered(&machine).await;
}

async fn thinking(mode: Mode) {
    let machine = Machine::new(mode).await;
    let said = machine.ask("think: that is simple\nrun: echo thought").await;
    said.assert_says("The tool answered: thought");
    assert_metered(&machine).await;
}

in_both_modes!(a_plain_prompt_is_answered, plain_prompt);
in_both_modes!(a_tool_runs_and_its_result_is_taken, tool);
in_both_modes!(a_subagent_works, subagent);
in_both_modes!(a_thought_is_kept, thinking);
