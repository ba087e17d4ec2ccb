//! What an installation puts on a workstation, besides Claude Code itself: the agent, what it needs to know, settings, a
//! script that prints a token, and what runs in the background.

mod place;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use shared::platform::Os as System;

pub use self::place::Place;
use crate::{
    config::{Config, Origin},
    journal::{Access, Journal, JournalError, Outcome},
    os::{Os, Unit},
    settings::wanted::{self, Surroundings},
    unit::{self, Subject},
};

/// Variables that name a proxy.
pub const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const GET_TOKEN: &str = "get-token";

/// Puts the running program where it stays, and where people find it.
pub fn agent(os: &dyn Os, journal: &mut Journal<'_>, place: &Place) -> Result<Outcome, JournalError> {
    let placed = program(os, journal, place)?;
    match &place.command {
        Some(command) => Ok(placed.and(journal.link(command, &place.agent)?)),
        None => Ok(placed),
    }
}

fn program(os: &dyn Os, journal: &mut Journal<'_>, place: &Place) -> Result<Outcome, JournalError> {
    let running = env::current_exe().and_then(fs::canonicalize);
    let failed = |error| JournalError::File { path: place.agent.clone(), error };
    let running = running.map_err(failed)?;
    if fs::canonicalize(&place.agent).is_ok_and(|path| path == running) {
        if os.is_packaged(&running) {
            return Ok(Outcome::Unchanged);
        }
        // A script has put it there.
        for folder in [Some(place.folder.as_path()), place.agent.parent()].into_iter().flatten() {
            journal.adopt_folder(folder, &[&place.folder, &place.agent])?;
        }
        journal.adopt(&place.agent)?;
        return Ok(Outcome::Unchanged);
    }
    let content = fs::read(&running).map_err(failed)?;
    if fs::read(&place.agent).is_ok_and(|found| found == content) && os.is_runnable(&place.agent) {
        return Ok(Outcome::Unchanged);
    }
    journal.file(&place.agent, &content, Access::Runnable)
}

/// Writes down where the servers are, for those that run later and know no variables.
pub fn configuration(
    journal: &mut Journal<'_>,
    place: &Place,
    config: &Config,
    access: Access,
) -> Result<Outcome, JournalError> {
    let own = config
        .given
        .iter()
        .filter(|(_, (_, origin))| !matches!(origin, Origin::File(path) if *path != place.configuration));
    let values: Map<String, Value> =
        own.map(|(setting, (value, _))| (setting.key(), value.as_str().into())).collect();
    let text = format!("{:#}\n", Value::Object(values));
    journal.file(&place.configuration, text.as_bytes(), access)
}

/// Tells Claude Code of the gateway.
pub fn settings(
    journal: &mut Journal<'_>,
    place: &Place,
    around: &Surroundings,
    access: Option<Access>,
) -> Result<Outcome, JournalError> {
    journal.settings(&place.settings, &around.wanted(), access)
}

/// A script that prints a token, for programs that are not Claude Code.
pub fn script(journal: &mut Journal<'_>, place: &Place) -> Result<Outcome, JournalError> {
    let command = place.helper();
    let text = match place.system {
        System::Windows => format!("@{}\r\n", command.replace('%', "%%")),
        System::Linux | System::Macos => format!("#!/bin/sh\nexec {command}\n"),
    };
    journal.file(&place.script(), text.as_bytes(), Access::Runnable)
}

/// What came of the units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Background {
    Loaded(Outcome),
    /// Nobody is there who would run them. They lie ready.
    NotLoaded(String),
}

/// Writes the units and loads them.
pub fn background(
    os: &dyn Os,
    journal: &mut Journal<'_>,
    place: &Place,
    home: &Path,
) -> Result<Background, JournalError> {
    let user = os.account().map(|account| account.id).unwrap_or_default();
    let files = unit::files(place.system, Subject { agent: &place.agent, user: &user });
    for trace in unit::traces(place.system) {
        journal.make_room(&home.join(trace))?;
    }
    let mut outcome = Outcome::Unchanged;
    for file in &files {
        outcome = journal.file(&home.join(&file.path), &file.bytes(), Access::Readable)?.and(outcome);
    }
    for file in &files {
        let Some(name) = &file.name else { continue };
        let path = home.join(&file.path);
        let unit = Unit { name, file: &path };
        if outcome == Outcome::Unchanged && os.is_enabled(unit) {
            continue;
        }
        journal.unit(name, &path)?;
        if let Err(error) = os.enable(unit) {
            return Ok(Background::NotLoaded(error.to_string()));
        }
        outcome = Outcome::Done;
    }
    Ok(Background::Loaded(outcome))
}

/// What the settings must say here.
pub fn surroundings(config: &Config, place: &Place) -> Option<Surroundings> {
    let gateway = config.gateway.as_ref()?;
    let variable = |names: &[&str]| {
        names.iter().filter_map(|name| env::var(name).ok()).find(|value| !value.trim().is_empty())
    };
    let exempt = variable(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let servers = [Some(gateway), config.auth.as_ref(), config.install.as_ref()];
    let hosts = servers.into_iter().flatten().filter_map(|url| url.host_str());
    let hosts = hosts.map(|host| host.trim_matches(['[', ']']));
    Some(Surroundings {
        gateway: gateway.as_str().trim_end_matches('/').to_owned(),
        helper: place.helper(),
        no_proxy: wanted::no_proxy(&exempt, hosts),
        authorities: config.authorities.as_ref().map(|path| path.display().to_string()),
        region: config.region.clone(),
        models: [config.opus.clone(), config.sonnet.clone(), config.haiku.clone()],
    })
}

impl Place {
    /// The script that prints a token.
    pub fn script(&self) -> PathBuf {
        let name = if self.system == System::Windows { "get-token.cmd" } else { "get-token.sh" };
        self.folder.join(name)
    }

    /// The command that prints a token.
    pub fn helper(&self) -> String {
        match self.system {
            System::Windows => wanted::windows_command(&self.agent, GET_TOKEN),
            System::Linux | System::Macos => wanted::shell_command(&self.agent, GET_TOKEN),
        }
    }
}
