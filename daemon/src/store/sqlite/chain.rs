//! The audit trail as a chain: verifying it, and forgetting its beginning without breaking it.

use rusqlite::{Connection, OptionalExtension};
use shared::time::Timestamp;

use super::{
    audit,
    column::{place, time},
    fault::Fault,
};
use crate::{
    domain::audit::{AuditEntry, AuditEvent, AuditRecord, Broken, Head, Origin},
    store::{
        query::{AuditQuery, Checked, Verdict},
        sha256,
    },
};

/// Records that are forgotten in one transaction.
const BATCH: u64 = 10_000;

/// Follows the chain through the next records.
pub(super) fn verify(connection: &Connection, from: Option<Head>, limit: u32) -> Result<Checked, Fault> {
    let start = match from {
        Some(head) => Ok(head),
        None => beginning(connection)?,
    };
    let head = match start {
        Ok(head) => head,
        Err(broken) => {
            return Ok(Checked { head: Head::default(), seen: 0, verdict: Verdict::Broken(broken) });
        }
    };
    let entries = audit::list(connection, head.sequence, limit)?;
    let seen = entries.len() as u64;
    let verdict = match head.verify(&entries, sha256) {
        Ok(head) if seen == u64::from(limit) => return Ok(Checked { head, seen, verdict: Verdict::More }),
        Ok(head) => return Ok(Checked { head, seen, verdict: ending(connection, head)? }),
        Err(broken) => Verdict::Broken(broken),
    };
    Ok(Checked { head, seen, verdict })
}

/// Forgets records from before a moment.
pub(super) fn forget(connection: &Connection, before: Timestamp, origin: &Origin) -> Result<u64, Fault> {
    let Some(first) = first(connection)? else { return Ok(0) };
    let kept: Option<i64> =
        connection
            .query_row("SELECT min(sequence) FROM audit WHERE at >= ?1", [time(before)], |row| row.get(0))?;
    let kept = kept.map_or(u64::MAX, i64::cast_unsigned);
    let last = kept.min(first.sequence + BATCH).saturating_sub(1);
    let oldest = audit::list(connection, last.saturating_sub(1), 1)?;
    let Some(entry) = oldest.first().filter(|entry| entry.sequence == last && last >= first.sequence) else {
        return Ok(0);
    };
    let head = Head { sequence: entry.sequence, hash: entry.link.hash };
    let record = AuditRecord::new(origin.clone(), AuditEvent::Retention);
    audit::insert(connection, AuditRecord { code: Some(head.to_string()), ..record })?;
    let forgotten = connection.execute("DELETE FROM audit WHERE sequence <= ?1", [place(last)])?;
    Ok(forgotten as u64)
}

/// Where the chain begins: at its first record, or where a record of the chain itself says that it goes on.
fn beginning(connection: &Connection) -> Result<Result<Head, Broken>, Fault> {
    let Some(first) = first(connection)?.filter(|first| first.sequence > 1) else {
        return Ok(Ok(Head::default()));
    };
    let query = AuditQuery { event: Some(AuditEvent::Retention), limit: 1, ..AuditQuery::default() };
    let said = audit::find(connection, &query)?;
    let said = said.first().and_then(|entry| entry.record.code.as_deref()?.parse::<Head>().ok());
    let missing = Broken::Dropped { first: 1, last: first.sequence - 1 };
    Ok(said.filter(|head| head.sequence + 1 == first.sequence).ok_or(missing))
}

/// Whether the last record that there is, is the last that there was.
fn ending(connection: &Connection, head: Head) -> Result<Verdict, Fault> {
    let last = audit::head(connection)?.sequence;
    Ok(if last > head.sequence {
        Verdict::Broken(Broken::Dropped { first: head.sequence + 1, last })
    } else {
        Verdict::Whole
    })
}

fn first(connection: &Connection) -> Result<Option<AuditEntry>, Fault> {
    let first: Option<Option<i64>> =
        connection.query_row("SELECT min(sequence) FROM audit", [], |row| row.get(0)).optional()?;
    let Some(first) = first.flatten() else { return Ok(None) };
    Ok(audit::list(connection, first.cast_unsigned().saturating_sub(1), 1)?.into_iter().next())
}
