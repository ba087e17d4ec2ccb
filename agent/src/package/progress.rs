//! How far a download is, on a terminal only.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use super::Program;

const EVERY: Duration = Duration::from_millis(100);

/// A line that is written over and over.
#[derive(Debug)]
pub(super) struct Progress {
    what: String,
    size: u64,
    reached: u64,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(program: &Program) -> Self {
        let what = format!("Claude Code {}", program.version);
        let is_terminal = io::stderr().is_terminal();
        Self { what, size: program.binary.size, reached: 0, shown: None, is_terminal }
    }

    pub(super) fn reached(&self) -> u64 {
        self.reached
    }

    pub(super) fn reach(&mut self, bytes: u64) {
        self.reached = self.reached.max(bytes);
        if self.is_terminal && self.shown.is_none_or(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            let _ = write!(io::stderr(), "\r{}", self.line());
        }
    }

    fn line(&self) -> String {
        let percent = self.reached.saturating_mul(100) / self.size.max(1);
        let mega = |bytes: u64| bytes / 1_000_000;
        format!("{}  {percent:>3} %  {} of {} MB", self.what, mega(self.reached), mega(self.size))
    }
}

impl Drop for Progress {
    /// The line makes room for what comes after it.
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r{:width$}\r", "", width = self.line().len());
        }
    }
}
