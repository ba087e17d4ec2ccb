//! How the install server is.

use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};

use super::{Install, shelf::Shown};
use crate::part::{self, Part};

const PART: &str = "install";

impl Part for Install {
    fn health(&self, _: Timestamp) -> PartHealth {
        of(&self.shelf.shown())
    }
}

pub(super) fn of(shown: &Shown) -> PartHealth {
    let (state, detail) = state(shown);
    part::health(PART, state, detail)
}

fn state(shown: &Shown) -> (HealthState, String) {
    let (stock, problem) = (&shown.stock, shown.stock.problems.first());
    match (stock.served(), problem) {
        (_, None) if !shown.is_ready => (HealthState::Unknown, "what is served is being verified".to_owned()),
        (None, None) => (HealthState::Unknown, "nothing has been mirrored".to_owned()),
        (None, Some(problem)) => (HealthState::Down, format!("nothing is served: {problem}")),
        (Some(release), Some(problem)) => {
            (HealthState::Degraded, format!("version {} is served; {problem}", release.version))
        }
        (Some(release), None) => {
            let signer = release.fingerprint().map_or("nobody".to_owned(), ToString::to_string);
            let (version, platforms) = (&release.version, release.programs.len());
            (HealthState::Ok, format!("version {version} for {platforms} platforms, signed by {signer}"))
        }
    }
}
