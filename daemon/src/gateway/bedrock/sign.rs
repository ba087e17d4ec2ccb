//! AWS Signature Version 4, as far as Bedrock needs it: host, date and session token are signed, the path is
//! encoded once more than it was sent, the body is named by its SHA-256.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use aws_credential_types::Credentials;
use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::time::Timestamp;
use time::OffsetDateTime;

/// The service in the scope of the signature, for the runtime and the control plane alike.
const SERVICE: &str = "bedrock";
/// What stays as it is in a canonical path, and in a canonical query without the slash.
const PATH: &AsciiSet = &QUERY.remove(b'/');
pub(super) const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What of a request is signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) host: &'a str,
    /// As it is sent.
    pub(super) path: &'a str,
    /// As it is sent: already canonical.
    pub(super) query: &'a str,
    pub(super) body: &'a [Bytes],
}

/// The headers that carry a signature.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) authorization: HeaderValue,
    pub(super) date: HeaderValue,
    pub(super) token: Option<HeaderValue>,
}

/// Signs with one set of credentials.
pub(super) struct Signer {
    credentials: Credentials,
    region: String,
    token: Option<HeaderValue>,
    today: ArcSwapOption<DayKey>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

/// The key that signs for one day; deriving it costs four HMACs.
struct DayKey {
    day: String,
    key: hmac::Key,
}

impl Signer {
    pub(super) fn new(credentials: Credentials, region: &str) -> Self {
        let token = credentials.session_token().and_then(|token| {
            let mut value = HeaderValue::from_str(token).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self { credentials, region: region.to_owned(), token, today: ArcSwapOption::empty() }
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Signs a request for this moment.
    pub(super) fn sign(&self, request: Unsigned<'_>, now: Timestamp) -> Option<Signature> {
        let date = iso_basic(now)?;
        let day = date.get(..8)?;
        let scope = format!("{day}/{}/{SERVICE}/aws4_request", self.region);
        let canonical = digest::digest(&digest::SHA256, self.canonical(request, &date).as_bytes());
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(canonical.as_ref()));
        let signature = hex(hmac::sign(&self.day_key(day).key, text.as_bytes()).as_ref());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.credentials.access_key_id(),
            self.signed_headers(),
        );
        let mut authorization = HeaderValue::try_from(authorization).ok()?;
        authorization.set_sensitive(true);
        Some(Signature { authorization, date: HeaderValue::try_from(date).ok()?, token: self.token.clone() })
    }

    fn signed_headers(&self) -> &'static str {
        if self.token.is_some() { "host;x-amz-date;x-amz-security-token" } else { "host;x-amz-date" }
    }

    fn canonical(&self, request: Unsigned<'_>, date: &str) -> String {
        let Unsigned { method, host, path, query, body } = request;
        let path = utf8_percent_encode(path, PATH);
        let token = match self.credentials.session_token() {
            Some(token) if self.token.is_some() => format!("x-amz-security-token:{}\n", token.trim()),
            _ => String::new(),
        };
        let (headers, hash) = (self.signed_headers(), hash(body));
        format!("{method}\n{path}\n{query}\nhost:{host}\nx-amz-date:{date}\n{token}\n{headers}\n{hash}")
    }

    fn day_key(&self, day: &str) -> Arc<DayKey> {
        if let Some(today) = self.today.load_full().filter(|today| today.day == day) {
            return today;
        }
        let secret = format!("AWS4{}", self.credentials.secret_access_key());
        let parts = [day, &self.region, SERVICE, "aws4_request"];
        let key = parts.iter().fold(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), |key, part| {
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
        });
        let today = Arc::new(DayKey { day: day.to_owned(), key });
        self.today.store(Some(today.clone()));
        today
    }
}

