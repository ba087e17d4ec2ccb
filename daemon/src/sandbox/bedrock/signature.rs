//! Checks Signature Version 4 the way AWS does: the signature is computed again from what arrived.

use aws_lc_rs::{constant_time, digest, hmac};
use http::HeaderMap;
use shared::{secret::Secret, time::Timestamp};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::Fault;
use crate::http::{Body, Call};

/// How far the clocks of the two sides may differ, in seconds.
const SKEW: u64 = 5 * 60;
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who may call: long-term or temporary credentials, or an API key.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub session_token: Option<Secret<String>>,
}

/// What is signed of a request, but for its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    method: &'a str,
    /// As they came: not decoded.
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
}

impl<'a> From<&'a Call> for Head<'a> {
    fn from(call: &'a Call) -> Self {
        Self { method: call.method.as_str(), path: &call.path, query: &call.query, headers: &call.headers }
    }
}

impl<'a> Head<'a> {
    fn header(self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The parts of an `Authorization` header.
struct Claim<'a> {
    access_key_id: &'a str,
    /// `date/region/service/aws4_request`.
    scope: &'a str,
    signed: &'a str,
    signature: &'a str,
}

/// Checks that a request was signed with `credentials` for `region`, a moment ago.
pub(super) fn check(
    head: Head<'_>,
    body: &Body,
    credentials: &Credentials,
    region: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let header = head.header("authorization").unwrap_or_default();
    let claim = Claim::read(header)?;
    let given = head.header("x-amz-security-token");
    let session_token = credentials.session_token.as_ref().map(|token| token.expose().as_str());
    if claim.access_key_id != credentials.access_key_id || given != session_token {
        return Err(refused(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ));
    }
    let date = head.header("x-amz-date").unwrap_or_default();
    check_time(date, now)?;
    check_scope(claim.scope, date, region)?;
    let canonical = canonical_request(head, body, claim.signed)?;
    let expected = sign(credentials, date, claim.scope, &canonical);
    constant_time::verify_slices_are_equal(expected.as_bytes(), claim.signature.as_bytes()).map_err(|_| {
        invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    })
}

impl<'a> Claim<'a> {
    fn read(header: &'a str) -> Result<Self, Fault> {
        let incomplete = || {
            refused(
                "IncompleteSignatureException",
                "Authorization header is not a complete AWS4-HMAC-SHA256 one.",
            )
        };
        let fields = header.strip_prefix(ALGORITHM).ok_or_else(incomplete)?;
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).ok_or_else(incomplete)
        };
        let (access_key_id, scope) = field("Credential")?.split_once('/').ok_or_else(incomplete)?;
        Ok(Self { access_key_id, scope, signed: field("SignedHeaders")?, signature: field("Signature")? })
    }
}

fn check_time(date: &str, now: Timestamp) -> Result<(), Fault> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let signed = PrimitiveDateTime::parse(date, format)
        .map_err(|_| refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'."))?
        .assume_utc();
    let signed = u64::try_from(signed.unix_timestamp()).unwrap_or(0);
    if signed.abs_diff(now.seconds()) <= SKEW {
        return Ok(());
    }
    let now = i64::try_from(now.seconds()).unwrap_or(i64::MAX);
    let now = OffsetDateTime::from_unix_timestamp(now).ok().and_then(|now| now.format(format).ok());
    let now = now.unwrap_or_default();
    Err(invalid(format!("Signature expired: {date} is now earlier than {now} - 5 min.")))
}

fn check_scope(scope: &str, date: &str, region: &str) -> Result<(), Fault> {
    let day = date.split('T').next().unwrap_or_default();
    if scope == format!("{day}/{region}/bedrock/aws4_request") {
        return Ok(());
    }
    Err(invalid(format!(
        "Credential should be scoped to a valid region and the service bedrock, not '{scope}'."
    )))
}

