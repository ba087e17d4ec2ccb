//! The events of a Messages stream → chunks of a chat completion.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{
        Fault,
        object::Text,
        stream::{Event, WriteEvent},
    },
    Asked,
    answer::{Block, Usage, completion_id, finish_reason},
};

const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes chunks.
#[derive(Debug)]
pub struct Chunks {
    asked: Asked,
    /// A chunk's text up to its delta; known once the message has begun.
    start: String,
    usage: Usage,
    block: Option<Open>,
    tool_calls: u32,
}

/// The block that is being written.
#[derive(Debug)]
struct Open {
    kind: Kind,
    /// The input as it stood at the block's start, until a part of it arrives.
    input: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    /// A tool call, by its number.
    Call(u32),
    /// The tool whose input is the content.
    Answer,
    /// What chat completions do not know, thinking among them.
    Hidden,
}

#[derive(Debug, Deserialize)]
struct Started<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Debug, Deserialize)]
struct BlockStarted<'a> {
    #[serde(borrow)]
    content_block: Block<'a>,
}

#[derive(Debug, Deserialize)]
struct Grown<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

/// The texts stay as they are written: a JSON string is one in both dialects.
#[derive(Debug, Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_json: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Changed<'a> {
    #[serde(borrow)]
    delta: Stopped<'a>,
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Stopped<'a> {
    #[serde(borrow)]
    stop_reason: Option<Text<'a>>,
}

impl Chunks {
    pub fn new(asked: Asked) -> Self {
        Self { asked, start: String::new(), usage: Usage::default(), block: None, tool_calls: 0 }
    }

    fn message_start(&mut self, message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        #[derive(Serialize)]
        struct Head<'a> {
            id: String,
            object: &'static str,
            created: u64,
            model: &'a str,
        }
        let Asked { model, created, .. } = &self.asked;
        let id = completion_id(&message.id);
        let head = Head { id, object: "chat.completion.chunk", created: created.seconds(), model };
        let mut start = serde_json::to_string(&head).map_err(|_| Fault::Event)?;
        start.pop();
        self.start = format!("data: {start},\"choices\":[");
        self.usage = message.usage;
        self.chunk(&[r#"{"role":"assistant","content":"","refusal":null}"#], "null", out);
        Ok(())
    }

    fn block_start(&mut self, block: &Block<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let kind = self.kind(block);
        if let Kind::Call(index) = kind {
            let id = quoted(block.id.as_deref().ok_or(Fault::Event)?);
            let name = quoted(block.name.as_deref().unwrap_or_default());
            let function =
                format!(r#""id":{id},"type":"function","function":{{"name":{name},"arguments":""}}"#);
            self.chunk(
                &[r#"{"tool_calls":[{"index":"#, &index.to_string(), ",", &function, "}]}"],
                "null",
                out,
            );
        }
        if let (Kind::Text, Some(text)) = (kind, block.text.as_deref().filter(|text| !text.is_empty())) {
            self.grow(kind, &quoted(text), out);
        }
        self.block = Some(Open { kind, input: block.input.map(|input| input.get().to_owned()) });
        Ok(())
    }

    fn kind(&mut self, block: &Block<'_>) -> Kind {
        match &*block.kind {
            "text" if self.asked.answer_tool.is_none() => Kind::Text,
            "tool_use"
                if block.name.is_some() && block.name.as_deref() == self.asked.answer_tool.as_deref() =>
            {
                Kind::Answer
            }
            "tool_use" => {
                self.tool_calls += 1;
                Kind::Call(self.tool_calls - 1)
            }
            _ => Kind::Hidden,
        }
    }

    fn block_delta(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let Some(block) = &mut self.block else { return };
        let kind = block.kind;
        let text = match kind {
            Kind::Text => delta.text,
            Kind::Call(_) | Kind::Answer => delta.partial_json,
            Kind::Hidden => None,
        };
        let Some(text) = text.map(RawValue::get).filter(|text| *text != r#""""#) else { return };
        block.input = None;
        self.grow(kind, text, out);
    }

    /// A call without parameters comes without a delta; readers still expect JSON.
    fn block_stop(&mut self, out: &mut Vec<u8>) {
        let Some(Open { kind, input: Some(input) }) = self.block.take() else { return };
        if matches!(kind, Kind::Call(_) | Kind::Answer) {
            self.grow(kind, &quoted(&input), out);
        }
    }

    /// Writes a piece of text, given as a JSON string.
    fn grow(&self, kind: Kind, text: &str, out: &mut Vec<u8>) {
        match kind {
            Kind::Text | Kind::Answer => self.chunk(&[r#"{"content":"#, text, "}"], "null", out),
            Kind::Call(index) => {
                let index = index.to_string();
                let delta =
                    [r#"{"tool_calls":[{"index":"#, &index, r#","function":{"arguments":"#, text, "}}]}"];
                self.chunk(&delta, "null", out);
            }
            Kind::Hidden => {}
        }
    }

    fn message_delta(&mut self, changed: Changed<'_>, out: &mut Vec<u8>) {
        self.usage.update(changed.usage.unwrap_or_default());
        let Some(stop_reason) = changed.delta.stop_reason else { return };
        let reason = finish_reason(Some(&stop_reason), self.tool_calls > 0);
        self.chunk(&["{}"], &quoted(reason), out);
    }

    fn message_stop(&self, out: &mut Vec<u8>) {
        if self.asked.include_usage {
            let counts = serde_json::to_string(&self.usage.counts()).unwrap_or_default();
            for part in [&self.start, "],\"usage\":", &counts, "}\n\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(DONE);
    }

    fn chunk(&self, delta: &[&str], finish_reason: &str, out: &mut Vec<u8>) {
        let usage = if self.asked.include_usage { r#","usage":null"# } else { "" };
        let before = [&self.start, r#"{"index":0,"delta":"#];
        let after = [r#","logprobs":null,"finish_reason":"#, finish_reason, "}]", usage, "}\n\n"];
        for part in before.iter().chain(delta).chain(&after) {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(event: &Event<'a>) -> Result<T, Fault> {
    serde_json::from_slice(event.json).map_err(|_| Fault::Event)
}

impl WriteEvent for Chunks {
    /// A comment, which every reader of server-sent events passes over.
    const PING: &'static str = ": ping\n\n";

    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match event.kind {
            "message_start" => self.message_start(&read::<Started<'_>>(&event)?.message, out)?,
            _ if self.start.is_empty() => {}
            "content_block_start" => {
                self.block_start(&read::<BlockStarted<'_>>(&event)?.content_block, out)?;
            }
            "content_block_delta" => self.block_delta(&read::<Grown<'_>>(&event)?.delta, out),
            "content_block_stop" => self.block_stop(out),
            "message_delta" => self.message_delta(read(&event)?, out),
            "message_stop" => self.message_stop(out),
            _ => {}
        }
        Ok(())
    }
}
