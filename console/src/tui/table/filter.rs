//! Which rows are shown: a regular expression that looks for its text anywhere, whatever the case; `!` before it turns
//! it round. What is no regular expression is looked for as it stands.

use regex::{Regex, RegexBuilder};

#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    pattern: Option<Regex>,
    is_inverse: bool,
}

impl Filter {
    pub fn new(text: &str) -> Self {
        let (is_inverse, wanted) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let pattern = Some(wanted).filter(|wanted| !wanted.is_empty()).and_then(compile);
        Self { text: text.to_owned(), pattern, is_inverse }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.pattern.is_none()
    }

    pub fn shows(&self, text: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text) != self.is_inverse)
    }
}

fn compile(wanted: &str) -> Option<Regex> {
    let build = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(true).build().ok();
    build(wanted).or_else(|| build(&regex::escape(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_text_a_pattern_or_the_inverse_of_one() {
        for (filter, text, shown) in [
            ("", "ada laptop", true),
            ("ADA", "ada laptop", true),
            ("grace", "ada laptop", false),
            ("!grace", "ada laptop", true),
            ("!", "ada laptop", true),
            ("ada|grace", "grace desktop", true),
            ("^ada .*top$", "ada laptop", true),
            ("!^ada", "ada laptop", false),
            ("a(", "team a(1)", true),
            ("a(", "ada laptop", false),
        ] {
            assert_eq!(Filter::new(filter).shows(text), shown, "`{filter}` on `{text}`");
        }
    }
}
