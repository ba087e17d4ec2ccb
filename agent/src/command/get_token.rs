//! `claude-agent get-token`: one access token on stdout, and nothing else.

use super::{CommandError, Workstation, session::Session};
use crate::{
    client::{self, gateway},
    clock,
    config::Config,
    credential::{Credential, Store},
    os::Os,
    output,
};

/// Prints the token that lies there if it is fresh and not in doubt, which is nearly always: no runtime, no TLS, no
/// settings. Says whether it did.
pub fn print_if_fresh(os: &'static dyn Os) -> Result<bool, CommandError> {
    let (store, now) = (Store::of_user(os)?, clock::now());
    let present = store.read()?.filter(|credential| credential.is_fresh(now));
    match present.filter(|_| !store.is_doubted(now)) {
        Some(credential) => {
            output::data(credential.access_token.expose())?;
            Ok(true)
        }
        None => Ok(false),
    }
}

pub(super) async fn run(here: Workstation<'_>) -> Result<(), CommandError> {
    if print_if_fresh(here.os)? {
        return Ok(());
    }
    let store = Store::of_user(here.os)?;
    let credential = match store.read()?.filter(|credential| credential.is_fresh(clock::now())) {
        Some(doubted) => look_into(here, &store, doubted).await?,
        None => Session::of(here)?.renewal().run().await?,
    };
    output::data(credential.access_token.expose())?;
    Ok(())
}

/// The token if the gateway takes it, or if nobody says otherwise; else its successor, or why there is none any more: the
/// session was revoked.
async fn look_into(
    here: Workstation<'_>,
    store: &Store,
    doubted: Credential,
) -> Result<Credential, CommandError> {
    let is_refused = is_refused(here, &doubted).await.unwrap_or_default();
    if is_refused {
        return Ok(Session::of(here)?.renewal().replace(&doubted).await?);
    }
    store.settle(clock::now());
    Ok(doubted)
}

/// What is missing or wrong in the settings is no reason to keep a token back.
async fn is_refused(here: Workstation<'_>, doubted: &Credential) -> Result<bool, CommandError> {
    let config = Config::load(here.os, here.settings)?;
    let Some(base) = &config.gateway else { return Ok(false) };
    let client = client::http(&[base], config.authorities.as_deref())?;
    Ok(gateway::refuses(&client, base, &doubted.access_token).await)
}
