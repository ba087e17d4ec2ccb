//! Whether somebody is signed in, and whether the token is safe and lives.

use std::time::Duration;

use super::{Finding, Patient, Remedy};
use crate::{
    client::{self, AuthServer},
    clock,
    credential::{CredentialError, Store},
    renewal::{Renewal, RenewalError},
};

/// Nobody holds the lock longer than a refresh takes.
const PATIENCE: Duration = Duration::from_secs(10);
const SIGN_IN: &str = "run `claude-agent login`";

pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let store = match Store::of_user(patient.os) {
        Ok(store) => store,
        Err(error) => return vec![Finding::problem("session", error.to_string(), error.hint())],
    };
    let mut findings = Vec::new();
    if store.path().exists() {
        findings.push(rights(patient, &store));
        findings.push(lock(&store).await);
    }
    findings.push(token(patient, &store).await);
    findings
}

fn rights(patient: &Patient<'_>, store: &Store) -> Finding {
    let path = store.path().display();
    match patient.os.is_exposed(store.path()) {
        Ok(false) => Finding::ok("permissions", format!("only you can read `{path}`")),
        Ok(true) => Finding::problem(
            "permissions",
            format!("others can read `{path}`"),
            "run `claude-agent doctor --fix`",
        )
        .mended_by(Remedy::Private(store.path().to_owned())),
        Err(error) => Finding::problem("permissions", format!("`{path}`: {error}"), "make it yours"),
    }
}

/// The system takes a lock from a process that ends, so one that stays is held by one that hangs.
async fn lock(store: &Store) -> Finding {
    let hint = "end the `claude-agent` that hangs";
    match tokio::time::timeout(PATIENCE, hold(store)).await {
        Ok(Ok(())) => Finding::ok("lock", "nobody holds the token's lock"),
        Ok(Err(error @ CredentialError::Busy(_))) => Finding::problem("lock", error.to_string(), hint),
        Ok(Err(error)) => Finding::problem("lock", error.to_string(), error.hint()),
        Err(_) => {
            Finding::problem("lock", "another process holds the token's lock and does not let go", hint)
        }
    }
}

async fn hold(store: &Store) -> Result<(), CredentialError> {
    let held = store.lock()?.take(|| None::<()>).await.map_err(|error| store.unwritable(error))?;
    drop(held);
    Ok(())
}

async fn token(patient: &Patient<'_>, store: &Store) -> Finding {
    let present = match store.read() {
        Ok(Some(present)) => present,
        Ok(None) => return Finding::problem("session", "nobody is signed in on this workstation", SIGN_IN),
        Err(error) => return Finding::problem("session", error.to_string(), error.hint()),
    };
    if present.is_fresh(clock::now()) {
        return Finding::ok("session", "the token lives");
    }
    refreshed(patient, store).await
}

async fn refreshed(patient: &Patient<'_>, store: &Store) -> Finding {
    let Some(base) = patient.config.auth.clone() else {
        return Finding::problem(
            "session",
            "the token has to be refreshed, and it is not known where",
            SIGN_IN,
        );
    };
    let client = match client::http(&[&base], patient.config.authorities.as_deref()) {
        Ok(client) => client,
        Err(error) => return Finding::problem("session", error.to_string(), error.hint().unwrap_or(SIGN_IN)),
    };
    match (Renewal { store, server: &AuthServer::new(client, base) }).run().await {
        Ok(_) => Finding::ok("session", "the token was refreshed just now"),
        Err(error) if error.is_end_of_session() => Finding::problem("session", error.to_string(), SIGN_IN),
        Err(RenewalError::Client(error)) => {
            Finding::problem("session", error.to_string(), error.hint().unwrap_or("try again in a moment"))
        }
        Err(error) => Finding::problem("session", error.to_string(), "try again in a moment"),
    }
}
