//! Anthropic Messages requests → bodies of Bedrock's `InvokeModel`.

use std::collections::HashSet;

use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::{
    BadRequest,
    object::{Object, Text},
};
use crate::http::Body;

/// The beta that allows the `tags` field; Bedrock knows neither.
const TAGS_BETA: &str = "request-tags-2026-08-21";
/// Betas that have another name on Bedrock, which calls theirs an invalid flag: what Anthropic's API has, and what
/// Bedrock does. Claude Code makes the same exchange when it speaks to Bedrock itself.
const RENAMED_BETAS: [(&str, &str); 1] = [("advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19")];

/// A Messages request, ready for Bedrock.
#[derive(Debug)]
pub struct Messages {
    /// The model as the client named it.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    pub body: Body,
}

/// What stands outside the body and goes into it.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    pub headers: &'a HeaderMap,
    /// `anthropic_version`, unless the body has its own.
    pub version: &'a str,
}

/// Translates the body of `POST /v1/messages`.
pub fn request(body: &Bytes, outside: Outside<'_>) -> Result<Messages, BadRequest> {
    translate(body, outside, |_| Ok(None))
}

/// Translates the body of `POST /v1/messages/count_tokens` to what would be invoked. It has no `max_tokens`, which
/// Bedrock wants even where nothing is generated: the smallest that fits is added.
pub fn counting(body: &Bytes, outside: Outside<'_>) -> Result<Messages, BadRequest> {
    translate(body, outside, |object| {
        let is_there = object.raw("max_tokens").is_some();
        Ok(if is_there { None } else { Some(smallest_limit(object)?) })
    })
}

/// Thinking must leave room for at least one more token.
fn smallest_limit(object: &Object<'_>) -> Result<u64, BadRequest> {
    #[derive(Deserialize)]
    struct Thinking {
        budget_tokens: Option<u64>,
    }
    let thinking: Option<Thinking> = object.get("thinking", "an object with a budget")?;
    Ok(thinking.and_then(|thinking| thinking.budget_tokens).unwrap_or(0).saturating_add(1))
}

fn translate(
    body: &Bytes,
    outside: Outside<'_>,
    limit: impl Fn(&Object<'_>) -> Result<Option<u64>, BadRequest>,
) -> Result<Messages, BadRequest> {
    let object = Object::parse(body)?;
    let model: String = object.get("model", "a string")?.ok_or_else(|| BadRequest::missing("model"))?;
    if model.is_empty() {
        return Err(BadRequest::wrong("model", "the name of a model"));
    }
    let stream = object.get("stream", "true or false")?.unwrap_or(false);
    let head = Head { max_tokens: limit(&object)?, ..Head::new(&object, outside)? };
    Ok(Messages { model, stream, body: splice(body, &object, &head) })
}

/// The members that are written anew, in front of those that stay.
#[derive(Debug, Serialize)]
struct Head<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    anthropic_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anthropic_beta: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    /// Whether `anthropic_beta` stands in place of the body's own list.
    #[serde(skip)]
    has_new_betas: bool,
}

impl<'a> Head<'a> {
    fn new(object: &Object<'_>, outside: Outside<'a>) -> Result<Self, BadRequest> {
        let anthropic_version = object.raw("anthropic_version").is_none().then_some(outside.version);
        let own = object.get::<Vec<Text<'_>>>("anthropic_beta", "a list of strings")?.unwrap_or_default();
        let own: Vec<&str> = own.iter().map(|beta| &**beta).collect();
        let merged = merge(&own, betas(outside.headers));
        let has_new_betas = merged != own;
        let new = merged.into_iter().filter(|_| has_new_betas);
        let anthropic_beta = new.map(str::to_owned).collect();
        Ok(Self { anthropic_version, anthropic_beta, max_tokens: None, has_new_betas })
    }

    fn replaces(&self, key: &str) -> bool {
        match key {
            "anthropic_version" => self.anthropic_version.is_some(),
            "anthropic_beta" => self.has_new_betas,
            "max_tokens" => self.max_tokens.is_some(),
            _ => matches!(key, "model" | "stream" | "tags"),
        }
    }
}

