//! Who calls: the token in `authorization` or in `x-api-key`, checked, and its session still alive.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use shared::time::Timestamp;

use super::Refusal;
use crate::{
    keyring::{Caller, Keyring},
    live::Bar,
};

/// The caller of a request, whose session may go on.
pub(super) fn identify(
    keyring: &Keyring,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Arc<Caller>, Refusal> {
    let caller = authenticate(keyring, headers)?;
    match caller.life.bar(now).as_deref() {
        None => Ok(caller),
        Some(Bar::Ended(ended)) => Err(unauthenticated(ended.reason.sentence())),
        Some(Bar::Locked(lock)) => Err(Refusal::Locked(lock.to_string())),
    }
}

/// Whoever the token was given to. Claude Code sends its token twice in Anthropic mode, which is fine as long as it is one.
pub(super) fn authenticate(keyring: &Keyring, headers: &HeaderMap) -> Result<Arc<Caller>, Refusal> {
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(bearer);
    let keys = headers.get_all("x-api-key").iter().map(text);
    let mut tokens = bearers.chain(keys);
    let token =
        tokens.next().ok_or_else(|| unauthenticated("there is no access token in this request"))??;
    for other in tokens {
        if other? != token {
            return Err(Refusal::TwoCredentials);
        }
    }
    keyring.verify(token).map_err(|error| Refusal::Unauthenticated(error.to_string()))
}

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
fn bearer(value: &HeaderValue) -> Result<&str, Refusal> {
    let text = text(value)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthenticated("send the access token as `Authorization: Bearer`"));
    }
    match token.trim() {
        "" => Err(unauthenticated("the access token is empty; sign in again")),
        token => Ok(token),
    }
}

fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map(str::trim).map_err(|_| unauthenticated("the access token is not text"))
}

fn unauthenticated(sentence: &str) -> Refusal {
    Refusal::Unauthenticated(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::{
        id::{SessionId, UserId},
        secret::Secret,
    };

    use super::*;
    use crate::{
        clock::Clock,
        config,
        domain::session::{EndReason, Ended, Identity, Lock, Subject},
        live::LiveSessions,
    };

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    struct House {
        keyring: Keyring,
        clock: Clock,
        live: Arc<LiveSessions>,
        session: SessionId,
        token: String,
    }

    fn house() -> House {
        let (clock, live) = (Clock::manual(NOW), Arc::new(LiveSessions::default()));
        let config = config::Token {
            keys: config::SigningKeys::Shared(vec![Secret::new("0123456789abcdef0123456789abcdef".into())]),
            issuer: "sallyport".into(),
            audience: "sallyport".into(),
            access_ttl: Duration::from_hours(3),
            refresh_ttl: Duration::from_hours(24),
            refresh_grace: Duration::from_mins(1),
        };
        let keyring = Keyring::new(&config, clock.clone(), live.clone()).unwrap();
        let session = SessionId::generate();
        let (user, groups) = (UserId::new("alice"), Vec::new());
        let identity = Identity { session, user, email: None, name: None, groups, device: None };
        let token = keyring.mint(&identity).unwrap().token.expose().clone();
        House { keyring, clock, live, session, token }
    }

    impl House {
        fn asks(&self, headers: &[(&'static str, String)]) -> Result<Arc<Caller>, Refusal> {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            identify(&self.keyring, &headers.collect(), self.clock.now())
        }
    }

    #[test]
    fn a_token_is_taken_from_either_header_or_from_both() {
        let house = house();
        let bearer = ("authorization", format!("Bearer {}", house.token));
        let lower = ("authorization", format!("bearer {}", house.token));
        let key = ("x-api-key", house.token.clone());
        for headers in [vec![bearer.clone()], vec![lower], vec![key.clone()], vec![bearer, key]] {
            assert_eq!(house.asks(&headers).unwrap().identity.session, house.session);
        }
    }

    #[test]
    fn two_different_credentials_are_refused() {
        let house = house();
        let bearer = ("authorization", format!("Bearer {}", house.token));
        let refused = house.asks(&[bearer, ("x-api-key", "another".into())]).unwrap_err();
        assert!(matches!(refused, Refusal::TwoCredentials));
    }

    #[test]
    fn nothing_an_empty_bearer_and_other_schemes_are_unauthenticated() {
        let house = house();
        let others = ["Bearer ", "Bearer", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=AKID"];
        for value in others {
            let refused = house.asks(&[("authorization", value.into())]).unwrap_err();
            assert!(matches!(refused, Refusal::Unauthenticated(_)), "{value}");
        }
        assert!(matches!(house.asks(&[]).unwrap_err(), Refusal::Unauthenticated(_)));
    }

    #[test]
    fn an_expired_token_and_an_ended_session_are_unauthenticated() {
        let house = house();
        let headers = [("x-api-key", house.token.clone())];
        house.live.end(house.session, Ended { at: NOW, reason: EndReason::Revoked });
        let refused = house.asks(&headers).unwrap_err();
        assert_eq!(refused.to_string(), "this session was revoked; sign in again");
        house.clock.advance(Duration::from_hours(4));
        assert!(house.asks(&headers).unwrap_err().to_string().contains("expired"));
    }
    #[test]
    fn a_locked_session_is_told_so_and_goes_on_when_the_lock_ends() {
        let house = house();
        let headers = [("x-api-key", house.token.clone())];
        house.asks(&headers).unwrap();
        let (subject, until) = (Subject::User(UserId::new("alice")), NOW + Duration::from_mins(10));
        let message = Some("ask the help desk".to_owned());
        house.live.lock(Lock { subject, from: NOW, until, reason: "lost".into(), message, by: 0 }, NOW);
        let refused = house.asks(&headers).unwrap_err();
        let Refusal::Locked(sentence) = refused else { panic!("{refused:?}") };
        assert!(sentence.ends_with("ask the help desk"), "{sentence}");
        house.clock.advance(Duration::from_mins(10));
        assert!(house.asks(&headers).is_ok());
    }
}
