//! What a value must be like.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use reqwest::Url;

use super::{Config, Origin, Problem, Setting};

const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com/";

/// Checks every value.
pub(super) fn check(given: BTreeMap<Setting, (String, Origin)>, problems: &mut Vec<Problem>) -> Config {
    let mut checked = Checked { given: &given, problems };
    let mut config = Config {
        auth: checked.value(Setting::AuthServer, server),
        install: checked.value(Setting::InstallServer, server),
        gateway: checked.value(Setting::Gateway, server),
        agent_path: checked.value(Setting::AgentPath, path),
        tenant: checked.value(Setting::Tenant, id),
        client_id: checked.value(Setting::ClientId, id),
        authority: checked.value(Setting::Authority, authority),
        scopes: checked.value(Setting::Scopes, |text| Ok(text.to_owned())),
        install_key: checked.value(Setting::InstallKey, path),
        authorities: checked.value(Setting::Authorities, from_here),
        region: checked.value(Setting::Region, word),
        opus: checked.value(Setting::Opus, word),
        sonnet: checked.value(Setting::Sonnet, word),
        haiku: checked.value(Setting::Haiku, word),
        given: BTreeMap::new(),
    };
    if config.authority.is_none() && !given.contains_key(&Setting::Authority) {
        let url = |tenant: &String| Url::parse(&format!("{PUBLIC_CLOUD}{tenant}")).ok();
        config.authority = config.tenant.as_ref().and_then(url);
    }
    Config { given, ..config }
}

struct Checked<'a> {
    given: &'a BTreeMap<Setting, (String, Origin)>,
    problems: &'a mut Vec<Problem>,
}

impl Checked<'_> {
    fn value<T>(&mut self, setting: Setting, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (text, origin) = self.given.get(&setting)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problems.push(Problem { place: origin.place(setting), what });
                None
            }
        }
    }
}

fn server(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let url = url.ok_or_else(|| format!("`{text}` is no URL with http or https"))?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_plain { Ok(url) } else { Err(format!("`{}` says more than where the server is", url.path())) }
}

/// Whoever stands between us and Entra could sign in as the user.
fn authority(text: &str) -> Result<Url, String> {
    let url = server(text)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host.parse::<IpAddr>().map_or(host == "localhost", |address| address.is_loopback());
    let is_safe = url.scheme() == "https" || is_local;
    if is_safe { Ok(url) } else { Err(format!("`{text}` is not https (http is for loopback only)")) }
}

fn path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("`{text}` is no absolute path")) }
}

/// Claude Code takes it from the folder that it runs in.
fn from_here(text: &str) -> Result<PathBuf, String> {
    std::path::absolute(text).map_err(|error| format!("`{text}`: {error}"))
}

/// A region, or a model: an id, an inference profile, or the ARN of one.
fn word(text: &str) -> Result<String, String> {
    let is_sound = text.chars().all(|c| c.is_ascii_graphic());
    if is_sound { Ok(text.to_owned()) } else { Err(format!("`{text}` is no name of one")) }
}

/// A GUID or a domain.
fn id(text: &str) -> Result<String, String> {
    let is_sound = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if is_sound { Ok(text.to_owned()) } else { Err(format!("`{text}` is neither an id nor a domain")) }
}
