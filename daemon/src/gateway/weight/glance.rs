//! A look at a body without reading all of its JSON: it settles nearly every one, in a tenth of the time.
//!
//! In JSON a quote after `{`, `,` or space opens a string, so what looks like a name and a colon is one. A name that is
//! written otherwise has an escape in it that can be looked for as well.

use bytes::Bytes;
use memchr::memmem;

use super::NAMES;

/// How our names begin.
const START: &[u8] = b"\"max_";
/// How an escaped letter of theirs begins, and the digits that follow: they lie between `_` and `z`.
const ESCAPE: &[u8] = b"\\u00";
const DIGITS: &[u8] = b"567";

/// The longest name of ours with its quotes, every letter escaped.
const LONGEST: usize = 21 * 6 + 2;

/// What is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glance {
    /// No name of ours stands anywhere.
    Nothing,
    /// One does, and this number is its value.
    Once(u64),
    Unclear,
}

pub(super) fn over(segments: &[Bytes]) -> Glance {
    let (mut seen, mut border) = (Glance::Nothing, Vec::new());
    for segment in segments {
        if has_begun_before(&mut border, segment) {
            return Glance::Unclear;
        }
        seen = match (seen, inside(segment)) {
            (seen, Glance::Nothing) => seen,
            (Glance::Nothing, here) => here,
            _ => return Glance::Unclear,
        };
        if seen == Glance::Unclear {
            return seen;
        }
    }
    seen
}

/// Whether something that we look for begins in the segments before, and ends in this one.
fn has_begun_before(border: &mut Vec<u8>, segment: &[u8]) -> bool {
    let before = border.len();
    border.extend(segment.iter().take(LONGEST));
    let found = memmem::find(border, START).is_some_and(|at| at < before)
        || memmem::find(border, ESCAPE).is_some_and(|at| at < before);
    // Of a long segment its own end is enough.
    if segment.len() >= LONGEST {
        border.clear();
        border.extend(segment.iter().skip(segment.len() - LONGEST));
    } else {
        border.drain(..border.len().saturating_sub(LONGEST));
    }
    found
}

fn inside(segment: &[u8]) -> Glance {
    if memmem::find_iter(segment, ESCAPE).any(|at| is_followed_by_ours(segment, at)) {
        return Glance::Unclear;
    }
    let mut seen = Glance::Nothing;
    for at in memmem::find_iter(segment, START) {
        seen = match (seen, value(segment, at)) {
            (seen, Glance::Nothing) => seen,
            (Glance::Nothing, here) => here,
            _ => return Glance::Unclear,
        };
    }
    seen
}

fn is_followed_by_ours(segment: &[u8], at: usize) -> bool {
    segment.get(at + ESCAPE.len()).is_none_or(|digit| DIGITS.contains(digit))
}

/// What the string that begins here is, and what is behind it.
fn value(segment: &[u8], at: usize) -> Glance {
    let opens = at.checked_sub(1).and_then(|before| segment.get(before));
    if opens.is_some_and(|byte| !matches!(byte, b'{' | b',' | b' ' | b'\n' | b'\r' | b'\t')) {
        return Glance::Nothing;
    }
    let rest = segment.get(at + 1..).unwrap_or_default();
    let Some((name, rest)) = split(rest, b'"') else { return Glance::Unclear };
    if !NAMES.iter().any(|known| known.as_bytes() == name) {
        return Glance::Nothing;
    }
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b":") else { return Glance::Unclear };
    let rest = rest.trim_ascii_start();
    let (digits, rest) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let is_whole = rest.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b',' | b'}'));
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.filter(|_| is_whole).map_or(Glance::Unclear, Glance::Once)
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_at(memchr::memchr(at, bytes)?);
    Some((first, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(segments: &[&str]) -> Glance {
        over(&segments.iter().map(|text| Bytes::from((*text).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn most_bodies_are_settled_at_once() {
        for (body, glance) in [
            (r#"{"messages":[],"max_tokens":7}"#, Glance::Once(7)),
            (r#"{"max_tokens" : 7 , "a":1}"#, Glance::Once(7)),
            (r#"{"a":{"max_results":9,"max_tokens_":9},"max_tokens":7}"#, Glance::Once(7)),
            (r#"{"text":"\"max_tokens\":9 \u001b[0m","max_tokens":7}"#, Glance::Once(7)),
            (r#"{"text":"max_tokens","list":["max_tokens"]}"#, Glance::Nothing),
            ("{}", Glance::Nothing),
        ] {
            assert_eq!(seen(&[body]), glance, "{body}");
        }
    }

    #[test]
    fn whatever_else_is_left_to_a_full_reading() {
        for body in [
            r#"{"max_tokens":1,"max_tokens":7}"#,
            r#"{"max_tokens":1,"max_gen_len":7}"#,
            r#"{"max_tokens":1,"max\u005ftokens":7}"#,
            r#"{"max_tokens":1e3}"#,
            r#"{"max_tokens":"7"}"#,
            r#"{"a": "max_tokens"}"#,
            r#"{"max_tokens":7"#,
        ] {
            assert_eq!(seen(&[body]), Glance::Unclear, "{body}");
        }
        for cut in 2..14 {
            let (start, end) = r#"{"max_tokens":7}"#.split_at(cut);
            assert_eq!(seen(&[start, end]), Glance::Unclear, "{start} {end}");
        }
        assert_eq!(seen(&[r#"{"max_tokens":1,"#, r#""max_tokens":7}"#]), Glance::Unclear);
    }
}
