//! The configuration: what `sallyportd check` says of it.

use std::path::Path;

use shared::finding::Finding;

use super::{Patient, trial};
use crate::config::Problem;

const CHECK: &str = "configuration";
const PACKAGED: &str = "/etc/sallyport/credentials";

pub(super) fn examine(patient: &Patient) -> Vec<Finding> {
    let reading = &patient.reading;
    let mut findings = vec![Finding::ok(CHECK, "it can be read")];
    let (fine, problems) = match &reading.config {
        Ok(config) => trial::try_out(config),
        Err(problems) => {
            findings.clear();
            (Vec::new(), problems.0.clone())
        }
    };
    findings.extend(fine.into_iter().map(|fine| Finding::ok(fine.part, fine.says)));
    findings.extend(reading.warnings.iter().map(|one| Finding::warning(CHECK, sentence(one), &one.hint)));
    findings.extend(problems.iter().map(|one| Finding::problem(CHECK, sentence(one), &one.hint)));
    if problems.iter().any(|one| one.key.as_deref() == Some("token.secrets")) {
        findings.extend(credentials(Path::new(PACKAGED)));
    }
    findings
}

/// The package keeps the signing secret where only the service gets it from.
fn credentials(folder: &Path) -> Option<Finding> {
    let is_given = std::env::var_os("CREDENTIALS_DIRECTORY").is_some();
    let shown = folder.display();
    (folder.exists() && !is_given).then(|| {
        let what = format!("systemd hands the secrets in `{shown}` to the service, not to this command");
        let hint = format!("as root, in `/etc/sallyport`: `CREDENTIALS_DIRECTORY={shown} sallyportd doctor`");
        Finding::warning(CHECK, what, hint)
    })
}

fn sentence(problem: &Problem) -> String {
    match &problem.origin {
        Some(origin) => format!("{origin}: {}", problem.message),
        None => problem.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_only_the_service_gets_are_pointed_to() {
        let folder = tempfile::tempdir().unwrap();
        let told = credentials(folder.path()).unwrap();
        let shown = folder.path().display();
        let hint = format!("as root, in `/etc/sallyport`: `CREDENTIALS_DIRECTORY={shown} sallyportd doctor`");
        assert_eq!(told.hint, Some(hint));
        assert_eq!(credentials(&folder.path().join("none")), None);
    }
}
