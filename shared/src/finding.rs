//! What a `doctor` has found about one thing, and how every program shows it.

use serde::Serialize;

use crate::terminal::safe;

/// Columns for the state and the name of the check; hints stand below what they are for.
const STATE: usize = 7;
const CHECK: usize = 13;
const INDENT: usize = STATE + CHECK + 4;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Ok,
    /// It works, and someone should look; or it could not be looked at.
    Warning,
    Problem,
    /// It was a problem, and has been mended.
    Fixed,
}

/// One thing, one sentence, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub state: State,
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), hint: None }
    }

    pub fn warning(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, state: State::Warning, what: what.into(), hint: Some(hint.into()) }
    }

    pub fn problem(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, state: State::Problem, what: what.into(), hint: Some(hint.into()) }
    }

    /// One line, and one more for the hint.
    pub fn lines(&self, colour: bool) -> String {
        let (word, code) = self.state.word();
        let word = format!("{word:<STATE$}");
        let word = if colour { format!("\x1b[{code}m{word}\x1b[0m") } else { word };
        let line = format!("{word}  {:<CHECK$}  {}", self.check, safe(&self.what));
        match &self.hint {
            Some(hint) => format!("{line}\n{:INDENT$}hint: {}", "", safe(hint)),
            None => line,
        }
    }
}

impl State {
    /// Its word, and its colour on a terminal.
    fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Ok => ("ok", "32"),
            Self::Warning => ("warning", "33"),
            Self::Problem => ("problem", "31"),
            Self::Fixed => ("fixed", "36"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_below_what_it_is_for() {
        let finding = Finding::problem("clock", "it is \x1b[2J late", "set it right");
        let expected =
            "problem  clock          it is \\u{1b}[2J late\n                        hint: set it right";
        assert_eq!(finding.lines(false), expected);
        assert!(finding.lines(true).starts_with("\x1b[31mproblem\x1b[0m  clock"));
        assert_eq!(Finding::ok("store", "whole").lines(false), "ok       store          whole");
    }

    #[test]
    fn machines_read_the_same() {
        let json = serde_json::to_value([Finding::ok("a", "b"), Finding::warning("c", "d", "e")]).unwrap();
        let expected = serde_json::json!([
            { "check": "a", "state": "ok", "what": "b" },
            { "check": "c", "state": "warning", "what": "d", "hint": "e" },
        ]);
        assert_eq!(json, expected);
    }
}