fn canonical_request(head: Head<'_>, body: &Body, signed: &str) -> Result<String, Fault> {
    let names: Vec<&str> = signed.split(';').collect();
    if !["host", "x-amz-date"].iter().all(|name| names.contains(name)) {
        return Err(invalid("'Host' and 'X-Amz-Date' must be signed headers."));
    }
    let mut headers = Vec::new();
    for name in names {
        let values: Vec<String> =
            head.headers.get_all(name).iter().map(|value| trim(value.as_bytes())).collect();
        headers.push(format!("{name}:{}\n", values.join(",")));
    }
    let (method, path, query) = (head.method, encode_path(head.path), canonical_query(head.query));
    let headers = headers.concat();
    Ok(format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{}", hash_of(body)))
}

/// A header's value without spaces around it, and with one where there are several.
fn trim(value: &[u8]) -> String {
    String::from_utf8_lossy(value).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The path as it came, encoded once more: every service but S3 signs it encoded twice.
fn encode_path(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<String> =
        pairs.map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }).collect();
    pairs.sort();
    pairs.join("&")
}

fn hash_of(body: &Body) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for segment in body.segments() {
        context.update(segment);
    }
    hex(context.finish().as_ref())
}

fn sign(credentials: &Credentials, date: &str, scope: &str, canonical: &str) -> String {
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let first = format!("AWS4{}", credentials.secret_access_key.expose()).into_bytes();
    let key = scope.split('/').fold(first, |key, part| keyed(&key, part.as_bytes()));
    hex(&keyed(&key, format!("{ALGORITHM}\n{date}\n{scope}\n{hash}").as_bytes()))
}

fn keyed(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn invalid(message: impl Into<String>) -> Fault {
    refused("InvalidSignatureException", message)
}

fn refused(kind: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(403, kind, message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// Signed by botocore 1.44.
    const SIGNED: [(&str, &str); 6] = [
        ("host", "127.0.0.1:8123"),
        ("content-type", "application/json"),
        ("x-amz-date", "20251124T080000Z"),
        ("x-note", "  two   words "),
        ("x-amz-security-token", "session/token+1="),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIASALLYPORTSANDBOX/20251124/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-note, \
             Signature=d9c67adf4f6e59534086605f139495381714fa44e382974b15fd981c9fd9f1ac",
        ),
    ];
    const PATH: &str = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke";
    const SIGNED_AT: Timestamp = Timestamp(1_763_971_200_000);

    /// The kind of the refusal of that request, with one header changed, sent `late` seconds after it was signed.
    fn refusal(body: &'static str, (name, value): (&str, &str), late: u64) -> Option<&'static str> {
        let credentials = Credentials {
            access_key_id: "AKIASALLYPORTSANDBOX".to_owned(),
            secret_access_key: Secret::new("sandbox/secret+access/key0123456789abcdef".to_owned()),
            session_token: Some(Secret::new("session/token+1=".to_owned())),
        };
        let mut headers: HeaderMap = SIGNED
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        let head = Head { method: "POST", path: PATH, query: "", headers: &headers };
        let now = Timestamp(SIGNED_AT.0 + late * 1000);
        let body = Body::from(Bytes::from_static(body.as_bytes()));
        check(head, &body, &credentials, "us-east-1", now).err().map(|fault| fault.kind)
    }

    const BODY: &str = r#"{"max_tokens":1}"#;
    const UNCHANGED: (&str, &str) = ("x-unsigned", "anything");

    #[test]
    fn a_signature_of_another_implementation_is_accepted() {
        assert_eq!(refusal(BODY, UNCHANGED, 0), None);
        assert_eq!(refusal(BODY, UNCHANGED, 299), None);
    }

    #[test]
    fn whatever_was_changed_is_refused() {
        assert_eq!(refusal(r#"{"max_tokens":2}"#, UNCHANGED, 0), Some("InvalidSignatureException"));
        assert_eq!(refusal(BODY, ("x-note", "three words"), 0), Some("InvalidSignatureException"));
        assert_eq!(refusal(BODY, ("host", "127.0.0.1:8124"), 0), Some("InvalidSignatureException"));
        assert_eq!(refusal(BODY, ("x-amz-security-token", "other"), 0), Some("UnrecognizedClientException"));
        assert_eq!(
            refusal(BODY, ("authorization", "AWS4-HMAC-SHA256 x"), 0),
            Some("IncompleteSignatureException")
        );
    }

    #[test]
    fn an_old_signature_is_refused() {
        assert_eq!(refusal(BODY, UNCHANGED, 301), Some("InvalidSignatureException"));
    }
}
