//! Grants: which hold, giving one, taking one back.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use shared::{
    api::admin::{Action, Grant, GrantOrder, Page},
    id::GrantId,
};

use super::{
    Admin, BODY_LIMIT,
    action::{for_locks_only, operator, origin, reason},
    error::AdminError,
    parameter, session,
};
use crate::{
    domain::limit::BadGrant,
    http::{Call, Response, reply},
    store::GrantEnd,
};

/// `GET /grants`.
pub(super) fn list(admin: &Admin) -> Response {
    reply::json(StatusCode::OK, &Page { items: admin.budgets.grants(), next: None })
}

/// `POST /users/{id}/grant`.
pub(super) async fn give(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let order: GrantOrder = call.json(BODY_LIMIT).await?;
    let (operator, reason, origin) = (operator(&call)?, reason(&order.reason)?, origin(&admin, &call));
    let holder = session::holder(&admin, &call).await?;
    let identity = holder.latest.identity;
    let until = origin.at + lasting(order.duration_seconds)?;
    let (id, user, raise) = (GrantId::generate(), identity.user, order.raise);
    let grant = Grant { id, user, raise, from: origin.at, until, reason, operator };
    admin.budgets.check(&grant, &identity.groups)?;
    admin.budgets.grant(grant.clone(), origin).await?;
    Ok(reply::json(StatusCode::OK, &grant))
}

/// `POST /grants/{id}/end`.
pub(super) async fn end(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let id: GrantId = parameter::uuid(&parameter::id(&call)?, "grant")?;
    let action: Action = call.json(BODY_LIMIT).await?;
    for_locks_only(&action)?;
    let (operator, reason, origin) = (operator(&call)?, reason(&action.reason)?, origin(&admin, &call));
    let ended = admin.budgets.end_grant(GrantEnd { id, operator, reason, origin }).await?;
    let grant =
        ended.ok_or_else(|| AdminError::NotFound("there is no such grant, or it has ended".to_owned()))?;
    Ok(reply::json(StatusCode::OK, &grant))
}

fn lasting(seconds: f64) -> Result<Duration, BadGrant> {
    if seconds < 1.0 {
        return Err(BadGrant::NoTime);
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| BadGrant::TooLong)
}
