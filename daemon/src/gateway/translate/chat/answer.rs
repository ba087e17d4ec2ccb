//! A Messages answer → a chat completion.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{Fault, object::Text},
    Asked,
};

/// The answer that Bedrock gave.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    content: Vec<Block<'a>>,
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
    usage: Usage,
}

/// A block of it. Kinds that chat completions do not know, thinking among them, are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
}

/// Anthropic's counts. Those of a later event of a stream stand in place of earlier ones.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl Usage {
    pub(super) fn update(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_read_input_tokens = later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }

    /// OpenAI's counts: the prompt includes what the cache gave and took.
    pub(super) fn counts(self) -> Counts {
        let cached_tokens = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write_tokens = self.cache_creation_input_tokens.unwrap_or(0);
        let input = self.input_tokens.unwrap_or(0);
        let prompt_tokens = input.saturating_add(cached_tokens).saturating_add(cache_write_tokens);
        let completion_tokens = self.output_tokens.unwrap_or(0);
        let reasoning_tokens = self.output_tokens_details.and_then(|details| details.thinking_tokens);
        Counts {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            prompt_tokens_details: PromptDetails { cached_tokens, cache_write_tokens },
            completion_tokens_details: CompletionDetails { reasoning_tokens: reasoning_tokens.unwrap_or(0) },
        }
    }
}

#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "OpenAI's names")]
pub(super) struct Counts {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Debug, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

/// Why the model stopped, in OpenAI's words.
pub(super) fn finish_reason(stop_reason: Option<&str>, has_called_tools: bool) -> &'static str {
    match stop_reason {
        Some("max_tokens" | "model_context_window_exceeded") => "length",
        Some("tool_use") if has_called_tools => "tool_calls",
        Some("refusal") => "content_filter",
        _ => "stop",
    }
}

#[derive(Debug, Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: Counts,
}

#[derive(Debug, Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Debug, Default, Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<String>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Debug, Serialize)]
struct ToolCall<'a> {
    id: Text<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: Text<'a>,
    /// JSON, as text.
    arguments: &'a str,
}

/// Translates a whole answer.
pub fn answer(message: &[u8], asked: &Asked) -> Result<Bytes, Fault> {
    let message: Message<'_> = serde_json::from_slice(message).map_err(|_| Fault::Answer)?;
    let said = said(message.content, asked.answer_tool.as_deref())?;
    let finish_reason = finish_reason(message.stop_reason.as_deref(), !said.tool_calls.is_empty());
    let completion = Completion {
        id: completion_id(&message.id),
        object: "chat.completion",
        created: asked.created.seconds(),
        model: &asked.model,
        choices: [Choice { index: 0, message: said, logprobs: None, finish_reason }],
        usage: message.usage.counts(),
    };
    serde_json::to_vec(&completion).map(Bytes::from).map_err(|_| Fault::Answer)
}

pub(super) fn completion_id(message: &str) -> String {
    format!("chatcmpl-{}", message.strip_prefix("msg_").unwrap_or(message))
}

/// In an answer by tool, text is what the model said beside it: it would make the JSON invalid.
fn said<'a>(blocks: Vec<Block<'a>>, answer_tool: Option<&str>) -> Result<Said<'a>, Fault> {
    let mut said = Said { role: "assistant", ..Said::default() };
    for block in blocks {
        match (&*block.kind, block.name) {
            ("text", _) if answer_tool.is_none() => {
                said.content.get_or_insert_default().push_str(block.text.as_deref().unwrap_or_default());
            }
            ("tool_use", Some(name)) if Some(&*name) == answer_tool => {
                said.content = block.input.map(|input| input.get().to_owned());
            }
            ("tool_use", Some(name)) => {
                let id = block.id.ok_or(Fault::Answer)?;
                let arguments = block.input.ok_or(Fault::Answer)?.get();
                said.tool_calls.push(ToolCall {
                    id,
                    kind: "function",
                    function: Function { name, arguments },
                });
            }
            _ => {}
        }
    }
    if said.tool_calls.is_empty() {
        said.content.get_or_insert_default();
    }
    Ok(said)
}
