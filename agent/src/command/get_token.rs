//! `claude-agent get-token`: one access token on stdout, and nothing else.

use super::{CommandError, Workstation, session::Session};
use crate::{clock, credential::Store, os::Os, output};

/// Prints the token that lies there if it is fresh, which is nearly always: no runtime, no TLS, no settings. Says whether
/// it did.
pub fn print_if_fresh(os: &'static dyn Os) -> Result<bool, CommandError> {
    let present = Store::of_user(os)?.read()?;
    match present.filter(|credential| credential.is_fresh(clock::now())) {
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
    let credential = Session::of(here)?.renewal().run().await?;
    output::data(credential.access_token.expose())?;
    Ok(())
}
