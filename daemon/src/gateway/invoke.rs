//! The prototype's surface: a raw body for Anthropic on Bedrock, the model in the query.

use std::sync::Arc;

use http::Method;

use super::{
    Dialect, Gateway, Refusal, Visit,
    bedrock::{Action, Ask},
    header,
    meter::Meter,
    native,
};
use crate::http::{Call, Response, Route, route};

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    let whole = route::exact(Method::POST, "/invoke", gateway, |gateway, mut call| async move {
        let mut visit = Visit::for_answer(&gateway, Dialect::Invoke);
        let outcome = invoke(&gateway, &mut call, &mut visit, Action::Invoke).await;
        visit.answer(&gateway, outcome, call).await
    });
    let path = "/invoke-with-response-stream";
    let streamed = route::exact(Method::POST, path, gateway, |gateway, mut call| async move {
        let mut visit = Visit::for_answer(&gateway, Dialect::Invoke);
        let outcome = invoke(&gateway, &mut call, &mut visit, Action::InvokeStream).await;
        visit.answer(&gateway, outcome, call).await
    });
    route::any_of([whole, streamed])
}

/// `POST /invoke?modelId=…`; without a model, the configured one.
async fn invoke(
    gateway: &Gateway,
    call: &mut Call,
    visit: &mut Visit,
    action: Action,
) -> Result<Response, Refusal> {
    let caller = gateway.identify(call)?;
    let name = call.query_value("modelId").unwrap_or_else(|| gateway.defaults.model_id.as_str().to_owned());
    let rules = gateway.rules();
    let model = rules.resolve(&caller, &name)?;
    let body = call.body(gateway.config.body_limit).await?;
    let permit = gateway.admit(&rules, &caller, model.clone(), &body)?;
    let ask = Ask::model(&model, action, header::onward(&call.headers), body);
    let meter = Meter::start(gateway, permit, call, visit);
    native::pass(gateway, ask, meter).await
}
