//! AWS's default chain: where credentials come from (environment, profile, SSO, web identity, container, IMDS), and
//! the HTTP client that those ask with.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, runtime_components::RuntimeComponents};

use super::{BedrockError, credential::CredentialCache};
use crate::{clock::Clock, config, task::Tasks};

/// The HTTP client of the AWS crates: for credentials and for counting tokens.
pub(super) fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// The chain's credentials, kept fresh by a task of `tasks`.
pub(super) async fn credentials(
    config: &config::Bedrock,
    http: &SharedHttpClient,
    clock: &Clock,
    tasks: &Tasks,
) -> Result<Arc<CredentialCache>, BedrockError> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(config.region.clone()))
        .http_client(http.clone());
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    let provider = loader.load().await.credentials_provider().ok_or(BedrockError::NoCredentials)?;
    let cache = Arc::new(CredentialCache::new(provider, &config.region, clock.clone()));
    let (kept, stop) = (cache.clone(), tasks.stopping());
    tasks.spawn("aws-credentials", async move { kept.keep_fresh(stop).await });
    Ok(cache)
}
