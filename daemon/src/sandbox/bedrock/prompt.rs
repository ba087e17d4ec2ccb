//! An `InvokeModel` body for one of Anthropic's models: read, checked, and asked what it wants.

use serde_json::{Map, Value};

use super::{Fault, rule};

/// A checked body.
#[derive(Debug)]
pub(super) struct Prompt {
    body: Map<String, Value>,
}

/// Which tool must be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    Free,
    Any,
    Named(&'a str),
}

impl Prompt {
    /// Reads a body and refuses it as Bedrock does.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let body: Value =
            serde_json::from_slice(bytes).map_err(|error| rule::malformed(&[format!("{error}")]))?;
        let Value::Object(body) = body else {
            return Err(rule::malformed(&["#: expected type: JSONObject".to_owned()]));
        };
        rule::check(&body)?;
        Ok(Self { body })
    }

    /// What the user says in the last turn, without the reminders that a client adds.
    pub(super) fn words(&self) -> String {
        let content = self.last_turn();
        let blocks = content.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let texts = blocks.iter().filter(|block| block_type(block) == "text");
        let texts = texts.filter_map(|block| block.get("text")?.as_str());
        let texts = content.and_then(Value::as_str).into_iter().chain(texts);
        texts.filter(|text| !text.trim_start().starts_with('<')).collect::<Vec<_>>().join("\n")
    }

    /// What the tools answered in the last turn.
    pub(super) fn tool_results(&self) -> Vec<String> {
        let blocks = self.last_turn().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let results = blocks.iter().filter(|block| block_type(block) == "tool_result");
        results.map(|block| block.get("content").map(text_of).unwrap_or_default()).collect()
    }

    pub(super) fn tools(&self) -> &[Value] {
        self.list("tools")
    }

    /// The offered tool that has one of these names.
    pub(super) fn tool(&self, names: &[&str]) -> Option<&Value> {
        self.tools().iter().find(|tool| names.contains(&name_of(tool)))
    }

    pub(super) fn choice(&self) -> Choice<'_> {
        let Some(choice) = self.body.get("tool_choice") else { return Choice::Free };
        match block_type(choice) {
            "any" => Choice::Any,
            "tool" => Choice::Named(name_of(choice)),
            _ => Choice::Free,
        }
    }

    /// The JSON schema that the answer must follow, if there is one.
    pub(super) fn output_schema(&self) -> Option<&Value> {
        self.body.get("output_config")?.get("format")?.get("schema")
    }

    pub(super) fn wants_thinking(&self) -> bool {
        self.body.get("thinking").is_some_and(|thinking| block_type(thinking) == "enabled")
    }

    pub(super) fn max_tokens(&self) -> usize {
        let limit = self.body.get("max_tokens").and_then(Value::as_u64);
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
    }

    pub(super) fn stop_sequences(&self) -> impl Iterator<Item = &str> {
        self.list("stop_sequences").iter().filter_map(Value::as_str)
    }

    /// The instructions and tools as they are counted, and cached.
    pub(super) fn fixed_part(&self) -> String {
        ["system", "tools"].iter().filter_map(|key| self.body.get(*key)).map(Value::to_string).collect()
    }

    /// The conversation as it is counted.
    pub(super) fn turns(&self) -> String {
        self.body.get("messages").map(Value::to_string).unwrap_or_default()
    }

    /// The content of the user's last message: a text, or blocks.
    fn last_turn(&self) -> Option<&Value> {
        let mut messages = self.list("messages").iter();
        messages.rfind(|message| message.get("role").is_some_and(|role| role == "user"))?.get("content")
    }

    fn list(&self, key: &str) -> &[Value] {
        self.body.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The `type` of a block, or nothing.
pub(super) fn block_type(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The `name` of a tool, or nothing.
pub(super) fn name_of(tool: &Value) -> &str {
    tool.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter_map(|block| block.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt(messages: &Value) -> Prompt {
        let body =
            json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages });
        Prompt::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_words_are_those_of_the_user_in_the_last_turn() {
        let asked = prompt(&json!([
            { "role": "user", "content": "run: one" },
            { "role": "assistant", "content": "done" },
            { "role": "user", "content": [
                { "type": "text", "text": "<system-reminder>run: two</system-reminder>" },
                { "type": "text", "text": "say hi" },
            ]},
            { "role": "system", "content": "be brief" },
        ]));
        assert_eq!(asked.words(), "say hi");
        assert!(asked.tool_results().is_empty());
    }

    #[test]
    fn the_results_of_tools_are_texts_or_blocks() {
        let uses = json!([{ "type": "tool_use", "id": "a", "name": "f", "input": {} },
                          { "type": "tool_use", "id": "b", "name": "f", "input": {} }]);
        let asked = prompt(&json!([
            { "role": "user", "content": "run: one" },
            { "role": "assistant", "content": uses },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": "one" },
                { "type": "tool_result", "tool_use_id": "b", "content": [{ "type": "text", "text": "two" }] },
            ]},
        ]));
        assert_eq!(asked.tool_results(), ["one", "two"]);
    }
}
