//! Values as they are written, and how each kind is read. A variable is always text; a file may use TOML's own
//! types.

use std::{path::PathBuf, time::Duration};

use shared::{time::span, usage::Money};

use super::problem::Bad;

/// A value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    /// A number with a point, as it was written: no digit of it is lost.
    Fraction(String),
    Flag(bool),
    List(Vec<String>),
    /// A table without keys.
    Section,
    /// What no key takes.
    Other(&'static str),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) | Self::Fraction(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Section => "a section",
            Self::Other(kind) => kind,
        }
    }

    /// Each path of it where `place` says that it is. An empty one is none.
    pub fn placed(self, place: impl Fn(&str) -> PathBuf) -> Self {
        let placed = |path: String| {
            if path.trim().is_empty() { path } else { place(path.trim()).to_string_lossy().into_owned() }
        };
        match self {
            Self::Text(path) => Self::Text(placed(path)),
            Self::List(paths) => Self::List(paths.into_iter().map(placed).collect()),
            other => other,
        }
    }

    fn instead_of(&self, wanted: &str) -> Bad {
        Bad::new(format!("{} stands here", self.kind()), format!("write {wanted}"))
    }
}

pub(super) fn text(value: &Value) -> Result<String, Bad> {
    match value {
        Value::Text(text) if text.trim().is_empty() => Err(Bad::new("it is empty", "write a value")),
        Value::Text(text) if text.contains(|c: char| c.is_control()) => {
            Err(Bad::new("it holds control characters", "write it on one line"))
        }
        Value::Text(text) => Ok(text.trim().to_owned()),
        other => Err(other.instead_of("a text in quotes")),
    }
}

/// A list; in a variable, its parts are separated by commas.
pub(super) fn list(value: &Value) -> Result<Vec<String>, Bad> {
    let parts: Vec<String> = match value {
        Value::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Value::List(parts) => parts.clone(),
        other => return Err(other.instead_of("a list of texts, like `[\"one\", \"two\"]`")),
    };
    if parts.iter().any(String::is_empty) {
        return Err(Bad::new("one of the list's parts is empty", "remove it, and the comma with it"));
    }
    Ok(parts)
}

pub(super) fn paths(value: &Value) -> Result<Vec<PathBuf>, Bad> {
    Ok(list(value)?.into_iter().map(PathBuf::from).collect())
}

pub(super) fn path(value: &Value) -> Result<PathBuf, Bad> {
    text(value).map(PathBuf::from)
}

pub(super) fn flag(value: &Value) -> Result<bool, Bad> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Bad::new(format!("`{text}` is neither true nor false"), "write `true` or `false`")),
        },
        other => Err(other.instead_of("`true` or `false`")),
    }
}

/// A whole number, one or more.
pub(super) fn count(value: &Value) -> Result<usize, Bad> {
    let hint = "a whole number, 1 or more";
    match integer(value, hint)? {
        0 => Err(Bad::new("`0` is too small", format!("write {hint}"))),
        count => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
    }
}

