//! One line of text that is being typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest text that is taken: a reason, a message, a pattern.
const MOST_CHARACTERS: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    before: String,
    /// What is behind the cursor.
    after: String,
}

impl Input {
    pub fn new(text: impl Into<String>) -> Self {
        Self { before: text.into(), after: String::new() }
    }

    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub fn before(&self) -> &str {
        &self.before
    }

    pub fn after(&self) -> &str {
        &self.after
    }

    /// Takes a key that edits; says whether it was one.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.control(key.code);
        }
        match key.code {
            KeyCode::Char(character) => self.insert(character),
            KeyCode::Backspace => drop(self.before.pop()),
            KeyCode::Delete => drop(self.take_after()),
            KeyCode::Left => self.left(),
            KeyCode::Right => self.right(),
            KeyCode::Home => self.home(),
            KeyCode::End => self.end(),
            _ => return false,
        }
        true
    }

    fn control(&mut self, code: KeyCode) -> bool {
        match code {
            KeyCode::Char('a') => self.home(),
            KeyCode::Char('e') => self.end(),
            KeyCode::Char('u') => self.before.clear(),
            KeyCode::Char('k') => self.after.clear(),
            KeyCode::Char('w') => {
                let kept = self.before.trim_end().rfind(' ').map_or(0, |space| space + 1);
                self.before.truncate(kept);
            }
            _ => return false,
        }
        true
    }

    /// Pasted text: line ends become spaces, other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        for character in text.trim_end().chars() {
            self.insert(if character == '\n' { ' ' } else { character });
        }
    }

    fn insert(&mut self, character: char) {
        let length = self.before.chars().count() + self.after.chars().count();
        if !character.is_control() && length < MOST_CHARACTERS {
            self.before.push(character);
        }
    }

    fn take_after(&mut self) -> Option<char> {
        let first = self.after.chars().next()?;
        self.after.drain(..first.len_utf8());
        Some(first)
    }

    fn left(&mut self) {
        if let Some(character) = self.before.pop() {
            self.after.insert(0, character);
        }
    }

    fn right(&mut self) {
        if let Some(character) = self.take_after() {
            self.before.push(character);
        }
    }

    fn home(&mut self) {
        self.after.insert_str(0, &std::mem::take(&mut self.before));
    }

    fn end(&mut self) {
        self.before.push_str(&std::mem::take(&mut self.after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> Input {
        let mut input = Input::new("left the firm");
        for (code, modifiers) in keys {
            assert!(input.key(KeyEvent::new(*code, *modifiers)), "{code:?}");
        }
        input
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        const PLAIN: KeyModifiers = KeyModifiers::NONE;
        const CONTROL: KeyModifiers = KeyModifiers::CONTROL;
        assert_eq!(typed(&[(KeyCode::Char('w'), CONTROL)]).text(), "left the ");
        assert_eq!(typed(&[(KeyCode::Char('u'), CONTROL)]).text(), "");
        assert_eq!(typed(&[(KeyCode::Home, PLAIN), (KeyCode::Delete, PLAIN)]).text(), "eft the firm");
        let inserted = typed(&[(KeyCode::Left, PLAIN), (KeyCode::Char('!'), PLAIN), (KeyCode::End, PLAIN)]);
        assert_eq!((inserted.text().as_str(), inserted.after()), ("left the fir!m", ""));
    }

    #[test]
    fn a_paste_brings_no_control_characters_and_ends_somewhere() {
        let mut input = Input::default();
        input.paste("two\nlines\x1b[31m\n");
        assert_eq!(input.text(), "two lines[31m");
        input.paste(&"x".repeat(10_000));
        assert_eq!(input.text().len(), MOST_CHARACTERS);
    }
}
