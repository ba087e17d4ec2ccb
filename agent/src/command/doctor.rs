//! `claude-agent doctor`: what is wrong on this workstation, what to do about it, and with `--fix` the mending itself.

use std::io::{self, IsTerminal};

use clap::Args;
use serde_json::json;
use shared::terminal::safe_json;

use super::{CommandError, Workstation};
use crate::{
    config::Config,
    doctor::{self, Finding, Patient, State},
    install::Place,
    output,
};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Mend what can be mended
    #[arg(long)]
    pub fix: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl DoctorArgs {
    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let findings = match Config::load(here.os, here.settings) {
            Ok(config) => self.examine(here, &config).await?,
            Err(error) => vec![Finding::of_settings(&error)],
        };
        let problems = findings.iter().filter(|finding| finding.found.state == State::Problem).count();
        if self.json {
            let document = json!({ "findings": findings, "problems": problems });
            output::data(&safe_json(&format!("{document:#}")))?;
        } else {
            tell(&findings)?;
        }
        let can_mend = !self.fix && findings.iter().any(|finding| finding.remedy.is_some());
        if problems == 0 { Ok(()) } else { Err(CommandError::Unwell { problems, can_mend }) }
    }

    async fn examine(&self, here: Workstation<'_>, config: &Config) -> Result<Vec<Finding>, CommandError> {
        let place = Place::of_user(here.os, config).ok_or(CommandError::NoMachine)?;
        let variable = |name: &str| std::env::var(name).ok();
        let patient = Patient { os: here.os, config, place: &place, variable };
        let findings = patient.examine().await;
        if !self.fix || findings.iter().all(|finding| finding.remedy.is_none()) {
            return Ok(findings);
        }
        for failure in doctor::mend(&patient, &findings).await {
            output::note(&failure);
        }
        Ok(doctor::compare(&findings, patient.examine().await))
    }
}

fn tell(findings: &[Finding]) -> io::Result<()> {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    findings.iter().try_for_each(|finding| output::data(&finding.found.lines(colour)))
}
