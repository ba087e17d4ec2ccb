//! Requests in flight.

use std::cmp::Reverse;

use http::StatusCode;
use shared::api::admin::Page;

use super::{Admin, error::AdminError, parameter::Query, view::Moment};
use crate::http::{Call, Response, reply};

/// `GET /requests`: the oldest first.
pub(super) fn list(admin: &Admin, call: &Call) -> Result<Response, AdminError> {
    let query = Query::of(call, &["user", "session", "limit"])?;
    let (user, session, limit) = (query.text("user"), query.session()?, query.limit()?);
    let moment = Moment::of(admin);
    let lives = admin.sessions.live.lives();
    let wanted = lives.iter().filter(|life| {
        let identity = life.identity();
        user.as_ref().is_none_or(|user| identity.user.as_str() == user)
            && session.is_none_or(|session| identity.session == session)
    });
    let mut items: Vec<_> = wanted
        .flat_map(|life| life.requests().into_iter().map(|request| moment.request(life, &request)))
        .collect();
    items.sort_by_key(|request| Reverse(request.age_milliseconds));
    items.truncate(limit as usize);
    Ok(reply::json(StatusCode::OK, &Page { items, next: None }))
}