/// The betas of all `anthropic-beta` headers.
fn betas(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|beta| !beta.is_empty())
}

/// Each beta once, as Bedrock calls it, the body's own first.
fn merge<'b>(own: &[&'b str], more: impl Iterator<Item = &'b str>) -> Vec<&'b str> {
    let mut seen = HashSet::from([TAGS_BETA]);
    let renamed = |beta: &'b str| {
        RENAMED_BETAS.iter().find(|(theirs, _)| *theirs == beta).map_or(beta, |(_, bedrocks)| bedrocks)
    };
    own.iter().copied().chain(more).map(renamed).filter(|beta| seen.insert(beta)).collect()
}

/// The head and the stretches of the body that stay, which are not copied.
fn splice(body: &Bytes, object: &Object<'_>, head: &Head<'_>) -> Body {
    const COMMA: Bytes = Bytes::from_static(b",");
    let mut start = serde_json::to_vec(head).unwrap_or_default();
    start.pop();
    let mut separator = if start.len() > 1 { COMMA } else { Bytes::new() };
    let mut segments = vec![Bytes::from(start)];
    for stretch in object.without(|key| head.replaces(key)) {
        segments.push(std::mem::replace(&mut separator, COMMA));
        segments.push(body.slice(stretch));
    }
    segments.push(Bytes::from_static(b"}"));
    segments.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn translated(body: &'static str, betas: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for beta in betas {
            headers.append("anthropic-beta", HeaderValue::from_static(beta));
        }
        let outside = Outside { headers: &headers, version: "v" };
        let messages = request(&Bytes::from_static(body.as_bytes()), outside).unwrap();
        String::from_utf8(messages.body.into_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_body_is_not_copied() {
        let body =
            Bytes::from(format!(r#"{{"model":"m","messages":"{}","stream":true}}"#, "x".repeat(2 << 20)));
        let headers = HeaderMap::new();
        let messages = request(&body, Outside { headers: &headers, version: "v" }).unwrap();
        assert!(messages.stream);
        let held = body.as_ptr_range();
        let shared = messages.body.segments().iter().filter(|part| held.contains(&part.as_ptr()));
        assert_eq!(shared.map(Bytes::len).sum::<usize>(), "\"messages\":\"\"".len() + (2 << 20));
    }

    #[test]
    fn a_beta_is_named_as_bedrock_does() {
        let betas = ["advanced-tool-use-2025-11-20,effort-2025-11-24", "tool-search-tool-2025-10-19"];
        assert_eq!(
            translated(r#"{"model":"m"}"#, &betas),
            r#"{"anthropic_version":"v","anthropic_beta":["tool-search-tool-2025-10-19","effort-2025-11-24"]}"#
        );
    }

    #[test]
    fn nothing_but_a_model_becomes_a_version() {
        assert_eq!(translated(r#"{"model":"m"}"#, &[]), r#"{"anthropic_version":"v"}"#);
        assert_eq!(
            translated(r#"{"model":"m","anthropic_version":"own"}"#, &[]),
            r#"{"anthropic_version":"own"}"#
        );
    }

    #[test]
    fn betas_of_header_and_body_are_one_list() {
        let all = translated(r#"{"model":"m","anthropic_beta":["b","a"]}"#, &["a, c,,", "d,c"]);
        assert_eq!(all, r#"{"anthropic_version":"v","anthropic_beta":["b","a","c","d"]}"#);
        let own = translated(r#"{"model":"m","anthropic_beta" : ["b", "a"] }"#, &["a"]);
        assert_eq!(own, r#"{"anthropic_version":"v","anthropic_beta" : ["b", "a"]}"#);
        let none = translated(r#"{"model":"m","anthropic_beta":["request-tags-2026-08-21"],"tags":{}}"#, &[]);
        assert_eq!(none, r#"{"anthropic_version":"v"}"#);
    }
}
