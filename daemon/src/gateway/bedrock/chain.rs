//! Where credentials come from: AWS's default chain (environment, profile, SSO, web identity, container, IMDS), or a
//! file; and the HTTP client that those ask with.

use std::{path::PathBuf, sync::Arc};

use aws_config::{BehaviorVersion, profile::ProfileFileCredentialsProvider, provider_config::ProviderConfig};
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{self, TlsContext, TrustStore},
};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, runtime_components::RuntimeComponents};

use super::{BedrockError, credential::CredentialCache};
use crate::{clock::Clock, config, task::Tasks};

/// Where its warnings of credentials come from. Ours say the same in one sentence.
pub const ECHO: &str = "aws_config::meta::credentials::chain";

/// The HTTP client of the AWS crates: for credentials and for counting tokens.
pub(super) fn http_client(trust: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trust).build().unwrap_or_default();
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .tls_context(context.clone())
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// Credentials of a file. It is read each time: something else may keep it fresh.
#[derive(Debug)]
struct CredentialsFile {
    path: PathBuf,
    profile: Option<String>,
    http: SharedHttpClient,
}

impl CredentialsFile {
    async fn read(&self) -> provider::Result {
        let files = EnvConfigFiles::builder().with_file(EnvConfigFileKind::Credentials, &self.path).build();
        let context = ProviderConfig::without_region().with_http_client(self.http.clone());
        let mut reader = ProfileFileCredentialsProvider::builder().configure(&context).profile_files(files);
        if let Some(profile) = &self.profile {
            reader = reader.profile_name(profile);
        }
        reader.build().provide_credentials().await
    }
}

impl ProvideCredentials for CredentialsFile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.read())
    }
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
    if let Some(path) = &config.credentials_file {
        let (path, profile) = (path.clone(), config.profile.clone());
        loader = loader.credentials_provider(CredentialsFile { path, profile, http: http.clone() });
    }
    let provider = loader.load().await.credentials_provider().ok_or(BedrockError::NoCredentials)?;
    let cache = Arc::new(CredentialCache::new(provider, &config.region, clock.clone()));
    let (kept, stop) = (cache.clone(), tasks.stopping());
    tasks.spawn("aws-credentials", async move { kept.keep_fresh(stop).await });
    Ok(cache)
}
