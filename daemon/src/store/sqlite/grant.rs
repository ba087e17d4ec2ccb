//! Grants: an operator's order and its record, in one transaction.

use rusqlite::{Connection, Row, named_params};
use shared::{
    id::{GrantId, UserId},
    time::Timestamp,
    usage::Money,
};
use uuid::Uuid;

use super::{
    audit,
    column::{get_count, get_time, money, place, time},
    fault::Fault,
};
use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord, Origin},
        limit::{Grant, Raise},
    },
    store::GrantEnd,
};

pub(super) fn add(connection: &Connection, grant: &Grant, origin: &Origin) -> Result<(), Fault> {
    let (raise, amount) = columns(grant.raise);
    connection
        .prepare_cached(
            "INSERT INTO user_grant (id, user, raise, amount, from_at, until_at, reason, operator)
             VALUES (:id, :user, :raise, :amount, :from, :until, :reason, :operator)",
        )?
        .execute(named_params! {
            ":id": grant.id.0.into_bytes(),
            ":user": grant.user.as_str(),
            ":raise": raise,
            ":amount": amount,
            ":from": time(grant.from),
            ":until": time(grant.until),
            ":reason": grant.reason,
            ":operator": grant.operator,
        })?;
    let about = record(grant, AuditEvent::Grant, origin);
    let (operator, reason) = (Some(grant.operator), Some(grant.reason.clone()));
    audit::insert(connection, AuditRecord { operator, reason, ..about })
}

/// Takes a grant back. None if there is none that holds.
pub(super) fn end(connection: &Connection, end: &GrantEnd) -> Result<Option<Grant>, Fault> {
    let mut statement =
        connection.prepare_cached("DELETE FROM user_grant WHERE id = ?1 AND until_at > ?2 RETURNING *")?;
    let mut rows = statement.query((end.id.0.into_bytes(), time(end.origin.at)))?;
    let Some(grant) = rows.next()?.map(read).transpose()? else { return Ok(None) };
    drop(rows);
    let about = record(&grant, AuditEvent::GrantEnd, &end.origin);
    let (operator, reason) = (Some(end.operator), Some(end.reason.clone()));
    audit::insert(connection, AuditRecord { operator, reason, ..about })?;
    Ok(Some(grant))
}

/// The grants that have not ended.
pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Vec<Grant>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM user_grant WHERE until_at > ?1 ORDER BY id")?;
    let rows = statement.query([time(now)])?;
    rows.and_then(read).collect()
}

pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<usize, Fault> {
    Ok(connection.execute("DELETE FROM user_grant WHERE until_at <= ?1", [time(now)])?)
}

fn record(grant: &Grant, event: AuditEvent, origin: &Origin) -> AuditRecord {
    AuditRecord {
        user: Some(grant.user.clone()),
        detail: Some(format!("{grant}, grant {}", grant.id)),
        ..AuditRecord::new(origin.clone(), event)
    }
}

fn columns(raise: Raise) -> (&'static str, i64) {
    match raise {
        Raise::RequestsPerMinute(by) => ("requests_per_minute", place(by)),
        Raise::TokensPerMinute(by) => ("tokens_per_minute", place(by)),
        Raise::ConcurrentStreams(by) => ("concurrent_streams", place(by)),
        Raise::Spend(by) => ("spend", money(by)),
    }
}

fn read(row: &Row<'_>) -> Result<Grant, Fault> {
    let (raise, by): (String, u64) = (row.get("raise")?, get_count(row, "amount")?);
    let raise = match raise.as_str() {
        "requests_per_minute" => Raise::RequestsPerMinute(by),
        "tokens_per_minute" => Raise::TokensPerMinute(by),
        "concurrent_streams" => Raise::ConcurrentStreams(by),
        "spend" => Raise::Spend(Money::from_micros(by)),
        _ => return Err(Fault::Unreadable("grant")),
    };
    Ok(Grant {
        id: GrantId(Uuid::from_bytes(row.get("id")?)),
        user: UserId::new(row.get::<_, String>("user")?),
        raise,
        from: get_time(row, "from_at")?,
        until: get_time(row, "until_at")?,
        reason: row.get("reason")?,
        operator: row.get("operator")?,
    })
}
