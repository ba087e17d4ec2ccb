//! What each listener serves: its door, and its health.

use std::sync::Arc;

use super::{listener::Listeners, part::Parts};
use crate::{
    admin::{self, Admin},
    auth, gateway,
    http::{Route, health, route},
    install,
};

/// One tree of routes for each listener.
pub(super) struct Doors {
    pub auth: Route,
    pub gateway: Route,
    pub install: Route,
    pub admin: Route,
}

pub(super) fn routes(parts: &Parts, listeners: &Listeners) -> Doors {
    let healthy = |door: Route| route::any_of([health::routes(&parts.health), door]);
    Doors {
        auth: healthy(auth::routes(&parts.auth)),
        gateway: healthy(gateway::routes(&parts.gateway)),
        install: healthy(install::routes()),
        admin: healthy(admin::routes(&admin(parts, listeners))),
    }
}

fn admin(parts: &Parts, listeners: &Listeners) -> Arc<Admin> {
    Arc::new(Admin {
        clock: parts.clock.clone(),
        started: parts.started,
        health: parts.health.clone(),
        live: parts.live.clone(),
        ledger: parts.ledger.clone(),
        addresses: listeners.addresses(),
    })
}
