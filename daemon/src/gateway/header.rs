//! Which headers pass. Whatever is not listed does, in both directions: betas, and what is not invented yet.

use http::{HeaderMap, header};

/// Of one connection, never of a message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a client says to us: who it is, and how its body was packed. `accept-encoding` stays here too: a packed
/// answer could not be metered.
const FOR_US: [&str; 9] = [
    "accept-encoding",
    "authorization",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "host",
    "x-api-key",
    "x-request-id",
];

/// What the upstream says to us.
const FROM_UPSTREAM: [&str; 4] = ["content-length", "date", "server", "set-cookie"];

/// The headers of a request that go on to the upstream.
pub(super) fn onward(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::with_capacity(headers.len() + 4);
    let named = named_by_connection(headers);
    for (name, value) in headers {
        let text = name.as_str();
        let stays = HOP_BY_HOP.contains(&text) || FOR_US.contains(&text) || text.starts_with("x-amz-");
        if !stays && !named.contains(&text) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// The headers of an answer that go back to the client.
pub(super) fn back(headers: &HeaderMap, answer: &mut HeaderMap) {
    let named = named_by_connection(headers);
    for (name, value) in headers {
        let text = name.as_str();
        let stays = HOP_BY_HOP.contains(&text) || FROM_UPSTREAM.contains(&text) || named.contains(&text);
        if !stays {
            answer.insert(name.clone(), value.clone());
        }
    }
}

/// Headers that `connection` makes hop-by-hop.
fn named_by_connection(headers: &HeaderMap) -> Vec<&str> {
    let lists = headers.get_all(header::CONNECTION).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    fn of(names: &[&'static str]) -> HeaderMap {
        names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("x"))).collect()
    }

    #[test]
    fn betas_and_unknown_headers_pass_and_credentials_never_do() {
        let mut headers = of(&[
            "accept",
            "anthropic-beta",
            "authorization",
            "content-length",
            "content-type",
            "cookie",
            "host",
            "proxy-authorization",
            "transfer-encoding",
            "x-amz-date",
            "x-amz-security-token",
            "x-amzn-bedrock-trace",
            "x-api-key",
            "x-from-the-future",
            "x-hop",
        ]);
        headers.insert("connection", HeaderValue::from_static("close, x-hop"));
        let expected =
            ["accept", "anthropic-beta", "content-type", "x-amzn-bedrock-trace", "x-from-the-future"];
        assert_eq!(names(&onward(&headers)), expected);
    }

    #[test]
    fn the_upstreams_headers_come_back_but_its_connections_do_not() {
        let theirs =
            of(&["connection", "content-type", "set-cookie", "transfer-encoding", "x-amzn-requestid"]);
        let mut answer = HeaderMap::new();
        back(&theirs, &mut answer);
        assert_eq!(names(&answer), ["content-type", "x-amzn-requestid"]);
    }
}
