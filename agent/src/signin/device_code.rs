//! Device code (RFC 8628): the user types a code into the browser of any device.

use std::time::Duration;

use serde::Deserialize;
use shared::secret::Secret;
use tokio::time::{Instant, sleep};

use super::{SignInError, Token, entra::Tenant};
use crate::output;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two questions, if the server does not say (RFC 8628, section 3.2), and by how much `slow_down` makes it longer.
const INTERVAL: u64 = 5;
/// No code lives longer than an hour, whatever is said.
const LONGEST: u64 = 3600;

#[derive(Deserialize)]
struct Started {
    device_code: Secret<String>,
    user_code: String,
    verification_uri: String,
    expires_in: u64,
    #[serde(default = "interval")]
    interval: u64,
}

fn interval() -> u64 {
    INTERVAL
}

pub(super) async fn sign_in(tenant: &Tenant<'_>) -> Result<Token, SignInError> {
    let scopes = tenant.scopes();
    let started: Started = tenant.post("devicecode", &[("scope", &scopes)]).await?;
    output::say(&format!(
        "open {} in a browser and enter the code {}",
        started.verification_uri, started.user_code
    ));
    let ends = Instant::now() + Duration::from_secs(started.expires_in.min(LONGEST));
    let fields = [("grant_type", GRANT), ("device_code", started.device_code.expose().as_str())];
    let mut pause = Duration::from_secs(started.interval.clamp(1, LONGEST));
    while Instant::now() + pause < ends {
        sleep(pause).await;
        match tenant.token(&fields).await {
            Err(error) => pause += patience(error)?,
            done => return done,
        }
    }
    Err(SignInError::CodeExpired)
}

/// How much longer to wait before the next question, if there is to be one (RFC 8628, section 3.5).
fn patience(error: SignInError) -> Result<Duration, SignInError> {
    match error {
        SignInError::Refused { error, .. } if error == "authorization_pending" => Ok(Duration::ZERO),
        SignInError::Refused { error, .. } if error == "slow_down" => Ok(Duration::from_secs(INTERVAL)),
        SignInError::Refused { error, .. } if error == "expired_token" => Err(SignInError::CodeExpired),
        SignInError::Refused { error, .. } if error == "authorization_declined" => Err(SignInError::Declined),
        // The standard's word; from Entra it comes with a number that says more.
        SignInError::Refused { error, code: None, .. } if error == "access_denied" => {
            Err(SignInError::Declined)
        }
        SignInError::Client(error) if error.is_passing() => Ok(Duration::from_secs(INTERVAL)),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(error: &str) -> Result<Duration, SignInError> {
        patience(SignInError::refused(error, ""))
    }

    #[test]
    fn a_server_is_asked_again_as_often_as_it_wants() {
        assert_eq!(after("authorization_pending").unwrap(), Duration::ZERO);
        assert_eq!(after("slow_down").unwrap(), Duration::from_secs(5));
    }

    #[test]
    fn what_will_not_change_ends_it() {
        assert!(matches!(after("expired_token"), Err(SignInError::CodeExpired)));
        assert!(matches!(after("access_denied"), Err(SignInError::Declined)));
        let blocked =
            patience(SignInError::refused("access_denied", "AADSTS53003: Access has been blocked."));
        assert!(matches!(blocked, Err(SignInError::Refused { code: Some(53_003), .. })));
    }
}
