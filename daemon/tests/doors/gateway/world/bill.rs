//! What the store has of the requests that were settled.

use rusqlite::Connection;
use shared::usage::{Money, Tokens};
use tempfile::TempDir;

use super::{LONG, World};

/// A settled request, as the store has it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Bill {
    pub(in crate::gateway) model: String,
    pub(in crate::gateway) surface: String,
    pub(in crate::gateway) outcome: String,
    pub(in crate::gateway) estimated: bool,
    pub(in crate::gateway) tokens: Tokens,
}

/// A refusal, as the audit trail has it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Refused {
    pub(in crate::gateway) user: Option<String>,
    pub(in crate::gateway) is_of_session: bool,
    pub(in crate::gateway) code: String,
    pub(in crate::gateway) detail: String,
}

impl World {
    /// Stops everything and reads what was recorded, in the order in which it was settled.
    pub(in crate::gateway) async fn bills(self) -> Vec<Bill> {
        let dir = self.stopped().await;
        let database = Connection::open(dir.path().join("state/sallyport.db")).unwrap();
        let columns = "model, surface, outcome, estimated, input, output, cache_read, cache_write";
        let mut rows = database.prepare(&format!("SELECT {columns} FROM usage ORDER BY id")).unwrap();
        let number =
            |row: &rusqlite::Row<'_>, column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let bills = rows.query_map([], |row| {
            let (input, output) = (number(row, 4)?, number(row, 5)?);
            let (cache_read, cache_write) = (number(row, 6)?, number(row, 7)?);
            Ok(Bill {
                model: row.get(0)?,
                surface: row.get(1)?,
                outcome: row.get(2)?,
                estimated: row.get(3)?,
                tokens: Tokens { input, output, cache_read, cache_write, ..Tokens::default() },
            })
        });
        bills.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The one bill there is.
    pub(in crate::gateway) async fn bill(self) -> Bill {
        let mut bills = self.bills().await;
        assert_eq!(bills.len(), 1, "{bills:?}");
        bills.remove(0)
    }

    /// Stops everything and sums what the records say was spent.
    pub(in crate::gateway) async fn cost_of_bills(self) -> Money {
        let dir = self.stopped().await;
        let database = Connection::open(dir.path().join("state/sallyport.db")).unwrap();
        let sum = database.query_row("SELECT sum(cost) FROM usage", [], |row| row.get::<_, i64>(0)).unwrap();
        Money::from_micros(sum.cast_unsigned())
    }

    /// Stops everything and reads who was refused.
    pub(in crate::gateway) async fn refusals(self) -> Vec<Refused> {
        let dir = self.stopped().await;
        let database = Connection::open(dir.path().join("state/sallyport.db")).unwrap();
        let select = "SELECT user, session IS NOT NULL, code, detail FROM audit WHERE event = 'refusal'";
        let mut rows = database.prepare(&format!("{select} ORDER BY sequence")).unwrap();
        let refused = rows.query_map([], |row| {
            let (user, is_of_session) = (row.get(0)?, row.get(1)?);
            Ok(Refused { user, is_of_session, code: row.get(2)?, detail: row.get(3)? })
        });
        refused.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The folder, once everything has stopped.
    async fn stopped(self) -> TempDir {
        drop(self.client);
        let (doors, background) = self.tasks;
        assert!(doors.stop(LONG).await);
        assert!(background.stop(LONG).await);
        self.dir
    }
}
