//! Asking before something ends. Only whoever sits at a terminal is asked: a script has said what it wants, with a reason.

use std::io::{self, BufRead, IsTerminal, Write};

use shared::terminal::safe;

use super::CommandError;

pub(super) fn is_asked(yes: bool) -> bool {
    !yes && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whatever is not a clear yes is a no.
pub(super) fn ask(question: &str) -> Result<(), CommandError> {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{} [y/N] ", safe(question));
    let _ = stderr.flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    let is_yes = read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
    if is_yes { Ok(()) } else { Err(CommandError::NotConfirmed) }
}
