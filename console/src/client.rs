//! The admin socket, typed: one method a route. A command and a key of the TUI call the same method.

mod connection;
mod error;
mod event;
mod query;
pub mod subject;

use std::{path::PathBuf, time::Duration};

use futures_util::Stream;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    api::admin::{
        Action, AuditEntry, DeviceSummary, Effect, Grant, GrantOrder, Lock, Page, Request, Session, Status,
        Traffic, Usage, User, Verification, reload::Reloaded,
    },
    id::{GrantId, SessionId, UserId},
    time::Timestamp,
};

use self::{
    connection::{Answer, Ask, Socket},
    query::{Pairs, segment},
};
pub use self::{
    error::ClientError,
    event::Happening,
    query::{AuditQuery, HolderQuery, RequestQuery, SessionQuery, SessionSort, UsageBy, UsageQuery},
    subject::Subject,
};

/// How long an answer may take, unless somebody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A verification reads the whole trail.
const VERIFICATION: Duration = Duration::from_mins(10);

/// Whoever speaks to a daemon's socket. Every request has a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    patience: Duration,
}

impl Client {
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, patience: PATIENCE }
    }

    /// The same, with another deadline for every answer.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/status".to_owned()).await
    }

    /// Samples after a moment; without one, all that the daemon remembers.
    pub async fn traffic(&self, after: Option<Timestamp>) -> Result<Traffic, ClientError> {
        self.get(Pairs::of("/traffic").add("after", after.map(|after| after.0)).path()).await
    }

    pub async fn sessions(&self, query: &SessionQuery) -> Result<Page<Session>, ClientError> {
        self.get(query.path()).await
    }

    pub async fn session(&self, id: SessionId) -> Result<Session, ClientError> {
        self.get(format!("/sessions/{id}")).await
    }

    pub async fn users(&self, query: &HolderQuery) -> Result<Page<User>, ClientError> {
        self.get(query.path("/users")).await
    }

    pub async fn user(&self, id: &UserId) -> Result<User, ClientError> {
        self.get(format!("/users/{}", segment(id.as_str()))).await
    }

    pub async fn devices(&self, query: &HolderQuery) -> Result<Page<DeviceSummary>, ClientError> {
        self.get(query.path("/devices")).await
    }

    /// The locks that hold.
    pub async fn locks(&self) -> Result<Page<Lock>, ClientError> {
        self.get("/locks".to_owned()).await
    }

    /// What runs this moment, the oldest first.
    pub async fn requests(&self, query: &RequestQuery) -> Result<Page<Request>, ClientError> {
        self.get(query.path()).await
    }

    pub async fn usage(&self, query: &UsageQuery) -> Result<Page<Usage>, ClientError> {
        self.get(query.path()).await
    }

    /// Newest first; after a record, oldest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, ClientError> {
        self.get(query.path()).await
    }

    /// Verifies the audit trail, and whether a head that was noted down (`sequence:hash`) is still in it.
    pub async fn verify(&self, head: Option<&str>) -> Result<Verification, ClientError> {
        let patience = self.patience.max(VERIFICATION);
        self.clone().with_patience(patience).get(Pairs::of("/audit/verify").add("head", head).path()).await
    }

    /// The grants that hold.
    pub async fn grants(&self) -> Result<Page<Grant>, ClientError> {
        self.get("/grants".to_owned()).await
    }

    /// Ends sessions now, with their requests.
    pub async fn revoke(&self, subject: &Subject, reason: &str) -> Result<Effect, ClientError> {
        self.post(format!("{}/revoke", subject.path()), &because(reason)).await
    }

    /// Refuses for a while.
    pub async fn lock(&self, subject: &Subject, order: &Action) -> Result<Effect, ClientError> {
        self.post(format!("{}/lock", subject.path()), order).await
    }

    pub async fn unlock(&self, subject: &Subject, reason: &str) -> Result<Effect, ClientError> {
        self.post(format!("{}/unlock", subject.path()), &because(reason)).await
    }

    /// Allows more than the policy does, for a while.
    pub async fn grant(&self, user: &UserId, order: &GrantOrder) -> Result<Grant, ClientError> {
        self.post(format!("/users/{}/grant", segment(user.as_str())), order).await
    }

    /// Ends a grant before its time.
    pub async fn end_grant(&self, id: GrantId, reason: &str) -> Result<Grant, ClientError> {
        self.post(format!("/grants/{id}/end"), &because(reason)).await
    }

    /// Lets the daemon read its configuration again.
    pub async fn reload(&self, reason: &str) -> Result<Reloaded, ClientError> {
        self.post("/reload".to_owned(), &because(reason)).await
    }

    /// What happens, from now on. The stream ends when the daemon stops, and after `Happening::Lagged`.
    pub async fn events(
        &self,
    ) -> Result<impl Stream<Item = Result<Happening, ClientError>> + Send + 'static + use<>, ClientError>
    {
        let ask = Ask::get("/events".to_owned());
        match self.socket().open(&ask).await? {
            Ok(stream) => Ok(event::happenings(stream)),
            Err(refused) => Err(self.refusal(&ask, &refused).await),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: String) -> Result<T, ClientError> {
        self.ask(Ask::get(path)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: String, body: &impl Serialize) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Unsayable(error.to_string()))?;
        self.ask(Ask { method: Method::POST, path, body: body.into() }).await
    }

    async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, ClientError> {
        let answer = self.socket().exchange(&ask).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(&ask, &answer).await);
        }
        match serde_json::from_slice(&answer.body) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.not_understood(&ask, &error).await),
        }
    }

    async fn refusal(&self, ask: &Ask, answer: &Answer) -> ClientError {
        // An older daemon refuses what it does not know yet: then its version is the cause.
        let other_version = if answer.is_of_unknown() { self.daemon_version().await } else { None };
        error::refusal(ask, answer, other_version)
    }

    async fn not_understood(&self, ask: &Ask, error: &serde_json::Error) -> ClientError {
        let (route, detail) = (ask.route().to_owned(), error.to_string());
        ClientError::NotUnderstood { route, detail, daemon: self.daemon_version().await }
    }

    /// Asked loosely, so that every version can tell.
    async fn daemon_version(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Version {
            version: String,
        }
        let answer = self.socket().exchange(&Ask::get("/status".to_owned())).await.ok()?;
        serde_json::from_slice(&answer.body).ok().map(|Version { version }| version)
    }

    fn socket(&self) -> Socket<'_> {
        Socket { path: &self.socket, patience: self.patience }
    }
}

fn because(reason: &str) -> Action {
    Action { reason: reason.to_owned(), ..Action::default() }
}

#[cfg(test)]
mod tests;
