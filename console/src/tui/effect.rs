//! What `update` wants done in the world, as data. `perform` does it and sends what came of it as a message.

mod job;
mod perform;

use shared::{
    api::admin::{
        Action, AuditEntry, DeviceSummary, Effect as Done, Grant, GrantOrder, Lock, Page, Request, Session,
        Status, Traffic, Usage, User, Verification, reload::Reloaded,
    },
    id::{GrantId, SessionId, UserId},
    time::Timestamp,
};

pub use self::{
    job::{Finished, Folder, Job},
    perform::Performer,
};
use crate::{
    client::{AuditQuery, ClientError, HolderQuery, RequestQuery, SessionQuery, Subject, UsageQuery},
    mirror::MirrorError,
};

#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Ask {
        asker: Asker,
        query: Query,
    },
    /// Follow what happens, until the stream ends.
    Follow,
    Carry(Order),
    /// Begin a job of the console's own.
    Work(Job),
    StopWork,
    Suspend,
    Redraw,
}

/// Who gets the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// What is around every screen.
    Frame,
    /// A screen, by its place in the table.
    Screen(usize),
}

/// What is asked. Each has its [`Answer`].
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    Status,
    Traffic {
        after: Option<Timestamp>,
    },
    Sessions(SessionQuery),
    Session(SessionId),
    Requests(RequestQuery),
    Users(HolderQuery),
    User(UserId),
    Devices(HolderQuery),
    Locks,
    Grants,
    Usage(UsageQuery),
    Audit(AuditQuery),
    Verify,
    /// What the install server's folder holds. The console looks there itself.
    Mirror,
}

impl Query {
    /// Whether the daemon is asked, so that an answer says that it is there.
    pub fn asks_daemon(&self) -> bool {
        !matches!(self, Self::Mirror)
    }
}

#[derive(Debug, Clone)]
pub enum Answer {
    Status(Box<Status>),
    Traffic(Box<Traffic>),
    Sessions(Page<Session>),
    Session(Box<Session>),
    Requests(Page<Request>),
    Users(Page<User>),
    User(Box<User>),
    Devices(Page<DeviceSummary>),
    Locks(Page<Lock>),
    Grants(Page<Grant>),
    Usage(Page<Usage>),
    Audit(Page<AuditEntry>),
    Verify(Box<Verification>),
    Mirror(Box<Folder>),
}

/// What an operator ordered of the daemon, and confirmed.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    Revoke { subjects: Vec<Subject>, reason: String },
    Lock { subjects: Vec<Subject>, action: Action },
    Unlock { subjects: Vec<Subject>, reason: String },
    Grant { user: UserId, order: GrantOrder },
    EndGrant { grant: GrantId, reason: String },
    Reload { reason: String },
}

impl Order {
    /// The sessions, devices or users it is about, if it is about any.
    pub fn subjects(&self) -> &[Subject] {
        match self {
            Self::Revoke { subjects, .. } | Self::Lock { subjects, .. } | Self::Unlock { subjects, .. } => {
                subjects
            }
            Self::Grant { .. } | Self::EndGrant { .. } | Self::Reload { .. } => &[],
        }
    }
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// What was done to each subject, in the order of the subjects.
    Subjects(Vec<Result<Done, Failure>>),
    Granted(Result<Box<Grant>, Failure>),
    Reloaded(Result<Reloaded, Failure>),
}

/// Why there is no answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    pub hint: Option<String>,
    /// The daemon may be there again in a moment.
    pub is_unreachable: bool,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let mut message = error.to_string();
        if let ClientError::Refused(refusal) = &error {
            for problem in &refusal.problems {
                message = format!("{message}; {}", problem.message);
            }
        }
        Self { hint: error.hint(), is_unreachable: error.is_unreachable(), message }
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        Self { message: error.to_string(), hint: error.hint().map(str::to_owned), is_unreachable: false }
    }
}
