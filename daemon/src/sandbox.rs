//! The whole system on loopback: the real daemon between a simulated Entra and a simulated Bedrock, with everything
//! it keeps in a temporary folder. `sallyportd sandbox` shows it to people; tests use the same.

pub mod bedrock;
pub mod command;
mod configuration;
pub mod entra;
mod guide;
pub mod sign_in;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use shared::{
    api::{admin::reload::Reloaded, auth::TokenAnswer},
    secret::Secret,
    time::Timestamp,
    usage::Tokens,
};
use tempfile::TempDir;

use self::{
    bedrock::{Pace, SimulatedBedrock},
    configuration::{DEFAULT_PORTS, Surroundings},
    entra::{SimulatedEntra, User},
    sign_in::client,
};
pub use self::{
    configuration::Ports,
    sign_in::{SignIn, SignInError},
};
use crate::{
    app::{self, Launch, Running, Starter},
    clock::Clock,
    config::Config,
    domain::audit::Origin,
    reload::{ReloadError, Wish},
    store::{
        Store, StoreError,
        query::{UsageBy, UsageQuery, UsageSum},
    },
    task::Tasks,
};

/// How long the simulations may take to end.
const LAST_CALL: Duration = Duration::from_secs(5);
/// How often the store is asked for usage that must come, and how long.
const ASK_EVERY: Duration = Duration::from_millis(20);
const ASK_FOR: Duration = Duration::from_secs(20);

/// What a sandbox is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub ports: Ports,
    /// How fast the simulated Bedrock answers.
    pub pace: Pace,
}

impl Default for Options {
    /// Free ports, and no pauses: what a test wants.
    fn default() -> Self {
        Self { ports: Ports::Free, pace: Pace::NONE }
    }
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    pub entra: SimulatedEntra,
    pub bedrock: SimulatedBedrock,
    daemon: Running,
    store: Arc<dyn Store>,
    tasks: Tasks,
    client: reqwest::Client,
    scheme: &'static str,
    /// What the install server serves.
    artifacts: PathBuf,
    folder: TempDir,
}

impl Sandbox {
    /// Starts everything. When this returns, all of it accepts requests.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Self::start_with(options, |_| {}).await
    }

    /// Starts everything, with a configuration that `change` has the last word on.
    pub async fn start_with(options: Options, change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sallyport-sandbox-").tempdir()?;
        let tasks = Tasks::default();
        let entra = SimulatedEntra::start(&tasks, Clock::System).await?;
        let simulated = bedrock::Options { pace: options.pace, ..bedrock::Options::default() };
        let bedrock = SimulatedBedrock::start(&tasks, simulated).await?;
        let around =
            Surroundings { folder: folder.path(), ports: options.ports, entra: &entra, bedrock: &bedrock };
        let (given, in_use) = around.configuration()?;
        let mut in_use = in_use.context("the sandbox is not configured")?;
        let config = &mut in_use.config;
        change(config);
        let artifacts = config.install.artifacts_dir.clone();
        let tls = config.listen.tls.as_ref();
        let client = client(tls.map(|files| files.certificate.as_path()))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let daemon =
            app::start(Launch { given, in_use, parts: Vec::new(), starter: Starter::default() }).await?;
        let store = daemon.store().clone();
        Ok(Self { entra, bedrock, daemon, store, tasks, client, scheme, artifacts, folder })
    }

    /// Base URL of the auth server.
    pub fn auth(&self) -> String {
        self.url(self.daemon.auth)
    }

    /// Base URL of the gateway.
    pub fn gateway(&self) -> String {
        self.url(self.daemon.gateway)
    }

    /// Base URL of the install server.
    pub fn install(&self) -> String {
        self.url(self.daemon.install)
    }

    /// Where figures for Prometheus are.
    pub fn metrics(&self) -> Option<String> {
        self.daemon.metrics.map(|address| format!("http://{address}/metrics"))
    }

    pub fn admin_socket(&self) -> &Path {
        &self.daemon.admin_socket
    }

    /// Where everything lies that the sandbox keeps. It goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Reads `sallyport.toml` of the folder again.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let origin = Origin::of(Clock::System.now());
        self.daemon.reloader().reload(Wish { order: None, origin }).await
    }

    /// A client that trusts the sandbox.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// What the daemon keeps.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Opens a session for a user.
    pub async fn sign_in(&self, user: &User) -> Result<TokenAnswer, SignInError> {
        let id_token = Secret::new(self.entra.id_token(user));
        sign_in::verify(&self.client, &self.auth(), id_token).await
    }

    /// Opens a session for a user, of which only the access token is wanted.
    pub async fn token(&self, user: &User) -> Result<String, SignInError> {
        Ok(self.sign_in(user).await?.access_token.expose().clone())
    }

    /// What has been used so far and reached the store.
    pub async fn usage(&self, by: UsageBy) -> Result<Vec<UsageSum>, StoreError> {
        let ever = Timestamp(0)..Timestamp(i64::MAX.unsigned_abs());
        self.store.usage(UsageQuery { by, ended: ever, limit: 1000 }).await
    }

    /// What was used, once so many requests have been settled.
    pub async fn usage_of(&self, requests: u64) -> anyhow::Result<Tokens> {
        let settled = async {
            loop {
                let sums = self.usage(UsageBy::Session).await?;
                if sums.iter().map(|sum| sum.requests).sum::<u64>() >= requests {
                    return anyhow::Ok(sums.iter().map(|sum| sum.tokens).sum());
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::time::timeout(ASK_FOR, settled).await.context("the usage did not come")?
    }

    /// The default ports that were taken by something else.
    fn ports_in_use(&self) -> Vec<u16> {
        let listening = [self.daemon.auth, self.daemon.gateway, self.daemon.install];
        let pairs = DEFAULT_PORTS.iter().zip(listening);
        pairs.filter(|((_, port), address)| *port != address.port()).map(|((_, port), _)| *port).collect()
    }

    /// Ends everything: the daemon drains, its folder goes.
    pub async fn stop(self) {
        self.daemon.stop().await;
        self.tasks.stop(LAST_CALL).await;
    }

    fn url(&self, address: SocketAddr) -> String {
        format!("{}://{address}", self.scheme)
    }

    /// Puts a file into the folder.
    fn keep(&self, name: &str, content: &str) -> std::io::Result<PathBuf> {
        let path = self.folder().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }
}
