//! What must outlive the process: sessions, refresh tokens, usage, audit.
//!
//! `Store` is the contract; each of its methods is one transaction, and has happened for good when it answers.
//! Nothing here is asked while a request of the gateway waits.

mod decision;
mod error;
mod order;
pub mod query;
pub mod sqlite;
pub mod token;

use std::{fmt::Debug, future::Future, ops::Range, pin::Pin, sync::Arc};

use aws_lc_rs::digest;
use shared::{id::SessionId, time::Timestamp};

pub use decision::carry_through;
pub use error::StoreError;
pub use order::{GrantEnd, Opened, Order, Revoked};
pub use sqlite::SqliteStore;
pub use token::{RefreshToken, TokenHash};

use crate::domain::{
    audit::{AuditEntry, AuditRecord, Hash, Head, Origin},
    limit::Grant,
    session::{Ended, Lifetimes, Lock, Refusal, Session},
    usage::UsageRecord,
};
use query::{
    AuditQuery, Checked, Holder, HolderQuery, LateUsage, SessionQuery, Spending, UsageQuery, UsageSum,
};

/// What the chain of the audit trail is made with: SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.0.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// An answer that is on its way. Dropping it does not undo what was asked.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where sessions and records are kept. The rules are `domain`'s: a store reads what a rule needs, asks it, and
/// writes what it decided, in one transaction.
pub trait Store: Send + Sync + Debug {
    /// Adds a session with its first refresh token and audits the sign-in, unless its user or its device is locked. A
    /// refusal that changes nothing is the caller's to audit, also of the next one.
    fn open_session(&self, opening: Opening) -> Pending<'_, Opened>;
    /// Presents a refresh token: rotates it, repeats its rotation, or refuses it and, if it was reused, ends
    /// its session. Audits whatever changed. Once begun, it answers only when it is known what happened,
    /// however long that takes: call it through `carry_through`.
    fn refresh(&self, attempt: Attempt) -> Pending<'_, Refreshed>;
    /// Ends a session and audits it, unless it is over already. Answers as `refresh` does.
    fn end_session(&self, ending: Ending) -> Pending<'_, Finish>;
    /// Ends every session of a subject that is not over, and audits each. None if it never had one. Answers as
    /// `refresh` does, and so do the next two.
    fn revoke(&self, order: Order) -> Pending<'_, Option<Revoked>>;
    /// Locks a subject in place of the lock it had, and audits it. False if it is a session that is not known.
    fn lock(&self, lock: Lock, origin: Origin) -> Pending<'_, bool>;
    /// Takes the lock of a subject away, and audits it. False if it has none.
    fn unlock(&self, order: Order) -> Pending<'_, bool>;
    /// Forgets locks that have ended.
    fn forget_locks(&self, now: Timestamp) -> Pending<'_, usize>;
    /// Adds a grant, and audits it. Answers as `refresh` does, and so does the next one.
    fn grant(&self, grant: Grant, origin: Origin) -> Pending<'_, ()>;
    /// Takes a grant back, and audits it. None if there is none that holds.
    fn end_grant(&self, end: GrantEnd) -> Pending<'_, Option<Grant>>;
    /// The grants that have not ended.
    fn grants(&self, now: Timestamp) -> Pending<'_, Vec<Grant>>;
    /// Forgets grants that have ended.
    fn forget_grants(&self, now: Timestamp) -> Pending<'_, usize>;
    /// The session that a refresh token, in whatever state, belongs to.
    fn session_of(&self, token: TokenHash) -> Pending<'_, Option<SessionId>>;
    fn session(&self, id: SessionId) -> Pending<'_, Option<Session>>;
    /// A page of sessions.
    fn sessions(&self, query: SessionQuery) -> Pending<'_, Vec<Session>>;
    /// A page of users, or of devices.
    fn holders(&self, query: HolderQuery) -> Pending<'_, Vec<Holder>>;
    /// The ends of sessions whose access tokens may still be valid at `now`, and the locks that hold.
    fn ends(&self, now: Timestamp) -> Pending<'_, Ends>;
    /// Forgets refresh tokens that have expired.
    fn forget_tokens(&self, now: Timestamp) -> Pending<'_, usize>;

    /// Adds usage, also to what was used in each session; a record that is there already is left alone, so a batch may be
    /// repeated.
    fn add_usage(&self, records: Arc<[UsageRecord]>, now: Timestamp) -> Pending<'_, ()>;
    /// Sums of usage, largest first.
    fn usage(&self, query: UsageQuery) -> Pending<'_, Vec<UsageSum>>;
    /// What users had spent in each of these times, all as it stood at one moment.
    fn spending(&self, times: Vec<Range<Timestamp>>) -> Pending<'_, Spending>;
    /// What daemons that had handed over wrote later than this number, in its order.
    fn late_usage(&self, after: u64) -> Pending<'_, Vec<LateUsage>>;
    /// Forgets usage of requests that ended before a moment, some at a time. What was used in each session stays. Says how
    /// many.
    fn forget_usage(&self, before: Timestamp) -> Pending<'_, usize>;

    /// Adds a record to the audit trail.
    fn add_audit(&self, record: AuditRecord) -> Pending<'_, ()>;
    /// The audit trail after an entry, oldest first.
    fn audit(&self, after: u64, limit: u32) -> Pending<'_, Vec<AuditEntry>>;

    /// A page of the audit trail.
    fn find_audit(&self, query: AuditQuery) -> Pending<'_, Vec<AuditEntry>>;
    /// Follows the chain of the audit trail from a head, or from its beginning, through the next records.
    fn verify_audit(&self, head: Option<Head>, limit: u32) -> Pending<'_, Checked>;
    /// Forgets audit records from before a moment, some at a time, and adds one that says how far, from which the chain
    /// goes on. Says how many.
    fn forget_audit(&self, before: Timestamp, origin: Origin) -> Pending<'_, u64>;

    /// Whether the store can be written to.
    fn check(&self) -> Pending<'_, ()>;
}

/// A new session.
#[derive(Debug)]
pub struct Opening {
    pub session: Session,
    pub token: RefreshToken,
    pub origin: Origin,
}

/// A refresh token that was presented.
#[derive(Debug)]
pub struct Attempt {
    pub token: RefreshToken,
    pub lifetimes: Lifetimes,
    pub origin: Origin,
}

/// What came of an attempt.
#[derive(Debug)]
pub enum Refreshed {
    Renewed {
        session: Session,
        successor: RefreshToken,
        repeated: bool,
    },
    Refused {
        session: Session,
        refusal: Refusal,
    },
    /// It is good, and its session is locked.
    Locked {
        session: Session,
        lock: Lock,
    },
    /// No such token was ever issued, or it is long forgotten.
    Unknown,
}

/// A wish that a session end.
#[derive(Debug)]
pub struct Ending {
    pub session: SessionId,
    pub ended: Ended,
    pub origin: Origin,
}

/// What came of it.
#[derive(Debug)]
pub enum Finish {
    Ended(Box<Session>),
    /// It was over before, like this.
    Already(Ended),
    Unknown,
}

/// What a node must know before it serves.
#[derive(Debug, Default)]
pub struct Ends {
    pub ended: Vec<(SessionId, Ended)>,
    pub locks: Vec<Lock>,
    /// Every access token minted so far, for any session, has expired by then.
    pub access_until: Timestamp,
}
