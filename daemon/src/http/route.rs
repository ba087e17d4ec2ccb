//! Routes: path, then method, then one `Call`, then a plain async function.

use std::{convert::Infallible, future::Future, sync::Arc};

use bytes::Buf;
use futures_util::TryStreamExt;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use shared::id::RequestId;
use warp::{
    Filter, Rejection, Reply,
    filters::{BoxedFilter, path::FullPath},
    reject::{MethodNotAllowed, Reject},
};

use super::{Call, Connection, Response, reply};

/// One or more routes of a door.
pub type Route = BoxedFilter<(Response,)>;

/// A route for exactly this path. `handler` gets the door's state and the request.
pub fn exact<S, F, Fut>(method: Method, path: &'static str, state: &Arc<S>, handler: F) -> Route
where
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, Call) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    matching(method, move |asked| asked == path, state, handler)
}

/// A route for every path that starts with `prefix`.
pub fn under<S, F, Fut>(method: Method, prefix: &'static str, state: &Arc<S>, handler: F) -> Route
where
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, Call) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    matching(method, move |asked| asked.starts_with(prefix), state, handler)
}

/// A route for every path that a template fits: `/sessions/{id}/lock` takes any one segment in place of `{id}`.
pub fn template<S, F, Fut>(method: Method, template: &'static str, state: &Arc<S>, handler: F) -> Route
where
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, Call) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    matching(method, move |asked| fits(template, asked), state, handler)
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut asked) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), asked.next()) {
            (None, None) => return true,
            (Some(any), Some(segment)) if any.starts_with('{') && !segment.is_empty() => {}
            (Some(same), Some(segment)) if same == segment => {}
            _ => return false,
        }
    }
}

/// Folds routes into one, tried in order. The fold keeps the type flat: a long `.or` chain takes minutes to
/// compile.
pub fn any_of(routes: impl IntoIterator<Item = Route>) -> Route {
    let nothing = warp::any().and_then(|| async { Err::<Response, _>(warp::reject::not_found()) }).boxed();
    routes.into_iter().fold(nothing, |all, route| all.or(route).unify().boxed())
}

/// Answers what no route took: 404 or 405, as JSON.
pub fn total(routes: Route) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    routes.recover(|rejection| async move { Ok::<_, Infallible>(refuse(&rejection)) }).unify()
}

fn matching<S, F, Fut>(
    method: Method,
    path: impl Fn(&str) -> bool + Clone + Send + Sync + 'static,
    state: &Arc<S>,
    handler: F,
) -> Route
where
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, Call) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let state = state.clone();
    warp::path::full()
        .and_then(move |asked: FullPath| {
            let is_ours = path(asked.as_str());
            std::future::ready(if is_ours { Ok(()) } else { Err(warp::reject::not_found()) })
        })
        .untuple_one()
        .and(method_is(method))
        .and(call())
        .then(move |call: Call| {
            let id = call.id.clone();
            // Boxed, so that a route that is tried and does not match costs no room for its handler.
            let answer = Box::pin(handler(state.clone(), call));
            async move {
                let mut response = answer.await;
                reply::identify(&mut response, &id);
                response
            }
        })
        .boxed()
}

/// A refusal of the right path with the wrong method.
#[derive(Debug)]
struct WrongMethod;
impl Reject for WrongMethod {}

fn method_is(wanted: Method) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and_then(move |method: Method| {
            let is_it = method == wanted;
            std::future::ready(if is_it { Ok(()) } else { Err(warp::reject::custom(WrongMethod)) })
        })
        .untuple_one()
}

fn call() -> impl Filter<Extract = (Call,), Error = Rejection> + Clone {
    warp::method()
        .and(warp::path::full())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Connection>())
        .and(warp::body::stream())
        .map(|method, path: FullPath, query, headers: HeaderMap, connection, incoming: _| Call {
            id: RequestId::generate(),
            method,
            path: path.as_str().to_owned(),
            query,
            headers,
            connection,
            incoming: Box::pin(bytes_of(incoming)),
        })
}

fn bytes_of<B: Buf>(
    pieces: impl futures_util::Stream<Item = Result<B, warp::Error>>,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, warp::Error>> {
    pieces.map_ok(|mut piece| piece.copy_to_bytes(piece.remaining()))
}

fn refuse(rejection: &Rejection) -> Response {
    let wrong_method =
        rejection.find::<WrongMethod>().is_some() || rejection.find::<MethodNotAllowed>().is_some();
    let (status, message) = if wrong_method {
        (StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
    } else {
        (StatusCode::NOT_FOUND, "there is nothing at this path")
    };
    let id = RequestId::generate();
    let mut response = reply::json(status, &json!({ "message": message, "request_id": id })).into_response();
    reply::identify(&mut response, &id);
    response
}
