//! What the simulated model answers: a function of the prompt alone.
//!
//! A line of the user's last turn can drive it: `run: COMMAND` calls the `Bash` tool, `delegate: PROMPT` the tool
//! that starts a subagent, `call: TOOL {…}` any tool, `think: TEXT` makes it think first, `say: TEXT` makes it say
//! exactly that. Several lines call several tools. Results of tools are quoted; anything else is echoed.

use serde_json::{Value, json};

use super::{
    answer::Block,
    behaviour::Behaviour,
    prompt::{Choice, Prompt, name_of},
    schema,
};

/// How much of a prompt or a result is quoted, in characters.
const QUOTE: usize = 2000;
/// Names under which Claude Code has offered the tool that starts a subagent.
const SUBAGENT: [&str; 2] = ["Agent", "Task"];

/// The blocks of the answer.
pub(super) fn blocks(prompt: &Prompt, behaviour: &Behaviour) -> Vec<Block> {
    let words = prompt.words();
    let mut blocks = Vec::new();
    if let Some(thought) = thought(prompt, behaviour, &words) {
        blocks.push(Block::Thinking(thought));
    }
    let results = prompt.tool_results();
    if results.is_empty() {
        blocks.extend(first_answer(prompt, behaviour, &words));
    } else {
        let quotes: Vec<String> = results.iter().map(|result| quote(result)).collect();
        blocks.push(Block::Text(format!("The tool answered: {}", quotes.join("\n"))));
    }
    blocks
}

fn thought(prompt: &Prompt, behaviour: &Behaviour, words: &str) -> Option<String> {
    if let Some(thought) = directives(words, "think:").next() {
        return Some(thought.to_owned());
    }
    let is_wanted = *behaviour == Behaviour::Thinking || prompt.wants_thinking();
    is_wanted.then(|| format!("The user says: {}", quote(words)))
}

fn first_answer(prompt: &Prompt, behaviour: &Behaviour, words: &str) -> Vec<Block> {
    if let Behaviour::Huge { kilobytes } = behaviour {
        return vec![Block::Text("All work and no play. ".repeat(kilobytes * 1024 / 23 + 1))];
    }
    if let Some(forced) = forced(prompt, behaviour) {
        return vec![forced];
    }
    if let Some(schema) = prompt.output_schema() {
        return vec![Block::Text(schema::example(schema).to_string())];
    }
    let calls = calls(prompt, words);
    if !calls.is_empty() {
        return calls;
    }
    let said: Vec<&str> = directives(words, "say:").collect();
    let text = if said.is_empty() { format!("You said: {}", quote(words)) } else { said.join("\n") };
    vec![Block::Text(text)]
}

/// The call that the request or the behaviour demands; words may still say with what.
fn forced(prompt: &Prompt, behaviour: &Behaviour) -> Option<Block> {
    let tool = match prompt.choice() {
        Choice::Named(name) => prompt.tool(&[name]),
        Choice::Any => prompt.tools().first(),
        Choice::Free if *behaviour == Behaviour::Tool => prompt.tools().first(),
        Choice::Free => None,
    }?;
    let asked = calls(prompt, &prompt.words());
    let is_it = |block: &Block| matches!(block, Block::ToolUse { name, .. } if name == name_of(tool));
    Some(asked.into_iter().find(is_it).unwrap_or_else(|| {
        let input = schema::example(tool.get("input_schema").unwrap_or(&Value::Null));
        Block::call(name_of(tool), input)
    }))
}

fn calls(prompt: &Prompt, words: &str) -> Vec<Block> {
    words.lines().filter_map(|line| call(prompt, line.trim())).collect()
}

fn call(prompt: &Prompt, line: &str) -> Option<Block> {
    if let Some(command) = line.strip_prefix("run:") {
        let input = json!({ "command": command.trim(), "description": "Runs what the user asks for" });
        return Some(offered(prompt, &["Bash"], input));
    }
    if let Some(task) = line.strip_prefix("delegate:") {
        return Some(offered(prompt, &SUBAGENT, delegation(prompt, task.trim())));
    }
    let (name, input) = line.strip_prefix("call:")?.trim().split_once(' ')?;
    Some(offered(prompt, &[name], serde_json::from_str(input).ok()?))
}

/// Asks for a subagent and to wait for it, where the client can be asked to.
fn delegation(prompt: &Prompt, task: &str) -> Value {
    let mut input = json!({
        "description": "Does what the user asks for", "prompt": task, "subagent_type": "general-purpose",
    });
    let takes = |field| prompt.tool(&SUBAGENT)?.get("input_schema")?.get("properties")?.get(field);
    if let (Some(fields), Some(_)) = (input.as_object_mut(), takes("run_in_background")) {
        fields.insert("run_in_background".to_owned(), json!(false));
    }
    input
}

/// A call of the first of these tools that the request offers; words that say so if it offers none.
fn offered(prompt: &Prompt, names: &[&str], input: Value) -> Block {
    match prompt.tool(names) {
        Some(tool) => Block::call(name_of(tool), input),
        None => Block::Text(format!("There is no tool named {} here.", names.join(" or "))),
    }
}

fn directives<'a>(words: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    words.lines().filter_map(move |line| line.trim().strip_prefix(name)).map(str::trim)
}

fn quote(text: &str) -> String {
    text.trim().chars().take(QUOTE).collect()
}
