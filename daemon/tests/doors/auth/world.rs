//! The auth door between a simulated Entra and a client.

use std::{net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode};
use sallyportd::{
    auth::{Auth, Results, entra::Entra, routes},
    clock::Clock,
    config::{self, SigningKeys},
    domain::{
        audit::AuditEvent,
        session::{EndReason, Lifetimes},
    },
    http::serve::Listener,
    keyring::Keyring,
    live::{LiveSessions, Upkeep},
    refusal::Refusals,
    sandbox::entra::{SimulatedEntra, User},
    session::Sessions,
    store::{SqliteStore, Store},
    task::Tasks,
};
use serde_json::{Value, json};
use shared::{
    api::auth::{ErrorAnswer, TokenAnswer},
    id::SessionId,
    secret::Secret,
    time::Timestamp,
};
use tempfile::TempDir;

pub(super) const GRACE: Duration = Duration::from_mins(1);
pub(super) const ACCESS_TTL: Duration = Duration::from_hours(3);
pub(super) const REFRESH_TTL: Duration = Duration::from_hours(720);
/// Longer than any test.
const LONG: Duration = Duration::from_mins(5);

pub(super) struct World {
    pub(super) entra: SimulatedEntra,
    pub(super) clock: Clock,
    pub(super) daemon: Daemon,
    pub(super) dir: TempDir,
    trust: config::Entra,
}

/// What a restart replaces.
pub(super) struct Daemon {
    pub(super) store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
    tasks: Tasks,
    url: String,
    client: Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: reqwest::header::HeaderMap,
    body: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A world whose daemon trusts Entra on changed terms.
    pub(super) async fn with(change: impl FnOnce(&mut config::Entra)) -> Self {
        let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000));
        let entra = SimulatedEntra::start(&Tasks::default(), clock.clone()).await.unwrap();
        let mut trust = entra.config();
        change(&mut trust);
        let dir = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(dir.path(), trust.clone(), &clock).await;
        Self { entra, clock, daemon, dir, trust }
    }

    /// Stops the daemon and starts it again on the same database.
    pub(super) async fn restart(self) -> Self {
        let Self { entra, clock, daemon, dir, trust } = self;
        daemon.stop().await;
        let daemon = Daemon::start(dir.path(), trust.clone(), &clock).await;
        Self { entra, clock, daemon, dir, trust }
    }

    pub(super) async fn sign_in(&self) -> TokenAnswer {
        let id_token = self.entra.id_token(User::ADA);
        self.daemon.post("/auth/verify", &json!({ "id_token": id_token })).await.tokens()
    }
}

impl Daemon {
    async fn start(dir: &Path, trust: config::Entra, clock: &Clock) -> Self {
        let (tasks, token) = (Tasks::default(), token());
        let live = Arc::new(LiveSessions::default());
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir).unwrap());
        let loading = Upkeep::load(live.clone(), store.clone(), clock.clone(), ACCESS_TTL);
        tasks.spawn("upkeep", loading.await.unwrap().run(tasks.stopping()));
        let refusals = Refusals::start(&tasks, store.clone(), clock.clone());
        let keyring = Arc::new(Keyring::new(&token, clock.clone(), live.clone()).unwrap());
        let auth = Arc::new(Auth {
            results: Results::default(),
            entra: Arc::new(Entra::new(trust, clock.clone()).unwrap()),
            keyring: keyring.clone(),
            sessions: Sessions { store: store.clone(), live, tasks: tasks.clone(), refusals },
            clock: clock.clone(),
            lifetimes: Lifetimes::from(&token),
        });
        let listener = Listener::tcp("auth", (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let url = format!("http://{}", listener.address().unwrap());
        tasks.spawn("listener", listener.serve(routes(&auth), limits(), tasks.stopping()));
        Self { store, keyring, tasks, url, client: client() }
    }

    async fn stop(self) {
        let Self { store, keyring, tasks, client, .. } = self;
        drop(client);
        assert!(tasks.stop(LONG).await);
        drop((store, keyring));
    }

    pub(super) fn request(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(path).json(body)).await
    }

    pub(super) async fn refresh(&self, token: &Secret<String>) -> Answer {
        self.post("/auth/refresh", &json!({ "refresh_token": token })).await
    }

    pub(super) async fn log_out(&self, token: &Secret<String>) -> Answer {
        Answer::to(self.request("/auth/logout").bearer_auth(token.expose())).await
    }

    /// The session of an access token, and how it ended as the gateway sees it.
    pub(super) fn life(&self, access_token: &Secret<String>) -> (SessionId, Option<EndReason>) {
        let caller = self.keyring.verify(access_token.expose()).unwrap();
        (caller.identity.session, caller.life.ended().map(|ended| ended.reason))
    }

    pub(super) async fn trail(&self) -> Vec<(AuditEvent, Option<String>)> {
        let trail = self.store.audit(0, 1000).await.unwrap();
        trail.into_iter().map(|entry| (entry.record.event, entry.record.code)).collect()
    }
}

impl Answer {
    pub(super) async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Self { status, headers, body: answer.text().await.unwrap() }
    }

    pub(super) fn tokens(&self) -> TokenAnswer {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn error(&self) -> ErrorAnswer {
        let error: ErrorAnswer = serde_json::from_str(&self.body).unwrap();
        assert_eq!(self.headers["x-request-id"].to_str().unwrap(), error.request_id);
        error
    }

    /// Status and machine code.
    pub(super) fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.error().error)
    }
}

fn token() -> config::Token {
    config::Token {
        keys: SigningKeys::Shared(vec![Secret::new("a secret of more than thirty-two bytes".to_owned())]),
        issuer: "sallyport".to_owned(),
        audience: "sallyport-gateway".to_owned(),
        access_ttl: ACCESS_TTL,
        refresh_ttl: REFRESH_TTL,
        refresh_grace: GRACE,
    }
}

fn limits() -> config::Http {
    config::Http {
        connections: 256,
        header_timeout: LONG,
        idle_timeout: LONG,
        body_timeout: LONG,
        write_timeout: LONG,
        drain_timeout: LONG,
    }
}

/// `reqwest` wants to know its TLS even where none is spoken.
fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().timeout(LONG).build().unwrap()
}
