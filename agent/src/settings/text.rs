//! JSON as its author wrote it: where the members of an object stand in the text, so that one of them can be changed and
//! every other byte stays.
//!
//! Invariant: positions are only taken of text that is known to be JSON.

use std::ops::Range;

use serde_json::Value;
use thiserror::Error;

/// Text that can't be edited, because it is not JSON or not of the shape that Claude Code reads.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {what}")]
pub struct BadText {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub key: String,
    /// Where its key stands, with the quotes.
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// An object in a text: its members, and where it stands with its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub members: Vec<Member>,
    pub span: Range<usize>,
}

/// Checks that the text is JSON.
pub(super) fn parse(text: &str) -> Result<Value, BadText> {
    serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        BadText { line: error.line(), column: error.column(), what }
    })
}

/// The object that begins at or after a position of JSON text.
pub(super) fn object(text: &str, at: usize) -> Result<Object, BadText> {
    let start = skip_space(text, at);
    if byte(text, start) != Some(b'{') {
        return Err(bad(text, start, "an object belongs here, in braces"));
    }
    let mut members = Vec::new();
    let mut position = skip_space(text, start + 1);
    while byte(text, position) == Some(b'"') {
        let name = position..end_of_value(text, position);
        let colon = skip_space(text, name.end);
        let value = skip_space(text, colon + 1);
        let value = value..end_of_value(text, value);
        position = skip_space(text, value.end);
        if byte(text, position) == Some(b',') {
            position = skip_space(text, position + 1);
        }
        let key = text.get(name.clone()).and_then(|name| serde_json::from_str(name).ok());
        members.push(Member { key: key.unwrap_or_default(), name, value });
    }
    Ok(Object { members, span: start..position + 1 })
}

impl Object {
    /// The member of that name that holds: of several, the last.
    pub(super) fn find(&self, key: &str) -> Option<(usize, &Member)> {
        self.members.iter().enumerate().rev().find(|(_, member)| member.key == key)
    }
}

/// What is wrong at a position.
pub(super) fn bad(text: &str, at: usize, what: &str) -> BadText {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    BadText { line, column, what: what.to_owned() }
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

fn end_of_value(text: &str, at: usize) -> usize {
    match byte(text, at) {
        Some(b'"') => end_of_string(text, at),
        Some(b'{' | b'[') => end_of_nest(text, at),
        _ => {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            let is_end = |byte: &&u8| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            at + rest.iter().take_while(is_end).count()
        }
    }
}

fn end_of_string(text: &str, at: usize) -> usize {
    let mut position = at + 1;
    loop {
        match byte(text, position) {
            Some(b'"') | None => return position + 1,
            Some(b'\\') => position += 2,
            Some(_) => position += 1,
        }
    }
}

fn end_of_nest(text: &str, at: usize) -> usize {
    let (mut position, mut depth) = (at, 0_usize);
    loop {
        match byte(text, position) {
            Some(b'"') => {
                position = end_of_string(text, position);
                continue;
            }
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => depth = depth.saturating_sub(1),
            Some(_) => {}
            None => return position,
        }
        position += 1;
        if depth == 0 {
            return position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_where_they_stand() {
        let text = r#" {"a" : [1, "}"], "b\"": {"c": "]\\"}, "d":null }"#;
        let object = object(text, 0).unwrap();
        let members: Vec<_> =
            object.members.iter().map(|one| (one.key.as_str(), &text[one.value.clone()])).collect();
        assert_eq!(members, [("a", r#"[1, "}"]"#), ("b\"", r#"{"c": "]\\"}"#), ("d", "null")]);
        assert_eq!(&text[object.span], text.trim());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = parse("{\n  \"a\": 1,\n  // mine\n}").unwrap_err();
        assert_eq!(error.to_string(), "line 3, column 3: key must be a string");
        assert_eq!(
            object("\n [1]", 0).unwrap_err().to_string(),
            "line 2, column 2: an object belongs here, in braces"
        );
    }
}
