//! What a value must be beyond its type: addresses, names, secrets, files.

use std::{
    collections::BTreeSet,
    fs::File,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use http::Uri;
use nix::unistd::User;
use shared::{id::ModelId, secret::Secret};

use super::{
    problem::Bad,
    source::reason,
    value::{Value, list, path, paths, text},
};

const SECRET_BYTES: usize = 32;
const SECRET_HINT: &str = "make one with `openssl rand -base64 48`";
/// What secrets that were never changed have in common, without separators.
const KNOWN_DEFAULTS: [&str; 14] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacewith",
    "replacethis",
    "yoursecret",
    "yoursupersecret",
    "yourinternaljwtsecret",
    "insecure",
    "donotuse",
    "placeholder",
    "devsecret",
    "defaultsecret",
    "examplesecret",
];

/// HS256 secrets that somebody must have chosen.
pub(super) fn secrets(value: &Value) -> Result<Vec<Secret<String>>, Bad> {
    let secrets = list(value)?;
    for (index, secret) in secrets.iter().enumerate() {
        strength(secret).map_err(|fault| {
            let which = if secrets.len() == 1 { "it".to_owned() } else { format!("secret {}", index + 1) };
            Bad::new(format!("{which} {fault}"), SECRET_HINT)
        })?;
    }
    Ok(secrets.into_iter().map(Secret::new).collect())
}

fn strength(secret: &str) -> Result<(), String> {
    let bare: String = secret.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    if KNOWN_DEFAULTS.iter().any(|known| bare.contains(known)) || bare == "secret" {
        return Err("is a known default".to_owned());
    }
    if secret.len() < SECRET_BYTES {
        return Err(format!("is {} bytes long, {SECRET_BYTES} are needed", secret.len()));
    }
    if secret.bytes().collect::<BTreeSet<_>>().len() < SECRET_BYTES / 4 {
        return Err("repeats itself".to_owned());
    }
    Ok(())
}

/// Users of this machine: uids, or names, wherever the system finds them.
pub(super) fn uids(value: &Value) -> Result<Vec<u32>, Bad> {
    let names = list(value)?;
    names.iter().map(|name| name.parse().ok().or_else(|| uid(name)).ok_or_else(|| nobody(name))).collect()
}

fn uid(name: &str) -> Option<u32> {
    User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

fn nobody(name: &str) -> Bad {
    Bad::new(
        format!("`{name}` is not a user of this machine"),
        format!("write the uid that `id -u {name}` prints"),
    )
}

/// Any other secret: there is nothing to check but that it is there.
pub(super) fn secret(value: &Value) -> Result<Secret<String>, Bad> {
    text(value).map(Secret::new)
}

/// The base URL of a service that we call, without a trailing slash: https, or http to this machine.
pub(super) fn base_url(value: &Value) -> Result<String, Bad> {
    let text = text(value)?;
    let hint = "write `https://host`, with a port and a path if needed";
    let not = || Bad::new(format!("`{text}` is not a URL"), hint);
    let url: Uri = text.parse().map_err(|_| not())?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return Err(not()) };
    if authority.as_str().contains('@')
        || url.query().is_some()
        || text.contains('#')
        || url.host() == Some("")
    {
        return Err(Bad::new("a base URL has no user, no query and no fragment", hint));
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(authority.host()) => {}
        "http" => {
            return Err(Bad::new(
                format!("`{text}` would send secrets in the clear"),
                "use https; plain http is for loopback only",
            ));
        }
        _ => return Err(not()),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The authority of Entra; `/v2.0` belongs to discovery.
pub(super) fn authority(value: &Value) -> Result<String, Bad> {
    let url = base_url(value)?;
    Ok(url.trim_end_matches("/v2.0").to_owned())
}

/// An address to listen on.
pub(super) fn host(value: &Value) -> Result<IpAddr, Bad> {
    let text = text(value)?;
    match text.as_str() {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        "*" => Ok(Ipv6Addr::UNSPECIFIED.into()),
        address => address.trim_matches(['[', ']']).parse().map_err(|_| {
            let hint = "write `127.0.0.1` for this machine only, `0.0.0.0` or `::` for every network";
            Bad::new(format!("`{text}` is not an IP address"), hint)
        }),
    }
}

/// One tenant, never a group of them: only its own users may sign in.
pub(super) fn tenant(value: &Value) -> Result<String, Bad> {
    let text = word(value)?;
    if ["common", "organizations", "consumers"].contains(&text.as_str()) {
        let hint = "write the directory's own id: Entra admin center, Overview, Tenant ID";
        return Err(Bad::new(format!("`{text}` stands for many tenants"), hint));
    }
    Ok(text)
}

/// A name that becomes part of a URL.
pub(super) fn word(value: &Value) -> Result<String, Bad> {
    let text = text(value)?;
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Ok(text);
    }
    Err(Bad::new(
        format!("`{text}` holds other characters than letters, digits, `-`, `.` and `_`"),
        "check it for stray ones",
    ))
}

pub(super) fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok() && text.len() == 36
}

