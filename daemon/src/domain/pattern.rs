//! Names of models as rules write them: exact, or with `*` for any number of any characters.

use std::fmt;

/// A pattern. It matches whole names, and case matters, as it does to Bedrock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

impl Pattern {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names one model only.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, as slow as it is plain.
    fn is_match(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                is_match(rest, name) || name.split_first().is_some_and(|(_, name)| is_match(pattern, name))
            }
            (Some((a, pattern)), Some((b, name))) => a == b && is_match(pattern, name),
            _ => false,
        }
    }

    #[test]
    fn a_star_stands_for_anything_and_everything_else_for_itself() {
        for (pattern, name, matches) in [
            ("us.anthropic.claude-haiku-4-5", "us.anthropic.claude-haiku-4-5", true),
            ("us.anthropic.claude-haiku-4-5", "us.anthropic.claude-haiku-4-5-x", false),
            ("us.anthropic.*", "us.anthropic.claude-haiku-4-5", true),
            ("us.anthropic.*", "eu.us.anthropic.claude", false),
            (
                "*claude-haiku*",
                "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5",
                true,
            ),
            ("*haiku", "claude-haiku-4-5", false),
            ("a*b*b", "ab", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("a*b*b", "abb", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("Claude*", "claude", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(name), matches, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_says(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            let expected = is_match(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(Pattern::new(pattern).matches(&name), expected);
        }
    }
}
