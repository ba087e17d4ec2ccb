//! What each listener serves: its door, and its health.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{listener::Listeners, part::Parts};
use crate::{
    admin::{self, Admin, Gauge, peer::Roles},
    auth, gateway,
    http::{Route, health, route},
    install,
    part::Part,
    reload::Reloader,
};

/// One tree of routes for each listener.
pub(super) struct Doors {
    pub auth: Route,
    pub gateway: Route,
    pub install: Route,
    pub admin: Route,
}

/// What the operators' door needs besides what all doors share.
pub(super) struct AdminDoor {
    pub roles: Roles,
    pub reloader: Arc<Reloader>,
    pub certificate: Arc<dyn Part>,
    pub stopping: CancellationToken,
}

pub(super) fn routes(parts: &Parts, listeners: &Listeners, door: AdminDoor) -> Doors {
    let health = || health::routes(&parts.health);
    // Routes are tried in this order: the busiest first, and those that take every path last.
    Doors {
        auth: route::any_of([auth::routes(&parts.auth), health()]),
        gateway: route::any_of([gateway::routes(&parts.gateway), health()]),
        install: route::any_of([health(), install::routes(&parts.install)]),
        admin: route::any_of([health(), admin::routes(&admin(parts, listeners, door))]),
    }
}

fn admin(parts: &Parts, listeners: &Listeners, door: AdminDoor) -> Arc<Admin> {
    Arc::new(Admin {
        clock: parts.clock.clone(),
        started: parts.clock.now(),
        health: parts.health.clone(),
        relied_on: parts.relied_on().into_iter().chain([door.certificate]).collect(),
        sessions: parts.sessions.clone(),
        ledger: parts.ledger.clone(),
        traffic: parts.traffic.clone(),
        budgets: parts.budgets.clone(),
        reloader: door.reloader,
        roles: door.roles,
        addresses: listeners.addresses(),
        stopping: door.stopping,
        gauge: Gauge::default(),
    })
}
