//! One answer of a model, as a message and as the events of a stream.

use serde_json::{Value, json};
use shared::usage::Tokens;
use uuid::Uuid;

use super::{behaviour::Behaviour, prompt::Prompt, script};

/// A block of content.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Thinking(String),
    Text(String),
    ToolUse { id: String, name: String, input: Value },
}

/// An answer, and what it costs.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    id: String,
    model: String,
    blocks: Vec<Block>,
    stop_reason: &'static str,
    stop_sequence: Option<String>,
    pub(super) usage: Tokens,
}

impl Block {
    pub(super) fn call(name: &str, input: Value) -> Self {
        Self::ToolUse { id: format!("toolu_bdrk_{}", Uuid::now_v7().simple()), name: name.to_owned(), input }
    }

    fn text(&mut self) -> Option<&mut String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Thinking(_) | Self::ToolUse { .. } => None,
        }
    }

    /// What it is billed for: words, or a call's JSON.
    fn tokens(&self) -> usize {
        match self {
            Self::Thinking(text) | Self::Text(text) => pieces(text).count(),
            Self::ToolUse { input, .. } => input.to_string().len().div_ceil(4),
        }
    }

    fn message_form(&self) -> Value {
        match self {
            Self::Thinking(text) => json!({ "type": "thinking", "thinking": text, "signature": SIGNATURE }),
            Self::Text(text) => json!({ "type": "text", "text": text }),
            Self::ToolUse { id, name, input } => {
                json!({ "type": "tool_use", "id": id, "name": name, "input": input })
            }
        }
    }

    fn start(&self) -> Value {
        match self {
            Self::Thinking(_) => json!({ "type": "thinking", "thinking": "", "signature": "" }),
            Self::Text(_) => json!({ "type": "text", "text": "" }),
            Self::ToolUse { id, name, .. } => {
                json!({ "type": "tool_use", "id": id, "name": name, "input": {} })
            }
        }
    }

    fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Thinking(text) => {
                let words = pieces(text).map(|word| json!({ "type": "thinking_delta", "thinking": word }));
                words.chain([json!({ "type": "signature_delta", "signature": SIGNATURE })]).collect()
            }
            Self::Text(text) => {
                pieces(text).map(|word| json!({ "type": "text_delta", "text": word })).collect()
            }
            Self::ToolUse { input, .. } => {
                let input = input.to_string();
                let parts = std::iter::once("").chain(pieces(&input));
                parts.map(|part| json!({ "type": "input_json_delta", "partial_json": part })).collect()
            }
        }
    }
}

/// The signature of a thought; clients send it back and never look into it.
const SIGNATURE: &str = "c2FuZGJveCBzaWduYXR1cmU=";

impl Answer {
    /// What the model answers to `prompt`; `usage` holds what the input costs.
    pub(super) fn to(prompt: &Prompt, model: &str, behaviour: &Behaviour, usage: Tokens) -> Self {
        let blocks = script::blocks(prompt, behaviour);
        let calls = blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        let mut answer = Self {
            id: format!("msg_bdrk_{}", Uuid::now_v7().simple()),
            model: public_name(model),
            blocks,
            stop_reason: if calls { "tool_use" } else { "end_turn" },
            stop_sequence: None,
            usage,
        };
        if !calls {
            answer.stop_at_sequence(prompt);
        }
        if !matches!(behaviour, Behaviour::Huge { .. }) {
            answer.stop_at_limit(prompt.max_tokens());
        }
        answer.usage.output = answer.blocks.iter().map(Block::tokens).sum::<usize>().max(1) as u64;
        answer
    }

    /// The answer to `InvokeModel`.
    pub(super) fn message(&self) -> Value {
        let content: Vec<Value> = self.blocks.iter().map(Block::message_form).collect();
        json!({
            "model": self.model, "id": self.id, "type": "message", "role": "assistant", "content": content,
            "stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence,
            "usage": self.usage_with(self.usage.output),
        })
    }

