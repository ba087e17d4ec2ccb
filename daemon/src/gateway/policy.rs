//! Which model a request is for, and whether it may be used.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use shared::id::ModelId;

use super::Refusal;
use crate::{
    config,
    domain::{model::foundation, pattern::Pattern},
};

/// The longest id that Bedrock knows.
const LONGEST: usize = 2048;

/// The models that may be used, and their other names.
#[derive(Debug)]
pub(super) struct ModelPolicy {
    allowed: Vec<Pattern>,
    aliases: BTreeMap<String, ModelId>,
}

impl ModelPolicy {
    pub(super) fn new(config: &config::Gateway) -> Self {
        let allowed = config.models.iter().map(Pattern::new).collect();
        Self { allowed, aliases: config.aliases.clone() }
    }

    /// The model that a client means by a name. An alias is allowed by being there.
    pub(super) fn resolve(&self, name: &str) -> Result<ModelId, Refusal> {
        let name = check(name)?;
        match self.aliases.get(name) {
            Some(model) => Ok(model.clone()),
            None if self.allows(name) => Ok(ModelId::new(name)),
            None => Err(denied(name)),
        }
    }

    /// The model whose tokens are counted: a foundation model, because Bedrock counts for no inference profile. It
    /// may be counted for if any profile of it may be used.
    pub(super) fn resolve_for_counting(&self, name: &str) -> Result<ModelId, Refusal> {
        let base = |id: &str| ModelId::new(foundation(id).unwrap_or(id));
        match self.resolve(name) {
            Ok(model) => Ok(base(model.as_str())),
            Err(Refusal::Policy { .. }) if self.is_foundation_of_allowed(name) => Ok(ModelId::new(name)),
            Err(refusal) => Err(refusal),
        }
    }

    /// The models that are named one by one, and their other names: what can be listed.
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        let exact = self.allowed.iter().filter(|pattern| pattern.is_exact()).map(Pattern::as_str);
        self.aliases.keys().map(String::as_str).chain(exact)
    }

    /// Whether a model is listed by this name, or by another one.
    pub(super) fn is_named(&self, model: &str) -> bool {
        self.named().any(|name| name == model) || self.aliases.values().any(|target| target.as_str() == model)
    }

    fn allows(&self, name: &str) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|pattern| pattern.matches(name))
    }

    fn is_foundation_of_allowed(&self, name: &str) -> bool {
        let targets = self.aliases.values().map(ModelId::as_str);
        let patterns = self.allowed.iter().map(Pattern::as_str).chain(targets);
        patterns.filter_map(foundation).any(|pattern| Pattern::new(pattern).matches(name))
    }
}

/// Decodes a model id as it stands in a path.
pub(super) fn decode(encoded: &str) -> Result<String, Refusal> {
    let decoded = percent_decode_str(encoded).decode_utf8().map_err(|_| malformed())?;
    check(&decoded).map(str::to_owned)
}

/// An id is what Bedrock's own pattern allows, and no path.
fn check(name: &str) -> Result<&str, Refusal> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let is_path = name.starts_with('/')
        || name.ends_with('/')
        || name == "."
        || name.contains("..")
        || name.contains("//");
    let is_fit = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(is_known);
    if is_fit && !is_path { Ok(name) } else { Err(malformed()) }
}

fn malformed() -> Refusal {
    Refusal::Malformed("this is not a model id".to_owned())
}

fn denied(name: &str) -> Refusal {
    let sentence = format!("the model `{name}` is not one of those that this gateway allows");
    Refusal::Policy { code: "model_not_offered", sentence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(allowed: &[&str]) -> ModelPolicy {
        let aliases = BTreeMap::from([("opus".to_owned(), ModelId::new("us.anthropic.claude-opus-4-8"))]);
        ModelPolicy { allowed: allowed.iter().map(|&pattern| Pattern::new(pattern)).collect(), aliases }
    }

    #[test]
    fn an_empty_list_allows_every_model() {
        assert_eq!(models(&[]).resolve("meta.llama3:0").unwrap().as_str(), "meta.llama3:0");
    }

    #[test]
    fn a_list_allows_what_it_names_and_aliases() {
        let models = models(&["us.anthropic.*", "*haiku*:0", "meta.llama3"]);
        for name in ["us.anthropic.claude-x", "eu.anthropic.claude-haiku-4-5:0", "meta.llama3"] {
            assert_eq!(models.resolve(name).unwrap().as_str(), name);
        }
        assert_eq!(models.resolve("opus").unwrap().as_str(), "us.anthropic.claude-opus-4-8");
        for name in ["eu.anthropic.claude-x", "claude-haiku:1", "meta.llama3.1", "meta"] {
            assert!(matches!(models.resolve(name), Err(Refusal::Policy { .. })), "{name}");
        }
    }

    #[test]
    fn tokens_are_counted_for_the_foundation_of_an_allowed_profile() {
        let models = models(&["us.anthropic.claude-sonnet-4-6"]);
        for name in ["us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"] {
            assert_eq!(models.resolve_for_counting(name).unwrap().as_str(), "anthropic.claude-sonnet-4-6");
        }
        assert_eq!(models.resolve_for_counting("opus").unwrap().as_str(), "anthropic.claude-opus-4-8");
        assert!(models.resolve_for_counting("anthropic.claude-haiku").is_err());
    }

    #[test]
    fn hostile_ids_are_no_ids() {
        for id in [
            "..%2f..%2fetc",
            "a%2f..%2fb",
            "a%00",
            "a%0d%0ahost:%20evil",
            "http:%2f%2fevil.example%2f",
            "%2fabsolute",
            "a%252fb",
            "a%3fb",
            "a%23b",
            "a b",
            "%ff",
            "",
            ".",
            "..",
        ] {
            assert!(matches!(decode(id), Err(Refusal::Malformed(_))), "{id}");
        }
        assert!(decode(&"a".repeat(LONGEST + 1)).is_err());
        let arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile%2Fmy-id";
        assert_eq!(decode(arn).unwrap(), "arn:aws:bedrock:us-east-1:1:application-inference-profile/my-id");
    }
}
