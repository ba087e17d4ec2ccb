//! How long a certificate is good for.

use std::time::Duration;

use rustls_pki_types::CertificateDer;
use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::Certificates;
use crate::part::{self, Part};

const PART: &str = "certificate";
/// How long before its end someone should look after it.
const AHEAD: Duration = Duration::from_hours(14 * 24);

/// The services speak plain HTTP.
#[derive(Debug)]
pub struct PlainHttp;

impl Part for PlainHttp {
    fn health(&self, _: Timestamp) -> PartHealth {
        part::health(PART, HealthState::Unknown, "plain HTTP, no certificate is configured")
    }
}

impl Part for Certificates {
    fn health(&self, now: Timestamp) -> PartHealth {
        let (state, detail) = match self.current.load().until {
            None => (HealthState::Unknown, "its end can't be read".to_owned()),
            Some(end) if end <= now => (HealthState::Down, format!("expired at {end}")),
            Some(end) if end.since(now) < AHEAD => {
                let days = end.since(now).as_secs() / 86_400;
                (HealthState::Degraded, format!("valid until {end}, which is in {days} days: renew it"))
            }
            Some(end) => (HealthState::Ok, format!("valid until {end}")),
        };
        part::health(PART, state, detail)
    }
}

/// The end of a certificate.
pub(super) fn end(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_seconds(u64::try_from(seconds).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::TlsFiles;

    const DAY: u64 = 86_400;

    #[test]
    fn a_certificate_is_looked_after_two_weeks_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let files =
            TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
        let mut draft = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        draft.not_after = rcgen::date_time_ymd(2030, 5, 20);
        let key = rcgen::KeyPair::generate().unwrap();
        fs::write(&files.certificate, draft.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        let certificates = Certificates::load(files).unwrap();
        let end = Timestamp::from_seconds(1_905_465_600);
        let told = |days_left: u64| {
            let told = certificates.health(Timestamp::from_seconds(end.seconds() - days_left * DAY));
            (told.state, told.detail)
        };
        assert_eq!(told(14), (HealthState::Ok, "valid until 2030-05-20 00:00 UTC".to_owned()));
        let (state, detail) = told(13);
        assert_eq!(state, HealthState::Degraded);
        assert!(detail.contains("in 13 days"), "{detail}");
        assert_eq!(told(0), (HealthState::Down, "expired at 2030-05-20 00:00 UTC".to_owned()));
    }
}
