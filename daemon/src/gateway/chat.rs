//! OpenAI's surface: `POST /v1/chat/completions`, answered whole or as chunks.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};

use super::{
    Dialect, Gateway, Refusal, Visit,
    bedrock::{Action, Answer, Ask},
    meter::Meter,
    stream,
    translate::chat::{self, Asked, Chunks, Request, Translated},
};
use crate::http::{Call, Response, Route, reply, route};

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    route::exact(Method::POST, "/v1/chat/completions", gateway, |gateway, mut call| async move {
        let mut visit = Visit::for_answer(&gateway, Dialect::Chat);
        let outcome = create(&gateway, &mut call, &mut visit).await;
        visit.answer(&gateway, outcome, call).await
    })
}

/// `POST /v1/chat/completions`.
async fn create(gateway: &Gateway, call: &mut Call, visit: &mut Visit) -> Result<Response, Refusal> {
    let caller = gateway.identify(call)?;
    let body = call.body(gateway.config.body_limit).await?.into_bytes();
    let request = Request::parse(&body)?;
    let name = request.model.as_deref().unwrap_or(gateway.defaults.model_id.as_str());
    let rules = gateway.rules();
    let model = rules.resolve(&caller, name)?;
    let Translated { body, answer_tool } =
        request.translate(model.as_str(), &gateway.defaults.anthropic_version)?;
    let permit = gateway.admit(&rules, &caller, model.clone(), &body)?;
    let asked = Asked {
        model: name.to_owned(),
        created: gateway.clock.now(),
        include_usage: request.include_usage,
        answer_tool,
    };
    let action = if request.stream { Action::InvokeStream } else { Action::Invoke };
    // None of the caller's headers are of Bedrock's protocol.
    let ask = Ask::model(&model, action, HeaderMap::new(), body);
    let mut meter = Meter::start(gateway, permit, call, visit);
    let Answer { headers, body, .. } = gateway.send(ask, &mut meter).await?;
    if request.stream {
        return Ok(stream::events(body, Chunks::new(asked), meter));
    }
    let body = gateway.collect(body, &mut meter).await?;
    meter.see_answer(&headers, &body);
    Ok(reply::bytes_of(StatusCode::OK, "application/json", chat::answer(&body, &asked)?))
}
