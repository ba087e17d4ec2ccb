//! `claude-agent uninstall`: signs out, and puts everything back as it was.

use std::time::Duration;

use super::{CommandError, Workstation};
use crate::{
    client::{self, AuthServer, ClientError},
    config::Config,
    credential::Store,
    install::Place,
    journal::{Journal, Report, Undone},
    output,
};

/// Nobody waits longer for a server when things are to be removed.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(here: Workstation<'_>) -> Result<(), CommandError> {
    // What can't be read any more must not stand in the way.
    let config = Config::load(here.os, here.settings).unwrap_or_default();
    let place = Place::of_user(here.os, &config).ok_or(CommandError::NoMachine)?;
    if !Journal::is_there(&place.folder) {
        return Err(CommandError::NotInstalled(place.folder));
    }
    let journal = Journal::open(here.os, &place.folder)?;
    if !matches!(tokio::time::timeout(PATIENCE, end_session(here, &config)).await, Ok(Ok(()))) {
        output::note("the session could not be ended on the server; it ends by itself");
    }
    tell(&journal.undo()?)
}

async fn end_session(here: Workstation<'_>, config: &Config) -> Result<(), CommandError> {
    let Some(credential) = Store::of_user(here.os)?.read()? else { return Ok(()) };
    if credential.has_ended() {
        return Ok(());
    }
    let base = config.auth()?.clone();
    let server = AuthServer::new(client::http(&[&base], config.authorities.as_deref())?, base);
    match server.logout(&credential.refresh_token).await {
        // It has ended already.
        Err(ClientError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => {
            output::say("signed out");
            Ok(())
        }
    }
}

/// Says what came of it. A part that could not be undone is a failure.
pub(super) fn tell(report: &Report) -> Result<(), CommandError> {
    for undone in &report.0 {
        match undone {
            Undone::Removed(path) => output::say(&format!("removed   {}", path.display())),
            Undone::Restored(path) => output::say(&format!("restored  {}", path.display())),
            Undone::Stopped(name) => output::say(&format!("stopped   {name}")),
            Undone::Partly { path, kept } => {
                let kept = kept.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                output::say(&format!(
                    "restored  {}, but for {kept}, changed by someone else since",
                    path.display()
                ));
            }
            Undone::Failed { what, why } => output::error(&format!("{what}: {why}")),
            Undone::Nothing => {}
        }
    }
    if report.is_whole() { Ok(()) } else { Err(CommandError::NotUndone) }
}
