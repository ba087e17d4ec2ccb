//! The operators' door, on a unix socket. Whoever may open the socket may ask.

pub mod socket;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use http::{Method, StatusCode};
use shared::{api::admin::Status, time::Timestamp};

use crate::{
    clock::Clock,
    http::{Call, Response, Route, health::Health, reply, route},
    ledger::Ledger,
    live::LiveSessions,
};

/// What the door needs.
#[derive(Debug)]
pub struct Admin {
    pub clock: Clock,
    pub started: Timestamp,
    pub health: Arc<Health>,
    pub live: Arc<LiveSessions>,
    pub ledger: Arc<Ledger>,
    /// Where each service listens.
    pub addresses: BTreeMap<String, SocketAddr>,
}

/// The routes of the door.
pub fn routes(admin: &Arc<Admin>) -> Route {
    route::exact(Method::GET, "/status", admin, status)
}

async fn status(admin: Arc<Admin>, _: Call) -> Response {
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: admin.clock.now().since(admin.started).as_secs(),
        ready: admin.health.check().await.is_ok(),
        addresses: admin.addresses.clone(),
        sessions_in_use: admin.live.in_use(),
        usage_lost: admin.ledger.lost(),
    };
    reply::json(StatusCode::OK, &status)
}
