//! `reasoning_effort` and `max_tokens`, as far as a model's name tells what it can do.

use serde::{Deserialize, Serialize};

/// How much a model is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// Anthropic's fields for it; both are left out for a model that does not think.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Thinking {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Mode {
    Adaptive,
    Enabled { budget_tokens: u64 },
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct OutputConfig {
    effort: &'static str,
}

/// The smallest budget that is accepted.
const SMALLEST_BUDGET: u64 = 1024;

/// The version of a Claude model: `(4, 5)` of `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

impl Version {
    /// None if the name does not tell, as that of an application inference profile.
    pub(super) fn of(model: &str) -> Option<Self> {
        let (_, name) = model.split_once("claude-")?;
        // A date is no version.
        let number = |part: &str| part.parse().ok().filter(|_| part.len() <= 2);
        let mut parts = name.split('-').skip_while(|part| number(part).is_none());
        let major = parts.next().and_then(number)?;
        Some(Self(major, parts.next().and_then(number).unwrap_or(0)))
    }

    /// `max_tokens` when a request sets no limit: Anthropic wants one, and a model refuses more than it can write.
    pub(super) fn default_limit(version: Option<Self>) -> u64 {
        match version {
            Some(version) if version < Self(3, 5) => 4096,
            Some(version) if version >= Self(4, 0) => 16_384,
            _ => 8192,
        }
    }
}

impl Thinking {
    /// What a model of this version takes for an effort within `limit` tokens.
    pub(super) fn of(effort: Effort, version: Option<Version>, limit: u64) -> Self {
        match version {
            _ if effort == Effort::None => Self::default(),
            Some(version) if version >= Version(4, 6) => Self {
                thinking: Some(Mode::Adaptive),
                output_config: Some(OutputConfig { effort: effort.level(version) }),
            },
            Some(version) if version >= Version(3, 7) => {
                let budget_tokens = effort.budget().min(limit / 2);
                let thinking = (budget_tokens >= SMALLEST_BUDGET).then_some(Mode::Enabled { budget_tokens });
                Self { thinking, output_config: None }
            }
            _ => Self::default(),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.thinking.is_some()
    }

    /// Whether turns that called tools must come with the thinking that led to them, which this dialect can't
    /// carry.
    pub(super) fn needs_its_past(&self) -> bool {
        matches!(self.thinking, Some(Mode::Enabled { .. }))
    }
}

impl Effort {
    fn budget(self) -> u64 {
        match self {
            Self::None | Self::Minimal => SMALLEST_BUDGET,
            Self::Low => 2048,
            Self::Medium => 8192,
            Self::High | Self::Xhigh | Self::Max => 16_384,
        }
    }

    fn level(self, version: Version) -> &'static str {
        match self {
            Self::None | Self::Minimal | Self::Low => "low",
            Self::Medium => "medium",
            Self::Xhigh if version >= Version(4, 7) => "xhigh",
            Self::Max if version >= Version(4, 7) => "max",
            Self::High | Self::Xhigh | Self::Max => "high",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_version() {
        for (name, version) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some(Version(4, 5))),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", Some(Version(3, 5))),
            ("anthropic.claude-3-haiku-20240307-v1:0", Some(Version(3, 0))),
            ("anthropic.claude-opus-4-20250514-v1:0", Some(Version(4, 0))),
            ("global.anthropic.claude-opus-5-5", Some(Version(5, 5))),
            ("anthropic.claude-v2:1", None),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", None),
            ("amazon.nova-lite-v1:0", None),
        ] {
            assert_eq!(Version::of(name), version, "{name}");
        }
    }

    #[test]
    fn an_effort_is_a_budget_or_a_level() {
        let old = Thinking::of(Effort::High, Some(Version(4, 5)), 6000);
        assert_eq!(old.thinking, Some(Mode::Enabled { budget_tokens: 3000 }));
        let new = Thinking::of(Effort::Minimal, Some(Version(4, 6)), 100);
        assert_eq!(
            serde_json::to_string(&new).unwrap(),
            r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}"#
        );
    }

    #[test]
    fn no_effort_is_no_thinking() {
        let off = Thinking::default();
        assert_eq!(Thinking::of(Effort::None, Some(Version(4, 6)), 9000), off);
        assert_eq!(Thinking::of(Effort::Max, Some(Version(3, 5)), 9000), off);
        assert_eq!(Thinking::of(Effort::Max, None, 9000), off);
        assert_eq!(Thinking::of(Effort::Max, Some(Version(4, 0)), 2000), off);
    }
}