/// Mail domains, lower case, without `@`.
pub(super) fn domains(value: &Value) -> Result<Vec<String>, Bad> {
    let domains = list(value)?.into_iter().map(|domain| domain.trim_start_matches('@').to_lowercase());
    domains
        .map(|domain| {
            let is_domain = domain.contains('.') && !domain.contains(['@', ' ', '/', '*']);
            let bad = || Bad::new(format!("`{domain}` is not a mail domain"), "write it like `example.com`");
            if is_domain { Ok(domain.clone()) } else { Err(bad()) }
        })
        .collect()
}

pub(super) fn model(value: &Value) -> Result<ModelId, Bad> {
    let text = text(value)?;
    if text.contains(char::is_whitespace) {
        return Err(Bad::new(
            format!("`{text}` is not a model id"),
            "write it as Bedrock does, without spaces",
        ));
    }
    Ok(ModelId::new(text))
}

/// A file that can be read now.
pub(super) fn readable(value: &Value) -> Result<PathBuf, Bad> {
    let path = path(value)?;
    open(&path)?;
    Ok(path)
}

/// Files that can be read now.
pub(super) fn all_readable(value: &Value) -> Result<Vec<PathBuf>, Bad> {
    let paths = paths(value)?;
    paths.iter().try_for_each(|path| open(path))?;
    Ok(paths)
}

fn open(path: &Path) -> Result<(), Bad> {
    let outcome = File::open(path).and_then(|file| file.metadata());
    let what = match outcome {
        Ok(found) if found.is_file() => return Ok(()),
        Ok(_) => "it is not a file".to_owned(),
        Err(error) => reason(&error),
    };
    let hint = "check the path, and that the daemon's user may read it";
    Err(Bad::new(format!("`{}` can't be read: {what}", path.display()), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn weak_and_known_secrets_are_refused() {
        let refused = |text: &str| secrets(&written(text)).unwrap_err().what;
        assert!(refused("short").contains("5 bytes long"));
        assert!(refused("secret").contains("known default"));
        assert!(refused("change-me-in-production-please-change-me").contains("known default"));
        assert!(refused("Your_Super_Secret-key-0123456789abcdef").contains("known default"));
        assert!(refused("abababababababababababababababababab").contains("repeats itself"));
        let good = "q8Zr0m1xV5pLw7TnB3cYd9HsKfJgUaEi";
        assert!(refused(&format!("{good},short")).starts_with("secret 2 "));
        assert_eq!(secrets(&written(&format!("{good}, {good}"))).unwrap().len(), 2);
    }

    #[test]
    fn a_refused_secret_is_never_quoted() {
        let refused = secrets(&written("hunter2")).unwrap_err();
        assert!(!format!("{refused:?}").contains("hunter2"));
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let read = |text: &str| base_url(&written(text));
        assert_eq!(read("http://127.0.0.1:9000/").unwrap(), "http://127.0.0.1:9000");
        assert_eq!(read("http://[::1]:9000/x").unwrap(), "http://[::1]:9000/x");
        assert_eq!(read("http://localhost").unwrap(), "http://localhost");
        assert_eq!(read("https://example.com/a/").unwrap(), "https://example.com/a");
        assert!(read("http://example.com").unwrap_err().what.contains("in the clear"));
        assert!(read("http://127.0.0.1.example.com").is_err());
        for bad in
            ["example.com", "ftp://x", "https://", "https://u:p@x", "https://x?y", "https://x#y", "//x"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn many_tenants_are_no_tenant() {
        assert!(tenant(&written("common")).is_err());
        assert!(tenant(&written("../x")).is_err());
        assert!(tenant(&written("6c4e3f2a-0000-4000-8000-000000000001")).is_ok());
    }

    #[test]
    fn the_authority_ends_before_the_version() {
        assert_eq!(authority(&written("https://idp.example/t/v2.0/")).unwrap(), "https://idp.example/t");
    }

    #[test]
    fn mail_domains_are_lower_case() {
        assert_eq!(domains(&written("@Example.com, b.org")).unwrap(), ["example.com", "b.org"]);
        assert!(domains(&written("someone@example.com")).is_err());
    }
}
