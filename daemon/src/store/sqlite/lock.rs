//! Locks and revocations: an operator's order and its record, in one transaction.

use rusqlite::{Connection, Row, named_params};
use shared::time::Timestamp;

use super::{
    audit,
    column::{get_time, time},
    fault::Fault,
    session,
};
use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord, Origin},
        session::{EndReason, Ended, Identity, Lock, Locks, Subject},
    },
    store::{Order, Revoked},
};

/// Ends every session of a subject that is not over. None if the subject never had one.
pub(super) fn revoke(connection: &Connection, order: &Order) -> Result<Option<Revoked>, Fault> {
    let sessions = session::of(connection, &order.subject)?;
    if sessions.is_empty() {
        return Ok(None);
    }
    let mut revoked = Revoked::default();
    if !matches!(order.subject, Subject::Session(_)) {
        audit::insert(connection, record(order, AuditEvent::Revocation))?;
    }
    for mut session in sessions {
        if order.subject.revoke(&mut session, order.origin.at).is_none() {
            continue;
        }
        let id = session.identity.session;
        session::write_end(connection, id, Ended { at: order.origin.at, reason: EndReason::Revoked })?;
        let about = audit::about(&session, AuditEvent::Revocation, None, &order.origin);
        let (operator, reason) = (Some(order.operator), Some(order.reason.clone()));
        audit::insert(connection, AuditRecord { operator, reason, ..about })?;
        revoked.sessions.push(id);
    }
    Ok(Some(revoked))
}

/// Locks a subject. False if it is a session that nobody knows: users and devices may be locked before they come.
pub(super) fn set(connection: &Connection, lock: &Lock, origin: &Origin) -> Result<bool, Fault> {
    if let Subject::Session(id) = lock.subject
        && session::find(connection, id)?.is_none()
    {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO lock (kind, subject, from_at, until_at, reason, message, operator)
             VALUES (:kind, :subject, :from, :until, :reason, :message, :operator)",
        )?
        .execute(named_params! {
            ":kind": lock.subject.kind(),
            ":subject": lock.subject.id(),
            ":from": time(lock.from),
            ":until": time(lock.until),
            ":reason": lock.reason,
            ":message": lock.message,
            ":operator": lock.by,
        })?;
    let (subject, reason) = (lock.subject.clone(), lock.reason.clone());
    let order = Order { subject, operator: lock.by, reason, origin: origin.clone() };
    let detail = Some(format!("{} until {}", lock.subject, lock.until));
    audit::insert(connection, AuditRecord { detail, ..record(&order, AuditEvent::Lock) })?;
    Ok(true)
}

/// Takes a lock away. False if there was none.
pub(super) fn unlock(connection: &Connection, order: &Order) -> Result<bool, Fault> {
    let removed = connection
        .prepare_cached("DELETE FROM lock WHERE kind = ?1 AND subject = ?2 AND until_at > ?3")?
        .execute((order.subject.kind(), order.subject.id(), time(order.origin.at)))?;
    if removed > 0 {
        audit::insert(connection, record(order, AuditEvent::Unlock))?;
    }
    Ok(removed > 0)
}

/// The locks that hold.
pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Vec<Lock>, Fault> {
    let mut statement = connection.prepare_cached("SELECT * FROM lock WHERE until_at > ?1")?;
    let rows = statement.query([time(now)])?;
    rows.and_then(read).collect()
}

/// The lock that keeps an identity out.
pub(super) fn of(
    connection: &Connection,
    identity: &Identity,
    now: Timestamp,
) -> Result<Option<Lock>, Fault> {
    let mut locks = Locks::default();
    let mut statement = connection.prepare_cached("SELECT * FROM lock WHERE kind = ?1 AND subject = ?2")?;
    let device = identity.device.clone().map(Subject::Device);
    for subject in
        [Subject::Session(identity.session), Subject::User(identity.user.clone())].iter().chain(&device)
    {
        let mut rows = statement.query((subject.kind(), subject.id()))?;
        if let Some(row) = rows.next()? {
            locks.set(read(row)?);
        }
    }
    Ok(locks.of(identity, now).cloned())
}

pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<usize, Fault> {
    Ok(connection.execute("DELETE FROM lock WHERE until_at <= ?1", [time(now)])?)
}

fn record(order: &Order, event: AuditEvent) -> AuditRecord {
    let (user, session) = match &order.subject {
        Subject::Session(session) => (None, Some(*session)),
        Subject::User(user) => (Some(user.clone()), None),
        Subject::Device(_) => (None, None),
    };
    AuditRecord {
        user,
        session,
        operator: Some(order.operator),
        detail: Some(order.subject.to_string()),
        reason: Some(order.reason.clone()),
        ..AuditRecord::new(order.origin.clone(), event)
    }
}

fn read(row: &Row<'_>) -> Result<Lock, Fault> {
    let (kind, subject): (String, String) = (row.get("kind")?, row.get("subject")?);
    Ok(Lock {
        subject: Subject::parse(&kind, &subject).ok_or(Fault::Unreadable("lock"))?,
        from: get_time(row, "from_at")?,
        until: get_time(row, "until_at")?,
        reason: row.get("reason")?,
        message: row.get("message")?,
        by: row.get("operator")?,
    })
}
