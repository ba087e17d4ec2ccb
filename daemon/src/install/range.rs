//! Which bytes of a file are wanted (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it; also where several ranges are asked for, or what is asked for makes no sense.
    Whole,
    Part(Range<u64>),
    /// Nothing that is there.
    Unsatisfiable,
}

/// Reads the header for a file of `size` bytes.
pub(super) fn wanted(header: &str, size: u64) -> Wanted {
    let Some((unit, set)) = header.split_once('=') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::Whole };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::Whole,
        (Some(first), Some(last)) => part(first..last.saturating_add(1).min(size), size),
        (Some(first), None) if last.is_empty() => part(first..size, size),
        (None, Some(length)) if first.is_empty() => part(size.saturating_sub(length)..size, size),
        _ => Wanted::Whole,
    }
}

fn part(range: Range<u64>, size: u64) -> Wanted {
    if range.start < size && !range.is_empty() { Wanted::Part(range) } else { Wanted::Unsatisfiable }
}

/// Digits only: no sign, no space. More than any file has is as much as there can be.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Wanted::*, *};

    #[test]
    fn a_single_range_is_a_part() {
        assert_eq!(wanted("bytes=0-0", 10), Part(0..1));
        assert_eq!(wanted("bytes=5-", 10), Part(5..10));
        assert_eq!(wanted("bytes=5-999", 10), Part(5..10));
        assert_eq!(wanted("bytes=-3", 10), Part(7..10));
        assert_eq!(wanted("bytes=-99", 10), Part(0..10));
        assert_eq!(wanted("Bytes= 2-3 ", 10), Part(2..4));
        assert_eq!(wanted("bytes=3-99999999999999999999999999", 10), Part(3..10));
    }

    #[test]
    fn what_is_not_there_cannot_be_had() {
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(wanted(header, 10), Unsatisfiable, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Unsatisfiable);
    }

    #[test]
    fn several_ranges_and_nonsense_get_the_whole() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=5-3",
            "bytes=",
            "bytes=-",
            "bytes",
            "lines=1-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=1 -2",
            "",
        ] {
            assert_eq!(wanted(header, 10), Whole, "{header}");
        }
    }
}
