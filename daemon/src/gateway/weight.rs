//! How many tokens a body asks for, read from the bytes as they came.
//!
//! Invariant: whatever a JSON parser takes for the member of the outermost object is found: in any place, more than
//! once, and with escapes in its name. A rule that could be slipped past would be none.

use crate::http::Body;

/// What the member is called: by Claude and Mistral, by OpenAI's models, by Llama, by Claude 2.
const NAMES: [&[u8]; 4] = [b"max_tokens", b"max_completion_tokens", b"max_gen_len", b"max_tokens_to_sample"];
/// The longest of them with every letter escaped.
const LONGEST_NAME: usize = 21 * 6;
const LONGEST_NUMBER: usize = 20;

/// The highest number of tokens that a body asks for. None if it names none; what is no whole number is the highest.
pub(super) fn max_tokens(body: &Body) -> Option<u64> {
    let mut scanner = Scanner::default();
    body.segments().iter().for_each(|segment| scanner.read(segment));
    scanner.highest
}

#[derive(Debug, Default)]
struct Scanner {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    /// At the top level, the next string is a name.
    is_at_name: bool,
    /// The name, or the number, that is being read.
    text: Vec<u8>,
    reading: Reading,
    highest: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Reading {
    #[default]
    Nothing,
    Name,
    /// The name was one of ours; its colon has not come.
    Colon,
    Number,
}

impl Scanner {
    fn read(&mut self, mut bytes: &[u8]) {
        loop {
            let next = if self.is_in_string { self.string(bytes) } else { self.structure(bytes) };
            let Some(rest) = next else { return };
            bytes = rest;
        }
    }

    /// Reads to the end of the string, or of the bytes, and returns what is left.
    fn string<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (escaped, bytes) = bytes.split_at_checked(usize::from(self.is_escaped))?;
        self.is_escaped = false;
        self.keep(escaped);
        let Some(at) = memchr::memchr2(b'"', b'\\', bytes) else {
            self.keep(bytes);
            return None;
        };
        let (text, rest) = bytes.split_at(at);
        self.keep(text);
        let (end, rest) = rest.split_first()?;
        if *end == b'\\' {
            self.keep(b"\\");
            self.is_escaped = true;
        } else {
            self.is_in_string = false;
            self.end_string();
        }
        Some(rest)
    }

    /// Reads to the start of the next string, or to the end of the bytes, and returns what is left.
    fn structure<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => {
                    self.start_string();
                    return bytes.get(at + 1..);
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    self.is_at_name = self.depth == 1 && *byte == b'{';
                    self.end_value();
                }
                b'}' | b']' => {
                    self.end_value();
                    self.depth = self.depth.saturating_sub(1);
                }
                b',' if self.depth == 1 => {
                    self.end_value();
                    self.is_at_name = true;
                }
                b':' if self.reading == Reading::Colon => self.begin(Reading::Number),
                other if self.reading == Reading::Number => self.keep(&[*other]),
                _ => {}
            }
        }
        None
    }

    fn start_string(&mut self) {
        self.is_in_string = true;
        let is_name = self.depth == 1 && std::mem::take(&mut self.is_at_name);
        self.begin(if is_name { Reading::Name } else { Reading::Nothing });
    }

    fn end_string(&mut self) {
        if self.reading == Reading::Name {
            self.reading = if is_ours(&self.text) { Reading::Colon } else { Reading::Nothing };
        }
    }

    fn begin(&mut self, reading: Reading) {
        self.reading = reading;
        self.text.clear();
    }

    /// Keeps text that may matter, as much of it as can.
    fn keep(&mut self, bytes: &[u8]) {
        let most = match self.reading {
            Reading::Name => LONGEST_NAME + 1,
            Reading::Number => LONGEST_NUMBER + 1,
            Reading::Nothing | Reading::Colon => return,
        };
        let room = most.saturating_sub(self.text.len()).min(bytes.len());
        self.text.extend(bytes.iter().take(room));
    }

    fn end_value(&mut self) {
        if self.reading == Reading::Number {
            let text = self.text.trim_ascii();
            let is_number = text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            let asked = is_number.then(|| number.unwrap_or(u64::MAX));
            self.highest = self.highest.max(asked);
        }
        self.begin(Reading::Nothing);
    }
}

fn is_ours(name: &[u8]) -> bool {
    if !name.contains(&b'\\') {
        return NAMES.contains(&name);
    }
    let quoted = [b"\"", name, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).is_ok_and(|name| NAMES.contains(&name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn asked(body: &str) -> Option<u64> {
        max_tokens(&Body::from(Bytes::from(body.to_owned())))
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
            ("", None),
            (r#"[{"max_tokens":7}]"#, None),
            (r#"["max_tokens",7]"#, None),
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
            prop_assert_eq!(max_tokens(&body), value.get("max_tokens").and_then(Value::as_u64));
        }
    }
}
