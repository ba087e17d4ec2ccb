//! `claude-agent get-token`: one access token on stdout, and nothing else.

use super::{CommandError, Workstation, session::Session};
use crate::{
    client::{self, gateway},
    clock,
    config::{Config, ConfigArgs},
    credential::{Credential, Store},
    os::Os,
    output,
    renewal::RenewalError,
};

/// A token that can't just be printed.
#[derive(Debug)]
pub enum Unprinted {
    /// It has ended, or will soon.
    Due(Credential),
    /// It is fresh, and asked for again so soon that it may have been refused.
    Doubted(Credential),
}

/// Prints the token that lies there if it is fresh and not in doubt, which is nearly always: no runtime, no TLS, no
/// settings. Otherwise hands it on.
pub fn print_if_fresh(os: &'static dyn Os) -> Result<Option<Unprinted>, CommandError> {
    let (store, now) = (Store::of_user(os)?, clock::now());
    let present = store.read()?.ok_or(RenewalError::NotSignedIn)?;
    if !present.is_fresh(now) {
        return Ok(Some(Unprinted::Due(present)));
    }
    if store.is_doubted(now) {
        return Ok(Some(Unprinted::Doubted(present)));
    }
    output::data(present.access_token.expose())?;
    Ok(None)
}

/// What is left to do for a token that was not printed, when no option was given.
pub async fn go_on(os: &'static dyn Os, unprinted: Unprinted) -> Result<(), CommandError> {
    let settings = ConfigArgs::default();
    finish(Workstation { os, settings: &settings }, unprinted).await
}

pub(super) async fn run(here: Workstation<'_>) -> Result<(), CommandError> {
    match print_if_fresh(here.os)? {
        Some(unprinted) => finish(here, unprinted).await,
        None => Ok(()),
    }
}

async fn finish(here: Workstation<'_>, unprinted: Unprinted) -> Result<(), CommandError> {
    let credential = match unprinted {
        Unprinted::Due(present) => Session::of(here)?.renewal().replace(&present).await?,
        Unprinted::Doubted(present) => look_into(here, present).await?,
    };
    output::data(credential.access_token.expose())?;
    Ok(())
}

/// The token, if nobody says otherwise; else its successor, or why there is none any more: the session was revoked.
async fn look_into(here: Workstation<'_>, doubted: Credential) -> Result<Credential, CommandError> {
    let credential = if is_refused(here, &doubted).await.unwrap_or_default() {
        Session::of(here)?.renewal().replace(&doubted).await?
    } else {
        doubted
    };
    Store::of_user(here.os)?.settle(clock::now());
    Ok(credential)
}

/// Whether the gateway says so; or whether only the auth server can know, which tells when it is asked for a successor.
/// What is missing or wrong in the settings is no reason to keep a token back.
async fn is_refused(here: Workstation<'_>, doubted: &Credential) -> Result<bool, CommandError> {
    let config = Config::load(here.os, here.settings)?;
    let Some(base) = &config.gateway else {
        // Of fifty who ask at once, one has just brought what the others find.
        return Ok(config.auth.is_some() && !doubted.is_new(clock::now()));
    };
    let client = client::http(&[base], config.authorities.as_deref())?;
    Ok(gateway::refuses(&client, base, &doubted.access_token).await)
}
