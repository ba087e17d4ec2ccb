//! Values as people write them: how long, since when, why. The command line and the TUI read them the same way.

use std::time::Duration;

use shared::time::{Date, Timestamp, span};
use thiserror::Error;

/// Longest reason and message, as the daemon takes them.
const LONGEST_TEXT: usize = 1000;

/// Why a text is no such value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadValue {
    #[error("write a number and a unit, like `90s`, `15m`, `8h` or `2d`")]
    Duration,
    #[error("it is empty: say why, for whoever reads the audit trail")]
    NoReason,
    #[error("write one line of at most {LONGEST_TEXT} characters")]
    Text,
    #[error("write how long ago (`90s`, `8h`, `7d`), or a moment in UTC (`2026-08-09`, `2026-08-09T14:30`)")]
    Moment,
}

/// A duration above zero.
pub fn duration(text: &str) -> Result<Duration, BadValue> {
    span::read(text.trim()).filter(|span| !span.is_zero()).ok_or(BadValue::Duration)
}

/// Why somebody does something.
pub fn reason(text: &str) -> Result<String, BadValue> {
    match line(text)? {
        empty if empty.is_empty() => Err(BadValue::NoReason),
        reason => Ok(reason),
    }
}

/// A text of one line.
pub fn line(text: &str) -> Result<String, BadValue> {
    let text = text.trim();
    let is_line = text.chars().count() <= LONGEST_TEXT && !text.chars().any(char::is_control);
    is_line.then(|| text.to_owned()).ok_or(BadValue::Text)
}

/// A moment, as far back as is said or on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Ago(Duration),
    At(Timestamp),
}

impl Moment {
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => {
                Timestamp(now.0.saturating_sub(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
            }
            Self::At(at) => at,
        }
    }
}

pub fn moment(text: &str) -> Result<Moment, BadValue> {
    let text = text.trim();
    if let Ok(ago) = duration(text) {
        return Ok(Moment::Ago(ago));
    }
    let text = text.trim_end_matches('Z');
    let (day, hour) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let at = date(day).zip(time_of_day(hour)).map(|(day, into)| Moment::At(day + into));
    at.ok_or(BadValue::Moment)
}

fn date(text: &str) -> Option<Timestamp> {
    let [year, month, day] = numbers(text, '-')?;
    Date { year, month, day }.start()
}

fn time_of_day(text: &str) -> Option<Duration> {
    let [hour, minute, second] = numbers(text, ':').or_else(|| {
        let [hour, minute] = numbers(text, ':')?;
        Some([hour, minute, 0])
    })?;
    let is_real = hour < 24 && minute < 60 && second < 60;
    is_real.then(|| Duration::from_secs(hour * 3600 + minute * 60 + second))
}

/// Exactly `N` numbers.
fn numbers<const N: usize>(text: &str, between: char) -> Option<[u64; N]> {
    let is_number =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Option<Vec<u64>> =
        text.split(between).map(|part| part.parse().ok().filter(|_| is_number(part))).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_some_length() {
        assert_eq!(duration(" 15m "), Ok(Duration::from_mins(15)));
        for bad in ["", "15", "0s", "soon"] {
            assert_eq!(duration(bad), Err(BadValue::Duration), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!(reason(" laptop stolen ").as_deref(), Ok("laptop stolen"));
        assert_eq!(reason(" "), Err(BadValue::NoReason));
        assert_eq!(reason("two\nlines"), Err(BadValue::Text));
        assert_eq!(reason(&"x".repeat(1001)), Err(BadValue::Text));
    }

    #[test]
    fn moments_are_ago_or_of_the_calendar() {
        let now = Timestamp::from_seconds(1_786_276_800);
        for (text, seconds) in [
            ("12h", 1_786_233_600),
            ("2026-08-09", 1_786_233_600),
            ("2026-08-09T01:30", 1_786_239_000),
            ("2026-08-09 01:30:05Z", 1_786_239_005),
        ] {
            assert_eq!(moment(text).map(|moment| moment.before(now)), Ok(Timestamp::from_seconds(seconds)));
        }
        for bad in ["", "yesterday", "2026-02-30", "2026-08-09T24:00", "2026-08", "2026-08-09T1", "+2026-1-1"]
        {
            assert_eq!(moment(bad), Err(BadValue::Moment), "{bad}");
        }
    }
}
