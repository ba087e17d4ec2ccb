//! Sessions: adding, finding, ending.

use rusqlite::{Connection, Row, named_params};
use shared::{
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

use super::{
    audit,
    column::{get_count, get_session, get_time, id, place, time},
    fault::Fault,
    lock, usage,
};
use crate::{
    domain::{
        audit::AuditEvent,
        session::{EndReason, Ended, Identity, Session, Subject},
    },
    store::{
        Ending, Ends, Finish,
        query::{Holder, HolderQuery, Holders, SessionQuery, SessionSort},
    },
};

/// It reads one index, and nothing of sessions that have not ended.
const ENDS: &str =
    "SELECT id, ended_at, end_reason FROM session WHERE access_until > ?1 AND ended_at IS NOT NULL";

pub(super) fn insert(connection: &Connection, session: &Session) -> Result<(), Fault> {
    let Identity { session: session_id, user, email, name, groups, device } = &session.identity;
    connection
        .prepare_cached(
            "INSERT INTO session (id, user, email, name, groups, device_id, device, opened_at, refreshed_at,
                                  expires_at, access_until, changed_at)
             VALUES (:id, :user, :email, :name, :groups, :device_id, :device, :opened, :refreshed, :expires,
                     :access_until, :refreshed)",
        )?
        .execute(named_params! {
            ":id": id(*session_id),
            ":user": user.as_str(),
            ":email": email,
            ":name": name,
            ":groups": json(groups)?,
            ":device_id": device.as_ref().map(DeviceId::as_str),
            ":device": json(&session.device)?,
            ":opened": time(session.opened),
            ":refreshed": time(session.refreshed),
            ":expires": time(session.expires),
            ":access_until": time(session.access_until),
        })?;
    Ok(())
}

/// Writes what a refresh changes.
pub(super) fn renew(connection: &Connection, session: &Session) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE session SET refreshed_at = ?2, expires_at = ?3, access_until = ?4, changed_at = max(changed_at, ?2)
             WHERE id = ?1",
        )?
        .execute((
            id(session.identity.session),
            time(session.refreshed),
            time(session.expires),
            time(session.access_until),
        ))?;
    Ok(())
}

/// Ends a session and audits it, unless it is over already.
pub(super) fn end(connection: &Connection, ending: &Ending) -> Result<Finish, Fault> {
    let Some(mut session) = find(connection, ending.session)? else { return Ok(Finish::Unknown) };
    if let Err(stands) = session.end(ending.ended) {
        return Ok(Finish::Already(stands));
    }
    write_end(connection, ending.session, ending.ended)?;
    let event = AuditEvent::from(ending.ended.reason);
    audit::insert(connection, audit::about(&session, event, None, &ending.origin))?;
    Ok(Finish::Ended(Box::new(session)))
}

pub(super) fn write_end(connection: &Connection, session: SessionId, ended: Ended) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE session SET ended_at = ?2, end_reason = ?3, changed_at = max(changed_at, ?2) WHERE id = ?1",
        )?
        .execute((id(session), time(ended.at), ended.reason.as_str()))?;
    Ok(())
}

/// The sessions of a subject, over or not.
pub(super) fn of(connection: &Connection, subject: &Subject) -> Result<Vec<Session>, Fault> {
    let column = match subject {
        Subject::Session(session) => return Ok(find(connection, *session)?.into_iter().collect()),
        Subject::User(_) => "user",
        Subject::Device(_) => "device_id",
    };
    let mut statement =
        connection.prepare_cached(&format!("SELECT * FROM session WHERE {column} = ?1 ORDER BY id"))?;
    let rows = statement.query([subject.id()])?;
    rows.and_then(read).collect()
}

pub(super) fn find(connection: &Connection, session: SessionId) -> Result<Option<Session>, Fault> {
    let mut statement = connection.prepare_cached("SELECT * FROM session WHERE id = ?1")?;
    let mut rows = statement.query([id(session)])?;
    rows.next()?.map(read).transpose()
}

/// Whether the text `:search` is part of what tells a session from others.
const SEARCH: &str =
    "(:search IS NULL OR instr(lower(user || ' ' || coalesce(email, '') || ' ' || coalesce(name, '')
                       || ' ' || coalesce(device_id, '') || ' ' || device), lower(:search)) > 0)";

/// Whether a lock that holds at `:locked_at` is on the session, its device or its user.
const LOCKED: &str =
    "(user IN (SELECT subject FROM lock WHERE kind = 'user' AND from_at <= :locked_at AND until_at > :locked_at)
      OR device_id IN (SELECT subject FROM lock
                       WHERE kind = 'device' AND from_at <= :locked_at AND until_at > :locked_at)
      OR id IN (SELECT unhex(subject, '-') FROM lock
                WHERE kind = 'session' AND from_at <= :locked_at AND until_at > :locked_at))";

pub(super) fn list(connection: &Connection, query: &SessionQuery) -> Result<Vec<Session>, Fault> {
    let mut statement = connection.prepare_cached(&selection(query))?;
    let rows = statement.query(named_params! {
        ":user": query.user.as_ref().map(UserId::as_str),
        ":device": query.device.as_ref().map(DeviceId::as_str),
        ":before": query.before.map(id),
        ":active_at": query.active_at.map(time),
        ":expired_at": query.expired_at.map(time),
        ":only_ended": query.only_ended,
        ":locked_at": query.locked_at.map(time),
        ":changed_since": query.changed_since.map(time),
        ":search": query.search,
        ":limit": query.limit,
        ":skip": place(query.skip),
    })?;
    rows.and_then(read).collect()
}

