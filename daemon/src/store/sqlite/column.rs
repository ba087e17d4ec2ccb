//! Our types as columns.

use rusqlite::Row;
use shared::{id::SessionId, time::Timestamp, usage::Money};
use uuid::Uuid;

use super::fault::Fault;

/// No answer has more tokens than this. An upstream that says otherwise must not make every later sum overflow.
const MOST: u64 = 1 << 40;
/// And none costs more than this, a billion dollars.
const DEAREST: u64 = 1 << 50;

pub(super) fn time(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A place in a list or in a sequence.
pub(super) fn place(nth: u64) -> i64 {
    i64::try_from(nth).unwrap_or(i64::MAX)
}

pub(super) fn count(tokens: u64) -> i64 {
    i64::try_from(tokens.min(MOST)).unwrap_or(i64::MAX)
}

pub(super) fn money(amount: Money) -> i64 {
    i64::try_from(amount.micros().min(DEAREST)).unwrap_or(i64::MAX)
}

pub(super) fn id(session: SessionId) -> [u8; 16] {
    session.0.into_bytes()
}

pub(super) fn get_time(row: &Row<'_>, column: &str) -> Result<Timestamp, Fault> {
    Ok(Timestamp(get_count(row, column)?))
}

pub(super) fn get_count(row: &Row<'_>, column: &str) -> Result<u64, Fault> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| Fault::Unreadable("number"))
}

pub(super) fn get_session(row: &Row<'_>, column: &str) -> Result<SessionId, Fault> {
    Ok(SessionId(Uuid::from_bytes(row.get(column)?)))
}
