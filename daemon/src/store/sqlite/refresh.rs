//! Refresh tokens: the rules of `domain` applied to rows.

use rusqlite::{Connection, Row};
use shared::{id::SessionId, time::Timestamp};

use super::{
    audit,
    column::{get_session, get_time, id, time},
    fault::Fault,
    lock, session,
};
use crate::{
    domain::{
        audit::{AuditEvent, AuditRecord},
        session::{Lock, Presented, Refusal, Session, Step, Subject, TokenState},
    },
    store::{Attempt, Ending, Opened, Opening, Refreshed, TokenHash, token::Seed},
};

/// A token's row.
struct Known {
    session: SessionId,
    predecessor: Option<[u8; 32]>,
    seed: Option<Seed>,
    state: TokenState,
    expires: Timestamp,
}

pub(super) fn open(connection: &Connection, opening: &Opening) -> Result<Opened, Fault> {
    let Opening { session, token, origin } = opening;
    if let Some(lock) = lock::of(connection, &session.identity, origin.at)? {
        return Ok(Opened::Locked(lock));
    }
    session::insert(connection, session)?;
    insert(connection, token.hash(), None, session)?;
    let device = session.identity.device.clone().map(|device| Subject::Device(device).to_string());
    let record = audit::about(session, AuditEvent::SignIn, None, origin);
    audit::insert(connection, AuditRecord { detail: device, ..record })?;
    Ok(Opened::Opened)
}

pub(super) fn present(connection: &Connection, attempt: &Attempt) -> Result<Refreshed, Fault> {
    let Some(known) = find(connection, attempt.token.hash())? else { return Ok(Refreshed::Unknown) };
    let mut session = session::find(connection, known.session)?.ok_or(Fault::Unreadable("refresh token"))?;
    let now = attempt.origin.at;
    let presented = Presented { state: known.state, expires: known.expires, ended: session.ended };
    let lock = lock::of(connection, &session.identity, now)?;
    let step = presented.step(attempt.lifetimes.grace, now).under(lock.as_ref(), now);
    if let Step::Refuse(refusal) = step {
        return refused(connection, attempt, (session, lock), refusal);
    }
    let seed = known.seed.as_ref().ok_or(Fault::Unreadable("refresh token"))?;
    let successor = attempt.token.successor(seed);
    let repeated = step == Step::Repeat;
    session.mint(attempt.lifetimes, now);
    if !repeated {
        session.extend(attempt.lifetimes, now);
        rotate(connection, (attempt.token.hash(), successor.hash()), &known, &session)?;
    }
    session::renew(connection, &session)?;
    let code = repeated.then_some("repeated");
    audit::insert(connection, audit::about(&session, AuditEvent::Refresh, code, &attempt.origin))?;
    Ok(Refreshed::Renewed { session, successor, repeated })
}

pub(super) fn session_of(connection: &Connection, token: TokenHash) -> Result<Option<SessionId>, Fault> {
    Ok(find(connection, token)?.map(|known| known.session))
}

pub(super) fn forget(connection: &Connection, now: Timestamp) -> Result<usize, Fault> {
    Ok(connection.execute("DELETE FROM refresh_token WHERE expires_at <= ?1", [time(now)])?)
}

/// The successor becomes known, the token rotated, and its predecessor spent.
fn rotate(
    connection: &Connection,
    (token, successor): (TokenHash, TokenHash),
    known: &Known,
    session: &Session,
) -> Result<(), Fault> {
    insert(connection, successor, Some(token), session)?;
    connection
        .prepare_cached("UPDATE refresh_token SET state = 'rotated', rotated_at = ?2 WHERE hash = ?1")?
        .execute((token.0, time(session.refreshed)))?;
    connection
        .prepare_cached("UPDATE refresh_token SET state = 'spent', seed = NULL WHERE hash = ?1")?
        .execute([known.predecessor])?;
    Ok(())
}

fn refused(
    connection: &Connection,
    attempt: &Attempt,
    (session, lock): (Session, Option<Lock>),
    refusal: Refusal,
) -> Result<Refreshed, Fault> {
    if let Refusal::Reused(ended) = refusal {
        let session = session.identity.session;
        session::end(connection, &Ending { session, ended, origin: attempt.origin.clone() })?;
    }
    Ok(match (refusal, lock) {
        (Refusal::Locked { .. }, Some(lock)) => Refreshed::Locked { session, lock },
        (refusal, _) => Refreshed::Refused { session, refusal },
    })
}

fn insert(
    connection: &Connection,
    token: TokenHash,
    predecessor: Option<TokenHash>,
    session: &Session,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO refresh_token (hash, session, predecessor, seed, state, expires_at)
             VALUES (?1, ?2, ?3, ?4, 'fresh', ?5)",
        )?
        .execute((
            token.0,
            id(session.identity.session),
            predecessor.map(|token| token.0),
            Seed::generate()?.0,
            time(session.expires),
        ))?;
    Ok(())
}

fn find(connection: &Connection, token: TokenHash) -> Result<Option<Known>, Fault> {
    let mut statement = connection.prepare_cached("SELECT * FROM refresh_token WHERE hash = ?1")?;
    let mut rows = statement.query([token.0])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<Known, Fault> {
    let state = match row.get::<_, String>("state")?.as_str() {
        "fresh" => TokenState::Fresh,
        "rotated" => TokenState::Rotated { at: get_time(row, "rotated_at")? },
        "spent" => TokenState::Spent,
        _ => return Err(Fault::Unreadable("refresh token")),
    };
    Ok(Known {
        session: get_session(row, "session")?,
        predecessor: row.get("predecessor")?,
        seed: row.get::<_, Option<[u8; 32]>>("seed")?.map(Seed),
        state,
        expires: get_time(row, "expires_at")?,
    })
}
