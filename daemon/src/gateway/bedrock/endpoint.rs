//! Where Bedrock is: the SDK's own rules for FIPS, dual stack and the partitions, or an override.

use std::net::IpAddr;

use aws_sdk_bedrockruntime::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use http::{HeaderValue, Uri, uri::Scheme};

use super::BedrockError;
use crate::config;

/// One place that requests are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) uri: Uri,
    pub(super) is_tls: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// The `host` header: with the port, if it is not the scheme's own.
    pub(super) authority: HeaderValue,
    /// What stands before every path; without a slash at its end.
    pub(super) base: String,
}

/// The endpoint of the runtime.
pub(super) async fn runtime(config: &config::Bedrock) -> Result<Endpoint, BedrockError> {
    Endpoint::parse(&resolve(config).await?)
}

/// The endpoint of the control plane, which lists inference profiles: the runtime's own, with its other name. An
/// override stands for both.
pub(super) async fn control(config: &config::Bedrock) -> Result<Endpoint, BedrockError> {
    let url = resolve(config).await?;
    match &config.endpoint {
        Some(_) => Endpoint::parse(&url),
        None => Endpoint::parse(&url.replacen("//bedrock-runtime", "//bedrock", 1)),
    }
}

async fn resolve(config: &config::Bedrock) -> Result<String, BedrockError> {
    let invalid = |error: &dyn std::fmt::Display| BedrockError::Endpoint(error.to_string());
    let params = Params::builder()
        .region(config.region.clone())
        .use_fips(config.fips)
        .use_dual_stack(config.dual_stack)
        .set_endpoint(config.endpoint.clone())
        .build()
        .map_err(|error| invalid(&error))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.map_err(|error| invalid(&error))?;
    Ok(endpoint.url().to_owned())
}

impl Endpoint {
    /// Reads a URL: `https`, or `http` to loopback.
    pub(super) fn parse(url: &str) -> Result<Self, BedrockError> {
        let invalid = |what: &str| BedrockError::Endpoint(format!("`{url}` {what}"));
        let uri: Uri = url.parse().map_err(|_| invalid("is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| invalid("names no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(BedrockError::Endpoint("a user name or a query has no place in the URL".to_owned()));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        let is_local = uri.scheme() == Some(&Scheme::HTTP) && is_loopback(&host);
        if !is_tls && !is_local {
            return Err(invalid("must be https; plain http is for loopback only"));
        }
        let authority = match authority.port_u16() {
            Some(443) if is_tls => authority.host().to_owned(),
            Some(80) if !is_tls => authority.host().to_owned(),
            _ => authority.to_string(),
        };
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let authority = HeaderValue::try_from(authority).map_err(|_| invalid("has no valid host"))?;
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { uri, is_tls, host, port, authority, base })
    }

    pub(super) fn authority_text(&self) -> &str {
        self.authority.to_str().unwrap_or_default()
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::bedrock::tests::config;

    async fn host(change: impl FnOnce(&mut config::Bedrock)) -> String {
        let mut config = config();
        change(&mut config);
        runtime(&config).await.unwrap().host
    }

    #[tokio::test]
    async fn each_partition_has_its_own_name() {
        assert_eq!(host(|c| c.region = "us-east-1".into()).await, "bedrock-runtime.us-east-1.amazonaws.com");
        assert_eq!(
            host(|c| c.region = "cn-north-1".into()).await,
            "bedrock-runtime.cn-north-1.amazonaws.com.cn"
        );
        let fips = host(|c| (c.region, c.fips) = ("us-gov-west-1".into(), true)).await;
        assert_eq!(fips, "bedrock-runtime-fips.us-gov-west-1.amazonaws.com");
        let dual = host(|c| (c.region, c.dual_stack) = ("us-east-1".into(), true)).await;
        assert_eq!(dual, "bedrock-runtime.us-east-1.api.aws");
    }

    #[tokio::test]
    async fn the_control_plane_stands_beside_the_runtime() {
        assert_eq!(control(&config()).await.unwrap().host, "bedrock.us-east-1.amazonaws.com");
        let config = config::Bedrock { endpoint: Some("http://127.0.0.1:9".into()), ..config() };
        assert_eq!(control(&config).await.unwrap().port, 9);
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        assert!(Endpoint::parse("http://127.0.0.1:8080").is_ok());
        assert!(Endpoint::parse("http://[::1]:8080").is_ok());
        assert!(Endpoint::parse("http://localhost").is_ok());
        assert!(Endpoint::parse("http://bedrock.example.com").is_err());
        assert!(Endpoint::parse("http://127.0.0.1.example.com").is_err());
        assert!(Endpoint::parse("ftp://127.0.0.1").is_err());
    }

    #[test]
    fn an_override_may_have_a_port_and_a_path() {
        let endpoint = Endpoint::parse("https://vpce.example.com:8443/bedrock/").unwrap();
        assert_eq!((endpoint.port, endpoint.base.as_str()), (8443, "/bedrock"));
        assert_eq!(endpoint.authority, "vpce.example.com:8443");
        assert_eq!(Endpoint::parse("https://vpce.example.com:443").unwrap().authority, "vpce.example.com");
        assert!(Endpoint::parse("https://user:pass@vpce.example.com").is_err());
    }
}
