//! Finds out why the services do not work on this host: `sallyportd doctor`.
//!
//! Invariant: looking changes nothing. It takes no lock, migrates nothing and writes no file, so that it may run beside a
//! daemon; and a check that fails keeps no other from running.

mod account;
mod advice;
mod aws;
mod certificate;
mod clock;
mod configuration;
mod entra;
mod install;
mod model;
mod owner;
mod permission;
mod port;
mod running;
mod store;
pub mod trial;

use std::{pin::Pin, time::Duration};

use futures_util::future::join_all;
use shared::{
    finding::{Finding, State},
    time::Timestamp,
};
use tokio::time::timeout;

use crate::{
    clock::Clock,
    config::{Config, Reading},
};

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one may take that is made of several, or reads whole releases.
const LONG_PATIENCE: Duration = Duration::from_mins(1);

/// What the findings are about, in the order in which they are read.
const ORDER: [&str; 15] = [
    "configuration",
    "daemon",
    "listen",
    "port",
    "certificate",
    "token",
    "permission",
    "state",
    "store",
    "entra",
    "clock",
    "bedrock",
    "aws",
    "model",
    "install",
];

/// Whom it looks at.
#[derive(Debug)]
pub struct Patient {
    pub reading: Reading,
    pub clock: Clock,
    /// Each model may be sent a request that costs something.
    pub live: bool,
}

/// One check: what it is called, how long it may take, and what it does.
type Check<'a> = (&'static str, Duration, Pin<Box<dyn Future<Output = Vec<Finding>> + 'a>>);

impl Patient {
    /// Looks at everything.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings = configuration::examine(self);
        let running = running::ask(self.config()).await;
        findings.extend(running.tell());
        let checks: [Check<'_>; 7] = [
            ("port", PATIENCE, Box::pin(port::examine(self, &running))),
            ("certificate", PATIENCE, Box::pin(async { certificate::examine(self) })),
            ("store", PATIENCE, Box::pin(store::examine(self))),
            ("permission", PATIENCE, Box::pin(async { permission::examine(self, &running) })),
            ("entra", PATIENCE, Box::pin(entra::examine(self))),
            ("aws", LONG_PATIENCE, Box::pin(aws::examine(self))),
            ("install", LONG_PATIENCE, Box::pin(install::examine(self, &running))),
        ];
        let done = join_all(checks.map(|(check, patience, work)| in_time(check, patience, work))).await;
        findings.extend(done.into_iter().flatten());
        findings.sort_by_key(|finding| ORDER.iter().position(|check| *check == finding.check));
        findings
    }

    /// The configuration, as far as it could be read.
    fn config(&self) -> &Config {
        &self.reading.draft
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the sections are as the daemon would take them; if not, what is said in place of a check.
    fn need(&self, check: &'static str, sections: &[&str]) -> Result<(), Finding> {
        let Err(problems) = &self.reading.config else { return Ok(()) };
        let keys = problems.0.iter().filter_map(|problem| problem.key.as_deref());
        let wrong = keys.filter_map(|key| key.split('.').next()).find(|section| sections.contains(section));
        match wrong {
            None => Ok(()),
            Some(section) => {
                let what = format!("not looked at, because `{section}` is not configured as it should be");
                Err(Finding::warning(check, what, "correct the configuration first"))
            }
        }
    }
}

async fn in_time(
    check: &'static str,
    patience: Duration,
    work: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    timeout(patience, work).await.unwrap_or_else(|_| {
        let what = format!("no result within {} s", patience.as_secs());
        vec![Finding::problem(check, what, "try again; if it stays so, look at the network and the disk")]
    })
}

/// A sentence and what to do, of an error that says both.
fn split<'a>(said: &'a str, otherwise: &'a str) -> (&'a str, &'a str) {
    said.split_once("; hint: ").unwrap_or((said, otherwise))
}

/// What an error says, as a problem.
fn refused(check: &'static str, error: &impl ToString, otherwise: &str) -> Finding {
    let said = error.to_string();
    let (what, hint) = split(&said, otherwise);
    Finding::problem(check, what, hint)
}

/// How many findings are of a state.
pub fn count(findings: &[Finding], state: State) -> usize {
    findings.iter().filter(|finding| finding.state == state).count()
}
