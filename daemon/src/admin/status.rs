//! How the daemon is.

use std::sync::Arc;

use http::StatusCode;
use shared::api::admin::Status;

use super::{Admin, error::AdminError};
use crate::http::{Call, Response, reply};

/// `GET /status`.
pub(super) async fn status(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let now = admin.clock.now();
    let ready = admin.health.check().await.is_ok();
    let lives = admin.sessions.live.lives();
    let (machine, process) = admin.gauge.read();
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: now.since(admin.started).as_secs(),
        ready,
        addresses: admin.addresses.clone(),
        sessions_in_use: lives.len(),
        requests_in_flight: lives.iter().map(|life| life.in_flight()).sum(),
        usage_lost: admin.ledger.lost(),
        health: admin.relied_on.iter().map(|part| part.health(now)).collect(),
        role: admin.roles.of_peer(&call).map(|role| role.as_str().to_owned()),
        machine,
        process,
    };
    Ok(reply::json(StatusCode::OK, &status))
}
