//! One line for one event. The order never changes: time, level, target, message, fields.

use shared::time::Timestamp;
use time::{OffsetDateTime, macros::format_description};
use tracing::Level;

use super::record::{Fields, quoted};

/// What every event has.
pub(super) struct Head<'a> {
    pub time: Timestamp,
    pub level: Level,
    pub target: &'a str,
}

pub(super) fn text(head: &Head<'_>, fields: &Fields) -> String {
    let Head { time, level, target } = head;
    format!("{} {level:>5} {target}: {}{}\n", written(*time), printable(&fields.message), fields.rest)
}

pub(super) fn json(head: &Head<'_>, fields: &Fields) -> String {
    let Head { time, level, target } = head;
    let level = level.as_str().to_ascii_lowercase();
    format!(
        "{{\"time\":\"{}\",\"level\":\"{level}\",\"target\":{},\"message\":{}{}}}\n",
        written(*time),
        quoted(target),
        quoted(&fields.message),
        fields.rest
    )
}

/// UTC with milliseconds (RFC 3339).
fn written(time: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.0) * 1_000_000);
    moment.ok().and_then(|moment| moment.format(format).ok()).unwrap_or_default()
}

fn printable(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
