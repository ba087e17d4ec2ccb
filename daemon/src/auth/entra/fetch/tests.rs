//! Servers that are not what they should be.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{
    auth::entra::{Entra, Refusal},
    clock::Clock,
    config,
    http::{Response, reply, route, serve::Listener},
    task::Tasks,
};

/// Answers every GET with this; the server's base URL.
async fn serve(answer: impl Fn(&str) -> Response + Send + Sync + 'static) -> String {
    let listener = Listener::tcp("test", (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let base = format!("http://{}", listener.address().unwrap());
    let routes =
        route::under(Method::GET, "/", &Arc::new(answer), |answer, call| async move { answer(&call.path) });
    let second = Duration::from_secs(1);
    let limits = config::Http {
        connections: 8,
        header_timeout: second,
        idle_timeout: second,
        body_timeout: second,
        write_timeout: second,
        drain_timeout: second,
    };
    let tasks = Tasks::default();
    tasks.spawn("test", listener.serve(routes, limits, tasks.stopping()));
    base
}

fn redirect_to(url: &str) -> Response {
    let mut response = reply::text(StatusCode::FOUND, "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(url).unwrap());
    response
}

async fn fetch(base: &str) -> Result<Value, FetchError> {
    let fetcher = Fetcher::new(base).unwrap();
    fetcher.json(fetcher.discovery.clone()).await.map(|document| document.content)
}

async fn refusal(authority: String) -> Refusal {
    let config = config::Entra {
        tenant_id: "tenant".into(),
        client_id: "client".into(),
        authority,
        cache_ttl: Duration::from_hours(1),
        required_groups: Vec::new(),
        required_roles: Vec::new(),
        email_domains: Vec::new(),
        auth_context: None,
    };
    let header = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"alg":"RS256","kid":"one"}"#);
    Entra::new(config, Clock::System).unwrap().verify(&format!("{header}.e30.c2ln")).await.unwrap_err()
}

#[test]
fn only_https_and_loopback_are_asked() {
    for good in
        ["https://login.microsoftonline.com/t", "http://127.0.0.1:9/t", "http://[::1]/t", "http://localhost"]
    {
        assert!(safe_url(good).is_ok(), "{good}");
    }
    let bad = [
        "http://login.microsoftonline.com/t",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "ftp://127.0.0.1/",
        "t",
    ];
    for bad in bad {
        assert!(safe_url(bad).is_err(), "{bad}");
        assert!(matches!(Fetcher::new(bad), Err(EntraError::Authority(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host_only() {
    let other = serve(|_| reply::json(StatusCode::OK, &json!({ "from": "elsewhere" }))).await;
    let strayed = serve(move |_| redirect_to(&format!("{other}/document"))).await;
    assert!(matches!(fetch(&strayed).await, Err(FetchError::Status { status: 302, .. })));
    let moved = serve(|path| match path {
        "/moved" => reply::json(StatusCode::OK, &json!({ "from": "here" })),
        _ => redirect_to("/moved"),
    });
    assert_eq!(fetch(&moved.await).await.unwrap()["from"], "here");
    let endless = serve(|_| redirect_to("/again")).await;
    assert!(matches!(fetch(&endless).await, Err(FetchError::Status { status: 302, .. })));
}

#[tokio::test]
async fn a_huge_answer_is_given_up() {
    let huge = Bytes::from(vec![b' '; BODY_LIMIT + 1]);
    let base = serve(move |_| reply::bytes_of(StatusCode::OK, "application/json", huge.clone())).await;
    assert!(matches!(fetch(&base).await, Err(FetchError::TooLarge(_))));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let error = fetch(&base).await.unwrap_err();
    assert!(matches!(&error, FetchError::Http(error) if error.is_timeout()), "{error}");
    assert_eq!(refusal(base).await, Refusal::Unavailable);
}

#[tokio::test]
async fn keys_are_not_fetched_in_plain_http_from_elsewhere() {
    let document = json!({ "issuer": "https://example.com/", "jwks_uri": "http://keys.example.com/keys" });
    let base = serve(move |_| reply::json(StatusCode::OK, &document)).await;
    assert_eq!(refusal(base).await, Refusal::Unavailable);
}

/// How a token signed with an unheard-of key `one` is refused if this is the key set.
async fn refusal_with_key(key: Value) -> Refusal {
    let keys = serve(move |_| reply::json(StatusCode::OK, &json!({ "keys": [key] }))).await;
    let document = json!({ "issuer": "https://example.com/", "jwks_uri": format!("{keys}/keys") });
    refusal(serve(move |_| reply::json(StatusCode::OK, &document)).await).await
}

#[tokio::test]
async fn keys_that_are_not_for_our_tenant_or_not_for_signatures_are_no_keys() {
    let key = |changes: Value| {
        let mut key = json!({ "kty": "RSA", "use": "sig", "kid": "one", "n": "AQAB", "e": "AQAB" });
        key.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        key
    };
    let of_all = json!({ "issuer": "https://login.example.com/{tenantid}/v2.0" });
    for right in [json!({}), of_all, json!({ "issuer": "https://login.example.com/TENANT/v2.0" })] {
        assert_eq!(refusal_with_key(key(right.clone())).await, Refusal::Signature, "{right}");
    }
    let wrong = [
        json!({ "issuer": "https://login.example.com/other/v2.0" }),
        json!({ "use": "enc" }),
        json!({ "kty": "EC" }),
        json!({ "kid": null }),
        json!({ "n": null }),
        json!({ "n": "not base64!" }),
    ];
    for wrong in wrong {
        assert_eq!(refusal_with_key(key(wrong.clone())).await, Refusal::Unavailable, "{wrong}");
    }
}
