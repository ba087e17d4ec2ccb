//! The one printer: data goes to stdout, everything else to stderr, and what others wrote can't steer the terminal.

use std::io::{self, Write};

use shared::terminal::safe;

/// A line of data.
pub fn data(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}

/// A line for people.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", safe(line));
}

pub fn note(text: &str) {
    tell("note", text);
}

pub fn error(text: &str) {
    tell("error", text);
}

pub fn hint(text: &str) {
    tell("hint", text);
}

fn tell(kind: &str, text: &str) {
    let _ = writeln!(io::stderr().lock(), "{kind}: {}", safe(text));
}
