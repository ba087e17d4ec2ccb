//! Azure CLI, if somebody is signed in with it: it brings an access token for our API, without a question.

use std::{io, process::Command, time::Duration};

use serde::Deserialize;
use shared::secret::Secret;

use super::{SignInError, Token, aadsts};
use crate::{
    config,
    os::{Os, program},
};

/// It starts slowly, and may have to ask Entra.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    access_token: Secret<String>,
    #[serde(default)]
    tenant: String,
}

pub(super) async fn sign_in(os: &dyn Os, entra: &config::Entra) -> Result<Token, SignInError> {
    // The scope of an application's API: without one, the token is for Azure's own, and no auth server takes it.
    let scope = entra.scopes.clone().unwrap_or_else(|| format!("api://{}/.default", entra.client_id));
    let mut command = Command::new(os.script("az"));
    command.args(["account", "get-access-token", "--output", "json", "--tenant", &entra.tenant, "--scope"]);
    command.args(scope.split_whitespace());
    // Warnings and colours would stand between the words that are looked for.
    command.env("AZURE_CORE_ONLY_SHOW_ERRORS", "true").env("AZURE_CORE_NO_COLOR", "true");
    let said = program::ask_aside(command, PATIENCE).await.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => SignInError::AzureCliSlow(PATIENCE),
        _ => SignInError::NoAzureCli(error),
    })?;
    if !said.status.success() {
        return Err(refused(&String::from_utf8_lossy(&said.err)));
    }
    let told: Told = serde_json::from_slice(&said.out)
        .map_err(|_| SignInError::AzureCli("it answered with something else than a token".to_owned()))?;
    if is_other_tenant(&told.tenant, &entra.tenant) {
        return Err(SignInError::OtherTenant(told.tenant));
    }
    Ok(Token::Access(told.access_token))
}

/// A tenant may be configured by one of its domains, which can't be compared.
fn is_other_tenant(told: &str, wanted: &str) -> bool {
    !told.is_empty() && !wanted.contains('.') && !told.eq_ignore_ascii_case(wanted)
}

fn refused(said: &str) -> SignInError {
    if aadsts::code(said).is_some() {
        return SignInError::refused("azure_cli", said.trim_start_matches("ERROR: ").trim());
    }
    if said.contains("az login") {
        return SignInError::NotSignedIn;
    }
    let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    SignInError::AzureCli(line.trim_start_matches("ERROR: ").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_azure_cli_complains_of_is_understood() {
        let none = refused("ERROR: Please run 'az login' to setup account.\n");
        assert!(matches!(none, SignInError::NotSignedIn));
        let expired =
            refused("ERROR: AADSTS700082: The refresh token has expired due to inactivity. Trace ID: 5\n");
        assert_eq!(expired.to_string(), "the sign-in has expired (AADSTS700082)");
        let other = refused("\nERROR: The command failed with an unexpected error.\nTraceback …\n");
        assert_eq!(other.to_string(), "Azure CLI failed: The command failed with an unexpected error.");
    }

    #[test]
    fn a_token_of_another_tenant_is_seen() {
        assert!(is_other_tenant(
            "5a11b047-0000-4000-8000-000000000002",
            "5a11b047-0000-4000-8000-000000000001"
        ));
        assert!(!is_other_tenant("5A11", "5a11"));
        assert!(!is_other_tenant("5a11", "example.onmicrosoft.com"));
    }
}
