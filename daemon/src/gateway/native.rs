//! Bedrock's own surface, which Claude Code speaks in Bedrock mode: `POST /model/{id}/…`, signed and passed on, the
//! answer untouched.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    ANSWER_LIMIT, Dialect, Gateway, Refusal, Visit,
    bedrock::{Action, Answer, Ask},
    header as headers,
    meter::{Meter, Scan},
    policy,
    stream::{Relay, Shape},
    translate::Fault,
    wire,
};
use crate::{
    domain::usage::Surface,
    http::{Call, Response, Route, reply, route},
    traffic::Purpose,
};

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    route::under(Method::POST, "/model/", gateway, |gateway, mut call| async move {
        let mut visit = Visit::new(&gateway, Dialect::Bedrock, purpose(&call.path));
        let outcome = model(&gateway, &mut call, &mut visit).await;
        visit.answer(&gateway, outcome, call).await
    })
}

/// `POST /model/{id}/{action}`.
async fn model(gateway: &Gateway, call: &mut Call, visit: &mut Visit) -> Result<Response, Refusal> {
    let caller = gateway.identify(call)?;
    let (name, action) = target(&call.path)?;
    let rules = gateway.rules();
    let model = match action {
        Action::CountTokens => rules.resolve_for_counting(&caller, &name)?,
        Action::Invoke | Action::InvokeStream => rules.resolve(&caller, &name)?,
    };
    let body = call.body(gateway.config.body_limit).await?;
    let passed = headers::onward(&call.headers);
    let is_counting = action == Action::CountTokens;
    let permit =
        if is_counting { None } else { Some(gateway.admit(&rules, &caller, model.clone(), &body)?) };
    let ask = if model.as_str() == name {
        Ask::as_it_came(call.path.clone(), passed, body)
    } else {
        Ask::model(&model, action, passed, body)
    };
    let Some(permit) = permit else { return count(gateway, ask).await };
    let meter = Meter::start(gateway, permit, call, visit);
    pass(gateway, ask, meter).await
}

/// Sends a request for an answer, and gives the answer back as it comes.
pub(super) async fn pass(gateway: &Gateway, ask: Ask, mut meter: Meter) -> Result<Response, Refusal> {
    let Answer { status, headers, body } = gateway.send(ask, &mut meter).await?;
    if is_stream(&headers) {
        let relay = Relay::new(body, Untouched, meter);
        let content_type = HeaderValue::from_static(wire::CONTENT_TYPE);
        let mut response = reply::stream(status, content_type, relay);
        headers::back(&headers, response.headers_mut());
        return Ok(response);
    }
    let body = gateway.collect(body, &mut meter).await?;
    meter.see_answer(&headers, &body);
    Ok(whole(status, &headers, body))
}

/// Counting costs nothing, so nothing is metered.
async fn count(gateway: &Gateway, ask: Ask) -> Result<Response, Refusal> {
    let Answer { status, headers, body } = gateway.bedrock.send(ask).await?;
    let body = body.collect(ANSWER_LIMIT).await?;
    Ok(whole(status, &headers, body))
}

/// An answer that is there whole, with the upstream's headers.
pub(super) fn whole(status: StatusCode, upstream: &HeaderMap, body: Bytes) -> Response {
    let mut response = reply::bytes_of(status, "application/json", body);
    headers::back(upstream, response.headers_mut());
    response
}

/// What is counted, also where the path is refused.
fn purpose(path: &str) -> Purpose {
    if path.ends_with(Action::CountTokens.as_str()) {
        Purpose::Count
    } else {
        Purpose::Answer(Surface::Bedrock)
    }
}

/// Reads the path: the id as it is meant, and what is asked.
fn target(path: &str) -> Result<(String, Action), Refusal> {
    let parts = path.strip_prefix("/model/").and_then(|rest| rest.rsplit_once('/'));
    let nowhere = || Refusal::NotFound("there is nothing at this path".to_owned());
    let (encoded, action) = parts.ok_or_else(nowhere)?;
    let actions = [Action::Invoke, Action::InvokeStream, Action::CountTokens];
    let action = actions.into_iter().find(|known| known.as_str() == action).ok_or_else(nowhere)?;
    Ok((policy::decode(encoded)?, action))
}

fn is_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|kind| kind.starts_with(wire::CONTENT_TYPE))
}

/// The upstream's own bytes.
#[derive(Debug)]
struct Untouched;

impl Shape for Untouched {
    fn piece(&mut self, piece: Bytes) -> (Bytes, Result<(), Fault>) {
        (piece, Ok(()))
    }

    /// The upstream's own exception is an end as well.
    fn end(&mut self, scan: &Scan) -> Result<Bytes, Fault> {
        let is_whole = scan.is_complete() || scan.is_final() || scan.has_failed();
        if is_whole && !scan.is_midway() { Ok(Bytes::new()) } else { Err(Fault::Unfinished) }
    }

    fn ping(&self) -> Bytes {
        wire::ping()
    }

    fn is_between(&self, scan: &Scan) -> bool {
        !scan.is_midway()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_model_and_what_is_asked() {
        let arn = "/model/arn:aws:bedrock:us-east-1:1:application-inference-profile%2Fmy-id/invoke";
        let (model, action) = target(arn).unwrap();
        assert_eq!(model, "arn:aws:bedrock:us-east-1:1:application-inference-profile/my-id");
        assert_eq!(action, Action::Invoke);
        let (_, action) = target("/model/a.b%3A0/invoke-with-response-stream").unwrap();
        assert_eq!(action, Action::InvokeStream);
    }

    #[test]
    fn other_paths_are_nowhere() {
        for path in ["/model/a", "/model/a/converse", "/model/a/invoke/", "/model/"] {
            assert!(matches!(target(path), Err(Refusal::NotFound(_))), "{path}");
        }
        for path in ["/model//invoke", "/model/a/b/../invoke", "/model/%2e%2e/invoke"] {
            assert!(matches!(target(path), Err(Refusal::Malformed(_))), "{path}");
        }
    }
}
