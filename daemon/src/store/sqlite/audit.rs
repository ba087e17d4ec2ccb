//! The audit trail: each record is added to the end of the chain, in the transaction of what it tells about.

use std::net::IpAddr;

use rusqlite::{Connection, Row, named_params};
use shared::id::{RequestId, SessionId, UserId};
use uuid::Uuid;

use super::{
    column::{get_count, get_time, id, place, time},
    fault::Fault,
};
use crate::{
    domain::{
        audit::{AuditEntry, AuditEvent, AuditRecord, Hash, Head, Link, Origin},
        session::Session,
    },
    store::{query::AuditQuery, sha256},
};

/// A record about a session.
pub(super) fn about(
    session: &Session,
    event: AuditEvent,
    code: Option<&str>,
    origin: &Origin,
) -> AuditRecord {
    AuditRecord {
        user: Some(session.identity.user.clone()),
        session: Some(session.identity.session),
        code: code.map(str::to_owned),
        ..AuditRecord::new(origin.clone(), event)
    }
}

pub(super) fn insert(connection: &Connection, record: AuditRecord) -> Result<(), Fault> {
    let AuditEntry { sequence, record, link } = head(connection)?.add(record, sha256);
    connection
        .prepare_cached(
            "INSERT INTO audit (sequence, at, event, request, address, user, session, code, operator, detail, reason,
                                previous, hash)
             VALUES (:sequence, :at, :event, :request, :address, :user, :session, :code, :operator, :detail, :reason,
                     :previous, :hash)",
        )?
        .execute(named_params! {
            ":sequence": i64::try_from(sequence).unwrap_or(i64::MAX),
            ":at": time(record.origin.at),
            ":event": record.event.as_str(),
            ":request": record.origin.request.as_str(),
            ":address": record.origin.address.map(|address| address.to_string()),
            ":user": record.user.as_ref().map(UserId::as_str),
            ":session": record.session.map(id),
            ":code": record.code,
            ":operator": record.operator,
            ":detail": record.detail,
            ":reason": record.reason,
            ":previous": link.previous.0,
            ":hash": link.hash.0,
        })?;
    Ok(())
}

/// Where the chain stands. The number is that of the last record ever added, so that a cut end leaves a gap.
pub(super) fn head(connection: &Connection) -> Result<Head, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0) AS last,
                (SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1) AS hash",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(Head::default()) };
    let hash = row.get::<_, Option<[u8; 32]>>("hash")?.map(Hash).unwrap_or_default();
    Ok(Head { sequence: get_count(row, "last")?, hash })
}

/// Adds the records of the time before the chain.
pub(super) fn adopt(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare(
        "SELECT *, NULL AS operator, NULL AS detail, NULL AS reason FROM audit_unchained ORDER BY sequence",
    )?;
    let rows = statement.query([])?;
    for record in rows.and_then(record) {
        insert(connection, record?)?;
    }
    Ok(())
}

pub(super) fn list(connection: &Connection, after: u64, limit: u32) -> Result<Vec<AuditEntry>, Fault> {
    find(connection, &AuditQuery { after: Some(after), limit, ..AuditQuery::default() })
}

pub(super) fn find(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditEntry>, Fault> {
    let order = if query.after.is_some() { "ASC" } else { "DESC" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT * FROM audit
         WHERE sequence > :after AND sequence < :before
           AND (:event IS NULL OR event = :event)
           AND (:user IS NULL OR user = :user)
           AND (:session IS NULL OR session = :session)
         ORDER BY sequence {order} LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! {
        ":after": place(query.after.unwrap_or(0)),
        ":before": place(query.before.unwrap_or(u64::MAX)),
        ":event": query.event.map(AuditEvent::as_str),
        ":user": query.user.as_ref().map(UserId::as_str),
        ":session": query.session.map(id),
        ":limit": query.limit,
    })?;
    rows.and_then(read).collect()
}

fn read(row: &Row<'_>) -> Result<AuditEntry, Fault> {
    let link = Link { previous: Hash(row.get("previous")?), hash: Hash(row.get("hash")?) };
    Ok(AuditEntry { sequence: get_count(row, "sequence")?, record: record(row)?, link })
}

fn record(row: &Row<'_>) -> Result<AuditRecord, Fault> {
    let event = row.get::<_, String>("event")?;
    let address: Option<String> = row.get("address")?;
    let address: Option<IpAddr> =
        address.map(|text| text.parse()).transpose().map_err(|_| Fault::Unreadable("audit record"))?;
    let origin = Origin {
        at: get_time(row, "at")?,
        request: RequestId::new(row.get::<_, String>("request")?),
        address,
    };
    Ok(AuditRecord {
        origin,
        event: AuditEvent::parse(&event).ok_or(Fault::Unreadable("audit record"))?,
        user: row.get::<_, Option<String>>("user")?.map(UserId::new),
        session: row.get::<_, Option<[u8; 16]>>("session")?.map(|bytes| SessionId(Uuid::from_bytes(bytes))),
        code: row.get("code")?,
        operator: row.get("operator")?,
        detail: row.get("detail")?,
        reason: row.get("reason")?,
    })
}
