//! The install door. This release has no installers to give: it says so.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;

use crate::http::{Call, Response, Route, reply, route};

/// The routes of the door.
pub fn routes() -> Route {
    let nothing = Arc::new(());
    route::any_of([
        route::under(Method::GET, "/", &nothing, refuse),
        route::under(Method::HEAD, "/", &nothing, refuse),
    ])
}

async fn refuse(_: Arc<()>, call: Call) -> Response {
    let message = "this release of the install server has no installers to give";
    reply::json(StatusCode::NOT_FOUND, &json!({ "message": message, "request_id": call.id }))
}
