//! Inference profiles, as Bedrock's control plane lists them.

use std::sync::Arc;

use http::Method;

use super::{
    ANSWER_LIMIT, Dialect, Gateway, Refusal, answered,
    bedrock::{Answer, Ask},
    header, native, policy,
};
use crate::http::{Call, Response, Route, route};

const PATH: &str = "/inference-profiles";

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    let list = route::exact(Method::GET, PATH, gateway, |gateway, call| async move {
        let outcome = profiles(&gateway, &call).await;
        answered(outcome, call, Dialect::Bedrock).await
    });
    let one = route::under(Method::GET, "/inference-profiles/", gateway, |gateway, call| async move {
        let outcome = profiles(&gateway, &call).await;
        answered(outcome, call, Dialect::Bedrock).await
    });
    route::any_of([list, one])
}

/// `GET /inference-profiles?type=…` and `GET /inference-profiles/{id}`.
async fn profiles(gateway: &Gateway, call: &Call) -> Result<Response, Refusal> {
    gateway.identify(call)?;
    if let Some(id) = call.path.strip_prefix("/inference-profiles/") {
        policy::decode(id)?;
    }
    let ask = Ask::control(call.path.clone(), call.query.clone(), header::onward(&call.headers));
    let Answer { status, headers, body } = gateway.bedrock.send(ask).await?;
    let body = body.collect(ANSWER_LIMIT).await?;
    Ok(native::whole(status, &headers, body))
}
