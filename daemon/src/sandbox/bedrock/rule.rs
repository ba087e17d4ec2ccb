//! What Bedrock refuses in a body, in its own words: clients match on them.

use serde_json::{Map, Value};
use time::{Date, macros::format_description};

use super::{
    Fault,
    prompt::{block_type, name_of},
};

/// Fields that a body may always have.
const FIELDS: [&str; 14] = [
    "anthropic_version",
    "anthropic_beta",
    "max_tokens",
    "messages",
    "system",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "stop_sequences",
    "thinking",
    "metadata",
    "output_config",
];
/// Fields that need a beta, and the start of that beta's name.
const BETA_FIELDS: [(&str, &str); 2] =
    [("context_management", "context-management-"), ("safeguards", "dangerous-tool-use-")];
/// Betas of Anthropic's own API that Bedrock does not have.
const UNKNOWN_BETAS: [&str; 6] = [
    "advanced-tool-use-2025-11-20",
    "request-tags-2026-08-21",
    "prompt-caching-scope-2026-01-05",
    "fast-mode-2026-02-01",
    "files-api-2025-04-14",
    "oauth-2025-04-20",
];
/// The beta that a tool with `defer_loading` needs.
const TOOL_SEARCH: &str = "tool-search-tool-";

/// Checks a body.
pub(super) fn check(body: &Map<String, Value>) -> Result<(), Fault> {
    check_keys(body)?;
    let betas = betas(body);
    if betas.iter().any(|beta| UNKNOWN_BETAS.contains(beta)) {
        return Err(Fault::validation("invalid beta flag"));
    }
    check_fields(body, &betas)?;
    check_tools(body, &betas)?;
    check_messages(body)
}

/// A body that does not follow the schema at all.
pub(super) fn malformed(violations: &[String]) -> Fault {
    let violations = violations.concat();
    Fault::validation(format!(
        "Malformed input request: {violations}, please reformat your input and try again."
    ))
}

fn check_keys(body: &Map<String, Value>) -> Result<(), Fault> {
    let required =
        ["anthropic_version", "max_tokens", "messages"].iter().filter(|key| !body.contains_key(**key));
    let required = required.map(|key| format!("#: required key [{key}] not found"));
    let extraneous = ["model", "stream"].iter().filter(|key| body.contains_key(**key));
    let extraneous = extraneous.map(|key| format!("#: extraneous key [{key}] is not permitted"));
    let violations: Vec<String> = required.chain(extraneous).collect();
    if violations.is_empty() { Ok(()) } else { Err(malformed(&violations)) }
}

fn betas(body: &Map<String, Value>) -> Vec<&str> {
    let betas = body.get("anthropic_beta").and_then(Value::as_array);
    betas.map(|betas| betas.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn check_fields(body: &Map<String, Value>, betas: &[&str]) -> Result<(), Fault> {
    let is_permitted = |field: &str| {
        FIELDS.contains(&field)
            || BETA_FIELDS
                .iter()
                .any(|(name, beta)| *name == field && betas.iter().any(|has| has.starts_with(beta)))
    };
    match body.keys().find(|field| !is_permitted(field)) {
        Some(field) => Err(Fault::validation(format!("{field}: Extra inputs are not permitted"))),
        None if !body.get("anthropic_version").and_then(Value::as_str).is_some_and(is_version) => {
            let version = body.get("anthropic_version").and_then(Value::as_str).unwrap_or_default();
            Err(Fault::validation(format!("Invalid API version: {version}")))
        }
        None if body.get("max_tokens").and_then(Value::as_u64).is_none_or(|limit| limit == 0) => {
            Err(Fault::validation("max_tokens: Input should be greater than or equal to 1"))
        }
        None => Ok(()),
    }
}

/// Bedrock's own version, or a date: the official Python SDK sends that of Anthropic's API to Bedrock too.
fn is_version(version: &str) -> bool {
    let date = format_description!("[year]-[month]-[day]");
    version == "bedrock-2023-05-31" || Date::parse(version, date).is_ok()
}

fn check_tools(body: &Map<String, Value>, betas: &[&str]) -> Result<(), Fault> {
    let may_defer = betas.iter().any(|beta| beta.starts_with(TOOL_SEARCH));
    for (index, tool) in list(body.get("tools")).iter().enumerate() {
        if !matches!(block_type(tool), "" | "custom") {
            continue;
        }
        let refused = |what: &str| Err(Fault::validation(format!("tools.{index}.custom.{what}")));
        if !is_tool_name(name_of(tool)) {
            return refused("name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
        }
        if !tool.get("input_schema").is_some_and(Value::is_object) {
            return refused("input_schema: Field required");
        }
        if tool.get("defer_loading").is_some() && !may_defer {
            return refused("defer_loading: Extra inputs are not permitted");
        }
    }
    Ok(())
}

fn is_tool_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=128).contains(&name.len()) && name.chars().all(is_plain)
}

fn check_messages(body: &Map<String, Value>) -> Result<(), Fault> {
    let messages = list(body.get("messages"));
    if messages.is_empty() {
        return Err(Fault::validation("messages: at least one message is required"));
    }
    let mut called: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        match message.get("role").and_then(Value::as_str) {
            Some("system") if index > 0 => continue,
            Some("user" | "assistant") => {}
            _ => {
                return Err(Fault::validation(format!(
                    "messages.{index}.role: Input should be 'user' or 'assistant'"
                )));
            }
        }
        check_texts(index, message)?;
        check_results(index, message, &called)?;
        called = ids(message, "tool_use", "id");
    }
    match called.first() {
        Some(_) => Err(unanswered(messages.len() - 1, &called)),
        None => Ok(()),
    }
}

