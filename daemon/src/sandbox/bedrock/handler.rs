//! The endpoints: `/model/{id}/invoke`, `/invoke-with-response-stream` and `/count-tokens`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use shared::usage::Tokens;
use uuid::Uuid;

use super::{
    Fault, State,
    answer::Answer,
    behaviour::{self, Behaviour, Wanted},
    fast,
    prompt::Prompt,
    record::InFlight,
    signature,
    stream::{self, Run, Step},
};
use crate::{
    gateway::wire,
    http::{Body, Call, Response, Route, reply, route},
};

const PROFILES: &str = "/inference-profiles/";
/// The largest body that Bedrock takes.
const BODY_LIMIT: usize = 25_000_000;

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Invoke,
    Stream,
    CountTokens,
}

/// A request, but for its body.
struct Ask<'a> {
    model: &'a str,
    /// Nothing if the model is unknown.
    wanted: Option<Wanted>,
    action: Action,
}

/// The body of `CountTokens`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountRequest {
    input: CountInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountInput {
    invoke_model: InvokeModelInput,
}

#[derive(Deserialize)]
struct InvokeModelInput {
    body: String,
}

pub(super) fn routes(state: &Arc<State>) -> Route {
    let model =
        route::under(Method::POST, "/model/", state, |state, call| async move { answer(&state, call).await });
    let profile =
        route::under(Method::GET, PROFILES, state, |state, call| async move { profile(&state, &call) });
    route::any_of([model, profile])
}

/// Of the control plane there is as much as tells of one inference profile.
fn profile(state: &State, call: &Call) -> Response {
    if let Err(fault) = authorize(state, call, &Body::default()) {
        return fault.response();
    }
    let id = call.path.strip_prefix(PROFILES).unwrap_or_default();
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    if !behaviour::is_profile(&id) {
        return Fault::new(
            404,
            "ResourceNotFoundException",
            "The requested inference profile was not found.",
        )
        .response();
    }
    let profile = json!({ "inferenceProfileId": id, "status": "ACTIVE", "type": "SYSTEM_DEFINED" });
    reply::json(StatusCode::OK, &profile)
}

