//! Identifiers. Each is a type of its own, so that one can't stand where another belongs.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by time (UUIDv7, RFC 9562).
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id! {
    /// One sign-in of a user on a device: a refresh-token family and the access tokens minted from it.
    SessionId
}
uuid_id! {
    /// More than a policy allows, granted by an operator.
    GrantId
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A person in Entra: the token's `oid`, else its `sub`.
    UserId
}
text_id! {
    /// A workstation, as it names itself.
    DeviceId
}
text_id! {
    /// A model as Bedrock knows it: a model id, an inference profile or an ARN, decoded.
    ModelId
}
text_id! {
    /// One request to one of our services; every answer carries it.
    RequestId
}

impl RequestId {
    /// A new id, ordered by time: `req_` and 32 hexadecimal digits.
    pub fn generate() -> Self {
        Self(format!("req_{}", Uuid::now_v7().simple()))
    }
}
