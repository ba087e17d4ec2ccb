//! What a browser asks of the port: the answer of Entra, or something that is none.

use shared::secret::Secret;

/// How the sign-in in the browser ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Code(Secret<String>),
    Refused { error: String, description: String },
}

/// A request that brings no answer of Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stray {
    /// It is no HTTP.
    Malformed,
    Method,
    /// A browser asks for `/favicon.ico` by itself.
    Path,
    /// It belongs to another sign-in, or somebody made it up.
    State,
}

/// Reads the head of a request.
pub(super) fn parse(head: &str, state: &str) -> Result<Outcome, Stray> {
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0")) = (method, target, version) else {
        return Err(Stray::Malformed);
    };
    if method != "GET" {
        return Err(Stray::Method);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/" {
        return Err(Stray::Path);
    }
    outcome(query, state)
}

fn outcome(query: &str, state: &str) -> Result<Outcome, Stray> {
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    if value("state").as_deref() != Some(state) {
        return Err(Stray::State);
    }
    match (value("error"), value("code")) {
        (Some(error), _) => {
            Ok(Outcome::Refused { error, description: value("error_description").unwrap_or_default() })
        }
        (None, Some(code)) => Ok(Outcome::Code(Secret::new(code))),
        (None, None) => Err(Stray::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(head: &str) -> Stray {
        parse(head, "s").unwrap_err()
    }

    #[test]
    fn the_answer_of_entra_is_read() {
        let code =
            parse("GET /?code=0.A%2Bb&state=s&session_state=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "s");
        assert!(matches!(code, Ok(Outcome::Code(code)) if code.expose() == "0.A+b"));
        let refused =
            parse("GET /?error=access_denied&error_description=AADSTS65004%3a+no&state=s HTTP/1.1", "s");
        let Ok(Outcome::Refused { error, description }) = refused else { panic!("{refused:?}") };
        assert_eq!((error.as_str(), description.as_str()), ("access_denied", "AADSTS65004: no"));
    }

    #[test]
    fn whatever_else_comes_to_the_port_is_refused() {
        assert_eq!(stray("GET /?code=c&state=other HTTP/1.1"), Stray::State);
        assert_eq!(stray("GET /?code=c HTTP/1.1"), Stray::State);
        assert_eq!(stray("GET /favicon.ico HTTP/1.1"), Stray::Path);
        assert_eq!(stray("POST /?code=c&state=s HTTP/1.1"), Stray::Method);
        assert_eq!(stray("GET /?state=s HTTP/1.1"), Stray::Malformed);
        assert_eq!(stray("\u{16}\u{3}\u{1}"), Stray::Malformed);
        assert_eq!(stray(""), Stray::Malformed);
    }
}
