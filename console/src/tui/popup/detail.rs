//! Everything that is known of one object.

use crate::tui::theme::Tone;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    pub title: String,
    pub items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A name and its value.
    Pair { name: &'static str, value: String, tone: Tone },
    /// Words over the pairs that follow.
    Heading(&'static str),
}

impl Detail {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), items: Vec::new() }
    }

    pub fn heading(mut self, words: &'static str) -> Self {
        self.items.push(Item::Heading(words));
        self
    }

    pub fn pair(self, name: &'static str, value: impl Into<String>) -> Self {
        self.toned(name, value, Tone::Plain)
    }

    pub fn toned(mut self, name: &'static str, value: impl Into<String>, tone: Tone) -> Self {
        self.items.push(Item::Pair { name, value: value.into(), tone });
        self
    }

    /// Left out if nothing is known.
    pub fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.pair(name, value),
            None => self,
        }
    }
}
