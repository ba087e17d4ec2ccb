//! The audit trail: reading it, and verifying its chain.

use std::sync::Arc;

use http::StatusCode;
use shared::{
    api::admin::{Page, Verification},
    id::UserId,
};

use super::{Admin, error::AdminError, parameter::Query, view};
use crate::{
    domain::audit::{AuditEvent, Head},
    http::{Call, Response, reply},
    store::{
        Store, StoreError,
        query::{AuditQuery, Verdict},
    },
};

/// Records that are verified at a time; other readers of the store come in between.
const STEP: u32 = 2_000;

/// `GET /audit`: newest first; after a record, oldest first.
pub(super) async fn list(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let query = Query::of(&call, &["event", "user", "session", "before", "after", "limit"])?;
    let events = AuditEvent::ALL.map(|event| (event.as_str(), event));
    let limit = query.limit()?;
    let query = AuditQuery {
        event: query.choice("event", &events)?,
        user: query.text("user").map(UserId::new),
        session: query.session()?,
        before: query.number("before")?,
        after: query.number("after")?,
        limit,
    };
    let entries = admin.sessions.store.find_audit(query).await?;
    let items: Vec<_> = entries.into_iter().map(view::entry).collect();
    let is_full = items.len() >= limit as usize;
    let next = items.last().filter(|_| is_full).map(|entry| entry.sequence);
    Ok(reply::json(StatusCode::OK, &Page { items, next }))
}

/// `GET /audit/verify`: the whole chain, and whether a head that somebody noted down is still in it.
pub(super) async fn verify(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let known = known(&Query::of(&call, &["head"])?)?;
    let store = admin.sessions.store.as_ref();
    let (mut from, mut records) = (None, 0);
    let (head, broken) = loop {
        let checked = store.verify_audit(from, STEP).await?;
        records += checked.seen;
        match checked.verdict {
            Verdict::More => from = Some(checked.head),
            Verdict::Whole => break (checked.head, missing(store, checked.head, known).await?),
            Verdict::Broken(broken) => break (checked.head, Some(broken.to_string())),
        }
    };
    let whole = broken.is_none();
    let verification = Verification { whole, records, head: head.to_string(), broken };
    Ok(reply::json(StatusCode::OK, &verification))
}

fn known(query: &Query<'_>) -> Result<Option<Head>, AdminError> {
    let Some(text) = query.text("head") else { return Ok(None) };
    let refused =
        || AdminError::Request("`head` is a head as an earlier verification gave it: `17:04ab…`".to_owned());
    text.parse().map(Some).map_err(|_| refused())
}

/// Why a head that was noted down is not in the chain that stands at `head`.
async fn missing(store: &dyn Store, head: Head, known: Option<Head>) -> Result<Option<String>, StoreError> {
    let Some(known) = known else { return Ok(None) };
    let entries = store.audit(known.sequence.saturating_sub(1), 1).await?;
    if let Err(broken) = head.check_known(known, &entries) {
        return Ok(Some(broken.to_string()));
    }
    let is_kept = entries.iter().any(|entry| entry.sequence == known.sequence);
    Ok((!is_kept).then(|| format!("record {} is not kept any more, so it can't be compared", known.sequence)))
}