async fn answer(state: &Arc<State>, mut call: Call) -> Response {
    let mut response = match target(&call.path) {
        None => Fault::new(404, "UnknownOperationException", "Unknown operation.").response(),
        Some((model, action)) => match behaviour::wanted(&model) {
            Some(Wanted {
                behaviour: behaviour @ (Behaviour::Fast { .. } | Behaviour::Paced { .. }),
                ..
            }) => {
                let _ = call.body(BODY_LIMIT).await;
                state.record.count_fast();
                prepared(state, &behaviour, action)
            }
            wanted => remembered(state, call, Ask { model: &model, wanted, action }).await,
        },
    };
    if let Ok(id) = HeaderValue::from_str(&Uuid::now_v7().to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// The model and what is asked of it, from `/model/{id}/{action}`.
fn target(path: &str) -> Option<(String, Action)> {
    let (model, action) = path.strip_prefix("/model/")?.split_once('/')?;
    let action = match action {
        "invoke" => Action::Invoke,
        "invoke-with-response-stream" => Action::Stream,
        "count-tokens" => Action::CountTokens,
        _ => return None,
    };
    let model = percent_encoding::percent_decode_str(model).decode_utf8().ok()?;
    Some((model.into_owned(), action))
}

fn prepared(state: &State, behaviour: &Behaviour, action: Action) -> Response {
    if action != Action::Stream {
        return reply::bytes_of(StatusCode::OK, "application/json", fast::message());
    }
    let steps = match behaviour {
        Behaviour::Fast { events } => {
            state.prepared.frames(*events).iter().cloned().map(Step::Send).collect()
        }
        Behaviour::Paced { pause } => {
            let frames = state.prepared.frames(fast::EVENTS);
            frames.iter().flat_map(|frame| [Step::Send(frame.clone()), Step::Pause(*pause)]).collect()
        }
        _ => VecDeque::new(),
    };
    stream_of(state, steps, None)
}

async fn remembered(state: &Arc<State>, mut call: Call, ask: Ask<'_>) -> Response {
    let Ok(body) = call.body(BODY_LIMIT).await else {
        return Fault::validation("The request body is too large.").response();
    };
    let in_flight = state.record.arrived(&call, &body);
    let _ = state.paused.subscribe().wait_for(|paused| !paused).await;
    let answered = match authorize(state, &call, &body) {
        Ok(()) => act(state, &ask, body.into_bytes(), &in_flight).await,
        Err(fault) => Err(fault),
    };
    match answered {
        Ok(Reply::Whole(response)) => response,
        Ok(Reply::Steps(steps)) => stream_of(state, steps, Some(in_flight)),
        Err(fault) => {
            in_flight.answered(fault.status, None);
            fault.response()
        }
    }
}

fn authorize(state: &State, call: &Call, body: &Body) -> Result<(), Fault> {
    let Some(header) = call.header("authorization") else {
        return Err(Fault::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if let Some(key) = header.strip_prefix("Bearer ") {
        let is_known = key == state.options.api_key.expose();
        let message = "Authentication failed: Please make sure your API Key is valid.";
        return if is_known { Ok(()) } else { Err(Fault::new(403, "AccessDeniedException", message)) };
    }
    let known = lock(&state.credentials).clone();
    let Some((current, expired)) = known.split_last() else { return Ok(()) };
    if expired.iter().any(|old| header.contains(&old.access_key_id))
        && !header.contains(&current.access_key_id)
    {
        let message = "The security token included in the request is expired";
        return Err(Fault::new(403, "ExpiredTokenException", message));
    }
    signature::check(call.into(), body, current, &state.options.region, state.options.clock.now())
}

/// An answer at hand, or one that comes step by step.
enum Reply {
    Whole(Response),
    Steps(VecDeque<Step>),
}

async fn act(state: &State, ask: &Ask<'_>, body: Bytes, in_flight: &InFlight) -> Result<Reply, Fault> {
    let behaviour = turn(state, ask)?;
    match &behaviour {
        Behaviour::Refuse(fault) => return Err(fault.clone()),
        Behaviour::CutBefore => return Ok(Reply::Steps(VecDeque::from([Step::Cut]))),
        Behaviour::Silent { span: None } => std::future::pending().await,
        Behaviour::Silent { span: Some(span) } => tokio::time::sleep(*span).await,
        _ => {}
    }
    if ask.action == Action::CountTokens {
        let count = count_tokens(ask.model, &body)?;
        in_flight.answered(200, None);
        return Ok(Reply::Whole(reply::json(StatusCode::OK, &json!({ "inputTokens": count }))));
    }
    let prompt = Prompt::read(&body)?;
    drop(body);
    let answer = Answer::to(&prompt, ask.model, &behaviour, input_of(state, &prompt));
    in_flight.answered(200, Some(answer.usage));
    Ok(match ask.action {
        Action::Stream => Reply::Steps(stream::steps(&answer.events(), &behaviour, state.options.pace)),
        Action::Invoke | Action::CountTokens => Reply::Whole(whole(&answer)),
    })
}

/// What the model does this time.
fn turn(state: &State, ask: &Ask<'_>) -> Result<Behaviour, Fault> {
    let Some(wanted) = &ask.wanted else {
        return Err(Fault::validation("The provided model identifier is invalid."));
    };
    let is_over = wanted.once && !lock(&state.done).insert(ask.model.to_owned());
    Ok(if is_over { Behaviour::Ordinary } else { wanted.behaviour.clone() })
}

fn count_tokens(model: &str, body: &[u8]) -> Result<u64, Fault> {
    if behaviour::is_profile(model) {
        return Err(Fault::validation("The provided model doesn't support counting tokens."));
    }
    let request: CountRequest =
        serde_json::from_slice(body).map_err(|error| Fault::validation(error.to_string()))?;
    let body = base64_simd::STANDARD
        .decode_to_vec(request.input.invoke_model.body)
        .map_err(|_| Fault::validation("input.invokeModel.body: invalid base64"))?;
    let prompt = Prompt::read(&body)?;
    Ok(tokens_of(&prompt.fixed_part()) + tokens_of(&prompt.turns()))
}

/// What the input costs: where the prompt asks for caching, instructions and tools are written to the cache once
/// and read from it afterwards.
fn input_of(state: &State, prompt: &Prompt) -> Tokens {
    let (fixed, turns) = (prompt.fixed_part(), prompt.turns());
    let (fixed_tokens, turns) = (tokens_of(&fixed), tokens_of(&turns));
    if !fixed.contains("cache_control") {
        return Tokens { input: fixed_tokens + turns, ..Tokens::default() };
    }
    let is_new = lock(&state.cached).insert(fixed);
    let (cache_write, cache_read) = if is_new { (fixed_tokens, 0) } else { (0, fixed_tokens) };
    Tokens { input: turns, cache_read, cache_write, ..Tokens::default() }
}

/// Four bytes of JSON count as a token.
fn tokens_of(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

fn whole(answer: &Answer) -> Response {
    let mut response = reply::json(StatusCode::OK, &answer.message());
    let usage = answer.usage;
    for (name, value) in [
        ("x-amzn-bedrock-invocation-latency", 900),
        ("x-amzn-bedrock-input-token-count", usage.input),
        ("x-amzn-bedrock-output-token-count", usage.output),
        ("x-amzn-bedrock-cache-read-input-token-count", usage.cache_read),
        ("x-amzn-bedrock-cache-write-input-token-count", usage.cache_write),
    ] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

fn stream_of(state: &State, steps: VecDeque<Step>, in_flight: Option<InFlight>) -> Response {
    let run = Run { steps, paused: state.paused.subscribe(), in_flight };
    let content_type = HeaderValue::from_static(wire::CONTENT_TYPE);
    let mut response = reply::stream(StatusCode::OK, content_type, stream::run(run));
    let inner = HeaderValue::from_static("application/json");
    response.headers_mut().insert("x-amzn-bedrock-content-type", inner);
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
