//! How text looks where it is printed: colours, width, and what a cut text ends with. Colour is never the only sign.

use std::{
    env,
    io::{self, IsTerminal},
};

use clap::ValueEnum;
use rustix::termios::tcgetwinsize;
use shared::time::Timestamp;

use crate::clock;

/// What a text means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Dim,
    Strong,
    Good,
    Warn,
    Bad,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// Cells of a line; without, nothing is cut.
    pub width: Option<usize>,
    /// One cell.
    pub ellipsis: &'static str,
    pub now: Timestamp,
}

impl Style {
    /// Plain text of any width.
    pub fn plain(now: Timestamp) -> Self {
        Self { color: false, width: None, ellipsis: "…", now }
    }

    /// What fits stdout as it is.
    pub fn of_stdout(color: ColorChoice) -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let is_terminal = io::stdout().is_terminal();
        let may_color = variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|term| term != "dumb");
        let color = match color {
            ColorChoice::Auto => is_terminal && may_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        let is_utf8 =
            locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let ellipsis = if is_utf8 { "…" } else { "~" };
        Self { color, width: is_terminal.then(width).flatten(), ellipsis, now: clock::now() }
    }

    /// A text with its tone.
    pub fn paint(&self, text: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Dim => "2",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
        };
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Columns of the terminal, if it knows them.
fn width() -> Option<usize> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Rows of the terminal, if stdout is one that knows them.
pub fn height() -> Option<usize> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0).then_some(usize::from(size.ws_row))
}
