//! The embedded store: SQLite with a write-ahead log, one thread that writes and one that reads.
//!
//! Sessions and audit survive the loss of power (`synchronous=FULL`), usage the death of the process (`NORMAL`):
//! what a power cut takes of it, the next durable commit would have saved.

mod audit;
mod chain;
mod column;
mod fault;
mod file;
mod grant;
mod lock;
pub mod look;
mod metric;
mod migration;
mod refresh;
mod session;
mod usage;
mod worker;

#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;
use shared::{id::SessionId, time::Timestamp};
use tracing::warn;

use super::{
    Attempt, Ending, Ends, Finish, GrantEnd, Opened, Opening, Order, Pending, Refreshed, Revoked, Store,
    StoreError, TokenHash,
    query::{
        AuditQuery, Checked, Holder, HolderQuery, LateUsage, SessionQuery, Spending, UsageQuery, UsageSum,
    },
};
use crate::domain::{
    audit::{AuditEntry, AuditRecord, Head, Origin},
    limit::Grant,
    session::{Lock, Session},
    usage::UsageRecord,
};
use fault::Fault;
use file::Files;
use worker::{Durability, Role, Worker};

/// A database in a folder. Dropping it closes the database, and only then gives up the folder: the order of the
/// fields is the order of their ends.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Worker,
    reader: Worker,
    files: Files,
    /// Another daemon counts what is spent: it must hear of what is written from now on.
    has_handed_over: Arc<AtomicBool>,
}

impl SqliteStore {
    /// Opens the database in `dir`, and makes or migrates it if needed.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let files = Files::claim(dir)?;
        let (writer, reader) = connect(&files).map_err(|fault| fault.explain(&files.database))?;
        Ok(Self {
            writer: Worker::start(Role::Writer, writer, files.database.clone())?,
            reader: Worker::start(Role::Reader, reader, files.database.clone())?,
            files,
            has_handed_over: Arc::default(),
        })
    }

    /// Lets a successor open the database, while what is in flight here is still written. What it finds there and what is
    /// late are divided by a commit, so that it counts all usage once.
    pub async fn release(&self) {
        let late = self.has_handed_over.clone();
        let marked = self.writer.run(Durability::Process, move |_| {
            late.store(true, Ordering::Relaxed);
            Ok(())
        });
        if let Err(error) = marked.await {
            warn!(%error, "the successor may not hear of the last usage");
            self.has_handed_over.store(true, Ordering::Relaxed);
        }
        self.files.release();
    }

    /// Writes what must never be lost.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(self.writer.run(Durability::Power, work))
    }

    /// Writes what the rest of the daemon must know about once it has happened.
    fn decide<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(self.writer.run_to_the_end(Durability::Power, work))
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(self.reader.run(Durability::Process, work))
    }
}

fn connect(files: &Files) -> Result<(Connection, Connection), Fault> {
    let mut writer = files.connect()?;
    migration::migrate(&mut writer)?;
    Ok((writer, files.connect()?))
}

