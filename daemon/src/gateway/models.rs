//! `GET /v1/models` and `GET /v1/models/{id}`: the models that are named in the configuration, in Anthropic's shape
//! or in OpenAI's, as the caller's headers tell.

mod list;

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

use self::list::Page;
use super::{Dialect, Gateway, Refusal, Visit, rules::Rules};
use crate::{
    http::{Call, Response, Route, reply, route},
    keyring::Caller,
    traffic::Purpose,
};

const PATH: &str = "/v1/models";

/// What is listed when the configuration names nothing: what Claude Code asks for by itself.
const DEFAULTS: [&str; 3] = [
    "us.anthropic.claude-opus-4-8",
    "us.anthropic.claude-sonnet-4-6",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
];

pub(super) fn routes(gateway: &Arc<Gateway>) -> Route {
    let all = route::exact(Method::GET, PATH, gateway, |gateway, call| async move {
        let visit = Visit::new(&gateway, dialect(&call.headers), Purpose::List);
        visit.answer(&gateway, all(&gateway, &call), call).await
    });
    let one = route::under(Method::GET, "/v1/models/", gateway, |gateway, call| async move {
        let visit = Visit::new(&gateway, dialect(&call.headers), Purpose::List);
        visit.answer(&gateway, one(&gateway, &call), call).await
    });
    route::any_of([all, one])
}

fn all(gateway: &Gateway, call: &Call) -> Result<Response, Refusal> {
    let (caller, rules) = (gateway.identify(call)?, gateway.rules());
    let names = names(gateway, &rules, &caller);
    Ok(match dialect(&call.headers) {
        Dialect::Chat => reply::json(StatusCode::OK, &list::openai(&names)),
        _ => reply::json(StatusCode::OK, &list::anthropic(&names, &Page::read(call)?)),
    })
}

fn one(gateway: &Gateway, call: &Call) -> Result<Response, Refusal> {
    let (caller, rules) = (gateway.identify(call)?, gateway.rules());
    let unknown = || Refusal::NotFound("this gateway lists no model of this name".to_owned());
    let encoded = call.path.strip_prefix("/v1/models/").unwrap_or_default();
    let asked = percent_decode_str(encoded).decode_utf8().map_err(|_| unknown())?;
    let name = names(gateway, &rules, &caller).into_iter().find(|name| *name == asked).ok_or_else(unknown)?;
    Ok(match dialect(&call.headers) {
        Dialect::Chat => reply::json(StatusCode::OK, &list::openai_model(name)),
        _ => reply::json(StatusCode::OK, &list::anthropic_model(name)),
    })
}

/// Anthropic's clients always send their version or their key; OpenAI's send neither.
fn dialect(headers: &HeaderMap) -> Dialect {
    let is_anthropic = headers.contains_key("anthropic-version") || headers.contains_key("x-api-key");
    if is_anthropic { Dialect::Messages } else { Dialect::Chat }
}

/// The names to list: those of the configuration, else those that everybody uses, as far as the caller may use them.
fn names<'a>(gateway: &'a Gateway, rules: &'a Rules, caller: &Caller) -> Vec<&'a str> {
    let named: Vec<&str> = rules.named(caller).collect();
    if !named.is_empty() {
        return rules.usable(caller, named.into_iter());
    }
    let default = gateway.defaults.model_id.as_str();
    let others = DEFAULTS.into_iter().filter(|name| *name != default);
    rules.usable(caller, std::iter::once(default).chain(others))
}
