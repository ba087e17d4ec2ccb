//! Counting tokens, by the SDK's own client: it is not hot, and the types are theirs.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_bedrockruntime::{
    Client,
    config::{
        BehaviorVersion, Builder, IdentityCache, ProvideCredentials, Region, SharedCredentialsProvider, Token,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::count_tokens::CountTokensError,
    primitives::Blob,
    types::{CountTokensInput, InvokeModelTokensRequest},
};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::{
    auth::http::HTTP_BEARER_AUTH_SCHEME_ID, http::SharedHttpClient, orchestrator::HttpResponse,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use shared::id::ModelId;

use super::{Auth, UpstreamError, UpstreamRefusal};
use crate::{clock::Clock, config};

/// The time by which the SDK signs.
#[derive(Debug)]
struct OurTime(Clock);

impl TimeSource for OurTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now().0)
    }
}

/// The SDK's client, on the same configuration as everything else.
#[derive(Debug)]
pub(super) struct Counter {
    client: Client,
    timeout: Duration,
}

impl Counter {
    /// The configuration is built by hand: made from the environment's, it would take `AWS_BEARER_TOKEN_BEDROCK`
    /// from there without a word.
    pub(super) fn new(config: &config::Bedrock, auth: &Auth, http: SharedHttpClient, clock: Clock) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(config.connect_timeout)
            .operation_timeout(config.first_byte_timeout)
            .build();
        let mut builder = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .use_fips(config.fips)
            .use_dual_stack(config.dual_stack)
            .http_client(http)
            .time_source(OurTime(clock))
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(timeouts);
        builder.set_endpoint_url(config.endpoint.clone());
        match (auth, &config.api_key) {
            (Auth::SigV4(cache), _) => {
                let cache: Arc<dyn ProvideCredentials> = cache.clone();
                builder.set_credentials_provider(Some(SharedCredentialsProvider::new(cache)));
                builder = builder.identity_cache(IdentityCache::no_cache());
            }
            (Auth::ApiKey(_), Some(key)) => {
                let token = Token::new(key.expose().clone(), None);
                builder = builder.bearer_token(token).auth_scheme_preference([HTTP_BEARER_AUTH_SCHEME_ID]);
            }
            (Auth::ApiKey(_), None) => {}
        }
        Self { client: Client::from_conf(builder.build()), timeout: config.first_byte_timeout }
    }

    pub(super) async fn count(&self, model: &ModelId, body: Bytes) -> Result<u64, UpstreamError> {
        let unfit = |error: &dyn std::fmt::Display| UpstreamError::Request(error.to_string());
        let request = InvokeModelTokensRequest::builder().body(Blob::new(body));
        let request = request.build().map_err(|error| unfit(&error))?;
        let input = CountTokensInput::InvokeModel(request);
        let counted = self.client.count_tokens().model_id(model.as_str()).input(input).send().await;
        let counted = counted.map_err(|error| self.error(&error))?;
        Ok(u64::try_from(counted.input_tokens()).unwrap_or_default())
    }

    fn error(&self, error: &SdkError<CountTokensError, HttpResponse>) -> UpstreamError {
        let text = || super::credential::chain(error);
        match error {
            SdkError::ServiceError(refused) => refusal(refused.err(), refused.raw()).into(),
            SdkError::TimeoutError(_) => UpstreamError::FirstByteTimeout(self.timeout),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                UpstreamError::ConnectTimeout(self.timeout)
            }
            SdkError::DispatchFailure(failure) if failure.is_io() => UpstreamError::Connect(text()),
            SdkError::DispatchFailure(_) => UpstreamError::Credentials(text()),
            SdkError::ResponseError(_) => UpstreamError::Cut(text()),
            _ => UpstreamError::Request(text()),
        }
    }
}

fn refusal(error: &CountTokensError, raw: &HttpResponse) -> UpstreamRefusal {
    UpstreamRefusal {
        status: StatusCode::from_u16(raw.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        kind: error.code().unwrap_or_default().to_owned(),
        message: error.message().unwrap_or_default().to_owned(),
        retry_after: raw
            .headers()
            .get(header::RETRY_AFTER.as_str())
            .and_then(|v| HeaderValue::from_str(v).ok()),
        body: raw.body().bytes().map(Bytes::copy_from_slice).unwrap_or_default(),
    }
}
