//! Figures and names in as few cells as they can be read in.

use std::time::Duration;

use shared::{time::Timestamp, usage::Money};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `42s`, `3m05s`, `7h12m`, `3d4h`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{}h", hours % 24),
    }
}

/// How long ago something was, in one unit: `now`, `42s`, `3m`, `7h`, `12d`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..2 => "now".to_owned(),
        2..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The same for a sentence: `just now`, `3m ago`.
pub fn ago_in_words(at: Timestamp, now: Timestamp) -> String {
    match ago(at, now).as_str() {
        "now" => "just now".to_owned(),
        ago => format!("{ago} ago"),
    }
}

/// `2026-08-09 12:00:04 UTC, 3m ago`.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    let whole = Timestamp::from_seconds(at.seconds());
    format!("{whole}, {}", ago_in_words(at, now))
}

/// `999`, `1.2k`, `34k`, `5.6M`.
pub fn count(count: u64) -> String {
    let units = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, letter)) = units.into_iter().find(|(unit, _)| count >= *unit) else {
        return count.to_string();
    };
    let tenths = count / (unit / 10);
    if tenths < 100 {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    } else {
        format!("{}{letter}", tenths / 10)
    }
}

/// With one place: `251.3 MB`.
pub fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// In cents; what is less than one is said to be so.
pub fn money(money: Money) -> String {
    if money > Money::ZERO && money < Money::from_micros(10_000) {
        return "<$0.01".to_owned();
    }
    format!("{money:.2}")
}

/// `claude-sonnet-4-6` of `arn:…/us.anthropic.claude-sonnet-4-6-20260101-v1:0`.
pub fn model(id: &str) -> &str {
    let name = id.rsplit('/').next().unwrap_or(id);
    let name = name.rsplit_once("anthropic.").map_or(name, |(_, name)| name);
    let name = name.rsplit_once("-v").filter(|(_, tail)| is_version(tail)).map_or(name, |(name, _)| name);
    let is_date = |tail: &str| tail.len() == 8 && tail.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once('-').filter(|(_, tail)| is_date(tail)).map_or(name, |(name, _)| name)
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

/// The version of a user agent's first product: `2.1.215` of `claude-cli/2.1.215 (external, cli)`, else its first word.
pub fn client(user_agent: &str) -> &str {
    let product = user_agent.split_whitespace().next().unwrap_or_default();
    product.strip_prefix("claude-cli/").unwrap_or(product)
}

/// `1 session`, `2 sessions`.
pub fn many(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits into so many cells, with `ellipsis` (one cell) where something was left out.
pub fn fit(text: &str, cells: usize, ellipsis: &str) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let kept = head(text, cells.saturating_sub(1));
    if cells > 0 { format!("{kept}{ellipsis}") } else { String::new() }
}

/// The beginning of a text that takes at most so many cells.
pub fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.width().unwrap_or_default();
        if used > cells {
            return text.split_at(at).0;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_counts_and_money_are_short() {
        let spans = [(0, "0s"), (59, "59s"), (65, "1m05s"), (3_600, "1h00m"), (90_000, "1d1h")];
        for (seconds, expected) in spans {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        let counts =
            [(0, "0"), (999, "999"), (1_000, "1.0k"), (1_290, "1.2k"), (34_567, "34k"), (5_678_901, "5.6M")];
        for (number, expected) in counts {
            assert_eq!(count(number), expected);
        }
        assert_eq!(money(Money::from_micros(9_999)), "<$0.01");
        assert_eq!(money(Money::from_micros(1_234_567)), "$1.23");
        assert_eq!(money(Money::ZERO), "$0.00");
    }

    #[test]
    fn a_model_is_called_by_what_people_call_it() {
        for (id, expected) in [
            ("us.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
            ("anthropic.claude-3-5-sonnet-20241022-v1:0", "claude-3-5-sonnet"),
            ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-8", "claude-opus-4-8"),
            ("sandbox.slow", "sandbox.slow"),
        ] {
            assert_eq!(model(id), expected);
        }
    }

    #[test]
    fn a_client_is_called_by_its_version() {
        assert_eq!(client("claude-cli/2.1.215 (external, cli)"), "2.1.215");
        assert_eq!(client("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(client(""), "");
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(fit("workstation", 6, "…"), "works…");
        assert_eq!(fit("日本語", 4, "…"), "日…");
        assert_eq!(fit("abc", 3, "…"), "abc");
        assert_eq!(fit("abc", 0, "…"), "");
    }
}
