//! What each listener serves: its door, and its health.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{listener::Listeners, part::Parts};
use crate::{
    admin::{self, Admin, Gauge, peer::Roles},
    auth,
    config::Config,
    gateway,
    http::{Route, health, route},
    install::{self, Site},
    metric::{self, Metrics},
    part::Part,
    reload::Reloader,
};

/// One tree of routes for each listener.
pub(super) struct Doors {
    pub auth: Route,
    pub gateway: Route,
    pub install: Route,
    pub admin: Route,
    pub metrics: Route,
}

/// What the operators' door needs besides what all doors share.
pub(super) struct AdminDoor {
    pub roles: Roles,
    pub reloader: Arc<Reloader>,
    pub relied_on: Vec<Arc<dyn Part>>,
    pub stopping: CancellationToken,
}

pub(super) fn routes(config: &Config, parts: &Parts, listeners: &Listeners, door: AdminDoor) -> Doors {
    let site = Site::new(config, listeners.auth.1, listeners.gateway.1);
    let health = || health::routes(&parts.health);
    let metrics = metric::routes(&Arc::new(shown(parts, door.relied_on.clone())));
    // Routes are tried in this order: the busiest first, and those that take every path last.
    Doors {
        auth: route::any_of([auth::routes(&parts.auth), health()]),
        gateway: route::any_of([gateway::routes(&parts.gateway), health()]),
        install: route::any_of([health(), install::routes(&parts.install, site)]),
        admin: route::any_of([health(), admin::routes(&admin(parts, listeners, door))]),
        metrics,
    }
}

fn shown(parts: &Parts, relied_on: Vec<Arc<dyn Part>>) -> Metrics {
    let mut metrics = Metrics::new(parts.health.clone());
    metrics.show(metric::Process::default());
    metrics.show(metric::Parts { parts: relied_on, clock: parts.made_of.clock.clone() });
    metrics.show(parts.made_of.traffic.clone());
    metrics.show(parts.auth.clone());
    metrics.show(parts.install.clone());
    metrics.show(parts.sessions.live.clone());
    metrics.show(parts.made_of.bedrock.clone());
    metrics.show(parts.store.clone());
    metrics.show(parts.made_of.ledger.clone());
    metrics
}

fn admin(parts: &Parts, listeners: &Listeners, door: AdminDoor) -> Arc<Admin> {
    Arc::new(Admin {
        clock: parts.made_of.clock.clone(),
        started: parts.made_of.clock.now(),
        health: parts.health.clone(),
        relied_on: door.relied_on,
        sessions: parts.sessions.clone(),
        ledger: parts.made_of.ledger.clone(),
        traffic: parts.made_of.traffic.clone(),
        budgets: parts.budgets.clone(),
        reloader: door.reloader,
        roles: door.roles,
        addresses: listeners.addresses(),
        stopping: door.stopping,
        gauge: Gauge::default(),
    })
}
