//! What an upstream says of itself.

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use shared::api::admin::HealthState;

use super::{
    peer::{bedrock, peer, request, say},
    *,
};
use crate::part::Part;

/// A role that is gone.
#[derive(Debug)]
struct Gone;

impl ProvideCredentials for Gone {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("the role is gone")))
    }
}

fn told(bedrock: &Bedrock) -> (HealthState, String) {
    let told = bedrock.health(bedrock.clock.now());
    (told.state, told.detail)
}

#[tokio::test]
async fn who_answers_is_there_also_with_a_no_and_who_refuses_our_keys_is_not() {
    let tasks = Tasks::default();
    let script = |mut stream, number: usize| async move {
        let status = ["429 x", "403 x\r\nx-amzn-errortype: InvalidSignatureException", "200 x"][number];
        request(&mut stream).await;
        say(&mut stream, &format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))
            .await;
    };
    let (bedrock, _) = peer(&tasks, script).await;
    assert_eq!(told(&bedrock).0, HealthState::Unknown);
    assert!(bedrock.send(ask()).await.is_err());
    let (state, detail) = told(&bedrock);
    assert_eq!(
        (state, detail.as_str()),
        (HealthState::Ok, "answered at 2027-01-15 08:00 UTC; SigV4, credentials without an end")
    );
    assert!(bedrock.send(ask()).await.is_err());
    let (state, detail) = told(&bedrock);
    assert_eq!(state, HealthState::Down);
    assert!(detail.starts_with("AWS refuses the gateway's credentials: 403 InvalidSignature"), "{detail}");
    bedrock.send(ask()).await.unwrap();
    assert_eq!(told(&bedrock).0, HealthState::Ok);
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_told_with_the_reason() {
    let tasks = Tasks::default();
    let nobody = config::Bedrock { endpoint: Some("http://127.0.0.1:1".into()), ..config() };
    let keys = Credentials::new("KEY", "hidden", None, None, "test");
    let clock = Clock::manual(shared::time::Timestamp(5));
    let bedrock = bedrock(&nobody, SharedCredentialsProvider::new(keys), clock, &tasks).await;
    assert!(bedrock.send(ask()).await.is_err());
    let (state, detail) = told(&bedrock);
    assert_eq!(state, HealthState::Down);
    assert!(detail.contains("no connection to the upstream") && !detail.contains("hidden"), "{detail}");
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_and_expired_ones_are_told() {
    let tasks = Tasks::default();
    let clock = Clock::manual(shared::time::Timestamp::from_seconds(1_800_000_000));
    let gone = bedrock(&config(), SharedCredentialsProvider::new(Gone), clock.clone(), &tasks).await;
    assert!(gone.send(ask()).await.is_err());
    let (state, detail) = told(&gone);
    assert_eq!(state, HealthState::Down);
    assert!(detail.contains("the role is gone"), "{detail}");

    let end = std::time::UNIX_EPOCH + Duration::from_secs(1_800_003_601);
    let keys = Credentials::new("KEY", "secret", None, Some(end), "test");
    let mortal = bedrock(&config(), SharedCredentialsProvider::new(keys), clock.clone(), &tasks).await;
    assert!(mortal.proof().await.is_ok());
    let (_, detail) = told(&mortal);
    assert!(detail.ends_with("SigV4, credentials until 2027-01-15 09:00:01 UTC"), "{detail}");
    clock.advance(Duration::from_hours(2));
    assert_eq!(told(&mortal).0, HealthState::Down);
}

#[tokio::test]
async fn a_bedrock_api_key_is_told_and_not_shown() {
    let (tasks, api_key) = (Tasks::default(), Some(Secret::new("ABSKhidden".to_owned())));
    let keyed = config::Bedrock { api_key, ..config() };
    let bedrock = Bedrock::connect(&keyed, Clock::System, &tasks).await.unwrap();
    let (_, detail) = told(&bedrock);
    assert_eq!(detail, "not asked yet; a Bedrock API key");
}
