//! What operators do: revoke, lock, unlock. The path names the subject, the body the reason.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use shared::api::admin;

use super::{Admin, BODY_LIMIT, error::AdminError, parameter, peer};
use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord, Origin},
        session::{BadLock, Lock, Subject},
    },
    http::{Call, Response, reply},
    session::Effect,
    store::Order,
};

const LONGEST_TEXT: usize = 1000;

/// `POST /{kind}/{id}/revoke`.
pub(super) async fn revoke(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let (order, action) = ordered(&admin, &mut call).await?;
    for_locks_only(&action)?;
    let subject = order.subject.clone();
    let effect = admin.sessions.revoke(order).await?.ok_or_else(|| unknown(&subject))?;
    Ok(answer(effect))
}

/// `POST /{kind}/{id}/lock`.
pub(super) async fn lock(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let (Order { subject, operator, reason, origin }, action) = ordered(&admin, &mut call).await?;
    let lasting = action.duration_seconds.filter(|seconds| *seconds >= 1.0).ok_or(BadLock::NoTime)?;
    let lasting = Duration::try_from_secs_f64(lasting).map_err(|_| BadLock::TooLong)?;
    let until = origin.at + lasting;
    let message = action.message.filter(|message| !message.is_empty());
    let lock = Lock { subject: subject.clone(), from: origin.at, until, reason, message, by: operator };
    lock.check()?;
    let effect = admin.sessions.lock(lock, origin).await?.ok_or_else(|| unknown(&subject))?;
    Ok(answer(effect))
}

/// `POST /{kind}/{id}/unlock`.
pub(super) async fn unlock(admin: Arc<Admin>, mut call: Call) -> Result<Response, AdminError> {
    let (order, action) = ordered(&admin, &mut call).await?;
    for_locks_only(&action)?;
    let subject = order.subject.clone();
    if !admin.sessions.unlock(order).await? {
        return Err(AdminError::NotFound(format!("{subject} is not locked")));
    }
    let effect = Effect { sessions: 0, requests: 0, lingering: 0, took: Duration::ZERO };
    Ok(answer(effect))
}

/// Writes down that somebody tried what they may not.
pub(super) async fn audit_refusal(admin: &Admin, call: &Call) {
    let record = AuditRecord {
        code: Some("forbidden".to_owned()),
        operator: peer::uid(call),
        detail: Some(format!("{} {}", call.method, call.path).chars().take(LONGEST_TEXT).collect()),
        ..AuditRecord::new(origin(admin, call), AuditEvent::Refusal)
    };
    admin.sessions.refusals.noted(record).await;
}

async fn ordered(admin: &Admin, call: &mut Call) -> Result<(Order, admin::Action), AdminError> {
    let subject = subject(call)?;
    let action: admin::Action = call.json(BODY_LIMIT).await?;
    let reason = reason(&action.reason)?;
    checked(action.message.as_deref().unwrap_or_default(), "message")?;
    Ok((Order { subject, operator: operator(call)?, reason, origin: origin(admin, call) }, action))
}

/// Who acts.
pub(super) fn operator(call: &Call) -> Result<u32, AdminError> {
    peer::uid(call).ok_or(AdminError::Forbidden(peer::Role::Operator))
}

/// Why, as it is written down.
pub(super) fn reason(text: &str) -> Result<String, AdminError> {
    let reason = checked(text, "reason")?.trim().to_owned();
    if reason.is_empty() {
        return Err(AdminError::Request("an action needs a `reason`".to_owned()));
    }
    Ok(reason)
}

fn subject(call: &Call) -> Result<Subject, AdminError> {
    let id = parameter::id(call)?;
    let id = checked(&id, "id")?;
    let subject = match call.path.split('/').nth(1) {
        Some("users") => Subject::parse("user", id),
        Some("devices") => Subject::parse("device", id),
        _ => Some(Subject::Session(parameter::session(id)?)),
    };
    subject
        .filter(|_| !id.trim().is_empty())
        .ok_or_else(|| AdminError::Request("the path names nobody".to_owned()))
}

/// A text of one line that fits into a record.
fn checked<'a>(text: &'a str, what: &str) -> Result<&'a str, AdminError> {
    if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return Err(AdminError::Request(format!(
            "`{what}` is one line of at most {LONGEST_TEXT} characters"
        )));
    }
    Ok(text)
}

pub(super) fn for_locks_only(action: &admin::Action) -> Result<(), AdminError> {
    if action.duration_seconds.is_none() && action.message.is_none() {
        return Ok(());
    }
    Err(AdminError::Request("`duration_seconds` and `message` are for locks only".to_owned()))
}

pub(super) fn origin(admin: &Admin, call: &Call) -> Origin {
    Origin { at: admin.clock.now(), request: call.id.clone(), address: None }
}

fn unknown(subject: &Subject) -> AdminError {
    AdminError::NotFound(format!("{subject} never had a session"))
}

fn answer(effect: Effect) -> Response {
    let Effect { sessions, requests, lingering, took } = effect;
    let took_microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    reply::json(StatusCode::OK, &admin::Effect { sessions, requests, lingering, took_microseconds })
}
