//! `claude-agent refresh-loop`: keeps the token fresh. Once, for a timer; or for as long as it runs, in the foreground.

use std::time::Duration;

use clap::Args;
use shared::exit::Exit;

use super::{CommandError, Workstation, session::Session};
use crate::{clock, credential::MARGIN, output, renewal::RenewalError};

/// How long a failure that may pass is waited out.
const AFTER_FAILURE: Duration = Duration::from_mins(1);
/// A machine that slept wakes up with a token that ended long ago: so often that is looked at.
const AT_MOST: Duration = Duration::from_mins(15);

#[derive(Debug, Args)]
pub struct RefreshLoopArgs {
    /// Refresh once, whether or not it is due, and end: what a timer runs
    #[arg(long)]
    pub once: bool,
}

impl RefreshLoopArgs {
    pub async fn run(self, here: Workstation<'_>) -> Result<(), CommandError> {
        let session = Session::of(here)?;
        if self.once {
            // The next run of a timer is hours away: what is fresh now may not live until then.
            session.renewal().force().await?;
            output::say("the token is refreshed");
            return Ok(());
        }
        loop {
            tokio::time::sleep(pause(&session).await?).await;
        }
    }
}

/// Refreshes if that is due, and says how long there is nothing more to do. A failure that does not pass ends the loop.
async fn pause(session: &Session) -> Result<Duration, CommandError> {
    match session.renewal().run().await {
        Ok(credential) => {
            let due = credential.expires_at.since(clock::now()).saturating_sub(MARGIN);
            // A live token that could not be refreshed is due already.
            Ok(if due.is_zero() { AFTER_FAILURE } else { due.min(AT_MOST) })
        }
        Err(error) if is_passing(&error) => {
            output::error(&error.to_string());
            Ok(AFTER_FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}

fn is_passing(error: &RenewalError) -> bool {
    match error {
        RenewalError::TooSlow(_) => true,
        RenewalError::Client(error) => error.exit_code() == Exit::Unreachable,
        RenewalError::NotSignedIn | RenewalError::Ended | RenewalError::Credential(_) => false,
    }
}
