//! Spans of time as people write them: `90s`, `15m`, `1h 30m`, `2d`.

use std::time::Duration;

/// The units and their milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// One or more whole numbers, each with its unit.
pub fn read(text: &str) -> Option<Duration> {
    millis(text).map(Duration::from_millis)
}

/// In the largest unit that leaves no rest: `90m`, `30d`.
pub fn write(span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let unit = UNITS.iter().find(|(_, unit)| millis.is_multiple_of(*unit));
    let (name, unit) = unit.unwrap_or(&("ms", 1));
    format!("{}{name}", millis / unit)
}

fn millis(text: &str) -> Option<u64> {
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (unit, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()));
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let first = number.parse::<u64>().ok()?.checked_mul(*unit)?;
    if rest.is_empty() { Some(first) } else { first.checked_add(millis(rest.trim_start())?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_their_units() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("8h", 28_800), ("2d", 172_800), ("1h 30m", 5_400)]
        {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(read("1500ms"), Some(Duration::from_millis(1500)));
        for (text, written) in [("120s", "2m"), ("1h 30m", "90m"), ("720h", "30d"), ("1500ms", "1500ms")] {
            assert_eq!(read(text).map(write).as_deref(), Some(written));
        }
        for bad in ["", "10", "s", "10 parsecs", "-5s", "1.5h", "99999999999999999999s", "5s5"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
