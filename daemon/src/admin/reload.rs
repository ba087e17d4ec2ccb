//! `POST /reload`: the configuration is read again.

use std::sync::Arc;

use http::StatusCode;
use shared::api::admin::{Action, reload};

use super::{
    Admin, BODY_LIMIT,
    action::{for_locks_only, operator, origin, reason},
    error::AdminError,
};
use crate::{
    config::Problem,
    http::{Call, Response, reply},
    reload::{ReloadError, Wish},
};

pub(super) async fn reload(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let action: Action = call.json(BODY_LIMIT).await?;
    for_locks_only(&action)?;
    let order = Some((operator(&call)?, reason(&action.reason)?));
    let reloaded = admin.reloader.reload(Wish { order, origin: origin(&admin, &call) }).await?;
    Ok(reply::json(StatusCode::OK, &reloaded))
}

/// A problem, as the wire tells it.
pub(super) fn problem(Problem { origin, message, hint, .. }: &Problem) -> reload::Problem {
    let place = origin.as_ref().map(ToString::to_string);
    reload::Problem { place, message: message.clone(), hint: Some(hint.clone()) }
}

impl From<ReloadError> for AdminError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Problems(problems) => Self::Configuration(problems),
            ReloadError::Store(error) => Self::Store(error),
        }
    }
}
