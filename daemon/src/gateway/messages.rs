//! Anthropic's surface, which Claude Code speaks with `ANTHROPIC_BASE_URL`: `POST /v1/messages`, answered whole or as
//! server-sent events, and `POST /v1/messages/count_tokens`.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use super::{
    Dialect, Gateway, Refusal, Visit, allowance,
    bedrock::{Action, Answer, Ask},
    header as headers,
    meter::Meter,
    stream,
    translate::{
        messages::{self, Messages, Outside},
        sse::Sse,
    },
};
use crate::{
    domain::model::foundation,
    http::{Call, Response, Route, reply, route},
    traffic::Purpose,
};

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    let create = route::exact(Method::POST, "/v1/messages", gateway, |gateway, mut call| async move {
        let mut visit = Visit::for_answer(&gateway, Dialect::Messages);
        let outcome = create(&gateway, &mut call, &mut visit).await;
        visit.answer(&gateway, outcome, call).await
    });
    let count =
        route::exact(Method::POST, "/v1/messages/count_tokens", gateway, |gateway, mut call| async move {
            let visit = Visit::new(&gateway, Dialect::Messages, Purpose::Count);
            let outcome = count(&gateway, &mut call).await;
            visit.answer(&gateway, outcome, call).await
        });
    route::any_of([create, count])
}

/// `POST /v1/messages`.
async fn create(gateway: &Gateway, call: &mut Call, visit: &mut Visit) -> Result<Response, Refusal> {
    let caller = gateway.identify(call)?;
    let body = call.body(gateway.config.body_limit).await?.into_bytes();
    let Messages { model, stream, body } = messages::request(&body, outside(gateway, call))?;
    let rules = gateway.rules();
    let model = rules.resolve(&caller, &model)?;
    let permit = gateway.admit(&rules, &caller, model.clone(), &body)?;
    let action = if stream { Action::InvokeStream } else { Action::Invoke };
    let ask = Ask::model(&model, action, onward(&call.headers), body);
    let mut meter = Meter::start(gateway, permit, call, visit);
    let standing = meter.standing();
    let Answer { headers, body, .. } = gateway.send(ask, &mut meter).await?;
    let mut response = if stream {
        stream::events(body, Sse, meter)
    } else {
        let body = gateway.collect(body, &mut meter).await?;
        meter.see_answer(&headers, &body);
        reply::bytes_of(StatusCode::OK, "application/json", body)
    };
    if let Some(standing) = standing {
        allowance::write(allowance::granted(&standing), response.headers_mut());
    }
    Dialect::Messages.identify(&mut response, &call.id);
    Ok(response)
}

/// `POST /v1/messages/count_tokens`. Counting costs nothing, so nothing is metered.
async fn count(gateway: &Gateway, call: &mut Call) -> Result<Response, Refusal> {
    let caller = gateway.identify(call)?;
    let body = call.body(gateway.config.body_limit).await?.into_bytes();
    let Messages { model, body, .. } = messages::counting(&body, outside(gateway, call))?;
    let model = gateway.rules().resolve_for_counting(&caller, &model)?;
    if foundation(model.as_str()).is_none() {
        return Err(Refusal::Malformed(
            "tokens can't be counted for this model: its name does not tell which foundation model it runs"
                .to_owned(),
        ));
    }
    let input_tokens = gateway.bedrock.count_tokens(&model, body.into_bytes()).await?;
    let mut response = reply::json(StatusCode::OK, &json!({ "input_tokens": input_tokens }));
    Dialect::Messages.identify(&mut response, &call.id);
    Ok(response)
}

fn outside<'a>(gateway: &'a Gateway, call: &'a Call) -> Outside<'a> {
    Outside { headers: &call.headers, version: &gateway.defaults.anthropic_version }
}

/// What the headers say of Anthropic's protocol is in the body now.
fn onward(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers::onward(headers);
    for name in ["anthropic-beta", "anthropic-version"] {
        passed.remove(name);
    }
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        passed.remove(name);
    }
    passed
}
