//! Usage: adding in batches, summing.

use rusqlite::{Connection, Row, named_params};
use shared::usage::{Money, Tokens};

use super::{
    column::{count, get_count, get_session, id, money, time},
    fault::Fault,
};
use crate::{
    domain::usage::UsageRecord,
    store::query::{UsageBy, UsageQuery, UsageSum},
};

pub(super) fn insert(connection: &Connection, records: &[UsageRecord]) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO usage (id, session, user, model, surface, request, started_at, ended_at,
                                      input, output, cache_read, cache_write, cache_write_hour, cost, outcome,
                                      estimated)
         VALUES (:id, :session, :user, :model, :surface, :request, :started, :ended,
                 :input, :output, :cache_read, :cache_write, :cache_write_hour, :cost, :outcome,
                 :estimated)",
    )?;
    for record in records {
        statement.execute(named_params! {
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
    }
    Ok(())
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

fn read(row: &Row<'_>, by: UsageBy) -> Result<UsageSum, Fault> {
    let key = match by {
        UsageBy::Session => get_session(row, "key")?.to_string(),
        UsageBy::User | UsageBy::Model | UsageBy::Day => row.get("key")?,
    };
    let tokens = Tokens {
        input: get_count(row, "input")?,
        output: get_count(row, "output")?,
        cache_read: get_count(row, "cache_read")?,
        cache_write: get_count(row, "cache_write")?,
        cache_write_hour: get_count(row, "cache_write_hour")?,
    };
    Ok(UsageSum {
        key,
        requests: get_count(row, "requests")?,
        estimated: get_count(row, "estimated")?,
        tokens,
        cost: Money::from_micros(get_count(row, "cost")?),
    })
}
