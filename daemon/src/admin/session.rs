//! Sessions, and those who hold them.

use std::sync::Arc;

use http::StatusCode;
use shared::{
    api::admin::Page,
    id::{DeviceId, UserId},
};

use super::{
    Admin,
    error::AdminError,
    parameter::{self, Query},
    view::{self, Moment},
};
use crate::{
    http::{Call, Response, reply},
    store::query::{Holder, HolderQuery, Holders, SessionQuery, SessionSort},
};

#[derive(Clone, Copy)]
enum Wanted {
    Active,
    Locked,
    Expired,
    Ended,
}

const STATES: [(&str, Wanted); 4] = [
    ("active", Wanted::Active),
    ("locked", Wanted::Locked),
    ("expired", Wanted::Expired),
    ("ended", Wanted::Ended),
];
const SORTS: [(&str, SessionSort); 5] = [
    ("opened", SessionSort::Opened),
    ("refreshed", SessionSort::Refreshed),
    ("used", SessionSort::Used),
    ("cost", SessionSort::Cost),
    ("user", SessionSort::User),
];

/// `GET /sessions`.
pub(super) async fn list(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let known = ["user", "device", "state", "changed_since", "search", "sort", "skip", "limit"];
    let query = Query::of(&call, &known)?;
    let (wanted, now) = (query.choice("state", &STATES)?, admin.clock.now());
    let query = SessionQuery {
        user: query.text("user").map(UserId::new),
        device: query.text("device").map(DeviceId::new),
        active_at: matches!(wanted, Some(Wanted::Active)).then_some(now),
        expired_at: matches!(wanted, Some(Wanted::Expired)).then_some(now),
        only_ended: matches!(wanted, Some(Wanted::Ended)),
        locked_at: matches!(wanted, Some(Wanted::Locked)).then_some(now),
        changed_since: query.time("changed_since")?,
        search: query.text("search"),
        before: None,
        sort: query.choice("sort", &SORTS)?.unwrap_or_default(),
        skip: query.number("skip")?.unwrap_or_default(),
        limit: query.limit()?,
    };
    let (skip, limit) = (query.skip, query.limit);
    let sessions = admin.sessions.store.sessions(query).await?;
    let moment = Moment::of(&admin);
    let items = sessions.into_iter().map(|session| moment.session(session)).collect();
    Ok(page(items, skip, limit))
}

/// `GET /sessions/{id}`.
pub(super) async fn one(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let id = parameter::session(&parameter::id(&call)?)?;
    let session = admin.sessions.store.session(id).await?;
    let session = session.ok_or_else(|| AdminError::NotFound("there is no such session".to_owned()))?;
    Ok(reply::json(StatusCode::OK, &Moment::of(&admin).session(session)))
}

/// `GET /users`.
pub(super) async fn users(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let (holders, skip, limit) = holders(&admin, &call, Holders::Users).await?;
    let moment = Moment::of(&admin);
    let users = holders.into_iter().map(|holder| moment.user(holder, &admin.budgets));
    Ok(page(users.collect(), skip, limit))
}

/// `GET /users/{id}`.
pub(super) async fn user(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let holder = holder(&admin, &call).await?;
    Ok(reply::json(StatusCode::OK, &Moment::of(&admin).user(holder, &admin.budgets)))
}

/// The user that a path names, by their sessions.
pub(super) async fn holder(admin: &Admin, call: &Call) -> Result<Holder, AdminError> {
    let (id, now) = (Some(parameter::id(call)?), admin.clock.now());
    let query = HolderQuery { of: Holders::Users, id, search: None, now, skip: 0, limit: 1 };
    let found = admin.sessions.store.holders(query).await?.pop();
    found.ok_or_else(|| {
        AdminError::NotFound("there is no such user: nobody of this id ever signed in".to_owned())
    })
}

/// `GET /devices`.
pub(super) async fn devices(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let (holders, skip, limit) = holders(&admin, &call, Holders::Devices).await?;
    let moment = Moment::of(&admin);
    Ok(page(holders.into_iter().filter_map(|holder| moment.device(holder)).collect(), skip, limit))
}

/// `GET /locks`.
pub(super) fn locks(admin: &Admin) -> Response {
    let locks = admin.sessions.locks(admin.clock.now());
    let items = locks.iter().map(view::lock).collect();
    reply::json(StatusCode::OK, &Page { items, next: None })
}

async fn holders(admin: &Admin, call: &Call, of: Holders) -> Result<(Vec<Holder>, u64, u32), AdminError> {
    let query = Query::of(call, &["search", "skip", "limit"])?;
    let (skip, limit) = (query.number("skip")?.unwrap_or_default(), query.limit()?);
    let (search, now) = (query.text("search"), admin.clock.now());
    let holders =
        admin.sessions.store.holders(HolderQuery { of, id: None, search, now, skip, limit }).await?;
    Ok((holders, skip, limit))
}

/// A page that is full has another one after it, empty at worst.
fn page<T: serde::Serialize>(items: Vec<T>, skip: u64, limit: u32) -> Response {
    let is_full = items.len() as u64 >= u64::from(limit);
    let next = is_full.then(|| skip.saturating_add(u64::from(limit)));
    reply::json(StatusCode::OK, &Page { items, next })
}