impl Store for SqliteStore {
    fn open_session(&self, opening: Opening) -> Pending<'_, Opened> {
        self.write(move |connection| refresh::open(connection, &opening))
    }

    fn refresh(&self, attempt: Attempt) -> Pending<'_, Refreshed> {
        self.decide(move |connection| refresh::present(connection, &attempt))
    }

    fn end_session(&self, ending: Ending) -> Pending<'_, Finish> {
        self.decide(move |connection| session::end(connection, &ending))
    }

    fn revoke(&self, order: Order) -> Pending<'_, Option<Revoked>> {
        self.decide(move |connection| lock::revoke(connection, &order))
    }

    fn lock(&self, lock: Lock, origin: Origin) -> Pending<'_, bool> {
        self.decide(move |connection| lock::set(connection, &lock, &origin))
    }

    fn unlock(&self, order: Order) -> Pending<'_, bool> {
        self.decide(move |connection| lock::unlock(connection, &order))
    }

    fn forget_locks(&self, now: Timestamp) -> Pending<'_, usize> {
        self.write(move |connection| lock::forget(connection, now))
    }

    fn grant(&self, grant: Grant, origin: Origin) -> Pending<'_, ()> {
        self.decide(move |connection| grant::add(connection, &grant, &origin))
    }

    fn end_grant(&self, end: GrantEnd) -> Pending<'_, Option<Grant>> {
        self.decide(move |connection| grant::end(connection, &end))
    }

    fn grants(&self, now: Timestamp) -> Pending<'_, Vec<Grant>> {
        self.read(move |connection| grant::all(connection, now))
    }

    fn forget_grants(&self, now: Timestamp) -> Pending<'_, usize> {
        self.write(move |connection| grant::forget(connection, now))
    }

    fn session_of(&self, token: TokenHash) -> Pending<'_, Option<SessionId>> {
        self.read(move |connection| refresh::session_of(connection, token))
    }

    fn session(&self, id: SessionId) -> Pending<'_, Option<Session>> {
        self.read(move |connection| session::find(connection, id))
    }

    fn sessions(&self, query: SessionQuery) -> Pending<'_, Vec<Session>> {
        self.read(move |connection| session::list(connection, &query))
    }

    fn holders(&self, query: HolderQuery) -> Pending<'_, Vec<Holder>> {
        self.read(move |connection| session::holders(connection, &query))
    }

    fn ends(&self, now: Timestamp) -> Pending<'_, Ends> {
        self.read(move |connection| session::ends(connection, now))
    }

    fn forget_tokens(&self, now: Timestamp) -> Pending<'_, usize> {
        self.write(move |connection| refresh::forget(connection, now))
    }

    fn add_usage(&self, records: Arc<[UsageRecord]>, now: Timestamp) -> Pending<'_, ()> {
        let late = self.has_handed_over.clone();
        let work = move |connection: &Connection| {
            usage::insert(connection, &records, now, late.load(Ordering::Relaxed))
        };
        Box::pin(self.writer.run(Durability::Process, work))
    }

    fn usage(&self, query: UsageQuery) -> Pending<'_, Vec<UsageSum>> {
        self.read(move |connection| usage::sum(connection, &query))
    }

    fn spending(&self, times: Vec<Range<Timestamp>>) -> Pending<'_, Spending> {
        self.read(move |connection| usage::spending(connection, times))
    }

    fn late_usage(&self, after: u64) -> Pending<'_, Vec<LateUsage>> {
        self.read(move |connection| usage::late(connection, after))
    }

    fn forget_usage(&self, before: Timestamp) -> Pending<'_, usize> {
        self.write(move |connection| usage::forget(connection, before))
    }

    fn add_audit(&self, record: AuditRecord) -> Pending<'_, ()> {
        self.write(move |connection| audit::insert(connection, record))
    }

    fn audit(&self, after: u64, limit: u32) -> Pending<'_, Vec<AuditEntry>> {
        self.read(move |connection| audit::list(connection, after, limit))
    }

    fn find_audit(&self, query: AuditQuery) -> Pending<'_, Vec<AuditEntry>> {
        self.read(move |connection| audit::find(connection, &query))
    }

    fn verify_audit(&self, head: Option<Head>, limit: u32) -> Pending<'_, Checked> {
        self.read(move |connection| chain::verify(connection, head, limit))
    }

    fn forget_audit(&self, before: Timestamp, origin: Origin) -> Pending<'_, u64> {
        self.write(move |connection| chain::forget(connection, before, &origin))
    }

    fn check(&self) -> Pending<'_, ()> {
        let work = |connection: &Connection| {
            // Changes nothing, but needs everything that a change needs.
            connection.execute("UPDATE meta SET value = value WHERE key = 'version'", [])?;
            Ok(())
        };
        Box::pin(self.writer.run(Durability::Process, work))
    }
}
