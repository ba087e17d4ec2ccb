//! Declarations of tools.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::{
    BadRequest,
    object::{Object, Text},
};

const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;
const ANY_OBJECT: &str = r#"{"type":"object","additionalProperties":true}"#;

/// A tool as Anthropic has it.
#[derive(Debug, Serialize)]
pub(super) struct Tool<'a> {
    pub(super) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<Cow<'a, str>>,
    pub(super) input_schema: Cow<'a, RawValue>,
}

impl<'a> Tool<'a> {
    pub(super) fn read(tool: &'a RawValue) -> Result<Self, BadRequest> {
        let asked: Asked<'_> =
            serde_json::from_str(tool.get()).map_err(|_| BadRequest::wrong("", "a tool"))?;
        let Some(Function { name, description, parameters }) = asked.function else {
            return Err(BadRequest::unsupported("type", "only tools of type `function` can be called"));
        };
        let input_schema = schema(parameters).map_err(|fault| fault.within("function.parameters"))?;
        let description = description.filter(|text| !text.is_empty()).map(|text| text.0);
        Ok(Self { name: name.0, description, input_schema })
    }

    /// A tool of which nothing is known but its name.
    pub(super) fn named(name: String) -> Self {
        Self { name: name.into(), description: None, input_schema: any_object() }
    }
}

#[derive(Debug, Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Debug, Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    description: Option<Text<'a>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

/// A schema of an object. Anthropic wants its type said, OpenAI takes none at all for no parameters.
pub(super) fn schema(given: Option<&RawValue>) -> Result<Cow<'_, RawValue>, BadRequest> {
    let Some(given) = given else { return Ok(written(NO_PARAMETERS)) };
    let object = Object::parse(given.get().as_bytes())
        .map_err(|_| BadRequest::wrong("", "a JSON schema of an object"))?;
    match object.get::<Text<'_>>("type", "`object`")? {
        Some(kind) if &*kind == "object" => return Ok(Cow::Borrowed(given)),
        Some(_) => return Err(BadRequest::wrong("type", "`object`")),
        None if object.is_empty() => return Ok(written(NO_PARAMETERS)),
        None => {}
    }
    let members = given.get().strip_prefix('{').unwrap_or_default();
    let typed = format!(r#"{{"type":"object",{members}"#);
    RawValue::from_string(typed)
        .map(Cow::Owned)
        .map_err(|_| BadRequest::wrong("", "a JSON schema of an object"))
}

/// The schema that every object fits.
pub(super) fn any_object<'a>() -> Cow<'a, RawValue> {
    written(ANY_OBJECT)
}

fn written<'a>(schema: &str) -> Cow<'a, RawValue> {
    Cow::Owned(RawValue::from_string(schema.to_owned()).unwrap_or_default())
}
