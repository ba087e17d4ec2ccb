//! Collects the fields of an event or a span, already written in the format of the line.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};

use crate::config::LogFormat;

/// A message, and fields as they will stand in the line.
#[derive(Debug)]
pub(super) struct Fields {
    format: LogFormat,
    pub message: String,
    /// Each field with what separates it from the one before.
    pub rest: String,
}

impl Fields {
    pub fn new(format: LogFormat) -> Self {
        Self { format, message: String::new(), rest: String::new() }
    }

    /// The record of lines that could not be written.
    pub fn of_lost(format: LogFormat, lines: u64) -> Self {
        let rest = match format {
            LogFormat::Text => format!(" lines={lines}"),
            LogFormat::Json => format!(",\"lines\":{lines}"),
        };
        Self { format, message: "lines of this log were lost, they could not be written".to_owned(), rest }
    }

    /// Adds the fields of a span around.
    pub fn append(&mut self, around: &Self) {
        self.rest.push_str(&around.rest);
    }

    /// A value that stands as it is in both formats.
    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        let _ = match self.format {
            LogFormat::Text => write!(self.rest, " {}={value}", field.name()),
            LogFormat::Json => write!(self.rest, ",{}:{value}", quoted(field.name())),
        };
    }

    fn words(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
            return;
        }
        let is_bare =
            !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '=');
        match self.format {
            LogFormat::Text if is_bare => self.plain(field, value),
            LogFormat::Text | LogFormat::Json => self.plain(field, quoted(value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() { self.plain(field, value) } else { self.words(field, &value.to_string()) }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.words(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.words(field, &format!("{value:?}"));
    }
}

/// A JSON string: quotes and control characters can't leave it, so that no value can forge a line.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
