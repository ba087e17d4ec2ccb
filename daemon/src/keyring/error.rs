//! Why a token is refused, and why a key ring can't be used.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why an access token is refused. The sentences are for its holder and never quote the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    #[error("the access token is not a signed JWT")]
    Malformed,
    #[error("the access token is not signed with the algorithm that is used here")]
    Algorithm,
    #[error("the access token is signed with a key that is not known here; sign in again")]
    UnknownKey,
    #[error("the signature of the access token is wrong; sign in again")]
    Signature,
    #[error("the access token lacks a claim that every token of ours has; sign in again")]
    Claims,
    #[error("the access token comes from another issuer")]
    Issuer,
    #[error("the access token is meant for another audience")]
    Audience,
    #[error("this is not an access token")]
    Type,
    #[error("the access token has expired; get a new one")]
    Expired,
    #[error("the access token is not valid yet; check the clock of the server that issued it")]
    NotYetValid,
}

impl TokenError {
    /// A stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "token_malformed",
            Self::Algorithm => "token_algorithm",
            Self::UnknownKey => "token_unknown_key",
            Self::Signature => "token_signature",
            Self::Claims => "token_claims",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::Type => "token_type",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
        }
    }
}

/// Why keys can't be read or used.
#[derive(Debug, Error)]
pub enum KeyringError {
    #[error("there is no key to sign access tokens with")]
    NoKey,
    #[error("key file `{}` can't be read: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("`{}` is no PEM file with an Ed25519 key (PKCS #8 or SPKI)", .0.display())]
    NotEd25519(PathBuf),
    #[error("this node holds no private key, it can only verify access tokens")]
    VerifyOnly,
    #[error("signing an access token failed")]
    Signing,
}
