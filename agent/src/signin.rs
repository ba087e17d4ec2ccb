//! Signing in with Entra, one file a way. Each brings a token that the auth server takes.

mod aadsts;
mod device_code;
mod entra;
mod error;

use clap::ValueEnum;
use reqwest::Client;
use shared::{api::auth::VerifyRequest, secret::Secret};

use self::entra::Tenant;
pub use self::error::SignInError;
use crate::{config, identity, os::Os};

/// A way of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// A code that is typed into the browser of any device
    DeviceCode,
}

/// A token of Entra.
#[derive(Debug, Clone)]
pub enum Token {
    Id(Secret<String>),
    Access(Secret<String>),
}

/// Who signs in, and with what.
#[derive(Debug)]
pub struct SignIn<'a> {
    pub os: &'a dyn Os,
    pub client: &'a Client,
    pub entra: &'a config::Entra,
}

impl SignIn<'_> {
    pub async fn run(&self, method: Method) -> Result<Token, SignInError> {
        let tenant = Tenant { client: self.client, entra: self.entra };
        match method {
            Method::DeviceCode => device_code::sign_in(&tenant).await,
        }
    }

    /// What the auth server is asked with it.
    pub fn request(&self, token: Token) -> VerifyRequest {
        let (id_token, access_token) = match token {
            Token::Id(token) => (Some(token), None),
            Token::Access(token) => (None, Some(token)),
        };
        let (device_id, device) = (identity::device_id(self.os), identity::device(self.os));
        VerifyRequest { id_token, access_token, device_id: Some(device_id), device: Some(device) }
    }
}
