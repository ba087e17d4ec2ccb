//! What the gateway does, second by second.

use http::StatusCode;

use super::{Admin, error::AdminError, parameter::Query};
use crate::http::{Call, Response, reply};

/// `GET /traffic`.
pub(super) fn second_by_second(admin: &Admin, call: &Call) -> Result<Response, AdminError> {
    let after = Query::of(call, &["after"])?.time("after")?;
    Ok(reply::json(StatusCode::OK, &admin.traffic.after(after)))
}
