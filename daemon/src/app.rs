//! The composition root: every part is made once, in the order in which they need each other, and stopped in the
//! reverse order.

mod door;
pub mod limit;
mod listener;
mod part;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::{door::AdminDoor, listener::Listeners, part::Parts};
use crate::{
    admin::peer::Roles,
    clock::Clock,
    config::{Given, InUse},
    domain::audit::Origin,
    http::{
        health::Health,
        tls::{Certificates, PlainHttp},
    },
    part::Part,
    reload::{Reload, Reloader, Wish},
    store::Store,
    task::Tasks,
};

/// Added to the drain timeout: connections that are cut at the deadline need a moment to end.
const MARGIN: Duration = Duration::from_secs(2);
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
    store: Arc<dyn Store>,
    groups: Groups,
    drain_timeout: Duration,
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
}

/// What a daemon starts with.
#[derive(Debug)]
pub struct Launch {
    /// Where the configuration was read, so that it can be read again.
    pub given: Given,
    pub in_use: InUse,
    /// What was made before and has a configuration, too.
    pub parts: Vec<Arc<dyn Reload>>,
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

async fn assemble(launch: Launch, groups: &Groups) -> anyhow::Result<Running> {
    let config = &launch.in_use.config.clone();
    let certificates = listener::certificates(config, &groups.background)?;
    let parts = Parts::make(config, &groups.background).await?;
    let listeners = Listeners::bind(config, certificates.as_ref(), &groups.cut).await?;
    let running = Running {
        auth: listeners.auth.1,
        gateway: listeners.gateway.1,
        install: listeners.install.1,
        metrics: listeners.metrics.as_ref().map(|(_, address)| *address),
        admin_socket: config.admin.socket.clone(),
        is_tls: certificates.is_some(),
        reloader: reloader(launch, &parts, certificates.clone()),
        health: parts.health.clone(),
        store: parts.sessions.store.clone(),
        groups: groups.clone(),
        drain_timeout: config.http.drain_timeout,
    };
    let admin = AdminDoor {
        roles: Roles::new(&config.admin),
        reloader: running.reloader.clone(),
        relied_on: parts.relied_on(certificate(certificates.as_ref())),
        stopping: groups.admin.stopping(),
    };
    let doors = door::routes(config, &parts, &listeners, admin);
    listeners.serve(doors, &config.http, groups);
    running.announce();
    Ok(running)
}

fn certificate(certificates: Option<&Arc<Certificates>>) -> Arc<dyn Part> {
    match certificates {
        Some(certificates) => certificates.clone(),
        None => Arc::new(PlainHttp),
    }
}

fn reloader(launch: Launch, parts: &Parts, certificates: Option<Arc<Certificates>>) -> Arc<Reloader> {
    let Launch { given, in_use, parts: mut all } = launch;
    let (gateway, auth) = (parts.gateway.clone(), parts.auth.clone());
    all.extend([gateway as Arc<dyn Reload>, auth, parts.budgets.clone(), parts.install.clone()]);
    all.extend(certificates.map(|certificates| certificates as Arc<dyn Reload>));
    Arc::new(Reloader::new(given, in_use, all, parts.sessions.clone()))
}

impl Running {
    /// What the daemon keeps, for whoever embeds it. The store is closed when every clone is gone.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Reads the configuration again and applies what can be applied without a restart.
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
    }

    /// Reads the configuration again, on its own. What comes of it is in the log, and in the audit trail.
    pub fn hang_up(&self) {
        let (reloader, origin) = (self.reloader.clone(), Origin::of(Clock::System.now()));
        self.groups.background.spawn("hang up", async move {
            let _ = reloader.reload(Wish { order: None, origin }).await;
        });
    }

    /// Ends a drain before its deadline: connections that are left are cut.
    pub fn cutter(&self) -> CancellationToken {
        self.groups.cut.clone()
    }

    /// Stops accepting, lets requests in flight finish up to the drain timeout, writes the last usage and closes
    /// the store.
    pub async fn stop(self) {
        info!("stopping");
        self.health.drain();
        self.groups.doors.stop(self.drain_timeout + MARGIN).await;
        self.groups.admin.stop(MARGIN).await;
        if let Err(error) = fs::remove_file(&self.admin_socket) {
            warn!(socket = %self.admin_socket.display(), %error, "socket not removed");
        }
        self.groups.background.stop(LAST_CALL).await;
        info!("stopped");
    }

    fn announce(&self) {
        let scheme = if self.is_tls { "https" } else { "http" };
        for (service, address) in [("auth", self.auth), ("gateway", self.gateway), ("install", self.install)]
        {
            info!(service, url = %format_args!("{scheme}://{address}"), "listening");
        }
        if let Some(address) = self.metrics {
            info!(service = "metrics", url = %format_args!("http://{address}"), "listening");
        }
        info!(socket = %self.admin_socket.display(), version = env!("CARGO_PKG_VERSION"), "ready");
    }
}
