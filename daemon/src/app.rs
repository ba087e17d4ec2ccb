//! The composition root: every part is made once, in the order in which they need each other, and stopped in the
//! reverse order.

mod door;
pub mod early;
mod ending;
pub mod limit;
pub mod listener;
mod part;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use self::{door::AdminDoor, listener::Listeners, part::Parts};
use crate::{
    admin::peer::Roles,
    budget::Budgets,
    clock::Clock,
    config::{Config, Given, InUse},
    domain::audit::Origin,
    http::{
        health::Health,
        serve::Listener,
        tls::{Certificates, PlainHttp},
    },
    live::LiveSessions,
    part::Part,
    reload::{Reload, Reloader, Wish},
    store::{SqliteStore, Store},
    systemd::{Notify, Sockets},
    task::Tasks,
};

/// How long a predecessor may take to leave its store.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long background work may take to end; the last usage is written in that time.
const LAST_CALL: Duration = Duration::from_secs(10);

/// A running daemon.
#[derive(Debug)]
pub struct Running {
    pub auth: SocketAddr,
    pub gateway: SocketAddr,
    pub install: SocketAddr,
    /// Where figures are shown, unless that is off or its port was taken.
    pub metrics: Option<SocketAddr>,
    pub admin_socket: PathBuf,
    is_tls: bool,
    reloader: Arc<Reloader>,
    health: Arc<Health>,
    store: Arc<SqliteStore>,
    live: Arc<LiveSessions>,
    budgets: Arc<Budgets>,
    groups: Groups,
    drain_timeout: Duration,
    owns_admin_socket: bool,
    notify: Notify,
}

/// Tasks, by the order in which they stop.
#[derive(Debug, Clone, Default)]
struct Groups {
    /// The services.
    doors: Tasks,
    /// The operators' socket: it still answers while the services drain.
    admin: Tasks,
    /// What the doors rely on, the ledger among it.
    background: Tasks,
    /// Ends a drain before its deadline.
    cut: CancellationToken,
    /// A successor serves.
    succeeded: CancellationToken,
    /// The sockets on which we listen.
    open: TaskTracker,
}

impl Groups {
    fn own(&self, listener: Listener) -> Listener {
        listener
            .with_cut(self.cut.clone())
            .with_successor(self.succeeded.clone())
            .with_trace(self.open.token())
    }
}

/// What a daemon has from whoever started it.
#[derive(Debug, Default)]
pub struct Starter {
    pub sockets: Sockets,
    pub notify: Notify,
    /// Another daemon may be handing over to this one.
    pub hands_over: bool,
}

/// What a daemon starts with.
#[derive(Debug)]
pub struct Launch {
    /// Where the configuration was read, so that it can be read again.
    pub given: Given,
    pub in_use: InUse,
    /// What was made before and has a configuration, too.
    pub parts: Vec<Arc<dyn Reload>>,
    pub starter: Starter,
}

/// Starts the daemon. When this returns, every service accepts requests.
pub async fn start(launch: Launch) -> anyhow::Result<Running> {
    let groups = Groups::default();
    let started = Box::pin(assemble(launch, &groups)).await;
    if started.is_err() {
        groups.background.stop(LAST_CALL).await;
    }
    started
}

async fn assemble(mut launch: Launch, groups: &Groups) -> anyhow::Result<Running> {
    let config = &launch.in_use.config.clone();
    let Starter { sockets, notify, hands_over } = std::mem::take(&mut launch.starter);
    let certificates = listener::certificates(config, &groups.background)?;
    let patience = if hands_over { PATIENCE } else { Duration::ZERO };
    let parts = Parts::make(config, &groups.background, patience).await?;
    let listeners = Listeners::bind(config, certificates.as_ref(), groups, sockets).await?;
    let running = Running {
        auth: listeners.auth.1,
        gateway: listeners.gateway.1,
        install: listeners.install.1,
        metrics: listeners.metrics.as_ref().map(|(_, address)| *address),
        admin_socket: config.admin.socket.clone(),
        is_tls: certificates.is_some(),
        reloader: reloader(launch, &parts, certificates.clone()),
        health: parts.health.clone(),
        store: parts.store.clone(),
        live: parts.sessions.live.clone(),
        budgets: parts.budgets.clone(),
        groups: groups.clone(),
        drain_timeout: config.http.drain_timeout,
        owns_admin_socket: listeners.owns_admin_socket,
        notify,
    };
    let admin = running.admin_door(config, parts.relied_on(certificate(certificates.as_ref())));
    let doors = door::routes(config, &parts, &listeners, admin);
    listeners.serve(doors, &config.http, groups);
    running.announce(hands_over);
    Ok(running)
}

fn certificate(certificates: Option<&Arc<Certificates>>) -> Arc<dyn Part> {
    match certificates {
        Some(certificates) => certificates.clone(),
        None => Arc::new(PlainHttp),
    }
}

fn reloader(launch: Launch, parts: &Parts, certificates: Option<Arc<Certificates>>) -> Arc<Reloader> {
    let Launch { given, in_use, parts: mut all, .. } = launch;
    let (gateway, auth) = (parts.gateway.clone(), parts.auth.clone());
    all.extend([gateway as Arc<dyn Reload>, auth, parts.budgets.clone(), parts.install.clone()]);
    all.extend(certificates.map(|certificates| certificates as Arc<dyn Reload>));
    Arc::new(Reloader::new(given, in_use, all, parts.sessions.clone()))
}

impl Running {
    /// What the daemon keeps, for whoever embeds it. The store is closed when every clone is gone.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Reads the configuration again and applies what can be applied without a restart.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Reads the configuration again, on its own. What comes of it is in the log, and in the audit trail.
    pub fn hang_up(&self) {
        let (reloader, origin) = (self.reloader.clone(), Origin::of(Clock::System.now()));
        let notify = self.notify.clone();
        self.groups.background.spawn("hang up", async move {
            notify.reloading();
            let _ = reloader.reload(Wish { order: None, origin }).await;
            notify.ready();
        });
    }

    /// Ends a drain before its deadline: connections that are left are cut.
    pub fn cutter(&self) -> CancellationToken {
        self.groups.cut.clone()
    }

    fn admin_door(&self, config: &Config, relied_on: Vec<Arc<dyn Part>>) -> AdminDoor {
        let (roles, reloader) = (Roles::new(&config.admin), self.reloader.clone());
        AdminDoor { roles, reloader, relied_on, stopping: self.groups.admin.stopping() }
    }

    fn announce(&self, hands_over: bool) {
        let scheme = if self.is_tls { "https" } else { "http" };
        for (service, address) in [("auth", self.auth), ("gateway", self.gateway), ("install", self.install)]
        {
            info!(service, url = %format_args!("{scheme}://{address}"), "listening");
        }
        if let Some(address) = self.metrics {
            info!(service = "metrics", url = %format_args!("http://{address}"), "listening");
        }
        info!(socket = %self.admin_socket.display(), version = env!("CARGO_PKG_VERSION"), "ready");
        if hands_over {
            self.follow();
            self.follow_spending();
        }
        self.notify.ready();
    }
}
