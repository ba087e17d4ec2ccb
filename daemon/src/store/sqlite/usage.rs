//! Usage: adding in batches, to itself and to the sessions it is of; summing; forgetting.

use std::collections::HashMap;

use rusqlite::{Connection, Row, named_params};
use shared::{
    api::admin::SessionUse,
    id::{ModelId, SessionId},
    time::Timestamp,
    usage::{Money, Tokens},
};

use super::{
    column::{count, get_count, get_session, id, money, time},
    fault::Fault,
};
use crate::{
    domain::usage::UsageRecord,
    store::query::{UsageBy, UsageQuery, UsageSum},
};

/// No sum of a session grows beyond this, so that adding to it can't overflow.
const HIGHEST: i64 = 1 << 62;
/// Others who write wait as long as that takes: milliseconds.
const FORGOTTEN_AT_ONCE: u32 = 500;

pub(super) fn insert(connection: &Connection, records: &[UsageRecord], now: Timestamp) -> Result<(), Fault> {
    let mut added = HashMap::<SessionId, SessionUse>::new();
    for record in records {
        if insert_one(connection, record)? {
            add(added.entry(record.session).or_default(), record);
        }
    }
    for (session, used) in added {
        add_to_session(connection, session, &used, now)?;
    }
    Ok(())
}

/// Says whether it was not there yet.
fn insert_one(connection: &Connection, record: &UsageRecord) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO usage (id, session, user, model, surface, request, started_at, ended_at,
                                      input, output, cache_read, cache_write, cache_write_hour, cost, outcome,
                                      estimated)
         VALUES (:id, :session, :user, :model, :surface, :request, :started, :ended,
                 :input, :output, :cache_read, :cache_write, :cache_write_hour, :cost, :outcome,
                 :estimated)",
    )?;
    let inserted = statement.execute(named_params! {
        ":id": record.id.into_bytes(),
        ":session": id(record.session),
        ":user": record.user.as_str(),
        ":model": record.model.as_str(),
        ":surface": record.surface.as_str(),
        ":request": record.request.as_str(),
        ":started": time(record.started),
        ":ended": time(record.ended),
        ":input": count(record.tokens.input),
        ":output": count(record.tokens.output),
        ":cache_read": count(record.tokens.cache_read),
        ":cache_write": count(record.tokens.cache_write),
        ":cache_write_hour": count(record.tokens.cache_write_hour),
        ":cost": money(record.cost),
        ":outcome": record.outcome.as_str(),
        ":estimated": record.estimated,
    })?;
    Ok(inserted > 0)
}

fn add(used: &mut SessionUse, record: &UsageRecord) {
    used.requests += 1;
    used.tokens += record.tokens;
    used.cost += record.cost;
    if used.last <= Some(record.ended) {
        used.last = Some(record.ended);
        used.model = Some(record.model.clone());
        used.client.clone_from(&record.client);
    }
}

/// Usage of a session that is not in this store is none of its sessions'.
fn add_to_session(
    connection: &Connection,
    session: SessionId,
    used: &SessionUse,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE session
         SET requests = requests + :requests, input = min(input + :input, :highest),
             output = min(output + :output, :highest), cache_read = min(cache_read + :cache_read, :highest),
             cache_write = min(cache_write + :cache_write, :highest),
             cache_write_hour = min(cache_write_hour + :cache_write_hour, :highest),
             cost = min(cost + :cost, :highest),
             last_model = iif(:last >= coalesce(used_at, 0), :model, last_model),
             last_client = iif(:last >= coalesce(used_at, 0), :client, last_client),
             used_at = max(coalesce(used_at, 0), :last), changed_at = max(changed_at, :now)
         WHERE id = :id",
    )?;
    statement.execute(named_params! {
        ":id": id(session),
        ":requests": count(used.requests),
        ":input": count(used.tokens.input),
        ":output": count(used.tokens.output),
        ":cache_read": count(used.tokens.cache_read),
        ":cache_write": count(used.tokens.cache_write),
        ":cache_write_hour": count(used.tokens.cache_write_hour),
        ":cost": money(used.cost),
        ":last": time(used.last.unwrap_or_default()),
        ":model": used.model.as_ref().map(ModelId::as_str),
        ":client": used.client,
        ":now": time(now),
        ":highest": HIGHEST,
    })?;
    Ok(())
}

/// What was used in the session of a row.
pub(super) fn of_session(row: &Row<'_>) -> Result<SessionUse, Fault> {
    Ok(SessionUse {
        requests: get_count(row, "requests")?,
        tokens: tokens(row)?,
        cost: Money::from_micros(get_count(row, "cost")?),
        last: row.get::<_, Option<i64>>("used_at")?.and_then(|at| u64::try_from(at).ok()).map(Timestamp),
        model: row.get::<_, Option<String>>("last_model")?.map(ModelId::new),
        client: row.get("last_client")?,
    })
}

pub(super) fn sum(connection: &Connection, query: &UsageQuery) -> Result<Vec<UsageSum>, Fault> {
    let key = match query.by {
        UsageBy::Session => "session",
        UsageBy::User => "user",
        UsageBy::Model => "model",
        UsageBy::Day => "date(ended_at / 1000, 'unixepoch')",
    };
    let order = match query.by {
        UsageBy::Day => "key DESC",
        _ => "sum(input) + sum(output) + sum(cache_read) + sum(cache_write) DESC, key",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {key} AS key, count(*) AS requests, sum(estimated) AS estimated, sum(input) AS input,
                sum(output) AS output, sum(cache_read) AS cache_read, sum(cache_write) AS cache_write,
                sum(cache_write_hour) AS cache_write_hour, sum(cost) AS cost
         FROM usage WHERE ended_at >= ?1 AND ended_at < ?2
         GROUP BY key ORDER BY {order} LIMIT ?3"
    ))?;
    let rows = statement.query((time(query.ended.start), time(query.ended.end), query.limit))?;
    rows.and_then(|row| read(row, query.by)).collect()
}

pub(super) fn forget(connection: &Connection, before: Timestamp) -> Result<usize, Fault> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM usage WHERE id IN (SELECT id FROM usage WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)",
    )?;
    Ok(statement.execute((time(before), FORGOTTEN_AT_ONCE))?)
}

fn read(row: &Row<'_>, by: UsageBy) -> Result<UsageSum, Fault> {
    let key = match by {
        UsageBy::Session => get_session(row, "key")?.to_string(),
        UsageBy::User | UsageBy::Model | UsageBy::Day => row.get("key")?,
    };
    Ok(UsageSum {
        key,
        requests: get_count(row, "requests")?,
        estimated: get_count(row, "estimated")?,
        tokens: tokens(row)?,
        cost: Money::from_micros(get_count(row, "cost")?),
    })
}

fn tokens(row: &Row<'_>) -> Result<Tokens, Fault> {
    Ok(Tokens {
        input: get_count(row, "input")?,
        output: get_count(row, "output")?,
        cache_read: get_count(row, "cache_read")?,
        cache_write: get_count(row, "cache_write")?,
        cache_write_hour: get_count(row, "cache_write_hour")?,
    })
}
