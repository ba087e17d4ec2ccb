//! Asks Entra once, as the first sign-in would, and tells how far that came.

use shared::time::Timestamp;

use super::{Entra, fetch::FetchError};

const PROXY: &str = "see whether this machine reaches it: name resolution, firewall, `HTTPS_PROXY`";
const AUTHORITIES: &str = "a proxy may open TLS: put its certificate authority into the system's store, or let `SSL_CERT_FILE` \
                           name a file that has it";
const NOT_ENTRA: &str =
    "something else than Entra answers, a proxy perhaps: see `HTTPS_PROXY` and `ENTRA_AUTHORITY`";

/// What came of asking.
#[derive(Debug)]
pub struct Probe {
    /// Where the discovery document is.
    pub url: String,
    pub discovery: Result<Discovered, Trouble>,
    /// How many keys there are; none if nobody says where.
    pub keys: Option<Result<usize, Trouble>>,
}

/// What the discovery document says.
#[derive(Debug)]
pub struct Discovered {
    /// Whose tokens it describes, with the tenant filled in.
    pub issuer: String,
    /// The time by Entra's clock.
    pub date: Option<Timestamp>,
}

/// What went wrong, and what to do about it.
#[derive(Debug)]
pub struct Trouble {
    pub what: String,
    pub hint: &'static str,
}

impl Entra {
    /// Fetches the discovery document and the keys that it names. Nothing is kept.
    pub async fn probe(&self) -> Probe {
        let url = self.keys.discovery().to_string();
        match self.keys.discover().await {
            Err(error) => Probe { url, discovery: Err(Trouble::of(&error)), keys: None },
            Ok(document) => {
                let keys = self.keys.keys_of(&document.content).await;
                let keys = keys.map(|keys| keys.len()).map_err(|error| Trouble::of(&error));
                let issuer = self.keys.issuer(&document.content);
                Probe { url, discovery: Ok(Discovered { issuer, date: document.date }), keys: Some(keys) }
            }
        }
    }
}

impl Trouble {
    fn of(error: &FetchError) -> Self {
        Self { what: error.to_string(), hint: hint(error) }
    }
}

fn hint(error: &FetchError) -> &'static str {
    match error {
        FetchError::Http(_) if error.to_string().contains("certificate") => AUTHORITIES,
        FetchError::Http(_) => PROXY,
        FetchError::Status { status: 407, .. } => "the proxy wants a name and a password in `HTTPS_PROXY`",
        FetchError::Status { status: 400 | 404, .. } => {
            "Entra knows no such tenant: compare `ENTRA_TENANT_ID` with the directory's id in Entra's overview"
        }
        FetchError::Status { status: 500.., .. } => {
            "Entra is in trouble: wait, and see https://status.azure.com"
        }
        FetchError::NoKey(_) => {
            "the keys may be another tenant's: compare `ENTRA_TENANT_ID` and `ENTRA_AUTHORITY`"
        }
        FetchError::Status { .. } | FetchError::TooLarge(_) | FetchError::Content { .. } => NOT_ENTRA,
        FetchError::Unsafe(_) => "what is fetched from there decides who may sign in: it must be https",
    }
}
