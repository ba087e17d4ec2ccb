//! AWS: the way to it, whose credentials are used, and what each model says.

use std::time::Duration;

use futures_util::future::join_all;
use shared::{finding::Finding, id::ModelId, time::Timestamp};

use super::{Patient, advice, clock, in_time, model, refused};
use crate::{
    gateway::bedrock::{Bedrock, Identity},
    task::Tasks,
};

const CHECK: &str = "aws";
/// Credentials of a role may take their time, and their absence takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Temporary credentials that nobody renews are not worth much shortly before their end.
const SOON: Duration = Duration::from_mins(15);

pub(super) async fn examine(patient: &Patient) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["bedrock"]) {
        return vec![skipped];
    }
    let tasks = Tasks::default();
    let connected = Bedrock::connect(&patient.config().bedrock, patient.clock.clone(), &tasks).await;
    let findings = match connected {
        Ok(bedrock) => ask(patient, &bedrock).await,
        Err(error) => vec![refused(CHECK, &error, "see `[bedrock]` in the configuration")],
    };
    tasks.stopping().cancel();
    findings
}

async fn ask(patient: &Patient, bedrock: &Bedrock) -> Vec<Finding> {
    let (mut findings, (proof, may_ask)) =
        tokio::join!(in_time(CHECK, PATIENCE, reach(patient, bedrock)), credentials(patient, bedrock));
    findings.push(proof);
    if !may_ask || findings.iter().any(|finding| finding.state == shared::finding::State::Problem) {
        let hint = "mend what is said of `aws` first";
        findings.push(Finding::warning(model::CHECK, "no model was asked", hint));
        return findings;
    }
    let models = model::names(patient.config());
    let asked = models.iter().map(|name| async move {
        let name = ModelId::new(name.as_str());
        in_time(model::CHECK, PATIENCE, model::examine(patient, bedrock, &name)).await
    });
    findings.extend(join_all(asked).await.into_iter().flatten());
    findings
}

async fn reach(patient: &Patient, bedrock: &Bedrock) -> Vec<Finding> {
    let endpoint = bedrock.endpoint();
    match bedrock.reach().await {
        Ok(date) => {
            let reached = Finding::ok(CHECK, format!("{endpoint} answers"));
            let clock = date.map(|date| clock::compare(patient.now(), date, "AWS's"));
            [Some(reached), clock].into_iter().flatten().collect()
        }
        Err(error) => {
            let advice = advice::on(&error, &patient.config().bedrock.region);
            vec![Finding::problem(
                CHECK,
                format!("{endpoint} can't be reached: {}", advice.what),
                advice.hint,
            )]
        }
    }
}

/// What there is to sign with, and whether it is any good.
async fn credentials(patient: &Patient, bedrock: &Bedrock) -> (Finding, bool) {
    let identity = tokio::time::timeout(PATIENCE, bedrock.identity()).await;
    match identity {
        Err(_) => {
            let what = format!("no AWS credentials were found within {} s", PATIENCE.as_secs());
            (Finding::problem(CHECK, what, advice::NO_CREDENTIALS), false)
        }
        Ok(Err(error)) => {
            let advice = advice::on(&error, &patient.config().bedrock.region);
            (Finding::problem(CHECK, advice.what, advice.hint), false)
        }
        Ok(Ok(None)) => (Finding::ok(CHECK, "requests carry a Bedrock API key"), true),
        Ok(Ok(Some(identity))) => found(&identity, patient.now()),
    }
}

fn found(identity: &Identity, now: Timestamp) -> (Finding, bool) {
    let Identity { source, key, account, until } = identity;
    let account = account.as_ref().map(|account| format!(" of account {account}")).unwrap_or_default();
    let what = format!("credentials from {source}, key {key}{account}");
    let finding = match until {
        None => Finding::ok(CHECK, format!("{what}, without an end")),
        Some(end) if *end <= now => {
            let hint = "get new ones, or let the daemon use a role, which renews itself";
            return (Finding::problem(CHECK, format!("{what}: expired at {end}"), hint), false);
        }
        Some(end) if end.since(now) < SOON => {
            let hint = "see whether something renews them; a role does it by itself";
            Finding::warning(CHECK, format!("{what}: they expire at {end}"), hint)
        }
        Some(end) => Finding::ok(CHECK, format!("{what}, until {end}")),
    };
    (finding, true)
}

#[cfg(test)]
mod tests {
    use shared::finding::State;

    use super::*;

    #[test]
    fn credentials_are_told_with_their_end_and_without_their_secret() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let told = |until: Option<Duration>| {
            let until = until.map(|span| now + span);
            let identity =
                Identity {
                    source: "the environment".into(), key: "AKIA…DBOX".into(), account: None, until
                };
            let (finding, may_ask) = found(&identity, now);
            (finding.state, finding.what, may_ask)
        };
        let without = told(None);
        assert_eq!(without.1, "credentials from the environment, key AKIA…DBOX, without an end");
        assert_eq!(told(Some(Duration::from_hours(1))).0, State::Ok);
        assert_eq!(told(Some(Duration::from_mins(5))).0, State::Warning);
        assert_eq!((told(Some(Duration::ZERO)).0, told(Some(Duration::ZERO)).2), (State::Problem, false));
    }
}
