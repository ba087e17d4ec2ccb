//! Signing in with Entra, one file a way. Each brings a token that the auth server takes.

mod aadsts;
mod azure_cli;
mod browser;
mod device_code;
mod entra;
mod error;

use std::io::{IsTerminal, stderr};

use clap::ValueEnum;
use reqwest::Client;
use shared::{api::auth::VerifyRequest, secret::Secret};

use self::entra::Tenant;
pub use self::error::SignInError;
use crate::{config, identity, os::Os, output};

/// A way of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// The sign-in of Azure CLI (`az`)
    AzureCli,
    /// The browser of this machine
    Browser,
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
    /// Signs in by this method; without one, by Azure CLI if that works without a question, then by what can be shown here.
    pub async fn run(&self, method: Option<Method>) -> Result<Token, SignInError> {
        if let Some(method) = method {
            return self.by(method).await;
        }
        match self.by(Method::AzureCli).await {
            Ok(token) => return Ok(token),
            Err(SignInError::NoAzureCli(_) | SignInError::NotSignedIn) => {}
            Err(error) => output::note(&format!("Azure CLI could not be used: {error}")),
        }
        let shown = self.os.has_desktop() && stderr().is_terminal();
        self.by(if shown { Method::Browser } else { Method::DeviceCode }).await
    }

    async fn by(&self, method: Method) -> Result<Token, SignInError> {
        let tenant = Tenant { client: self.client, entra: self.entra };
        match method {
            Method::AzureCli => azure_cli::sign_in(self.os, self.entra).await,
            Method::Browser => browser::sign_in(self.os, &tenant).await,
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
