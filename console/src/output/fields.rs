//! One thing, field by field.

use super::{Cell, Style, Tone};
use crate::format::width;

/// Names and values, one a line.
#[derive(Debug, Default)]
pub struct Fields(Vec<(&'static str, Cell)>);

impl Fields {
    pub fn add(mut self, name: &'static str, value: impl Into<Cell>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// Only if there is something to say.
    pub fn maybe(self, name: &'static str, value: Option<impl Into<Cell>>) -> Self {
        match value {
            Some(value) => self.add(name, value),
            None => self,
        }
    }

    pub fn render(&self, style: &Style) -> String {
        let widest = self.0.iter().map(|(name, _)| width(name)).max().unwrap_or_default();
        let line = |(name, value): &(&str, Cell)| {
            let pad = " ".repeat(widest - width(name));
            format!("{}{pad}  {}\n", style.paint(name, Tone::Dim), value.render(style))
        };
        self.0.iter().map(line).collect()
    }
}