/// An amount of US dollars.
pub(super) fn money(value: &Value) -> Result<Money, Bad> {
    let hint = "an amount of US dollars, like `\"$12.34\"` or `12.34`";
    let text = match value {
        Value::Text(text) | Value::Fraction(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => return Err(other.instead_of(hint)),
    };
    text.parse().map_err(|_| Bad::new(format!("`{text}` is no amount of money"), format!("write {hint}")))
}

/// A port; 0 takes a free one.
pub(super) fn port(value: &Value) -> Result<u16, Bad> {
    if let Value::Text(text) = value
        && text.starts_with("tcp://")
    {
        let hint =
            "Kubernetes sets such variables for a service of that name: set `enableServiceLinks: false`";
        return Err(Bad::new(format!("`{text}` is an address, not a port"), hint));
    }
    let hint = "a port from 1 to 65535, or 0 for a free one";
    let port = integer(value, hint)?;
    u16::try_from(port).map_err(|_| Bad::new(format!("`{port}` is not a port"), format!("write {hint}")))
}

fn integer(value: &Value, hint: &str) -> Result<u64, Bad> {
    match value {
        Value::Integer(number) => u64::try_from(*number)
            .map_err(|_| Bad::new(format!("`{number}` is less than nothing"), format!("write {hint}"))),
        Value::Text(text) => text
            .trim()
            .parse()
            .map_err(|_| Bad::new(format!("`{text}` is not a whole number"), format!("write {hint}"))),
        other => Err(other.instead_of(hint)),
    }
}

const DURATION_HINT: &str = "a number and a unit, like `500ms`, `30s`, `10m`, `3h` or `30d`";

/// A duration above zero: one or more numbers, each with its unit.
pub(super) fn duration(value: &Value) -> Result<Duration, Bad> {
    let Value::Text(text) = value else { return Err(value.instead_of(DURATION_HINT)) };
    match span::read(text.trim()) {
        Some(span) if !span.is_zero() => Ok(span),
        Some(_) => Err(Bad::new(format!("`{text}` is no time at all"), format!("write {DURATION_HINT}"))),
        None => Err(Bad::new(format!("`{text}` is not a duration"), format!("write {DURATION_HINT}"))),
    }
}

const SIZE_HINT: &str = "a number of bytes, or one with a unit, like `512 KiB` or `32 MiB`";
pub(super) const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// A size in bytes, above zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size(pub usize);

pub(super) fn size(value: &Value) -> Result<Size, Bad> {
    let bytes = match value {
        Value::Integer(bytes) => u64::try_from(*bytes).ok(),
        Value::Text(text) => bytes(text.trim()),
        other => return Err(other.instead_of(SIZE_HINT)),
    };
    let bytes = bytes.filter(|bytes| *bytes > 0).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.map(Size).ok_or_else(|| Bad::new("it is not a size", format!("write {SIZE_HINT}")))
}

fn bytes(text: &str) -> Option<u64> {
    let unit = SIZES.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
    let (number, unit) = unit.unwrap_or((text, 1));
    number.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::{super::kind::Kind, *};

    fn shown(kind: &impl Kind) -> String {
        kind.shown().as_str().unwrap().to_owned()
    }

    fn written_as(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn durations_are_read_and_written_in_units() {
        let read = |text: &str| duration(&written_as(text)).map(|span| shown(&span));
        assert_eq!(read("90s").unwrap(), "90s");
        assert_eq!(read("120s").unwrap(), "2m");
        assert_eq!(read("1h 30m").unwrap(), "90m");
        assert_eq!(read("720h").unwrap(), "30d");
        assert_eq!(read("1500ms").unwrap(), "1500ms");
        for bad in ["", "10", "s", "10 parsecs", "-5s", "1.5h", "0s", "99999999999999999999s", "5s5"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_and_written_in_units() {
        let read = |text: &str| size(&written_as(text)).map(|size| shown(&size));
        assert_eq!(read("33554432").unwrap(), "32 MiB");
        assert_eq!(read("512KiB").unwrap(), "512 KiB");
        assert_eq!(read("1000").unwrap(), "1000");
        assert!(read("0").is_err() && read("32 MB").is_err() && read("many").is_err());
        assert_eq!(size(&Value::Integer(7)), Ok(Size(7)));
    }

    #[test]
    fn a_variable_may_say_what_a_file_says_by_type() {
        assert_eq!(flag(&written_as("Yes")), flag(&Value::Flag(true)));
        assert_eq!(port(&written_as("8001")), port(&Value::Integer(8001)));
        assert_eq!(list(&written_as("a, b")), list(&Value::List(vec!["a".into(), "b".into()])));
        assert!(list(&written_as("a,,b")).is_err());
        assert!(port(&written_as("65536")).is_err() && count(&written_as("0")).is_err());
    }

    #[test]
    fn money_may_be_a_text_or_a_number() {
        let dollars = |text: &str| text.parse().unwrap();
        assert_eq!(money(&written_as("$12.34")), Ok(dollars("12.34")));
        assert_eq!(money(&Value::Fraction("0.10".into())), Ok(dollars("0.1")));
        assert_eq!(money(&Value::Integer(20)), Ok(Money::from_dollars(20)));
        assert!(money(&Value::Integer(-1)).is_err() && money(&Value::Fraction("1e3".into())).is_err());
        assert_eq!(shown(&Money::from_dollars(20)), "$20.00");
    }

    #[test]
    fn a_service_link_of_kubernetes_is_recognised() {
        let refused = port(&written_as("tcp://10.0.0.1:8002")).unwrap_err();
        assert!(refused.hint.contains("enableServiceLinks"));
    }
}
