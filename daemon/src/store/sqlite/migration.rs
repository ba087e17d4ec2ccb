//! Brings a database to the form that this daemon knows: numbered steps, each applied once.

use rusqlite::{Connection, OptionalExtension};
use tracing::info;

use super::{audit, fault::Fault};
use crate::store::StoreError;

/// Step `n` is the `n`th file. A file that was released is never changed.
const STEPS: [&str; 10] = [
    include_str!("../migration/sqlite/0001_session.sql"),
    include_str!("../migration/sqlite/0002_usage.sql"),
    include_str!("../migration/sqlite/0003_audit.sql"),
    include_str!("../migration/sqlite/0004_cost.sql"),
    include_str!("../migration/sqlite/0005_audit_chain.sql"),
    include_str!("../migration/sqlite/0006_lock.sql"),
    include_str!("../migration/sqlite/0007_session_use.sql"),
    include_str!("../migration/sqlite/0008_grant.sql"),
    include_str!("../migration/sqlite/0009_ends.sql"),
    include_str!("../migration/sqlite/0010_late_usage.sql"),
];

/// The version since which the audit trail is a chain.
const CHAINED: u32 = 5;

/// Applies what is missing, all of it or nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    if is_foreign(&transaction)? {
        return Err(Fault::Foreign);
    }
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    )?;
    let found = version(&transaction)?;
    let missing = STEPS.get(found as usize..).ok_or(StoreError::Newer { found, known: known() })?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if (1..CHAINED).contains(&found) {
        audit::adopt(&transaction)?;
    }
    transaction.execute_batch("DROP TABLE IF EXISTS audit_unchained")?;
    transaction.execute("INSERT OR REPLACE INTO meta VALUES ('version', ?1)", [known().to_string()])?;
    transaction.commit()?;
    if !missing.is_empty() {
        info!(from = found, to = known(), "database migrated");
    }
    Ok(())
}

/// Whether another program made the database: it holds something, but not what we make first.
fn is_foreign(connection: &Connection) -> Result<bool, Fault> {
    let sql = "SELECT count(*) > 0 AND count(*) FILTER (WHERE name = 'meta') = 0 FROM sqlite_schema";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// The version of a database that is only looked at.
pub(super) fn found(connection: &Connection) -> Result<u32, Fault> {
    if is_foreign(connection)? { Err(Fault::Foreign) } else { version(connection) }
}

pub(super) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

fn version(connection: &Connection) -> Result<u32, Fault> {
    let text: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = 'version'", [], |row| row.get(0))
        .optional()?;
    text.map_or(Ok(0), |text| text.parse().map_err(|_| Fault::Unreadable("version")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an older daemon left.
    fn of_version(old: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let meta = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";
        connection.execute_batch(meta).unwrap();
        for step in &STEPS[..old] {
            connection.execute_batch(step).unwrap();
        }
        connection.execute("INSERT INTO meta VALUES ('version', ?1)", [old.to_string()]).unwrap();
        connection
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), known());
    }

    #[test]
    fn a_database_of_a_newer_daemon_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.execute_batch("UPDATE meta SET value = '99' WHERE key = 'version'").unwrap();
        let Err(Fault::Store(error)) = migrate(&mut connection) else { panic!("it was migrated") };
        assert_eq!(error, StoreError::Newer { found: 99, known: known() });
        assert_eq!(version(&connection).unwrap(), 99);
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE bookmarks (url)").unwrap();
        assert!(matches!(migrate(&mut connection), Err(Fault::Foreign)));
    }

    #[test]
    fn every_older_version_reaches_the_same_schema() {
        let schema = |connection: &Connection| -> Vec<String> {
            let mut all = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows = all.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
            rows.map(|row| row.unwrap().unwrap_or_default()).collect()
        };
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for old in 1..STEPS.len() {
            let mut connection = of_version(old);
            migrate(&mut connection).unwrap();
            assert_eq!(schema(&connection).len(), schema(&fresh).len(), "from version {old}");
        }
    }

    #[test]
    fn what_was_used_before_a_session_kept_count_is_counted() {
        let mut connection = of_version(6);
        let (used, unused) = ("zeroblob(16)", "randomblob(16)");
        for (id, ended) in [(used, "20"), (unused, "NULL")] {
            let reason = if ended == "NULL" { "NULL" } else { "'logout'" };
            let session = format!(
                "INSERT INTO session VALUES ({id}, 'ada', NULL, NULL, '[]', NULL, '{{}}', 1, 2, 3, 4, {ended}, {reason})"
            );
            connection.execute_batch(&session).unwrap();
        }
        for (model, ended, dollars) in [("opus", 30, 5), ("sonnet", 10, 7)] {
            let usage = format!(
                "INSERT INTO usage VALUES (randomblob(16), {used}, 'ada', '{model}', 'chat', 'r', 0, {ended},
                                           1, 2, 3, 4, 'completed', 0, {dollars}, 5)"
            );
            connection.execute_batch(&usage).unwrap();
        }
        migrate(&mut connection).unwrap();
        let told: Vec<String> = connection
            .prepare("SELECT concat_ws(' ', requests, input, output, cache_read, cache_write, cache_write_hour, cost,
                                       used_at, last_model, changed_at) FROM session ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(told, ["2 2 4 6 8 10 12 30 opus 30", "0 0 0 0 0 0 0 2"]);
    }
}
