//! A credential that is about to end becomes a new one. Many may ask at once: one of them asks the auth server, and all
//! get what it brought.

use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;

use crate::{
    client::{AuthServer, ClientError},
    clock,
    credential::{Credential, CredentialError, Held, Store},
};

/// How long all of it may take: Claude Code waits ten minutes for its helper, and a person does not.
pub const BUDGET: Duration = Duration::from_secs(9);
/// How long another process may take, of that.
const TURN: Duration = Duration::from_secs(8);

#[derive(Debug, Error)]
pub enum RenewalError {
    #[error("nobody is signed in on this workstation")]
    NotSignedIn,
    /// Another process was told while this one waited for it.
    #[error("the session was revoked or has expired; sign in again")]
    Ended,
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the auth server did not answer within {} s", .0.as_secs())]
    TooSlow(Duration),
}

/// What refreshes.
#[derive(Debug)]
pub struct Renewal<'a> {
    pub store: &'a Store,
    pub server: &'a AuthServer,
}

impl Renewal<'_> {
    /// A credential that works: the present one if it is fresh, else its successor. Should there be none for reasons that
    /// may pass, the present one serves as long as it lives.
    pub async fn run(&self) -> Result<Credential, RenewalError> {
        let present = self.store.read()?.ok_or(RenewalError::NotSignedIn)?;
        if present.is_fresh(clock::now()) {
            return Ok(present);
        }
        self.replace(&present).await
    }

    /// The successor of a credential that is about to end, or that the gateway refuses.
    pub async fn replace(&self, present: &Credential) -> Result<Credential, RenewalError> {
        // Not less while the token lives: whoever leaves too early loses an answer that comes, and with it the session.
        let renewed = timeout(BUDGET, self.renew(present)).await;
        match renewed.unwrap_or(Err(RenewalError::TooSlow(BUDGET))) {
            Err(error) if present.is_alive(clock::now()) && error.is_passing() => Ok(present.clone()),
            outcome => outcome,
        }
    }

    /// A new credential, whether or not the present one is fresh.
    pub async fn force(&self) -> Result<Credential, RenewalError> {
        let forced = async {
            let held = self.store.hold().await?;
            let present = self.store.read()?.ok_or(RenewalError::NotSignedIn)?;
            let renewed = self.exchange(&present).await;
            drop(held);
            renewed
        };
        timeout(BUDGET, forced).await.unwrap_or(Err(RenewalError::TooSlow(BUDGET)))
    }

    async fn renew(&self, present: &Credential) -> Result<Credential, RenewalError> {
        let held = match self.hold(present).await? {
            Ok(held) => held,
            Err(found) => return Ok(found),
        };
        // Whoever had the lock before may have done it.
        let found = self.store.read()?.ok_or(RenewalError::NotSignedIn)?;
        if found.access_token != present.access_token && found.is_fresh(clock::now()) {
            return Ok(found);
        }
        // Or was told that there is none. Who asks later asks again: a session that was locked comes back.
        if found.has_ended() && found.written_at > present.written_at {
            return Err(RenewalError::Ended);
        }
        let renewed = self.exchange(&found).await;
        drop(held);
        renewed
    }

    /// The lock, or a fresh credential that somebody else brought meanwhile. A live one is good enough while another
    /// process is at it.
    async fn hold(&self, present: &Credential) -> Result<Result<Held, Credential>, RenewalError> {
        let lock = self.store.lock()?;
        let meanwhile = || {
            let found = self.store.read().ok().flatten().unwrap_or_else(|| present.clone());
            found.is_alive(clock::now()).then_some(found)
        };
        let taken = timeout(TURN, lock.take(meanwhile)).await;
        let taken = taken.map_err(|_| CredentialError::Busy(self.store.lock_path()))?;
        Ok(taken.map_err(|error| self.store.unwritable(error))?)
    }

    /// Asks the server. The room for the answer is there before: a refresh token that was used and whose successor is
    /// lost would end the session.
    async fn exchange(&self, present: &Credential) -> Result<Credential, RenewalError> {
        let used = present.access_token.expose().len() + present.refresh_token.expose().len();
        let room = self.store.reserve(used)?;
        match self.ask(present).await {
            Ok(renewed) => {
                room.keep(&renewed)?;
                Ok(renewed)
            }
            Err(error) => {
                if error.is_end_of_session() {
                    room.keep(&present.ended())?;
                }
                Err(error.into())
            }
        }
    }

    /// A lost answer may be asked for again: for a while the server gives the same one.
    async fn ask(&self, present: &Credential) -> Result<Credential, ClientError> {
        let answer = match self.server.refresh(&present.refresh_token).await {
            Err(ClientError::Unreachable { .. }) => self.server.refresh(&present.refresh_token).await?,
            answer => answer?,
        };
        Ok(Credential::of(answer, clock::now()))
    }
}

impl RenewalError {
    /// Whether the session is over, whatever is tried.
    pub fn is_end_of_session(&self) -> bool {
        match self {
            Self::Ended => true,
            Self::Client(error) => error.is_end_of_session(),
            Self::NotSignedIn | Self::Credential(_) | Self::TooSlow(_) => false,
        }
    }

    fn is_passing(&self) -> bool {
        match self {
            Self::NotSignedIn | Self::Ended => false,
            Self::Credential(_) | Self::TooSlow(_) => true,
            Self::Client(error) => error.is_passing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{secret::Secret, time::Timestamp};

    use super::*;
    use crate::{
        client,
        os::{Family as _, fake::Fake},
    };

    fn store() -> Store {
        let os: &'static Fake = Box::leak(Box::default());
        std::fs::create_dir_all(os.home().unwrap().join(".claude")).unwrap();
        Store::of_user(os).unwrap()
    }

    /// One that is due, of the second before.
    fn due() -> Credential {
        let secret = |text: &str| Secret::new(text.to_owned());
        let before = Timestamp(clock::now().0 - 1_000);
        Credential {
            access_token: secret("a.b.c"),
            refresh_token: secret("r"),
            expires_at: before,
            written_at: before,
        }
    }

    #[tokio::test]
    async fn an_end_that_another_process_was_told_of_is_not_asked_for_by_all_who_wait() {
        let (store, due) = (store(), due());
        store.reserve(0).unwrap().keep(&due.ended()).unwrap();
        let nobody = "http://127.0.0.1:1".parse().unwrap();
        let server = AuthServer::new(client::http(&[&nobody], None).unwrap(), nobody);
        let renewal = Renewal { store: &store, server: &server };
        let waited = renewal.replace(&due).await.unwrap_err();
        assert!(matches!(waited, RenewalError::Ended), "{waited:?}");
        let later = renewal.replace(&store.read().unwrap().unwrap()).await.unwrap_err();
        assert!(matches!(later, RenewalError::Client(ClientError::Unreachable { .. })), "{later:?}");
    }
}
