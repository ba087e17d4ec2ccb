//! What was used, summed.

use std::sync::Arc;

use http::StatusCode;
use shared::{api::admin::Page, time::Timestamp};

use super::{Admin, error::AdminError, parameter::Query, view};
use crate::{
    http::{Call, Response, reply},
    store::query::{UsageBy, UsageQuery},
};

/// `GET /usage`.
pub(super) async fn sums(admin: Arc<Admin>, call: Call) -> Result<Response, AdminError> {
    let query = Query::of(&call, &["by", "from", "to", "limit"])?;
    let keys = [
        ("user", UsageBy::User),
        ("model", UsageBy::Model),
        ("session", UsageBy::Session),
        ("day", UsageBy::Day),
    ];
    let by = query.choice("by", &keys)?.unwrap_or(UsageBy::User);
    let (from, to) = (query.time("from")?.unwrap_or_default(), query.time("to")?);
    let ended = from..to.unwrap_or(Timestamp(u64::MAX));
    let sums = admin.sessions.store.usage(UsageQuery { by, ended, limit: query.limit()? }).await?;
    let items = sums.into_iter().map(view::usage).collect();
    Ok(reply::json(StatusCode::OK, &Page { items, next: None }))
}