/// `20260102T030405Z`.
fn iso_basic(now: Timestamp) -> Option<String> {
    let now = OffsetDateTime::from_unix_timestamp(now.seconds().try_into().ok()?).ok()?;
    let (date, time) = (now.date(), now.time());
    Some(format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

fn hash(body: &[Bytes]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for segment in body {
        context.update(segment);
    }
    hex(context.finish().as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use aws_sigv4::{
        http_request::{SignableBody, SignableRequest, SigningSettings, sign},
        sign::v4,
    };
    use proptest::prelude::*;

    use super::*;

    /// The headers that the AWS crate makes for the same request.
    fn theirs(credentials: &Credentials, request: Unsigned<'_>, now: Timestamp) -> Vec<(String, String)> {
        let identity = credentials.clone().into();
        let time = UNIX_EPOCH + Duration::from_secs(now.seconds());
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-central-1")
            .name(SERVICE)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let url = format!("https://{}{}{query}", request.host, request.path);
        let body = request.body.concat();
        let headers = std::iter::once(("host", request.host));
        let signable =
            SignableRequest::new(request.method, url, headers, SignableBody::Bytes(&body)).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn ours(credentials: &Credentials, request: Unsigned<'_>, now: Timestamp) -> Vec<(String, String)> {
        let signer = Signer::new(credentials.clone(), "eu-central-1");
        let signature = signer.sign(request, now).unwrap();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut headers = vec![
            ("authorization".to_owned(), text(&signature.authorization)),
            ("x-amz-date".to_owned(), text(&signature.date)),
        ];
        headers.extend(signature.token.map(|token| ("x-amz-security-token".to_owned(), text(&token))));
        headers
    }

    proptest! {
        #[test]
        fn signatures_are_those_of_the_aws_crate(
            path in "(/[a-zA-Z0-9._~:%!$&'()*+,;=@-]{1,20}){1,4}",
            query in prop::option::of(("[a-z]{1,8}", "[a-zA-Z0-9 /:=+&%~]{0,12}")),
            token in prop::option::of("[a-zA-Z0-9+/=]{1,200}"),
            body in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..3),
            seconds in 0u64..4_000_000_000,
        ) {
            prop_assume!(!path.contains("/./") && !path.contains("/../") && !path.ends_with("/.") && !path.ends_with("/.."));
            let path = path.replace('%', "%25");
            let query = query.map(|(key, value)| format!("{key}={}", utf8_percent_encode(&value, QUERY)));
            let credentials = Credentials::new("AKID", "secret/+key", token, None, "test");
            let body: Vec<Bytes> = body.into_iter().map(Bytes::from).collect();
            let query = query.unwrap_or_default();
            let request = Unsigned { method: "POST", host: "bedrock-runtime.eu-central-1.amazonaws.com", path: &path, query: &query, body: &body };
            let now = Timestamp::from_seconds(seconds);
            let (mut ours, mut theirs) = (ours(&credentials, request, now), theirs(&credentials, request, now));
            ours.sort();
            theirs.sort();
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_key_follows_the_day() {
        let signer = Signer::new(Credentials::new("AKID", "secret", None, None, "test"), "eu-central-1");
        let request = Unsigned { method: "GET", host: "h", path: "/", query: "", body: &[] };
        let day = |n: u64| Timestamp::from_seconds(n * 86_400);
        let (first, second) = (signer.sign(request, day(1)).unwrap(), signer.sign(request, day(2)).unwrap());
        assert_ne!(first.authorization, second.authorization);
        assert_eq!(signer.sign(request, day(1)).unwrap().authorization, first.authorization);
    }

    #[test]
    fn nothing_of_the_credentials_is_printed() {
        let signer = Signer::new(Credentials::new("AKID", "secret", Some("token".into()), None, "test"), "r");
        assert!(!format!("{signer:?}").contains("secret") && !format!("{signer:?}").contains("token"));
        let request = Unsigned { method: "GET", host: "h", path: "/", query: "", body: &[] };
        let signature = format!("{:?}", signer.sign(request, Timestamp(0)).unwrap());
        assert!(!signature.contains("AKID") && !signature.contains("token: Some(\"token"), "{signature}");
    }
}
