//! The one printer. Data goes to stdout, as tables for people or JSON for machines; everything else goes to stderr.

pub mod fields;
pub mod redraw;
pub mod style;
pub mod table;

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use shared::terminal::{safe, safe_json};

pub use self::{
    fields::Fields,
    redraw::Redraw,
    style::{ColorChoice, Style, Tone},
    table::{Cell, Column, Table},
};

/// What reads what we print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    People,
    Json,
}

#[derive(Debug)]
pub struct Output {
    pub format: Format,
    pub style: Style,
    stdout: BufWriter<Stdout>,
}

impl Output {
    pub fn new(format: Format, style: Style) -> Self {
        Self { format, style, stdout: BufWriter::new(io::stdout()) }
    }

    pub fn is_for_people(&self) -> bool {
        self.format == Format::People
    }

    /// The whole answer of a command.
    pub fn document<T: Serialize>(
        &mut self,
        value: &T,
        people: impl FnOnce(&Style) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::People => self.text(people(&self.style).as_bytes()),
            Format::Json => self.json(serde_json::to_string_pretty(value)),
        }
    }

    /// One piece of an answer that goes on: a line of JSON.
    pub fn piece<T: Serialize>(
        &mut self,
        value: &T,
        people: impl FnOnce(&Style) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::People => self.text(people(&self.style).as_bytes()),
            Format::Json => self.json(serde_json::to_string(value)),
        }
    }

    /// A text as it is.
    pub fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.stdout.write_all(text)?;
        self.stdout.flush()
    }

    fn json(&mut self, json: serde_json::Result<String>) -> io::Result<()> {
        self.text(format!("{}\n", safe_json(&json?)).as_bytes())
    }
}

/// A sentence for people, on a line of its own.
pub fn sentence(text: &str) -> String {
    format!("{}\n", safe(text))
}

/// Whether whoever read stdout has left. Without this, a watch would notice only when it has something to say.
pub fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let closed = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut watched, Some(&now)).is_ok_and(|_| watched.iter().any(|fd| fd.revents().intersects(closed)))
}

/// A reader who has left is no failure.
pub fn is_reader_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Tells people something that is not data.
pub fn note(text: &str) {
    tell("note", text);
}

pub fn error(text: &str) {
    tell("error", text);
}

pub fn hint(text: &str) {
    tell("hint", text);
}

/// A line below an error.
pub fn detail(text: &str) {
    let _ = writeln!(io::stderr().lock(), "  {}", safe(text));
}

fn tell(kind: &str, text: &str) {
    let _ = writeln!(io::stderr().lock(), "{kind}: {}", safe(text));
}
