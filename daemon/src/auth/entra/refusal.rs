//! Why a sign-in is refused: a rule each, with a stable code for machines and a sentence for the user.

use thiserror::Error;

/// The rule that refused a sign-in, or what kept us from deciding.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the token is not a signed JWT")]
    Malformed,
    #[error("the token is not signed (`alg` is `none`)")]
    Unsigned,
    #[error("the token is signed with an algorithm that is not accepted; only RS256 is")]
    Algorithm,
    #[error("the token brings its own key in `{0}`; only keys that Entra publishes are accepted")]
    EmbeddedKey(&'static str),
    #[error("the token is signed with a key that Entra does not publish for this tenant")]
    UnknownKey,
    #[error("the signature of the token is wrong")]
    Signature,
    #[error("a claim of the token is missing or has the wrong type")]
    Claims,
    #[error("the token is from another tenant; sign in with your work account of this organisation")]
    Tenant,
    #[error("the token comes from an issuer that is not accepted")]
    Issuer,
    #[error("the token is meant for another application; ask Entra for one for this application")]
    Audience,
    #[error("the token has expired; sign in again")]
    Expired,
    #[error("the token is not valid yet; check the clock of this server")]
    NotYetValid,
    #[error("the token has neither `oid` nor `sub`, so it does not say who you are")]
    MissingSubject,
    #[error("you are in none of the groups that may sign in here")]
    MissingGroup,
    #[error(
        "you are in more groups than fit into a token, so it does not say which; an administrator can let Entra \
         send only the groups that are assigned to the application"
    )]
    GroupOverage,
    #[error("you have none of the app roles that may sign in here")]
    MissingRole,
    #[error("your e-mail address is not in a domain that may sign in here")]
    EmailDomain,
    #[error(
        "signing in here takes the authentication context `{0}` (Conditional Access), which the token lacks"
    )]
    AuthContext(String),
    #[error("Entra can't be reached to check the token; try again in a moment")]
    Unavailable,
}

impl Refusal {
    /// A stable code for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed_token",
            Self::Unsigned => "unsigned_token",
            Self::Algorithm => "wrong_algorithm",
            Self::EmbeddedKey(_) => "embedded_key",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "wrong_signature",
            Self::Claims => "malformed_claims",
            Self::Tenant => "wrong_tenant",
            Self::Issuer => "wrong_issuer",
            Self::Audience => "wrong_audience",
            Self::Expired => "expired_token",
            Self::NotYetValid => "not_yet_valid",
            Self::MissingSubject => "missing_subject",
            Self::MissingGroup => "missing_group",
            Self::GroupOverage => "group_overage",
            Self::MissingRole => "missing_role",
            Self::EmailDomain => "email_domain",
            Self::AuthContext(_) => "missing_auth_context",
            Self::Unavailable => "entra_unavailable",
        }
    }

    /// Whether nothing is wrong with the token: we could not decide (503, not 401).
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable)
    }
}
