//! A thread that owns a connection, and the bounded queue before it.
//!
//! Invariant: an answer is given after the commit that made it true. Whatever waits in the queue is done in one
//! transaction, each job in a savepoint of its own, so that a hundred sign-ins cost one flush of the disk.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::fault::Fault;
use crate::{histogram::Histogram, store::StoreError};

/// Jobs that may wait; whoever comes next waits for a place.
const QUEUE: usize = 1024;
/// Jobs of one transaction that writes.
const GROUP: usize = 64;
/// How long a caller waits for a place and an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a commit must outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The death of the process.
    Process,
    /// The loss of power.
    Power,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Takes the lock at once: taking it after a first read could fail for good.
    Writer,
    /// One job at a time, so that a quick one does not wait for a slow one's end.
    Reader,
}

/// The callers' side.
#[derive(Debug)]
pub(super) struct Worker {
    /// Gone only while the worker is dropped.
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<Commits>,
}

/// Transactions that write.
#[derive(Debug, Default)]
pub(super) struct Commits {
    pub(super) took: Histogram,
    pub(super) failed: AtomicU64,
}

impl Worker {
    /// Starts the thread. Dropping the worker waits until its queue is empty and its connection closed.
    pub(super) fn start(role: Role, connection: Connection, path: PathBuf) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let commits = Arc::new(Commits::default());
        let desk = Desk { role, connection, path, commits: commits.clone() };
        let thread = thread::Builder::new()
            .name(format!("store-{role:?}").to_lowercase())
            .spawn(move || desk.serve(jobs))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), commits })
    }

    pub(super) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// Jobs that wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity().saturating_sub(queue.capacity()))
    }

    /// Has `work` done in a transaction. If it fails, nothing of it has happened; if it is `Overloaded`, it may
    /// still happen.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        in_time(self.run_to_the_end(durability, work)).await?
    }

    /// The same, but once `work` has its place in the queue it waits until it is known what happened.
    pub(super) async fn run_to_the_end<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let errand = Box::new(Question { work: Some(work), result: None, reply });
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        in_time(queue.send(Job { durability, errand })).await?.map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

async fn in_time<T>(wait: impl Future<Output = T>) -> Result<T, StoreError> {
    timeout(PATIENCE, wait).await.map_err(|_| StoreError::Overloaded(PATIENCE.as_secs()))
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Job {
    durability: Durability,
    errand: Box<dyn Errand>,
}

/// A question and its answer, whatever their types.
trait Errand: Send {
    fn work(&mut self, connection: &Connection) -> Result<(), Fault>;
    fn settle(self: Box<Self>, committed: Result<(), StoreError>, path: &Path);
}

struct Question<T, W> {
    work: Option<W>,
    result: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnOnce(&Connection) -> Result<T, Fault> + Send> Errand for Question<T, W> {
    fn work(&mut self, connection: &Connection) -> Result<(), Fault> {
        let Some(work) = self.work.take() else { return Ok(()) };
        connection.execute_batch("SAVEPOINT job")?;
        let result = work(connection);
        let end = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
        self.result = Some(result);
        Ok(connection.execute_batch(end)?)
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>, path: &Path) {
        let answer = match (self.result, committed) {
            (Some(Err(fault)), _) => Err(fault.explain(path)),
            (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Stopped),
        };
        // Whoever asked may be gone by now; what was asked has happened all the same.
        let _ = self.reply.send(answer);
    }
}

/// The thread's side.
struct Desk {
    role: Role,
    connection: Connection,
    path: PathBuf,
    commits: Arc<Commits>,
}

impl Desk {
    fn serve(self, mut jobs: mpsc::Receiver<Job>) {
        let most = if self.role == Role::Writer { GROUP } else { 1 };
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while group.len() < most
                && let Ok(next) = jobs.try_recv()
            {
                group.push(next);
            }
            self.turn(group);
        }
    }

    fn turn(&self, mut group: Vec<Job>) {
        let began = Instant::now();
        let committed = self.transact(&mut group);
        self.commits.took.record(began.elapsed());
        self.commits.failed.fetch_add(u64::from(committed.is_err()), Ordering::Relaxed);
        let committed = committed.map_err(|fault| fault.explain(&self.path));
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for job in group {
            job.errand.settle(committed.clone(), &self.path);
        }
    }

    /// If SQLite itself rolls back in the middle (disk full), the final commit fails and everyone hears of it.
    fn transact(&self, group: &mut [Job]) -> Result<(), Fault> {
        self.connection.execute_batch(self.beginning(group))?;
        for job in group {
            job.errand.work(&self.connection)?;
        }
        Ok(self.connection.execute_batch("COMMIT")?)
    }
    fn beginning(&self, group: &[Job]) -> &'static str {
        match self.role {
            Role::Reader => "BEGIN",
            Role::Writer if group.iter().any(|job| job.durability == Durability::Power) => {
                "PRAGMA synchronous=FULL; BEGIN IMMEDIATE"
            }
            Role::Writer => "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE",
        }
    }
}
