//! What can be learnt of AWS without spending anything: for those who look after the daemon, not for its requests.

use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use serde::Deserialize;
use shared::{id::ModelId, time::Timestamp};

use super::{Ask, Auth, Bedrock, REFUSAL_LIMIT, UpstreamError, connection::Segments, credential::expiry};
use crate::{clock, domain::model, http::Body};

/// Whose credentials are in use, and nothing of them that is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where they were found.
    pub source: String,
    /// The access key's id, but for its middle.
    pub key: String,
    pub account: Option<String>,
    pub until: Option<Timestamp>,
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It counted the tokens of a prompt.
    Counts,
    /// It is an inference profile, and this is its state.
    Profile(String),
}

#[derive(Deserialize)]
struct Profile {
    status: String,
}

impl Bedrock {
    /// Where requests are sent.
    pub fn endpoint(&self) -> String {
        self.runtime.endpoint.uri.to_string()
    }

    /// Goes there without a signature: any answer shows the way, and the time by AWS's clock.
    pub async fn reach(&self) -> Result<Option<Timestamp>, UpstreamError> {
        let mut request = Request::new(Segments::from(&Body::default()));
        *request.method_mut() = Method::GET;
        request.headers_mut().insert(header::HOST, self.runtime.endpoint.authority.clone());
        let (_connection, answer) = self.runtime.ask(request).await?;
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| httpdate::parse_http_date(date).ok()).map(clock::of))
    }

    /// The credentials that requests are signed with; none if a Bedrock API key stands for them.
    pub async fn identity(&self) -> Result<Option<Identity>, UpstreamError> {
        let Auth::SigV4(cache) = &self.auth else { return Ok(None) };
        let signer = cache.signer().await?;
        let credentials = signer.credentials();
        let features = credentials.get_property::<Vec<Feature>>().cloned().unwrap_or_default();
        Ok(Some(Identity {
            source: source(&features).to_owned(),
            key: masked(credentials.access_key_id()),
            account: credentials.account_id().map(|account| account.as_str().to_owned()),
            until: expiry(&signer),
        }))
    }

    /// Asks about a model what may be asked for nothing: an inference profile for its state, a model for the tokens of a
    /// prompt.
    pub async fn inquire(&self, model: &ModelId, prompt: Bytes) -> Result<Known, UpstreamError> {
        let name = model.as_str();
        if model::foundation(name) == Some(name) || name.contains(":foundation-model/") {
            return self.count_tokens(model, prompt).await.map(|_| Known::Counts);
        }
        let ask = Ask::profile(model);
        let body = self.send(ask).await?.body.collect(REFUSAL_LIMIT).await?;
        let profile: Profile =
            serde_json::from_slice(&body).map_err(|error| UpstreamError::Cut(error.to_string()))?;
        Ok(Known::Profile(profile.status))
    }
}

/// The first of what led to the credentials.
fn source(features: &[Feature]) -> &'static str {
    let named = features.iter().find_map(|feature| match feature {
        Feature::CredentialsEnvVars => Some("the environment"),
        Feature::CredentialsImds => Some("the instance's role"),
        Feature::CredentialsHttp => Some("the container's role"),
        Feature::CredentialsSso | Feature::CredentialsProfileSso => Some("a single sign-on session"),
        Feature::CredentialsProcess | Feature::CredentialsProfileProcess => {
            Some("a program (`credential_process`)")
        }
        Feature::CredentialsStsAssumeRoleWebId
        | Feature::CredentialsEnvVarsStsWebIdToken
        | Feature::CredentialsProfileStsWebIdToken => Some("a web identity"),
        Feature::CredentialsStsAssumeRole => Some("a role that was assumed"),
        _ => None,
    });
    named.unwrap_or("a profile of a file")
}

fn masked(key: &str) -> String {
    match (key.get(..4), key.len().checked_sub(4).and_then(|at| key.get(at..))) {
        (Some(start), Some(end)) if key.len() >= 16 => format!("{start}…{end}"),
        _ => "…".to_owned(),
    }
}

impl Ask {
    /// Reads about one inference profile.
    fn profile(model: &ModelId) -> Self {
        let id = percent_encoding::utf8_percent_encode(model.as_str(), super::ask::SEGMENT);
        Self::control(format!("/inference-profiles/{id}"), String::new(), HeaderMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_id_is_recognised_and_not_told() {
        assert_eq!(masked("AKIASALLYPORTSANDBOX"), "AKIA…DBOX");
        assert_eq!((masked("short"), masked("")), ("…".to_owned(), "…".to_owned()));
    }

    #[test]
    fn the_way_to_credentials_is_named_by_its_beginning() {
        assert_eq!(
            source(&[Feature::CredentialsSso, Feature::CredentialsProfile]),
            "a single sign-on session"
        );
        assert_eq!(source(&[Feature::CredentialsProfile]), "a profile of a file");
        assert_eq!(source(&[Feature::CredentialsEnvVars]), "the environment");
    }
}
