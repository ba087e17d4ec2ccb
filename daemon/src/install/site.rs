//! Under which addresses workstations reach the services, and whose users may sign in: what scripts are filled in with.
//!
//! Invariant: nothing of a request gets into a script but a host name, made of harmless characters.

use std::net::SocketAddr;

use http::{HeaderMap, Uri, header};

use crate::config::Config;

/// RFC 1035, section 2.3.4.
const LONGEST_HOST: usize = 255;

/// What is known of the services.
#[derive(Debug, Clone)]
pub struct Site {
    scheme: &'static str,
    auth: Service,
    gateway: Service,
    /// Where this server is, if it is told.
    install: Option<String>,
    pub(super) tenant_id: String,
    pub(super) client_id: String,
    pub(super) authority: String,
    pub(super) region: String,
}

/// Where a service is: at an address that is configured, or at its port of this host.
#[derive(Debug, Clone)]
struct Service {
    public_url: Option<String>,
    port: u16,
}

/// The addresses of the services for one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addresses {
    pub install: String,
    pub auth: String,
    pub gateway: String,
}

impl Site {
    /// The services listen at these addresses.
    pub fn new(config: &Config, auth: SocketAddr, gateway: SocketAddr) -> Self {
        let public = &config.install.public;
        Self {
            scheme: if config.listen.tls.is_some() { "https" } else { "http" },
            auth: Service { public_url: public.auth.clone(), port: auth.port() },
            gateway: Service { public_url: public.gateway.clone(), port: gateway.port() },
            install: public.install.clone(),
            tenant_id: config.entra.tenant_id.clone(),
            client_id: config.entra.client_id.clone(),
            authority: config.entra.authority.clone(),
            region: config.bedrock.region.clone(),
        }
    }

    /// As a client sees the services that asked like this. None if its `Host` is no host.
    pub(super) fn addresses(&self, headers: &HeaderMap) -> Option<Addresses> {
        let asked =
            headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| is_host(host));
        let install = match (&self.install, asked) {
            (Some(url), _) => url.clone(),
            (None, Some(host)) => format!("{}://{host}", self.scheme),
            (None, None) => return None,
        };
        let host = asked.map_or_else(|| host_of(&install), |host| Some(bare(host).to_owned()));
        let at = |service: &Service| match &service.public_url {
            Some(url) => Some(url.clone()),
            None => Some(format!("{}://{}:{}", self.scheme, host.as_deref()?, service.port)),
        };
        Some(Addresses { auth: at(&self.auth)?, gateway: at(&self.gateway)?, install })
    }
}

fn host_of(url: &str) -> Option<String> {
    Some(url.parse::<Uri>().ok()?.host()?.to_owned())
}

/// A name or an address, and perhaps a port: nothing that means anything to a shell.
fn is_host(text: &str) -> bool {
    let host = bare(text);
    let port = text.get(host.len()..).unwrap_or_default();
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
    };
    let is_address = |host: &str| {
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok())
    };
    text.len() <= LONGEST_HOST && is_port && !port.contains('+') && (is_name(host) || is_address(host))
}

/// Without the port.
fn bare(host: &str) -> &str {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if host.ends_with(']') { host } else { name }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn site() -> Site {
        let service = |port| Service { public_url: None, port };
        Site {
            scheme: "http",
            auth: service(8001),
            gateway: service(8002),
            install: None,
            tenant_id: String::new(),
            client_id: String::new(),
            authority: String::new(),
            region: String::new(),
        }
    }

    fn asked(site: &Site, host: &str) -> Option<Addresses> {
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(host).unwrap())]);
        site.addresses(&headers)
    }

    #[test]
    fn the_services_are_where_the_client_found_the_first_of_them() {
        let addresses = asked(&site(), "claude.corp.example:8080").unwrap();
        assert_eq!(addresses.install, "http://claude.corp.example:8080");
        assert_eq!(addresses.auth, "http://claude.corp.example:8001");
        assert_eq!(asked(&site(), "[::1]:8080").unwrap().gateway, "http://[::1]:8002");
        assert_eq!(asked(&site(), "10.0.0.7").unwrap().gateway, "http://10.0.0.7:8002");
    }

    #[test]
    fn what_is_configured_wins() {
        let mut site = site();
        site.install = Some("https://claude.example/install".to_owned());
        site.auth.public_url = Some("https://login.example".to_owned());
        let addresses = site.addresses(&HeaderMap::new()).unwrap();
        assert_eq!(addresses.install, "https://claude.example/install");
        assert_eq!(addresses.auth, "https://login.example");
        assert_eq!(addresses.gateway, "http://claude.example:8002");
    }

    #[test]
    fn what_is_no_host_gets_no_script() {
        let long = "a".repeat(256);
        for host in [
            "", "a b", "a'b", "a\"b", "a`id`", "$(id)", "a;b", "a/b", "a@b", "a:", "a:0", "a:99999", "a:+1",
            "-a", "a:80:80", "[::1", "[::1]x", "[x]", "::1", "a\\b", "a%20b", "http://a", &long,
        ] {
            assert_eq!(asked(&site(), host), None, "{host}");
        }
        assert_eq!(site().addresses(&HeaderMap::new()), None);
    }
}
