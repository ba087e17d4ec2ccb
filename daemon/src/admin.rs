//! The operators' door, on a unix socket: HTTP and JSON. The socket's mode says who may connect, the peer's uid says who
//! may act.
//!
//! Invariant: whatever changes something is audited with the operator's uid and a reason.

mod action;
mod audit;
mod error;
mod event;
mod grant;
mod machine;
mod parameter;
pub mod peer;
mod reload;
mod request;
mod session;
pub mod socket;
mod status;
mod traffic;
mod usage;
mod view;

use std::{collections::BTreeMap, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use http::Method;
use shared::time::Timestamp;
use tokio_util::sync::CancellationToken;

pub use self::machine::Gauge;
use self::{
    error::AdminError,
    peer::{Role, Roles},
};
use crate::{
    budget::Budgets,
    clock::Clock,
    http::{Call, Response, Route, health::Health, route},
    ledger::Ledger,
    part::Part,
    reload::Reloader,
    session::Sessions,
    traffic::Traffic,
};

/// Largest request body: a reason and a message.
const BODY_LIMIT: usize = 16 * 1024;
/// The contract, for clients and for whoever writes one.
const CONTRACT: &str = include_str!("../openapi/admin.json");

/// What the door needs.
#[derive(Debug)]
pub struct Admin {
    pub clock: Clock,
    pub started: Timestamp,
    pub health: Arc<Health>,
    pub relied_on: Vec<Arc<dyn Part>>,
    pub sessions: Sessions,
    pub ledger: Arc<Ledger>,
    pub traffic: Arc<Traffic>,
    pub budgets: Arc<Budgets>,
    pub reloader: Arc<Reloader>,
    pub roles: Roles,
    /// Where each service listens.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// Ends what would never end by itself.
    pub stopping: CancellationToken,
    pub gauge: Gauge,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, AdminError>> + Send>>;

/// A method and a path, who may ask, and what answers.
struct Endpoint {
    method: Method,
    path: &'static str,
    role: Role,
    answer: fn(Arc<Admin>, Call) -> Answering,
}

fn endpoints() -> Vec<Endpoint> {
    [lookups(), actions()].into_iter().flatten().collect()
}

fn lookups() -> Vec<Endpoint> {
    let get = |path, answer| Endpoint { method: Method::GET, path, role: Role::Reader, answer };
    vec![
        get("/openapi.json", |_, _| Box::pin(async { Ok(contract()) })),
        get("/status", |admin, call| Box::pin(status::status(admin, call))),
        get("/sessions", |admin, call| Box::pin(session::list(admin, call))),
        get("/sessions/{id}", |admin, call| Box::pin(session::one(admin, call))),
        get("/users", |admin, call| Box::pin(session::users(admin, call))),
        get("/users/{id}", |admin, call| Box::pin(session::user(admin, call))),
        get("/devices", |admin, call| Box::pin(session::devices(admin, call))),
        get("/locks", |admin, _| Box::pin(async move { Ok(session::locks(&admin)) })),
        get("/grants", |admin, _| Box::pin(async move { Ok(grant::list(&admin)) })),
        get("/requests", |admin, call| Box::pin(async move { request::list(&admin, &call) })),
        get("/traffic", |admin, call| Box::pin(async move { traffic::second_by_second(&admin, &call) })),
        get("/usage", |admin, call| Box::pin(usage::sums(admin, call))),
        get("/audit", |admin, call| Box::pin(audit::list(admin, call))),
        get("/audit/verify", |admin, call| Box::pin(audit::verify(admin, call))),
        get("/events", |admin, _| Box::pin(async move { event::watch(&admin) })),
    ]
}

fn actions() -> Vec<Endpoint> {
    let post = |path, answer| Endpoint { method: Method::POST, path, role: Role::Operator, answer };
    vec![
        post("/sessions/{id}/revoke", |admin, call| Box::pin(action::revoke(admin, call))),
        post("/sessions/{id}/lock", |admin, call| Box::pin(action::lock(admin, call))),
        post("/sessions/{id}/unlock", |admin, call| Box::pin(action::unlock(admin, call))),
        post("/users/{id}/revoke", |admin, call| Box::pin(action::revoke(admin, call))),
        post("/users/{id}/lock", |admin, call| Box::pin(action::lock(admin, call))),
        post("/users/{id}/unlock", |admin, call| Box::pin(action::unlock(admin, call))),
        post("/users/{id}/grant", |admin, call| Box::pin(grant::give(admin, call))),
        post("/grants/{id}/end", |admin, call| Box::pin(grant::end(admin, call))),
        post("/devices/{id}/revoke", |admin, call| Box::pin(action::revoke(admin, call))),
        post("/devices/{id}/lock", |admin, call| Box::pin(action::lock(admin, call))),
        post("/devices/{id}/unlock", |admin, call| Box::pin(action::unlock(admin, call))),
        post("/reload", |admin, call| Box::pin(reload::reload(admin, call))),
    ]
}

/// The routes of the door.
pub fn routes(admin: &Arc<Admin>) -> Route {
    route::any_of(endpoints().into_iter().map(|endpoint| {
        let Endpoint { method, path, role, answer } = endpoint;
        route::template(method, path, admin, move |admin: Arc<Admin>, call: Call| async move {
            let id = call.id.clone();
            let outcome = match admin.roles.check(&call, role) {
                Ok(()) => answer(admin, call).await,
                Err(error) => {
                    action::audit_refusal(&admin, &call).await;
                    Err(error)
                }
            };
            outcome.unwrap_or_else(|error| error.answer(&id))
        })
    }))
}

fn contract() -> Response {
    let json = bytes::Bytes::from_static(CONTRACT.as_bytes());
    crate::http::reply::bytes_of(http::StatusCode::OK, "application/json", json)
}

#[cfg(test)]
mod tests;
