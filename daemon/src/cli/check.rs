//! `sallyportd check`: every problem at once, and what is fine.

use std::{fmt::Write, process::ExitCode};

use serde_json::{Value, json};

use super::print;
use crate::{
    config::{Given, Problem, Reading},
    doctor::trial::{self, Fine},
};

/// Reads the configuration, tries what can be tried without serving, and prints what came of it.
pub(super) fn check(given: &Given, as_json: bool) -> ExitCode {
    let report = Report::of(Reading::of(given));
    let printed = print(&if as_json { format!("{:#}", report.as_json()) } else { report.as_text() });
    if report.problems.is_empty() { printed } else { ExitCode::FAILURE }
}

struct Report {
    fine: Vec<Fine>,
    warnings: Vec<Problem>,
    problems: Vec<Problem>,
}

impl Report {
    fn of(reading: Reading) -> Self {
        match reading.config {
            Ok(config) => {
                let (fine, problems) = trial::try_out(&config);
                Self { fine, warnings: reading.warnings, problems }
            }
            Err(problems) => {
                let fine = trial::untouched(&reading.settings, &problems.0);
                Self { fine, warnings: reading.warnings, problems: problems.0 }
            }
        }
    }

    fn as_text(&self) -> String {
        let mut text = String::new();
        for Fine { part, says } in &self.fine {
            let _ = writeln!(text, "ok: {part}: {says}");
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        for problem in &self.problems {
            let _ = writeln!(text, "problem: {problem}");
        }
        let _ = match self.problems.len() {
            0 => writeln!(text, "no problems"),
            1 => writeln!(text, "1 problem"),
            count => writeln!(text, "{count} problems"),
        };
        text
    }

    fn as_json(&self) -> Value {
        let fine = self.fine.iter().map(|Fine { part, says }| json!({ "part": part, "says": says }));
        json!({
            "ok": self.problems.is_empty(),
            "problems": self.problems.iter().map(problem).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(problem).collect::<Vec<_>>(),
            "fine": fine.collect::<Vec<_>>(),
        })
    }
}

fn problem(problem: &Problem) -> Value {
    json!({
        "where": problem.origin.as_ref().map(ToString::to_string),
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    })
}
