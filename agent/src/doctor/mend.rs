//! What `--fix` does: it puts back what is ours, and takes away rights that nobody else should have.

use std::path::Path;

use super::{Finding, Patient, Remedy, State};
use crate::{
    clock, install,
    journal::{Access, Journal},
    package::{self, Order, Wanted},
    settings::SettingsFile,
};

/// Applies every remedy, and tells what did not work.
pub async fn mend(patient: &Patient<'_>, findings: &[Finding]) -> Vec<String> {
    let mut remedies: Vec<&Remedy> = Vec::new();
    for remedy in findings.iter().filter_map(|finding| finding.remedy.as_ref()) {
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    let mut failures = Vec::new();
    for remedy in remedies {
        failures.extend(apply(patient, remedy).await.err());
    }
    failures
}

/// What is well now and was not before is mended. Several things may go by one name, as servers do.
pub fn compare(before: &[Finding], mut after: Vec<Finding>) -> Vec<Finding> {
    let is_ill = |one: &Finding, check| one.found.check == check && one.found.state == State::Problem;
    for now in &mut after {
        let was_ill = before.iter().any(|one| is_ill(one, now.found.check)) && !before.contains(now);
        if now.found.state == State::Ok && was_ill {
            now.found.state = State::Fixed;
        }
    }
    after
}

async fn apply(patient: &Patient<'_>, remedy: &Remedy) -> Result<(), String> {
    match remedy {
        Remedy::Install => install(patient),
        Remedy::Program => program(patient).await,
        Remedy::Background => background(patient),
        Remedy::Private(path) => patient.os.make_private(path).map_err(|error| failed(path, &error)),
        Remedy::Readable(path) => patient.os.make_readable(path).map_err(|error| failed(path, &error)),
        Remedy::Unmark(path) => {
            let file = SettingsFile::read(path).map_err(|error| error.to_string())?;
            file.unmark(patient.os).map_err(|error| error.to_string())
        }
    }
}

fn install(patient: &Patient<'_>) -> Result<(), String> {
    let Patient { os, config, place, .. } = patient;
    let mend = || {
        let mut journal = Journal::open(*os, &place.folder)?;
        install::agent(*os, &mut journal, place)?;
        install::configuration(&mut journal, place, config, Access::Private)?;
        if let Some(around) = install::surroundings(config, place) {
            install::settings(&mut journal, place, &around, None)?;
        }
        install::script(&mut journal, place)
    };
    mend().map(|_| ()).map_err(|error| error.to_string())
}

async fn program(patient: &Patient<'_>) -> Result<(), String> {
    let Patient { os, config, place, .. } = patient;
    let Some(server) = &config.install else { return Err("`INSTALL_SERVER_URL` is not set".to_owned()) };
    let mut journal = Journal::open(*os, &place.folder).map_err(|error| error.to_string())?;
    let key = package::key(config.install_key.as_deref()).map_err(|error| error.to_string())?;
    let order = Order {
        server,
        wanted: Wanted::Served,
        key,
        authorities: config.authorities.as_deref(),
        now: clock::now(),
    };
    package::install(*os, &mut journal, order).await.map(|_| ()).map_err(|error| error.to_string())
}

fn background(patient: &Patient<'_>) -> Result<(), String> {
    let Patient { os, place, .. } = patient;
    let Some(home) = os.home() else { return Err("there is no home".to_owned()) };
    let mut journal = Journal::open(*os, &place.folder).map_err(|error| error.to_string())?;
    match install::background(*os, &mut journal, place, &home) {
        Ok(install::Background::Loaded(_)) => Ok(()),
        Ok(install::Background::NotLoaded(why)) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("`{}`: {error}", path.display())
}
