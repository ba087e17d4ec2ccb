//! `claude-agent logout`: the session ends at the server, and its tokens are removed here.

use clap::Args;

use super::{CommandError, Workstation, session::Session};
use crate::{client::ClientError, credential::CredentialError, output};

#[derive(Debug, Args)]
pub struct LogoutArgs {
    /// Remove the tokens even if the server can't be told: the session goes on until it expires or is revoked
    #[arg(long)]
    pub force: bool,
}

impl LogoutArgs {
    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let session = Session::of(here)?;
        let store = &session.store;
        let held = store.hold().await?;
        let present = match store.read() {
            Ok(Some(present)) => present,
            Ok(None) => {
                output::say("nobody is signed in on this workstation");
                return Ok(());
            }
            // What can't be used can still be removed.
            Err(error @ (CredentialError::Corrupt { .. } | CredentialError::Link(_))) => {
                store.remove()?;
                output::say(&format!("{error}; it is removed, and the session ends by itself"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let ended = session.server.logout(&present.refresh_token).await;
        // Without the tokens nobody could end the session from here any more.
        match ended {
            Err(ClientError::Refused(_)) | Ok(()) => {}
            Err(error) if self.force => output::note(&error.to_string()),
            Err(error) => return Err(error.into()),
        }
        store.remove()?;
        drop(held);
        output::say("signed out");
        Ok(())
    }
}
