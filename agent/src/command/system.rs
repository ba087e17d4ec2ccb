//! `claude-agent system install|uninstall`: what administrators put on a machine for all of its users.

use clap::Subcommand;

use super::{CommandError, Workstation, uninstall};
use crate::{
    config::{Config, Setting},
    install::{self, Place},
    journal::{Access, Journal, Outcome},
    output,
};

#[derive(Debug, Subcommand)]
pub enum SystemCommand {
    /// Put managed settings, the agent and its configuration on this machine, for all users
    Install,
    /// Remove all of it, and restore what was there before
    Uninstall,
}

impl SystemCommand {
    pub fn run(&self, here: Workstation<'_>) -> Result<(), CommandError> {
        if !here.os.account().is_ok_and(|account| account.is_administrator) {
            return Err(CommandError::NotAdministrator);
        }
        match self {
            Self::Install => install(here),
            Self::Uninstall => uninstall(here),
        }
    }
}

fn install(here: Workstation<'_>) -> Result<(), CommandError> {
    let config = Config::load(here.os, here.settings)?;
    config.need(&[Setting::AuthServer, Setting::Gateway, Setting::Tenant, Setting::ClientId])?;
    let place = Place::of_machine(here.os, &config).ok_or(CommandError::NoMachine)?;
    let around = install::surroundings(&config, &place).ok_or(CommandError::NoMachine)?;
    let mut journal = Journal::open(here.os, &place.folder)?;
    here.os.make_runnable(&place.folder).map_err(CommandError::Output)?;
    tell("agent", install::agent(here.os, &mut journal, &place)?, &place.agent);
    let written = install::configuration(&mut journal, &place, &config, Access::Readable)?;
    tell("configuration", written, &place.configuration);
    let written = install::settings(&mut journal, &place, &around, Some(Access::Readable))?;
    tell("settings", written, &place.settings);
    output::hint("every user runs `claude-agent install` once, without more rights");
    Ok(())
}

fn uninstall(here: Workstation<'_>) -> Result<(), CommandError> {
    let place = Place::of_machine(here.os, &Config::default()).ok_or(CommandError::NoMachine)?;
    if !Journal::is_there(&place.folder) {
        return Err(CommandError::NotInstalled(place.folder));
    }
    uninstall::tell(&Journal::open(here.os, &place.folder)?.undo()?)
}

fn tell(what: &str, outcome: Outcome, path: &std::path::Path) {
    let word = if outcome == Outcome::Done { "done" } else { "unchanged" };
    output::say(&format!("{what:<13}  {word:<9}  {}", path.display()));
}
