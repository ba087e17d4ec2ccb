//! Variables of the shell that lead Claude Code elsewhere; the proxy and the certificate authorities among them.

use std::fs;

use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::{Finding, Patient};
use crate::{install, settings::wanted};

/// What leads elsewhere, whatever the settings say, and what that would be.
const CONFLICTS: [(&str, &str); 7] = [
    ("ANTHROPIC_API_KEY", "a key of Anthropic's own API, which is not used here"),
    ("ANTHROPIC_BASE_URL", "another gateway"),
    ("ANTHROPIC_MODEL", "a model, in place of the one that is chosen in Claude Code"),
    ("ANTHROPIC_CUSTOM_HEADERS", "headers that may hide the token"),
    ("CLAUDE_CODE_USE_VERTEX", "another cloud"),
    ("CLAUDE_CODE_USE_FOUNDRY", "another cloud"),
    ("CLAUDE_CONFIG_DIR", "another folder of settings, so that those of `~/.claude` are not read"),
];
/// What the settings win over, unless they are missing.
const OVERRULED: [&str; 4] = [
    "ANTHROPIC_AUTH_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
];

pub(super) fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings: Vec<_> = CONFLICTS
        .iter()
        .filter(|(name, _)| patient.is_set(name))
        .map(|(name, what)| conflict(name, what))
        .collect();
    if findings.is_empty() {
        let overruled: Vec<_> = OVERRULED.into_iter().filter(|name| patient.is_set(name)).collect();
        let what = if overruled.is_empty() {
            "no variable leads elsewhere".to_owned()
        } else {
            format!("the settings overrule {}", overruled.join(", "))
        };
        findings.push(Finding::ok("environment", what));
    }
    findings.extend(proxy(patient));
    findings.extend(authorities(patient));
    findings
}

fn conflict(name: &str, what: &str) -> Finding {
    let hint = format!("`unset {name}`, and take it out of your shell's profile");
    Finding::problem("environment", format!("`{name}` is set: {what}"), &hint)
}

/// A proxy knows nothing of hosts in the company's own network.
fn proxy(patient: &Patient<'_>) -> Option<Finding> {
    let proxy = install::PROXIES.into_iter().find(|name| patient.is_set(name))?;
    let hosts = [&patient.config.gateway, &patient.config.auth, &patient.config.install];
    let exempt =
        ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| (patient.variable)(name)).unwrap_or_default();
    let hosts = hosts.into_iter().flatten().filter_map(|url| url.host_str());
    let asked: Vec<_> = hosts.filter(|host| !wanted::is_exempt(&exempt, host)).collect();
    Some(match asked.first() {
        None => Finding::ok("proxy", format!("`{proxy}` is set, and not used for our servers")),
        Some(host) => {
            let hint = format!("add `{host}` to `NO_PROXY`, unless the proxy reaches it");
            let what = format!("`{proxy}` is set, and `NO_PROXY` does not name `{host}`");
            Finding::problem("proxy", what, &hint)
        }
    })
}

/// A file that is named and holds no certificate makes Claude Code trust fewer servers, not more.
fn authorities(patient: &Patient<'_>) -> Option<Finding> {
    let path = patient.config.authorities.as_ref()?;
    let (name, path) = ("NODE_EXTRA_CA_CERTS", path.display().to_string());
    let hint = "let it name a PEM file of your company's certificate authorities";
    let pem = match fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => {
            return Some(Finding::problem("authorities", format!("`{name}`: `{path}`: {error}"), hint));
        }
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    Some(match certificates {
        Ok(certificates) if !certificates.is_empty() => {
            Finding::ok("authorities", format!("`{name}` names {} of them", certificates.len()))
        }
        _ => Finding::problem("authorities", format!("`{name}`: there is no certificate in `{path}`"), hint),
    })
}
