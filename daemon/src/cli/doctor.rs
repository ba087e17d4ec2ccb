//! `sallyportd doctor`: everything that the daemon relies on, looked at, and what to do where something is wrong.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::Args;
use serde_json::json;
use shared::{
    finding::{Finding, State},
    terminal::safe_json,
};
use tokio::runtime::Runtime;

use super::{complain, inherit, print};
use crate::{
    clock::Clock,
    config::{Given, Reading},
    doctor::{self, Patient},
};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Send each configured model one tiny request, which costs a fraction of a cent
    #[arg(long)]
    live: bool,
    /// Print JSON, for machines
    #[arg(long)]
    json: bool,
}

/// Prints every finding. A problem is a failure, a warning is not.
pub(super) fn doctor(given: &Given, arguments: &DoctorArgs) -> ExitCode {
    if let Err(error) = inherit::take_over(given) {
        return complain(&format!("error: can't start again with the variables of `.env`: {error}"));
    }
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("error: {error}")),
    };
    let patient = Patient { reading: Reading::of(given), clock: Clock::System, live: arguments.live };
    let findings = runtime.block_on(patient.examine());
    runtime.shutdown_background();
    let problems = doctor::count(&findings, State::Problem);
    let printed = print(&if arguments.json { as_json(&findings) } else { as_text(&findings) });
    if problems == 0 { printed } else { ExitCode::FAILURE }
}

fn as_text(findings: &[Finding]) -> String {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = findings.iter().map(|finding| finding.lines(colour));
    let counted = [(State::Problem, "problem"), (State::Warning, "warning")]
        .map(|(state, word)| (doctor::count(findings, state), word))
        .map(|(count, word)| match count {
            0 => format!("no {word}s"),
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        });
    lines.chain([counted.join(", ")]).collect::<Vec<_>>().join("\n")
}

fn as_json(findings: &[Finding]) -> String {
    let document = json!({
        "findings": findings,
        "problems": doctor::count(findings, State::Problem),
        "warnings": doctor::count(findings, State::Warning),
    });
    safe_json(&format!("{document:#}")).into_owned()
}
