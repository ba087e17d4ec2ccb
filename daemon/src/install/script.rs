//! The scripts that install on a workstation, filled in with what this server serves: every digest in them is one of the
//! index.

use std::{collections::BTreeMap, fmt::Write};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use shared::{platform::Platform, release::Digest};

use super::{Site, site::Addresses, stock::Stock};
use crate::http::{Response, reply};

const SHELL: &str = include_str!("script/install.sh");
const POWERSHELL: &str = include_str!("script/install.ps1");

/// A script, by the shell that it is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Script {
    Shell,
    PowerShell,
}

impl Script {
    /// The script of that path.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/install.sh" => Some(Self::Shell),
            "/install.ps1" => Some(Self::PowerShell),
            _ => None,
        }
    }

    /// For a client that asked like this.
    pub fn answer(self, stock: &Stock, site: &Site, addresses: &Addresses) -> Response {
        let (template, content_type) = match self {
            Self::Shell => (SHELL, "text/x-shellscript; charset=utf-8"),
            Self::PowerShell => (POWERSHELL, "text/plain; charset=utf-8"),
        };
        let text = filled(template, stock, site, addresses);
        let mut response = reply::bytes_of(StatusCode::OK, content_type, text.into());
        keep_fresh(response.headers_mut());
        response
    }
}

/// It depends on who asks, and on what is served this moment.
pub(super) fn keep_fresh(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("host, accept, user-agent"));
}

fn filled(template: &str, stock: &Stock, site: &Site, addresses: &Addresses) -> String {
    let served = stock.served();
    let version = served.map(|release| release.version.to_string()).unwrap_or_default();
    let programs = served.map(|release| {
        let programs = release.programs.iter();
        programs.map(|(platform, program)| (*platform, (program.artifact.digest, program.artifact.size())))
    });
    let agents = stock.agents.iter().map(|(platform, agent)| (*platform, (agent.digest, agent.size())));
    let values = [
        ("@INSTALL@", addresses.install.clone()),
        ("@AUTH@", addresses.auth.clone()),
        ("@GATEWAY@", addresses.gateway.clone()),
        ("@TENANT@", site.tenant_id.clone()),
        ("@CLIENT@", site.client_id.clone()),
        ("@AUTHORITY@", site.authority.clone()),
        ("@REGION@", site.region.clone()),
        ("@VERSION@", version),
        ("@PROGRAMS@", table(programs.into_iter().flatten().collect())),
        ("@AGENTS@", table(agents.collect())),
    ];
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, &quotable(value)))
}

/// Every value stands between single quotes.
fn quotable(value: &str) -> String {
    value.chars().filter(|c| (' '..='~').contains(c) && *c != '\'' || *c == '\n').collect()
}

fn table(of: BTreeMap<Platform, (Digest, u64)>) -> String {
    let mut text = String::new();
    for (platform, (digest, size)) in of {
        let _ = writeln!(text, "{platform} {digest} {size}");
    }
    text.trim_end().to_owned()
}
