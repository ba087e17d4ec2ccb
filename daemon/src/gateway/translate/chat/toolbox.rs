//! The tools of a request and the choice among them. A JSON format is one more tool: its input is the answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    super::{BadRequest, object::Text},
    message::Conversation,
    tool::{self, Tool},
};

/// The name of the tool that takes the answer, unless the request has a tool of that name.
const ANSWER: &str = "answer_in_json";
const ANSWER_HINT: &str = "Takes your whole answer as JSON. Call it to answer, and write nothing else.";

/// Tools as Anthropic has them.
#[derive(Debug, Default)]
pub(super) struct Toolbox<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) choice: Option<Choice<'a>>,
    /// The tool that takes the answer, if a JSON format was asked for.
    pub(super) answer: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Choice<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_parallel_tool_use: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Auto,
    None,
    Any,
    Tool,
}

/// The fields of a request that are about tools.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) tools: Vec<&'a RawValue>,
    pub(super) choice: Option<&'a RawValue>,
    pub(super) parallel: Option<bool>,
    pub(super) format: Option<&'a RawValue>,
}

impl<'a> Choice<'a> {
    fn of(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }

    fn tool(name: Cow<'a, str>) -> Self {
        Self { kind: Kind::Tool, name: Some(name), ..Self::default() }
    }
}

impl<'a> Toolbox<'a> {
    pub(super) fn read(fields: &Fields<'a>, conversation: &Conversation<'_>) -> Result<Self, BadRequest> {
        let mut toolbox = Self::default();
        for (index, tool) in fields.tools.iter().enumerate() {
            toolbox.tools.push(Tool::read(tool).map_err(|fault| fault.within(&format!("tools[{index}]")))?);
        }
        if let Some(choice) = fields.choice {
            toolbox.choose(choice).map_err(|fault| fault.within("tool_choice"))?;
        }
        if let Some(format) = fields.format {
            toolbox.answer_by(format).map_err(|fault| fault.within("response_format"))?;
        }
        toolbox.remember(conversation);
        if fields.parallel == Some(false) && !toolbox.tools.is_empty() && toolbox.kind() != Kind::None {
            toolbox.choice.get_or_insert_default().disable_parallel_tool_use = true;
        }
        Ok(toolbox)
    }

    /// Whether the model must call a tool: it can't think before it does.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.kind(), Kind::Any | Kind::Tool)
    }

    fn kind(&self) -> Kind {
        self.choice.as_ref().map(|choice| choice.kind).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }

    fn choose(&mut self, asked: &'a RawValue) -> Result<(), BadRequest> {
        let asked = serde_json::from_str(asked.get())
            .map_err(|_| BadRequest::wrong("", "`none`, `auto`, `required` or a function"))?;
        let choice = match asked {
            Asked::Mode(mode) => Choice::of(mode.kind()),
            Asked::Function { function } => Choice::tool(function.name.0),
            Asked::Allowed { allowed_tools: Allowed { mode, tools } } => {
                self.tools.retain(|tool| tools.iter().any(|allowed| allowed.function.name.0 == tool.name));
                Choice::of(mode.kind())
            }
        };
        let is_offered = match &choice.name {
            Some(name) => self.has(name),
            None => choice.kind != Kind::Any || !self.tools.is_empty(),
        };
        if !is_offered {
            return Err(BadRequest::wrong("", "a choice among the `tools` of the request"));
        }
        self.choice = (!self.tools.is_empty()).then_some(choice);
        Ok(())
    }

    /// Adds the tool that takes the answer, unless the request forces one of its own.
    fn answer_by(&mut self, format: &'a RawValue) -> Result<(), BadRequest> {
        let Some(format) = Format::read(format)? else { return Ok(()) };
        let input_schema = match format.schema {
            Some(_) => tool::schema(format.schema).map_err(|fault| fault.within("json_schema.schema"))?,
            None => tool::any_object(),
        };
        if self.is_forced() {
            return Ok(());
        }
        let mut name = ANSWER.to_owned();
        while self.has(&name) {
            name.push('_');
        }
        let is_only = self.tools.is_empty() || self.kind() == Kind::None;
        self.choice = Some(if is_only { Choice::tool(name.clone().into()) } else { Choice::of(Kind::Any) });
        let hint = format.description.map(|text| format!("{ANSWER_HINT} {}", &*text).into());
        let description = Some(hint.unwrap_or(ANSWER_HINT.into()));
        self.tools.push(Tool { name: name.clone().into(), description, input_schema });
        self.answer = Some(name);
        Ok(())
    }

    /// Declares what was called before but is offered no more: Anthropic wants every tool of a conversation
    /// declared.
    fn remember(&mut self, conversation: &Conversation<'_>) {
        if self.tools.is_empty() {
            self.tools =
                conversation.called_tools().into_iter().map(|name| Tool::named(name.to_owned())).collect();
            self.choice = (!self.tools.is_empty()).then(|| Choice::of(Kind::None));
        }
    }
}

/// `tool_choice`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Asked<'a> {
    Mode(Mode),
    Function {
        #[serde(borrow)]
        function: Named<'a>,
    },
    Allowed {
        #[serde(borrow)]
        allowed_tools: Allowed<'a>,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    None,
    Auto,
    Required,
}

#[derive(Debug, Deserialize)]
struct Allowed<'a> {
    mode: Mode,
    #[serde(borrow)]
    tools: Vec<AllowedTool<'a>>,
}

#[derive(Debug, Deserialize)]
struct AllowedTool<'a> {
    #[serde(borrow)]
    function: Named<'a>,
}

#[derive(Debug, Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Mode {
    fn kind(self) -> Kind {
        match self {
            Self::None => Kind::None,
            Self::Auto => Kind::Auto,
            Self::Required => Kind::Any,
        }
    }
}

/// `response_format`, when it asks for JSON.
#[derive(Debug, Default, Deserialize)]
struct Format<'a> {
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
}

impl<'a> Format<'a> {
    fn read(asked: &'a RawValue) -> Result<Option<Self>, BadRequest> {
        #[derive(Deserialize)]
        struct Asked<'a> {
            #[serde(borrow, rename = "type")]
            kind: Text<'a>,
            #[serde(borrow)]
            json_schema: Option<&'a RawValue>,
        }
        const KINDS: &str = "`text`, `json_object` or `json_schema`";
        let asked: Asked<'_> =
            serde_json::from_str(asked.get()).map_err(|_| BadRequest::wrong("", "an object with a type"))?;
        match (&*asked.kind, asked.json_schema) {
            ("text", _) => Ok(None),
            ("json_object", _) => Ok(Some(Self::default())),
            ("json_schema", Some(format)) => serde_json::from_str(format.get())
                .map(Some)
                .map_err(|_| BadRequest::wrong("json_schema", "an object with a `schema`")),
            ("json_schema", None) => Err(BadRequest::missing("json_schema")),
            _ => Err(BadRequest::wrong("type", KINDS)),
        }
    }
}
