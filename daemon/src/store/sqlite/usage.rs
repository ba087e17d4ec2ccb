//! Usage: adding in batches, to itself and to the sessions it is of; summing; forgetting.

use std::{collections::HashMap, ops::Range};

use rusqlite::{Connection, Row, named_params};
use shared::{
    api::admin::SessionUse,
    id::{ModelId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};

use super::{
    column::{count, get_count, get_session, get_time, id, money, place, time},
    fault::Fault,
};
use crate::{
    domain::usage::UsageRecord,
    store::query::{LateUsage, Spending, UsageBy, UsageQuery, UsageSum},
};

/// No sum of a session grows beyond this, so that adding to it can't overflow.
const HIGHEST: i64 = 1 << 62;
/// Others who write wait as long as that takes: milliseconds.
const FORGOTTEN_AT_ONCE: u32 = 500;

const LAST_LATE: &str = "SELECT max(late) FROM usage WHERE late IS NOT NULL";
const LATE: &str = "SELECT late, user, cost, ended_at FROM usage WHERE late > ?1 ORDER BY late";

/// `is_late` gives each record a number.
pub(super) fn insert(
    connection: &Connection,
    records: &[UsageRecord],
    now: Timestamp,
    is_late: bool,
) -> Result<(), Fault> {
    let mut added = HashMap::<SessionId, SessionUse>::new();
    for record in records {
        let late = if is_late { Some(last_late(connection)?.saturating_add(1)) } else { None };
        if insert_one(connection, record, late)? {
            add(added.entry(record.session).or_default(), record);
        }
    }
    for (session, used) in added {
        add_to_session(connection, session, &used, now)?;
    }
    Ok(())
}

/// Says whether it was not there yet.
fn insert_one(connection: &Connection, record: &UsageRecord, late: Option<u64>) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO usage (id, session, user, model, surface, request, started_at, ended_at,
                                      input, output, cache_read, cache_write, cache_write_hour, cost, outcome,
                                      estimated, late)
         VALUES (:id, :session, :user, :model, :surface, :request, :started, :ended,
                 :input, :output, :cache_read, :cache_write, :cache_write_hour, :cost, :outcome,
                 :estimated, :late)",
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
        ":late": late.map(place),
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

/// The caller's transaction keeps all of it of one moment.
pub(super) fn spending(connection: &Connection, times: Vec<Range<Timestamp>>) -> Result<Spending, Fault> {
    let queries = times.into_iter().map(|ended| UsageQuery { by: UsageBy::User, ended, limit: u32::MAX });
    let sums = queries.map(|query| sum(connection, &query)).collect::<Result<_, Fault>>()?;
    Ok(Spending { sums, late: last_late(connection)? })
}

pub(super) fn late(connection: &Connection, after: u64) -> Result<Vec<LateUsage>, Fault> {
    let mut statement = connection.prepare_cached(LATE)?;
    let rows = statement.query([place(after)])?;
    rows.and_then(|row| {
        Ok(LateUsage {
            number: get_count(row, "late")?,
            user: UserId::new(row.get::<_, String>("user")?),
            cost: Money::from_micros(get_count(row, "cost")?),
            ended: get_time(row, "ended_at")?,
        })
    })
    .collect()
}

/// The highest number that was given.
fn last_late(connection: &Connection) -> Result<u64, Fault> {
    let last: Option<i64> = connection.prepare_cached(LAST_LATE)?.query_row([], |row| row.get(0))?;
    Ok(last.and_then(|last| u64::try_from(last).ok()).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::{super::migration::migrate, *};

    #[test]
    fn late_usage_is_found_without_a_look_at_all_of_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        for question in [LAST_LATE.to_owned(), LATE.replace("?1", "7")] {
            let plan = format!("EXPLAIN QUERY PLAN {question}");
            let plan: String = connection.query_row(&plan, [], |row| row.get("detail")).unwrap();
            assert!(plan.contains("INDEX usage_late"), "{plan}");
        }
    }
}
