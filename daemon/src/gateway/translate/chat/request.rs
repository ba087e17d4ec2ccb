//! A request for a chat completion → a body of `InvokeModel`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{
        BadRequest,
        object::{Object, Text},
    },
    effort::{Effort, Thinking, Version},
    message::{Conversation, Turn},
    tool::Tool,
    toolbox::{Choice, Fields, Toolbox},
};
use crate::http::Body;

/// A request, read as far as is needed to know which model it is for.
#[derive(Debug)]
pub struct Request<'a> {
    object: Object<'a>,
    /// The model as the client named it, if it did.
    pub model: Option<String>,
    pub stream: bool,
    /// Whether the last chunk of a stream tells the usage.
    pub include_usage: bool,
}

/// A request, ready for Bedrock.
#[derive(Debug)]
pub struct Translated {
    pub body: Body,
    /// The tool whose input is the answer's content, when a JSON format was asked for.
    pub answer_tool: Option<String>,
}

/// A body of `InvokeModel`.
#[derive(Debug, Serialize)]
struct Invoke<'a> {
    anthropic_version: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    system: &'a str,
    messages: &'a [Turn<'a>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tools: &'a [Tool<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'a Choice<'a>>,
    #[serde(flatten)]
    thinking: Thinking,
    #[serde(flatten)]
    sampling: Sampling<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Debug, Serialize)]
struct Sampling<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<Text<'a>>,
}

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    user_id: Text<'a>,
}

impl<'a> Request<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, BadRequest> {
        #[derive(Deserialize)]
        struct StreamOptions {
            include_usage: Option<bool>,
        }
        let object = Object::parse(body)?;
        let model = object.get::<String>("model", "a string")?.filter(|model| !model.is_empty());
        let stream = object.get("stream", "true or false")?.unwrap_or(false);
        let options: Option<StreamOptions> = object.get("stream_options", "an object")?;
        let include_usage = options.and_then(|options| options.include_usage).unwrap_or(false);
        refuse_unsupported(&object)?;
        Ok(Self { object, model, stream, include_usage })
    }

    /// Translates for a model as Bedrock knows it.
    pub fn translate(&self, model: &str, anthropic_version: &str) -> Result<Translated, BadRequest> {
        let messages: Vec<&RawValue> = self
            .object
            .get("messages", "a list of messages")?
            .ok_or_else(|| BadRequest::missing("messages"))?;
        let conversation = Conversation::read(&messages)?;
        let toolbox = Toolbox::read(&self.tool_fields()?, &conversation)?;
        let version = Version::of(model);
        let max_tokens = self.limit()?.unwrap_or(Version::default_limit(version));
        let thinking = self.thinking(version, max_tokens)?;
        let lacks_its_past = thinking.needs_its_past() && conversation.awaits_tools();
        let is_possible = !toolbox.is_forced() && !lacks_its_past;
        let thinking = if is_possible { thinking } else { Thinking::default() };
        let invoke = Invoke {
            anthropic_version,
            max_tokens,
            system: &conversation.system.join("\n"),
            messages: &conversation.turns,
            tools: &toolbox.tools,
            tool_choice: toolbox.choice.as_ref(),
            sampling: self.sampling(thinking.is_on())?,
            thinking,
            metadata: self.user()?.map(|user_id| Metadata { user_id }),
        };
        let body = Bytes::from(serde_json::to_vec(&invoke).unwrap_or_default()).into();
        Ok(Translated { body, answer_tool: toolbox.answer })
    }

    fn tool_fields(&self) -> Result<Fields<'a>, BadRequest> {
        Ok(Fields {
            tools: self.object.get("tools", "a list of tools")?.unwrap_or_default(),
            choice: self.object.raw("tool_choice"),
            parallel: self.object.get("parallel_tool_calls", "true or false")?,
            format: self.object.raw("response_format"),
        })
    }

    fn limit(&self) -> Result<Option<u64>, BadRequest> {
        for field in ["max_completion_tokens", "max_tokens"] {
            if let Some(limit) = self.object.get::<u64>(field, "a number of tokens")? {
                return Ok(Some(limit));
            }
        }
        Ok(None)
    }

    fn thinking(&self, version: Option<Version>, limit: u64) -> Result<Thinking, BadRequest> {
        let effort = self.object.get("reasoning_effort", "an effort from `none` to `max`")?;
        Ok(effort.map_or_else(Thinking::default, |effort: Effort| Thinking::of(effort, version, limit)))
    }

    /// OpenAI's temperature reaches to 2, Anthropic's to 1; a model that thinks takes neither it nor `top_p`.
    fn sampling(&self, thinks: bool) -> Result<Sampling<'a>, BadRequest> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stop<'a> {
            One(#[serde(borrow)] Text<'a>),
            Many(#[serde(borrow)] Vec<Text<'a>>),
        }
        let temperature: Option<f64> = self.object.get("temperature", "a number from 0 to 2")?;
        if temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
            return Err(BadRequest::wrong("temperature", "a number from 0 to 2"));
        }
        let top_p: Option<f64> = self.object.get("top_p", "a number from 0 to 1")?;
        let stop = match self.object.get("stop", "a string or a list of strings")? {
            None => Vec::new(),
            Some(Stop::One(text)) => vec![text],
            Some(Stop::Many(texts)) => texts,
        };
        Ok(Sampling {
            temperature: temperature.map(|temperature| temperature.min(1.0)).filter(|_| !thinks),
            // 1 says nothing, and newer models refuse it next to a temperature.
            top_p: top_p.filter(|top_p| *top_p < 1.0 && !thinks),
            // Anthropic takes no stop sequence without ink.
            stop_sequences: stop.into_iter().filter(|text| !text.trim().is_empty()).collect(),
        })
    }

    fn user(&self) -> Result<Option<Text<'a>>, BadRequest> {
        let identifier = self.object.get("safety_identifier", "a string")?;
        if identifier.is_some() { Ok(identifier) } else { self.object.get("user", "a string") }
    }
}

/// Refuses what would make the answer something else than was asked for.
fn refuse_unsupported(object: &Object<'_>) -> Result<(), BadRequest> {
    const ALWAYS: [(&str, &str); 5] = [
        ("functions", "use `tools`"),
        ("function_call", "use `tool_choice`"),
        ("audio", "the models do not speak"),
        ("top_logprobs", "Bedrock tells no probabilities"),
        ("web_search_options", "the gateway searches nothing"),
    ];
    for (field, hint) in ALWAYS {
        if object.raw(field).is_some() {
            return Err(BadRequest::unsupported(field, hint));
        }
    }
    if object.get::<u64>("n", "a number")?.is_some_and(|n| n != 1) {
        return Err(BadRequest::unsupported("n", "a request has one choice"));
    }
    if object.get("logprobs", "true or false")?.unwrap_or(false) {
        return Err(BadRequest::unsupported("logprobs", "Bedrock tells no probabilities"));
    }
    let modalities: Vec<Text<'_>> = object.get("modalities", "a list of strings")?.unwrap_or_default();
    if modalities.iter().any(|modality| &**modality != "text") {
        return Err(BadRequest::unsupported("modalities", "the models answer in text"));
    }
    Ok(())
}
