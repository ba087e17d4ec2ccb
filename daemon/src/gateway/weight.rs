//! How many tokens a body asks for, read from the bytes as they came.
//!
//! Invariant: whatever a JSON parser takes for the member of the outermost object is found: in any place, more than
//! once, and with escapes in its name. A rule that could be slipped past would be none. A body whose outermost object
//! has none, and an inner one has, may be taken to ask for the inner one's.

mod glance;

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use self::glance::Glance;
use crate::http::Body;

/// What the member is called: by Claude and Mistral, by OpenAI's models, by Llama, by Claude 2.
const NAMES: [&str; 4] = ["max_tokens", "max_completion_tokens", "max_gen_len", "max_tokens_to_sample"];

/// The highest number of tokens that a body asks for. None if it names none; what is no whole number is the highest.
pub(super) fn max_tokens(body: &Body) -> Option<u64> {
    match glance::over(body.segments()) {
        Glance::Nothing => None,
        Glance::Once(number) => Some(number),
        Glance::Unclear => read(body),
    }
}

/// Reads all of the JSON. Of a body that is none, nobody knows what it asks for.
fn read(body: &Body) -> Option<u64> {
    let text = body.clone().into_bytes();
    let mut json = serde_json::Deserializer::from_slice(&text);
    json.deserialize_map(Highest).unwrap_or(Some(u64::MAX))
}

struct Highest;

impl<'a> Visitor<'a> for Highest {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut highest = None;
        while let Some(name) = map.next_key::<String>()? {
            if NAMES.contains(&name.as_str()) {
                highest = highest.max(number(map.next_value::<&RawValue>()?.get()));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(highest)
    }
}

fn number(value: &str) -> Option<u64> {
    let is_number = value.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    is_number.then(|| value.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn asked(body: &str) -> Option<u64> {
        let body = Body::from(Bytes::from(body.to_owned()));
        let (read, asked) = (read(&body), max_tokens(&body));
        assert!(read.is_none() || read == asked, "{body:?}");
        read
    }

    #[test]
    fn the_member_is_found_wherever_it_stands() {
        for (body, tokens) in [
            (r#"{"max_tokens":7}"#, Some(7)),
            (r#"{ "a" : [1,{"b":2}] , "max_tokens" : 7 , "c" : "d" }"#, Some(7)),
            ("{\n\t\"max_tokens\"\n:\r 7\n}", Some(7)),
            (r#"{"max_completion_tokens":8}"#, Some(8)),
            (r#"{"max_gen_len":9}"#, Some(9)),
            (r#"{"max_tokens":0}"#, Some(0)),
            (r#"{"max_tokens":18446744073709551615}"#, Some(u64::MAX)),
            (r#"{"messages":[]}"#, None),
            ("{}", None),
        ] {
            assert_eq!(asked(body), tokens, "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not_it() {
        for body in [
            r#"{"tools":[{"input_schema":{"max_tokens":{"type":"integer"}}}]}"#,
            r#"{"metadata":{"max_tokens":99}}"#,
            r#"{"system":"\"max_tokens\":99"}"#,
            r#"{"system":"max_tokens","a":99}"#,
            r#"{"a":"\\","b":"x\",\"max_tokens\":99"}"#,
            r#"{"max_tokens_":99,"_max_tokens":99}"#,
            r#"{"max_tokens":"99"}"#,
            r#"{"max_tokens":null}"#,
            r#"{"max_tokens":[99]}"#,
            r#"{"max_tokens":{"a":99}}"#,
        ] {
            assert_eq!(asked(body), None, "{body}");
        }
    }

    #[test]
    fn nobody_slips_past_by_writing_it_otherwise() {
        for (body, tokens) in [
            (r#"{"max_tokens":1,"max_tokens":99}"#, Some(99)),
            (r#"{"max_tokens":99,"max_tokens":1}"#, Some(99)),
            (r#"{"max_tokens":1,"max_completion_tokens":99}"#, Some(99)),
            (r#"{"max\u005ftokens":99}"#, Some(99)),
            (r#"{"\u006d\u0061\u0078\u005f\u0074\u006f\u006b\u0065\u006e\u0073":99}"#, Some(99)),
            (r#"{"max_tokens":1e9}"#, Some(u64::MAX)),
            (r#"{"max_tokens":99.0}"#, Some(u64::MAX)),
            (r#"{"max_tokens":-1}"#, Some(u64::MAX)),
            (r#"{"max_tokens":99999999999999999999999999}"#, Some(u64::MAX)),
            (r#"{"a":{"b":"}"},"max_tokens":99}"#, Some(99)),
            (r#"{"a":"\\\"","max_tokens":99}"#, Some(99)),
        ] {
            assert_eq!(asked(body), tokens, "{body}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = "[a-z\"\\\\{}\\[\\],:é\n]{0,6}";
        let name = prop_oneof![Just("max_tokens".to_owned()), text.prop_map(String::from)];
        let leaf = prop_oneof![
            any::<u32>().prop_map(|number| json!(number)),
            name.clone().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_body_that_is_not_understood_may_ask_for_anything() {
        for body in
            [r#"{"max_tokens":1,"max_tokens":2"#, r#"["max_tokens",{"max_tokens":1},{"max_tokens":2}]"#]
        {
            assert_eq!(max_tokens(&Body::from(Bytes::from(body.to_owned()))), Some(u64::MAX));
        }
        assert_eq!(max_tokens(&Body::default()), None);
    }

    #[test]
    fn no_depth_hides_it() {
        let (open, close) = ("[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(asked(&format!(r#"{{"max_tokens":9,"a":{open}{close},"max_tokens":10}}"#)), Some(10));
    }

    /// Whether an inner object has the member.
    fn has(value: &Value, number: u64) -> bool {
        let is_it = value.get("max_tokens").and_then(Value::as_u64) == Some(number);
        let inner = value.as_object().into_iter().flat_map(|members| members.values());
        is_it || inner.chain(value.as_array().into_iter().flatten()).any(|value| has(value, number))
    }

    proptest! {
        #[test]
        fn it_sees_what_a_parser_sees_however_the_bytes_are_cut(
            value in value(),
            is_pretty in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let text = if is_pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
            let text = text.unwrap();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let body: Body = cuts.windows(2).map(|cut| Bytes::copy_from_slice(&text[cut[0]..cut[1]])).collect();
            let member = value.get("max_tokens").and_then(Value::as_u64);
            if value.is_object() {
                prop_assert_eq!(read(&body), member);
            }
            let seen = max_tokens(&body);
            let is_inner = |seen| has(&value, seen) || !value.is_object();
            prop_assert!(member == seen || member.is_none() && seen.is_some_and(is_inner));
        }
    }
}
