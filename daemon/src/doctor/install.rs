//! The mirror's folder: whether what lies there may be served.

use shared::{
    api::admin::{HealthState, PartHealth},
    finding::Finding,
};
use tokio_util::sync::CancellationToken;

use super::{Patient, refused, running::Running, split};
use crate::install;

const CHECK: &str = "install";
const HINT: &str = "`sallyport mirror --output …` fetches it again and verifies it";

/// A daemon that runs has verified all of it; without one the same is done here.
pub(super) async fn examine(patient: &Patient, running: &Running) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["install"]) {
        return vec![skipped];
    }
    let told = running.status().and_then(|status| status.health.iter().find(|part| part.part == CHECK));
    let health = match told {
        Some(part) => Ok(Some(part.clone())),
        None => look(patient).await,
    };
    match health {
        Ok(health) => health.iter().map(finding).collect(),
        Err(finding) => vec![finding],
    }
}

/// What a daemon would say. Nothing, if the key can't be used: the configuration's own check tells why.
async fn look(patient: &Patient) -> Result<Option<PartHealth>, Finding> {
    let (config, clock) = (patient.config().install.clone(), patient.clock.clone());
    let stop = CancellationToken::new();
    let (stopping, _guard) = (stop.clone(), stop.drop_guard());
    let looked = tokio::task::spawn_blocking(move || install::look(&config, clock, &stopping)).await;
    looked.map(Result::ok).map_err(|error| refused(CHECK, &error, "try again"))
}

fn finding(health: &PartHealth) -> Finding {
    let (what, hint) = split(&health.detail, HINT);
    match health.state {
        HealthState::Ok | HealthState::Unknown => Finding::ok(CHECK, what),
        HealthState::Degraded => Finding::warning(CHECK, what, hint),
        HealthState::Down => Finding::problem(CHECK, what, hint),
    }
}