fn check_texts(index: usize, message: &Value) -> Result<(), Fault> {
    let content = message.get("content");
    if !content.is_some_and(|content| content.is_string() || content.is_array()) {
        return Err(Fault::validation(format!("messages.{index}.content: Field required")));
    }
    let is_empty =
        |block: &Value| block_type(block) == "text" && block.get("text").is_some_and(|text| text == "");
    if content.is_some_and(|content| content == "") || list(content).iter().any(is_empty) {
        return Err(Fault::validation("messages: text content blocks must be non-empty"));
    }
    Ok(())
}

/// Each call of a tool is answered in the very next message, and nothing else is.
fn check_results(index: usize, message: &Value, called: &[&str]) -> Result<(), Fault> {
    let answered = ids(message, "tool_result", "tool_use_id");
    if let Some(stray) = answered.iter().find(|id| !called.contains(id)) {
        return Err(Fault::validation(format!(
            "messages.{index}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {stray}. Each \
             `tool_result` block must have a corresponding `tool_use` block in the previous message."
        )));
    }
    let missing: Vec<&str> = called.iter().filter(|id| !answered.contains(id)).copied().collect();
    if missing.is_empty() { Ok(()) } else { Err(unanswered(index - 1, &missing)) }
}

fn unanswered(index: usize, ids: &[&str]) -> Fault {
    Fault::validation(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each \
         `tool_use` block must have a corresponding `tool_result` block in the next message.",
        ids.join(", ")
    ))
}

fn ids<'a>(message: &'a Value, kind: &str, key: &str) -> Vec<&'a str> {
    let blocks = list(message.get("content")).iter().filter(|block| block_type(block) == kind);
    blocks.filter_map(|block| block.get(key)?.as_str()).collect()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said to a sound body with these fields changed.
    fn refusal(changes: Value) -> Option<String> {
        let mut body = json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
            "messages": [{ "role": "user", "content": "hi" }],
        });
        let body = body.as_object_mut().unwrap();
        let Value::Object(changes) = changes else { unreachable!() };
        body.extend(changes);
        body.retain(|_, value| !value.is_null());
        check(body).err().map(|fault| fault.message)
    }

    #[test]
    fn keys_of_the_messages_api_are_refused() {
        assert_eq!(refusal(json!({})), None);
        let said = refusal(json!({ "stream": true, "anthropic_version": null })).unwrap();
        assert_eq!(
            said,
            "Malformed input request: #: required key [anthropic_version] not found#: extraneous key [stream] is \
             not permitted, please reformat your input and try again."
        );
    }

    #[test]
    fn a_field_of_a_beta_needs_that_beta() {
        let said = refusal(json!({ "context_management": {} })).unwrap();
        assert_eq!(said, "context_management: Extra inputs are not permitted");
        let beta = json!({ "context_management": {}, "anthropic_beta": ["context-management-2025-06-27"] });
        assert_eq!(refusal(beta), None);
        let unknown = json!({ "anthropic_beta": ["request-tags-2026-08-21"] });
        assert_eq!(refusal(unknown).unwrap(), "invalid beta flag");
    }

    #[test]
    fn calls_and_results_must_match() {
        let call = json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "a", "name": "f", "input": {} }] });
        let result = json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "a", "content": "1" }] });
        let user = json!({ "role": "user", "content": "hi" });
        assert_eq!(refusal(json!({ "messages": [user, call, result] })), None);
        assert!(
            refusal(json!({ "messages": [user, call, user] })).unwrap().contains("without `tool_result`")
        );
        assert!(refusal(json!({ "messages": [user, call] })).unwrap().contains("without `tool_result`"));
        assert!(refusal(json!({ "messages": [user, result] })).unwrap().contains("unexpected `tool_use_id`"));
    }

    #[test]
    fn a_tool_needs_a_name_and_a_schema() {
        let tool = |name: &str, schema: Value| json!({ "tools": [{ "name": name, "input_schema": schema }] });
        assert_eq!(refusal(tool("get_weather", json!({}))), None);
        assert!(refusal(tool("get weather", json!({}))).unwrap().starts_with("tools.0.custom.name"));
        assert!(refusal(tool("get_weather", Value::Null)).unwrap().ends_with("input_schema: Field required"));
    }
}
