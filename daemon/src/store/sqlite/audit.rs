//! The audit trail.

use std::net::IpAddr;

use rusqlite::{Connection, Row, named_params};
use shared::id::{RequestId, SessionId, UserId};
use uuid::Uuid;

use super::{
    column::{get_count, get_time, id, time},
    fault::Fault,
};
use crate::domain::{
    audit::{AuditEntry, AuditEvent, AuditRecord, Origin},
    session::Session,
};

/// A record about a session.
pub(super) fn about(
    session: &Session,
    event: AuditEvent,
    code: Option<&str>,
    origin: &Origin,
) -> AuditRecord {
    AuditRecord {
        origin: origin.clone(),
        event,
        user: Some(session.identity.user.clone()),
        session: Some(session.identity.session),
        code: code.map(str::to_owned),
    }
}

pub(super) fn insert(connection: &Connection, record: &AuditRecord) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, event, request, address, user, session, code)
             VALUES (:at, :event, :request, :address, :user, :session, :code)",
        )?
        .execute(named_params! {
            ":at": time(record.origin.at),
            ":event": record.event.as_str(),
            ":request": record.origin.request.as_str(),
            ":address": record.origin.address.map(|address| address.to_string()),
            ":user": record.user.as_ref().map(UserId::as_str),
            ":session": record.session.map(id),
            ":code": record.code,
        })?;
    Ok(())
}

pub(super) fn list(connection: &Connection, after: u64, limit: u32) -> Result<Vec<AuditEntry>, Fault> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut statement =
        connection.prepare_cached("SELECT * FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2")?;
    let rows = statement.query((after, limit))?;
    rows.and_then(read).collect()
}

fn read(row: &Row<'_>) -> Result<AuditEntry, Fault> {
    let event = row.get::<_, String>("event")?;
    let address: Option<String> = row.get("address")?;
    let address: Option<IpAddr> =
        address.map(|text| text.parse()).transpose().map_err(|_| Fault::Unreadable("audit record"))?;
    let origin = Origin {
        at: get_time(row, "at")?,
        request: RequestId::new(row.get::<_, String>("request")?),
        address,
    };
    let record = AuditRecord {
        origin,
        event: AuditEvent::parse(&event).ok_or(Fault::Unreadable("audit record"))?,
        user: row.get::<_, Option<String>>("user")?.map(UserId::new),
        session: row.get::<_, Option<[u8; 16]>>("session")?.map(|bytes| SessionId(Uuid::from_bytes(bytes))),
        code: row.get("code")?,
    };
    Ok(AuditEntry { sequence: get_count(row, "sequence")?, record })
}
