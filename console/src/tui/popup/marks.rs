//! Several things to choose from, each with a mark: a field of a form.

use crossterm::event::KeyCode;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    options: Vec<(&'static str, bool)>,
    /// The one that `Space` marks.
    at: usize,
}

impl Marks {
    pub fn new(options: impl IntoIterator<Item = (&'static str, bool)>) -> Self {
        Self { options: options.into_iter().collect(), at: 0 }
    }

    pub fn options(&self) -> &[(&'static str, bool)] {
        &self.options
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// The marked ones, with spaces between.
    pub fn text(&self) -> String {
        let marked = self.options.iter().filter(|(_, is_marked)| *is_marked);
        marked.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }

    pub fn key(&mut self, code: KeyCode) {
        let count = self.options.len().max(1);
        match code {
            KeyCode::Right => self.at = (self.at + 1) % count,
            KeyCode::Left => self.at = (self.at + count - 1) % count,
            KeyCode::Char(' ') => self.mark(self.at),
            _ => {}
        }
    }

    /// Marks one, or takes its mark away.
    pub fn mark(&mut self, place: usize) {
        if let Some((_, is_marked)) = self.options.get_mut(place) {
            (self.at, *is_marked) = (place, !*is_marked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_the_text() {
        let mut marks = Marks::new([("linux-x64", true), ("darwin-arm64", false), ("win32-x64", true)]);
        assert_eq!(marks.text(), "linux-x64 win32-x64");
        for code in [KeyCode::Char(' '), KeyCode::Right, KeyCode::Char(' ')] {
            marks.key(code);
        }
        assert_eq!(marks.text(), "darwin-arm64 win32-x64");
        for code in [KeyCode::Left, KeyCode::Left, KeyCode::Char(' ')] {
            marks.key(code);
        }
        assert_eq!(marks.text(), "darwin-arm64");
    }
}
