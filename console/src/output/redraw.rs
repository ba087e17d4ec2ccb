//! A picture over the one before, on a terminal. Elsewhere one follows the other.

use std::io::{self, IsTerminal};

use super::style::height;

#[derive(Debug)]
pub struct Redraw {
    is_terminal: bool,
    /// Lines of the picture before.
    lines: usize,
}

impl Default for Redraw {
    fn default() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), lines: 0 }
    }
}

impl Redraw {
    /// What to write so that only this picture is seen.
    pub fn over(&mut self, picture: &str) -> String {
        if !self.is_terminal {
            return picture.to_owned();
        }
        // A picture that scrolls can't be drawn over.
        let room = height().map_or(usize::MAX, |rows| rows.saturating_sub(1));
        let lines: Vec<&str> = picture.lines().take(room).collect();
        let up = if self.lines > 0 { format!("\x1b[{}A", self.lines) } else { String::new() };
        self.lines = lines.len();
        format!("{up}\x1b[J{}\n", lines.join("\n"))
    }
}
