//! Models as Anthropic and as OpenAI describe them.

use serde_json::{Value, json};

use crate::{gateway::Refusal, http::Call};

/// Anthropic's default and most for a page.
const LIMIT: usize = 20;
const LARGEST: usize = 1000;

/// Which part of a list is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) limit: Option<usize>,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

impl Page {
    pub(super) fn read(call: &Call) -> Result<Self, Refusal> {
        let wrong = || Refusal::Malformed(format!("`limit` must be a number from 1 to {LARGEST}"));
        let limit = match call.query_value("limit").map(|text| text.parse()) {
            None => None,
            Some(Ok(limit)) if (1..=LARGEST).contains(&limit) => Some(limit),
            Some(_) => return Err(wrong()),
        };
        Ok(Self { limit, after: call.query_value("after_id"), before: call.query_value("before_id") })
    }

    /// The names of the page, and whether there are more in its direction.
    fn cut<'a, 'b>(&self, names: &'b [&'a str]) -> (&'b [&'a str], bool) {
        let limit = self.limit.unwrap_or(LIMIT);
        let place = |id: &Option<String>| names.iter().position(|name| Some(*name) == id.as_deref());
        if let Some(end) = place(&self.before) {
            let start = end.saturating_sub(limit);
            return (names.get(start..end).unwrap_or_default(), start > 0);
        }
        let start = place(&self.after).map_or(0, |place| place + 1);
        let end = names.len().min(start + limit);
        (names.get(start..end).unwrap_or_default(), end < names.len())
    }
}

pub(super) fn anthropic(names: &[&str], page: &Page) -> Value {
    let (names, has_more) = page.cut(names);
    let data: Vec<_> = names.iter().map(|name| anthropic_model(name)).collect();
    json!({ "data": data, "has_more": has_more, "first_id": names.first(), "last_id": names.last() })
}

pub(super) fn anthropic_model(name: &str) -> Value {
    // Anthropic's own way to say that a date is not known.
    let created_at = "1970-01-01T00:00:00Z";
    json!({
        "type": "model",
        "id": name,
        "display_name": display_name(name),
        "created_at": created_at,
        "lifecycle": "active",
    })
}

pub(super) fn openai(names: &[&str]) -> Value {
    let data: Vec<_> = names.iter().map(|name| openai_model(name)).collect();
    json!({ "object": "list", "data": data })
}

pub(super) fn openai_model(name: &str) -> Value {
    json!({ "id": name, "object": "model", "created": 0, "owned_by": "bedrock" })
}

/// `Claude Haiku 4.5` for `us.anthropic.claude-haiku-4-5-20251001-v1:0`; other names stay what they are.
fn display_name(name: &str) -> String {
    let Some((_, model)) = name.split_once("claude-") else { return name.to_owned() };
    let is_number = |part: &str| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut shown = "Claude".to_owned();
    let mut was_number = false;
    for part in model.split('-').take_while(|part| is_number(part) || is_word(part)) {
        let mut letters = part.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        shown.push(if was_number && is_number(part) { '.' } else { ' ' });
        shown.extend(first.into_iter().chain(letters));
        was_number = is_number(part);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_people_say_it() {
        for (name, shown) in [
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5"),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet"),
            ("claude-opus-5-5", "Claude Opus 5.5"),
            ("anthropic.claude-opus-4-20250514-v1:0", "Claude Opus 4"),
            ("fast", "fast"),
            ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ] {
            assert_eq!(display_name(name), shown);
        }
    }

    #[test]
    fn pages_follow_one_another_in_both_directions() {
        let names = ["a", "b", "c", "d", "e"];
        let page = |limit, after: &str, before: &str| {
            let id = |id: &str| (!id.is_empty()).then(|| id.to_owned());
            let page = Page { limit: Some(limit), after: id(after), before: id(before) };
            let (names, has_more) = page.cut(&names);
            (names.concat(), has_more)
        };
        assert_eq!(page(2, "", ""), ("ab".into(), true));
        assert_eq!(page(2, "b", ""), ("cd".into(), true));
        assert_eq!(page(2, "d", ""), ("e".into(), false));
        assert_eq!(page(1, "e", ""), (String::new(), false));
        assert_eq!(page(2, "", "d"), ("bc".into(), true));
        assert_eq!(page(2, "", "b"), ("a".into(), false));
    }

    #[test]
    fn an_empty_page_has_no_ends() {
        let empty = anthropic(&[], &Page::default());
        assert_eq!(empty, json!({ "data": [], "has_more": false, "first_id": null, "last_id": null }));
    }
}
