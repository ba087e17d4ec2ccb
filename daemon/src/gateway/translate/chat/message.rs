//! Messages of a conversation: roles, tool calls and their results.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{BadRequest, object::Text},
    content::{self, Block},
};

/// A conversation as Anthropic has it.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// What system and developer messages say, wherever they stand: the dialect has one place for it.
    pub(super) system: Vec<Cow<'a, str>>,
    pub(super) turns: Vec<Turn<'a>>,
}

/// What one side says until the other speaks.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    pub(super) role: Role,
    pub(super) content: Vec<Block<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    User,
    Assistant,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<Text<'a>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    tool_call_id: Option<Text<'a>>,
    #[serde(borrow)]
    function_call: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    arguments: Text<'a>,
}

impl<'a> Conversation<'a> {
    pub(super) fn read(messages: &[&'a RawValue]) -> Result<Self, BadRequest> {
        let mut conversation = Self::default();
        for (index, message) in messages.iter().enumerate() {
            let read = serde_json::from_str(message.get()).map_err(|_| BadRequest::wrong("", "a message"));
            read.and_then(|message| conversation.add(message))
                .map_err(|fault| fault.within(&format!("messages[{index}]")))?;
        }
        if conversation.turns.is_empty() {
            return Err(BadRequest::wrong(
                "messages",
                "a list with at least one message that says something",
            ));
        }
        Ok(conversation)
    }

    /// Every tool that was called, once.
    pub(super) fn called_tools(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for block in self.turns.iter().flat_map(|turn| &turn.content) {
            if let Block::ToolUse { name, .. } = block
                && !names.contains(&&**name)
            {
                names.push(&**name);
            }
        }
        names
    }

    /// Whether the next turn continues one in which tools were called.
    pub(super) fn awaits_tools(&self) -> bool {
        let last = self.turns.last().into_iter().flat_map(|turn| &turn.content);
        last.into_iter().any(|block| matches!(block, Block::ToolResult { .. }))
    }

    fn add(&mut self, message: Message<'a>) -> Result<(), BadRequest> {
        match &*message.role {
            "system" | "developer" => self.system.extend(content::text(message.content)?),
            "user" => self.say(Role::User, content::blocks(message.content)?),
            "assistant" => self.say(Role::Assistant, assistant(message)?),
            "tool" => {
                let tool_use_id = message.tool_call_id.ok_or_else(|| BadRequest::missing("tool_call_id"))?;
                let content = content::blocks(message.content)?;
                self.say(Role::User, vec![Block::ToolResult { tool_use_id, content }]);
            }
            "function" => return Err(BadRequest::unsupported("role", "use role `tool` with `tool_call_id`")),
            _ => {
                return Err(BadRequest::wrong(
                    "role",
                    "`system`, `developer`, `user`, `assistant` or `tool`",
                ));
            }
        }
        Ok(())
    }

    /// Continues the last turn if the same side speaks: the results of parallel calls must come in one turn.
    fn say(&mut self, role: Role, blocks: Vec<Block<'a>>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(blocks),
            _ => self.turns.push(Turn { role, content: blocks }),
        }
    }
}

fn assistant(message: Message<'_>) -> Result<Vec<Block<'_>>, BadRequest> {
    if message.function_call.is_some() {
        return Err(BadRequest::unsupported("function_call", "use `tool_calls`"));
    }
    let mut blocks = content::blocks(message.content)?;
    if blocks.is_empty() {
        blocks.extend(message.refusal.and_then(content::text_block));
    }
    for (index, call) in message.tool_calls.into_iter().flatten().enumerate() {
        blocks.push(tool_use(call).map_err(|fault| fault.within(&format!("tool_calls[{index}]")))?);
    }
    Ok(blocks)
}

fn tool_use(call: &RawValue) -> Result<Block<'_>, BadRequest> {
    let call: ToolCall<'_> =
        serde_json::from_str(call.get()).map_err(|_| BadRequest::wrong("", "a tool call"))?;
    let Some(function) = call.function else {
        return Err(BadRequest::unsupported("custom", "only tools of type `function` can be called"));
    };
    let arguments = match function.arguments.trim() {
        "" => "{}".to_owned(),
        _ => function.arguments.0.into_owned(),
    };
    let input =
        RawValue::from_string(arguments).ok().filter(|input| input.get().trim_start().starts_with('{'));
    let input = input.ok_or_else(|| BadRequest::wrong("function.arguments", "a JSON object, as text"))?;
    Ok(Block::ToolUse { id: call.id, name: function.name, input })
}
