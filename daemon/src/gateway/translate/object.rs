//! A JSON object whose members are looked at where they stand: parsed for validity, never rebuilt.

use std::{
    borrow::Cow,
    fmt,
    ops::{Deref, Range},
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::BadRequest;

/// How deep a document may be nested: as deep as `serde_json` reads by itself.
const DEPTH: usize = 127;
/// How many members an object may have. Both dialects know about forty.
const MEMBERS: usize = 256;

/// A string that is borrowed from the document where it holds no escapes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// One member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: &'a RawValue,
    /// Where the member stands in the text, from the key's quote to the value's end.
    place: Range<usize>,
}

/// A valid JSON object without a duplicate key.
#[derive(Debug)]
pub(super) struct Object<'a> {
    members: Vec<Member<'a>>,
}

impl<'a> Object<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, BadRequest> {
        if is_deeper(text, DEPTH) {
            return Err(BadRequest::TooDeep(DEPTH));
        }
        if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(BadRequest::NotAnObject);
        }
        let mut reader = Reader { text, members: Vec::new(), fault: None };
        let mut json = serde_json::Deserializer::from_slice(text);
        let read = reader.deserialize(&mut json).and_then(|()| json.end());
        match (reader.fault, read) {
            (Some(fault), _) => Err(fault),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(())) => Ok(Self { members: reader.members }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member's value as it is written; `null` counts as absent.
    pub(super) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        let member = self.members.iter().find(|member| member.key == key)?;
        (member.value.get() != "null").then_some(member.value)
    }

    /// A member's value, if it is there and not `null`; `expected` says what it must be.
    pub(super) fn get<T: Deserialize<'a>>(
        &self,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<T>, BadRequest> {
        let Some(raw) = self.raw(key) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| BadRequest::wrong(key, expected))
    }

    /// The stretches of the text that hold the members that stay, each without a comma around it.
    pub(super) fn without(&self, dropped: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
        let mut stretches: Vec<Range<usize>> = Vec::new();
        let mut is_adjacent = false;
        for member in &self.members {
            let stays = !dropped(&member.key);
            match stretches.last_mut() {
                Some(last) if stays && is_adjacent => last.end = member.place.end,
                _ if stays => stretches.push(member.place.clone()),
                _ => {}
            }
            is_adjacent = stays;
        }
        stretches
    }
}

/// Collects members, and the fault that `serde`'s own errors have no room for.
struct Reader<'a> {
    text: &'a [u8],
    members: Vec<Member<'a>>,
    fault: Option<BadRequest>,
}

impl<'a> DeserializeSeed<'a> for &mut Reader<'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for &mut Reader<'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name: Text<'a> = serde_json::from_str(key.get()).map_err(A::Error::custom)?;
            let place = offset(self.text, key.get())..offset(self.text, value.get()) + value.get().len();
            if self.members.len() == MEMBERS {
                self.fault = Some(BadRequest::TooManyFields(MEMBERS));
                return Err(A::Error::custom("too many members"));
            }
            if self.members.iter().any(|member| member.key == name.0) {
                self.fault = Some(BadRequest::DuplicateField);
                return Err(A::Error::custom("duplicate key"));
            }
            self.members.push(Member { key: name.0, value, place });
        }
        Ok(())
    }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset(text: &[u8], part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// Whether brackets are nested deeper than `limit`, in a text that need not be valid.
fn is_deeper(text: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(after),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

/// What follows a string whose opening quote was just passed.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let is_end = rest.get(at) == Some(&b'"');
        rest = rest.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return rest;
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> BadRequest {
        Object::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_stays_keeps_its_bytes() {
        let text = br#" { "a" : 1 , "drop":[{}],"b":"\u0041,}" ,"c":1e400, "drop2" : null } "#;
        let object = Object::parse(text).unwrap();
        let stretches = object.without(|key| key.starts_with("drop"));
        let kept: Vec<_> =
            stretches.into_iter().map(|place| std::str::from_utf8(&text[place]).unwrap()).collect();
        assert_eq!(kept, [r#""a" : 1"#, r#""b":"\u0041,}" ,"c":1e400"#]);
    }

    #[test]
    fn a_key_is_known_however_it_is_written() {
        let object = Object::parse(br#"{"mo\u0064el":"x"}"#).unwrap();
        assert_eq!(object.get::<String>("model", "").unwrap().as_deref(), Some("x"));
        assert_eq!(fault(r#"{"mo\u0064el":1,"model":2}"#), BadRequest::DuplicateField);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", " ", "[]", "null", "\"{}\"", "model"] {
            assert_eq!(fault(text), BadRequest::NotAnObject, "{text}");
        }
        for text in ["{", "{}x", "{\"a\":01}", "{\"a\":\"\u{1}\"}", "{\"a\" 1}", "{a:1}", "{\"a\":1,}"] {
            assert!(matches!(fault(text), BadRequest::Syntax { line: 1, .. }), "{text}");
        }
        let not_utf8 = b"{\"a\":\"\xff\"}";
        assert!(matches!(Object::parse(not_utf8), Err(BadRequest::Syntax { .. })));
    }

    #[test]
    fn a_nesting_bomb_is_refused_and_a_deep_string_is_not() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(Object::parse(nested(DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(fault(&nested(DEPTH)), BadRequest::TooDeep(DEPTH));
        assert_eq!(fault(&"{\"a\":".repeat(1_000_000)), BadRequest::TooDeep(DEPTH));
        assert!(Object::parse(format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(1000)).as_bytes()).is_ok());
    }

    #[test]
    fn an_object_of_a_million_members_is_refused_early() {
        let members: Vec<_> = (0..1000).map(|n| format!("\"{n}\":0")).collect();
        assert_eq!(fault(&format!("{{{}}}", members.join(","))), BadRequest::TooManyFields(MEMBERS));
    }

    #[test]
    fn no_fault_quotes_the_content() {
        let text = r#"{"canary": "canary", "canary": 1 "#;
        assert!(!fault(text).to_string().contains("canary"));
        let object = Object::parse(br#"{"n":"canary"}"#).unwrap();
        assert!(!object.get::<u64>("n", "a number").unwrap_err().to_string().contains("canary"));
    }
}
