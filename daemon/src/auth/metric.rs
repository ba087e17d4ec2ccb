//! Sign-ins and refreshes by what came of them, for Prometheus.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::{Auth, AuthError};
use crate::{
    domain::session::Refusal,
    metric::{Families, Tally},
};

/// What came of requests of this door.
#[derive(Debug)]
pub struct Results {
    pub(super) sign_ins: Tally<6>,
    pub(super) refreshes: Tally<9>,
}

impl Default for Results {
    fn default() -> Self {
        let refreshes =
            ["renewed", "repeated", "reused", "expired", "ended", "locked", "unknown", "malformed", "failed"];
        Self {
            sign_ins: Tally::of(["granted", "refused", "locked", "malformed", "unavailable", "failed"]),
            refreshes: Tally::of(refreshes),
        }
    }
}

impl AuthError {
    /// The word that counts it.
    pub(super) fn result(&self) -> &'static str {
        match self {
            Self::Body(_) | Self::Request(_) => "malformed",
            Self::SignIn(refusal) if refusal.is_unavailable() => "unavailable",
            Self::SignIn(_) | Self::AccessToken(_) | Self::NoCredential => "refused",
            Self::RefreshToken(Refusal::Reused(_)) => "reused",
            Self::RefreshToken(Refusal::Expired) => "expired",
            Self::RefreshToken(Refusal::Ended(_)) => "ended",
            Self::RefreshToken(Refusal::Locked { .. }) | Self::Locked(_) => "locked",
            Self::UnknownRefreshToken | Self::UnknownSession => "unknown",
            Self::Store(_) | Self::Keyring(_) => "failed",
        }
    }
}

impl Collector for Auth {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let mut family = families.counters("sallyport_auth_sign_ins", "Sign-ins, by result.")?;
        self.results.sign_ins.write(&mut family, "result")?;
        let help = "Refresh tokens that were presented, by result.";
        let mut family = families.counters("sallyport_auth_refreshes", help)?;
        self.results.refreshes.write(&mut family, "result")
    }
}