    /// The events of a stream; the last one carries the metrics of the invocation.
    pub(super) fn events(&self) -> Vec<Value> {
        let mut events = vec![self.start()];
        for (index, block) in self.blocks.iter().enumerate() {
            events.push(
                json!({ "type": "content_block_start", "index": index, "content_block": block.start() }),
            );
            let deltas = block.deltas().into_iter();
            events.extend(
                deltas.map(|delta| json!({ "type": "content_block_delta", "index": index, "delta": delta })),
            );
            events.push(json!({ "type": "content_block_stop", "index": index }));
        }
        events.push(json!({
            "type": "message_delta",
            "delta": { "stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence },
            "usage": { "output_tokens": self.usage.output },
        }));
        events.push(json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": self.metrics() }));
        events
    }

    fn start(&self) -> Value {
        json!({ "type": "message_start", "message": {
            "model": self.model, "id": self.id, "type": "message", "role": "assistant", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": self.usage_with(1),
        }})
    }

    fn usage_with(&self, output: u64) -> Value {
        json!({
            "input_tokens": self.usage.input, "cache_creation_input_tokens": self.usage.cache_write,
            "cache_read_input_tokens": self.usage.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.usage.cache_write, "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": output,
        })
    }

    fn metrics(&self) -> Value {
        json!({
            "inputTokenCount": self.usage.input, "outputTokenCount": self.usage.output,
            "invocationLatency": 900, "firstByteLatency": 300,
            "cacheReadInputTokenCount": self.usage.cache_read, "cacheWriteInputTokenCount": self.usage.cache_write,
        })
    }

    fn stop_at_sequence(&mut self, prompt: &Prompt) {
        let Some(text) = self.blocks.iter_mut().find_map(Block::text) else { return };
        let found = prompt.stop_sequences().filter_map(|stop| Some((text.find(stop)?, stop)));
        let Some((at, stop)) = found.min() else { return };
        text.truncate(at);
        self.stop_reason = "stop_sequence";
        self.stop_sequence = Some(stop.to_owned());
    }

    fn stop_at_limit(&mut self, limit: usize) {
        let mut left = limit;
        for block in &mut self.blocks {
            let tokens = block.tokens();
            if tokens > left
                && let Some(text) = block.text()
            {
                *text = pieces(text).take(left).collect();
                self.stop_reason = "max_tokens";
                self.stop_sequence = None;
            }
            left = left.saturating_sub(tokens);
        }
    }
}

/// A text's words, each with the space behind it: what one event carries, and what counts as one token.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// The model's name as its maker writes it: `us.anthropic.claude-opus-4-8-v1:0` is `claude-opus-4-8`.
fn public_name(model: &str) -> String {
    let name = model.rsplit_once("anthropic.").map_or(model, |(_, name)| name);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    name.trim_end_matches("-v1").trim_end_matches("-v2").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(changes: &Value) -> Answer {
        let mut body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
            "messages": [{ "role": "user", "content": "one two three" }],
        });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let prompt = Prompt::read(body.to_string().as_bytes()).unwrap();
        Answer::to(&prompt, "us.anthropic.claude-opus-4-8", &Behaviour::Ordinary, Tokens::default())
    }

    fn said(message: &str, tool: &str) -> Answer {
        let tool = json!({ "name": tool, "input_schema": { "type": "object" } });
        answer(&json!({ "tools": [tool], "messages": [{ "role": "user", "content": message }] }))
    }

    #[test]
    fn a_prompt_is_echoed() {
        let message = answer(&json!({})).message();
        assert_eq!(message["content"][0]["text"], "You said: one two three");
        assert_eq!(message["model"], "claude-opus-4-8");
        assert_eq!(message["usage"]["output_tokens"], 5);
        assert_eq!(message["stop_reason"], "end_turn");
    }

    #[test]
    fn words_drive_tools() {
        let message = said("run: echo hi\nrun: ls", "Bash").message();
        assert_eq!(message["content"][0]["input"]["command"], "echo hi");
        assert_eq!(message["content"][1]["input"]["command"], "ls");
        assert_eq!(message["stop_reason"], "tool_use");
        let message = said("delegate: run: ls", "Agent").message();
        assert_eq!(message["content"][0]["input"]["prompt"], "run: ls");
        let message = said("call: get_weather {\"city\": \"Oslo\"}", "get_weather").message();
        assert_eq!(message["content"][0]["input"], json!({ "city": "Oslo" }));
        let message = said("run: ls", "other").message();
        assert_eq!(message["content"][0]["text"], "There is no tool named Bash here.");
    }

    #[test]
    fn limits_and_stop_sequences_end_an_answer() {
        let message = answer(&json!({ "max_tokens": 3 })).message();
        assert_eq!(
            (&message["content"][0]["text"], &message["stop_reason"]),
            (&json!("You said: one "), &json!("max_tokens"))
        );
        let message = answer(&json!({ "stop_sequences": ["three", " two"] })).message();
        assert_eq!(
            (&message["content"][0]["text"], &message["stop_sequence"]),
            (&json!("You said: one"), &json!(" two"))
        );
    }

    #[test]
    fn a_demanded_tool_is_called_by_its_schema() {
        let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
        let message = answer(&json!({
            "tools": [{ "name": "f", "input_schema": schema }], "tool_choice": { "type": "tool", "name": "f" },
        }))
        .message();
        assert_eq!(message["content"][0]["input"], json!({ "city": "sandbox" }));
    }

    #[test]
    fn the_events_say_what_the_message_says() {
        let answer = said("think: let me see\nrun: echo hi", "Bash");
        let events = answer.events();
        let text = |kind: &str, key: &str| -> String {
            let deltas = events.iter().map(|event| &event["delta"]).filter(|delta| delta["type"] == kind);
            deltas.filter_map(|delta| delta[key].as_str()).collect()
        };
        let message = answer.message();
        assert_eq!(message["content"][0]["thinking"], text("thinking_delta", "thinking"));
        let input: Value = serde_json::from_str(&text("input_json_delta", "partial_json")).unwrap();
        assert_eq!(message["content"][1]["input"], input);
        let metrics = &events.last().unwrap()["amazon-bedrock-invocationMetrics"];
        assert_eq!(metrics["outputTokenCount"], message["usage"]["output_tokens"]);
    }
}
