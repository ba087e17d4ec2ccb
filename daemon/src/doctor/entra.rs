//! Entra: whether its documents can be had, and whether they are about our tenant.

use shared::finding::Finding;

use super::{Patient, clock, refused};
use crate::{
    auth::entra::{Discovered, Entra, Trouble},
    config,
};

const CHECK: &str = "entra";

pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["entra"]) {
        return vec![skipped];
    }
    let config = &patient.config().entra;
    let entra = match Entra::new(config.clone(), patient.clock.clone()) {
        Ok(entra) => entra,
        Err(error) => return vec![refused(CHECK, &error, "correct `ENTRA_AUTHORITY`")],
    };
    let probe = entra.probe().await;
    let found = match probe.discovery {
        Ok(found) => found,
        Err(trouble) => return vec![problem("the discovery document can't be had", &trouble)],
    };
    let mut findings = vec![Finding::ok(CHECK, format!("the discovery document is at {}", probe.url))];
    findings.extend(probe.keys.map(|keys| match keys {
        Ok(keys) => Finding::ok(CHECK, format!("the keys that sign tokens are there: {keys}")),
        Err(trouble) => problem("the keys that sign tokens can't be had", &trouble),
    }));
    findings.push(issuer(config, &found));
    findings.extend(found.date.map(|date| clock::compare(patient.now(), date, "Entra's")));
    findings
}

fn problem(what: &str, trouble: &Trouble) -> Finding {
    Finding::problem(CHECK, format!("{what}: {}", trouble.what), trouble.hint)
}

/// Tokens of every tenant but ours are refused, whatever the document says.
fn issuer(config: &config::Entra, found: &Discovered) -> Finding {
    let (tenant, issuer) = (&config.tenant_id, &found.issuer);
    if issuer.to_ascii_lowercase().contains(&tenant.to_ascii_lowercase()) {
        return Finding::ok(CHECK, format!("the issuer is our tenant's: `{issuer}`"));
    }
    let what =
        format!("the issuer is `{issuer}`, which is not of tenant `{tenant}`: every sign-in will be refused");
    Finding::problem(
        CHECK,
        what,
        "let `ENTRA_TENANT_ID` and `ENTRA_AUTHORITY` name the same tenant, by its id",
    )
}

#[cfg(test)]
mod tests {
    use shared::finding::State;

    use super::*;
    use crate::{clock::Clock, sandbox::entra::SimulatedEntra, task::Tasks};

    #[tokio::test]
    async fn an_issuer_is_of_our_tenant_or_it_is_not() {
        let theirs = SimulatedEntra::start(&Tasks::default(), Clock::System).await.unwrap();
        let config = theirs.config();
        let found = |issuer: &str| {
            let issuer = issuer.replace("{}", &config.tenant_id.to_uppercase());
            super::issuer(&config, &Discovered { issuer, date: None }).state
        };
        assert_eq!(found("https://login.microsoftonline.com/{}/v2.0"), State::Ok);
        assert_eq!(found("https://login.microsoftonline.com/other/v2.0"), State::Problem);
    }
}