/// SQLite would rather look at every session in the wanted order than sort the few that changed.
pub(super) fn selection(query: &SessionQuery) -> String {
    let (sessions, changed) = match query.changed_since {
        Some(_) => ("session INDEXED BY session_changed_at", "changed_at >= :changed_since"),
        None => ("session", ":changed_since IS NULL"),
    };
    let order = match query.sort {
        SessionSort::Opened => "id DESC",
        SessionSort::Refreshed => "refreshed_at DESC, id DESC",
        SessionSort::Used => "used_at DESC, id DESC",
        SessionSort::Cost => "cost DESC, id DESC",
        SessionSort::User => "coalesce(email, user), id DESC",
    };
    format!(
        "SELECT * FROM {sessions}
         WHERE (:user IS NULL OR user = :user)
           AND (:device IS NULL OR device_id = :device)
           AND (:before IS NULL OR id < :before)
           AND (:active_at IS NULL OR (ended_at IS NULL AND expires_at > :active_at))
           AND (:expired_at IS NULL OR (ended_at IS NULL AND expires_at <= :expired_at))
           AND (NOT :only_ended OR ended_at IS NOT NULL)
           AND (:locked_at IS NULL OR (ended_at IS NULL AND expires_at > :locked_at AND {LOCKED}))
           AND {changed} AND {SEARCH}
         ORDER BY {order} LIMIT :limit OFFSET :skip"
    )
}

/// The columns that are not aggregated are those of the row with the maximum: SQLite promises that for one `max`.
pub(super) fn holders(connection: &Connection, query: &HolderQuery) -> Result<Vec<Holder>, Fault> {
    let (key, other) = match query.of {
        Holders::Users => ("user", "device_id"),
        Holders::Devices => ("device_id", "user"),
    };
    // An alternative would keep SQLite from its index.
    let wanted = match query.id {
        Some(_) => format!("{key} = :id"),
        None => format!("{key} IS NOT NULL AND :id IS NULL"),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT *, count(*) AS sessions, sum(ended_at IS NULL AND expires_at > :now) AS active,
                count(DISTINCT {other}) AS others,
                max(max(refreshed_at, coalesce(used_at, 0))) AS last
         FROM session WHERE {wanted} AND {SEARCH}
         GROUP BY {key} ORDER BY last DESC, {key} LIMIT :limit OFFSET :skip"
    ))?;
    let rows = statement.query(named_params! {
        ":now": time(query.now),
        ":id": query.id,
        ":search": query.search,
        ":limit": query.limit,
        ":skip": place(query.skip),
    })?;
    let holders = rows.and_then(|row| {
        let (sessions, active) = (get_count(row, "sessions")?, get_count(row, "active")?);
        let last_seen = get_time(row, "last")?;
        Ok(Holder { latest: read(row)?, last_seen, sessions, active, others: get_count(row, "others")? })
    });
    holders.collect()
}

pub(super) fn ends(connection: &Connection, now: Timestamp) -> Result<Ends, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT coalesce(max(access_until), 0) AS last FROM session")?;
    let access_until = statement.query_and_then([], |row| get_time(row, "last"))?.next().transpose()?;
    let mut statement = connection.prepare_cached(ENDS)?;
    let rows = statement.query([time(now)])?;
    let ended = rows.and_then(|row| {
        let ended = read_end(row)?.ok_or(Fault::Unreadable("end of a session"))?;
        Ok((get_session(row, "id")?, ended))
    });
    let ended = ended.collect::<Result<_, Fault>>()?;
    let locks = lock::all(connection, now)?;
    Ok(Ends { ended, locks, access_until: access_until.unwrap_or_default() })
}

fn read(row: &Row<'_>) -> Result<Session, Fault> {
    let groups: String = row.get("groups")?;
    let device: String = row.get("device")?;
    let identity = Identity {
        session: get_session(row, "id")?,
        user: UserId::new(row.get::<_, String>("user")?),
        email: row.get("email")?,
        name: row.get("name")?,
        groups: serde_json::from_str(&groups).map_err(|_| Fault::Unreadable("groups of a session"))?,
        device: row.get::<_, Option<String>>("device_id")?.map(DeviceId::new),
    };
    Ok(Session {
        identity,
        device: serde_json::from_str(&device).map_err(|_| Fault::Unreadable("device of a session"))?,
        opened: get_time(row, "opened_at")?,
        refreshed: get_time(row, "refreshed_at")?,
        expires: get_time(row, "expires_at")?,
        access_until: get_time(row, "access_until")?,
        ended: read_end(row)?,
        used: usage::of_session(row)?,
    })
}

fn read_end(row: &Row<'_>) -> Result<Option<Ended>, Fault> {
    let Some(reason) = row.get::<_, Option<String>>("end_reason")? else { return Ok(None) };
    let reason = EndReason::parse(&reason).ok_or(Fault::Unreadable("end of a session"))?;
    Ok(Some(Ended { at: get_time(row, "ended_at")?, reason }))
}

fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|_| Fault::Unreadable("text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::migration::migrate;

    #[test]
    fn ends_are_found_without_a_look_at_every_session() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let plan = format!("EXPLAIN QUERY PLAN {ENDS}");
        let plan: String = connection.query_row(&plan, [0], |row| row.get("detail")).unwrap();
        assert!(plan.contains("USING COVERING INDEX session_ended"), "{plan}");
    }
}
