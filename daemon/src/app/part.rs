//! The parts that the doors share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    auth::{Auth, Results, entra::Entra},
    budget::Budgets,
    clock::Clock,
    config::Config,
    gateway::{self, Gateway, bedrock::Bedrock},
    http::health::Health,
    install::Install,
    keyring::Keyring,
    ledger::Ledger,
    live::{LiveSessions, Retention, Upkeep},
    part::Part,
    refusal::Refusals,
    session::Sessions,
    store::{SqliteStore, Store, StoreError},
    task::Tasks,
    traffic::Traffic,
};
use anyhow::Context;

/// How often a store is tried that a predecessor still holds.
const RETRY: Duration = Duration::from_millis(10);

pub(super) struct Parts {
    pub store: Arc<SqliteStore>,
    pub sessions: Sessions,
    pub auth: Arc<Auth>,
    pub gateway: Arc<Gateway>,
    /// What the gateway is made of, for those who show it.
    pub made_of: gateway::Parts,
    pub install: Arc<Install>,
    pub health: Arc<Health>,
    pub budgets: Arc<Budgets>,
}

impl Parts {
    /// Makes them. Their tasks belong to `background`. A store that another daemon holds is waited for as long as
    /// `patience` says.
    pub async fn make(config: &Config, background: &Tasks, patience: Duration) -> anyhow::Result<Self> {
        let clock = Clock::System;
        let sqlite = store(config, patience).await?;
        let store: Arc<dyn Store> = sqlite.clone();
        let live = live(config, &store, &clock, background).await?;
        let keyring = Keyring::new(&config.token, clock.clone(), live.clone());
        let keyring = Arc::new(keyring.context("tokens can't be signed")?);
        let entra = entra(config, &clock, background)?;
        let sessions = sessions(&store, &live, &clock, background);
        let budgets = budgets(&sessions, config, &clock).await?;
        let made_of = gateway::Parts {
            keyring: keyring.clone(),
            bedrock: bedrock(config, &clock, background).await?,
            ledger: Arc::new(Ledger::start(background, store.clone(), clock.clone())),
            limits: budgets.limits().clone(),
            traffic: traffic(&clock, background),
            refusals: sessions.refusals.clone(),
            clock: clock.clone(),
        };
        let gateway = Arc::new(Gateway::new(config, made_of.clone()));
        let (lifetimes, results) = ((&config.token).into(), Results::default());
        let auth =
            Auth { entra, keyring, sessions: sessions.clone(), clock: clock.clone(), lifetimes, results };
        let (auth, health) = (Arc::new(auth), health(clock.clone(), store));
        let install = install(config, &sessions, &clock, background)?;
        Ok(Self { store: sqlite, sessions, auth, gateway, made_of, install, health, budgets })
    }

    /// What the daemon relies on.
    pub fn relied_on(&self, certificate: Arc<dyn Part>) -> Vec<Arc<dyn Part>> {
        let gateway::Parts { bedrock, ledger, .. } = self.made_of.clone();
        let (entra, install) = (self.auth.entra.clone(), self.install.clone());
        vec![entra, bedrock, self.health.clone(), ledger, install, certificate]
    }
}

fn install(
    config: &Config,
    sessions: &Sessions,
    clock: &Clock,
    background: &Tasks,
) -> anyhow::Result<Arc<Install>> {
    let records = (sessions.store.clone(), sessions.live.events().clone());
    let install = Install::start(&config.install, clock.clone(), records, background);
    Ok(Arc::new(install.context("the install server can't be started")?))
}

async fn store(config: &Config, patience: Duration) -> anyhow::Result<Arc<SqliteStore>> {
    let began = Instant::now();
    loop {
        match SqliteStore::open(&config.state_dir) {
            Err(StoreError::InUse(_)) if began.elapsed() < patience => tokio::time::sleep(RETRY).await,
            opened => return Ok(Arc::new(opened.context("the store can't be opened")?)),
        }
    }
}

async fn live(
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Clock,
    background: &Tasks,
) -> anyhow::Result<Arc<LiveSessions>> {
    let live = Arc::new(LiveSessions::default());
    let upkeep = Upkeep::load(live.clone(), store.clone(), clock.clone(), config.token.access_ttl);
    let upkeep = upkeep.await.context("the ends of sessions can't be loaded")?;
    let retention = Retention { audit: config.admin.audit_retention, usage: config.usage.retention };
    background.spawn("upkeep", upkeep.retaining(retention).run(background.stopping()));
    Ok(live)
}

fn sessions(store: &Arc<dyn Store>, live: &Arc<LiveSessions>, clock: &Clock, background: &Tasks) -> Sessions {
    let refusals = Refusals::start(background, store.clone(), clock.clone());
    Sessions { store: store.clone(), live: live.clone(), tasks: background.clone(), refusals }
}

async fn budgets(sessions: &Sessions, config: &Config, clock: &Clock) -> anyhow::Result<Arc<Budgets>> {
    let budgets = Budgets::load(sessions.clone(), config, clock.clone()).await;
    let budgets = Arc::new(budgets.context("what was spent and granted can't be loaded")?);
    sessions.tasks.spawn("budgets", budgets.clone().run(sessions.tasks.stopping()));
    Ok(budgets)
}

fn traffic(clock: &Clock, background: &Tasks) -> Arc<Traffic> {
    let traffic = Arc::new(Traffic::new(clock.clone()));
    background.spawn("traffic", traffic.clone().run(background.stopping()));
    traffic
}

/// Nobody waits for its keys: the daemon serves at once.
fn entra(config: &Config, clock: &Clock, background: &Tasks) -> anyhow::Result<Arc<Entra>> {
    let entra = Entra::new(config.entra.clone(), clock.clone()).context("Entra can't be asked")?;
    let entra = Arc::new(entra);
    let (warm, stop) = (entra.clone(), background.stopping());
    background.spawn("warm up", async move {
        stop.run_until_cancelled(warm.warm_up()).await;
    });
    Ok(entra)
}

async fn bedrock(config: &Config, clock: &Clock, background: &Tasks) -> anyhow::Result<Arc<Bedrock>> {
    let bedrock = Bedrock::connect(&config.bedrock, clock.clone(), background).await;
    Ok(Arc::new(bedrock.context("Bedrock can't be asked")?))
}

fn health(clock: Clock, store: Arc<dyn Store>) -> Arc<Health> {
    Arc::new(Health::new(
        clock,
        Box::new(move || {
            let store = store.clone();
            Box::pin(async move { store.check().await.map_err(|error| error.to_string()) })
        }),
    ))
}
