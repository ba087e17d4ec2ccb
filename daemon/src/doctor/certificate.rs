//! The certificate of our listeners: how long it is good, for which names, and whether others can trust it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier, verify_server_name},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use shared::{api::admin::HealthState, finding::Finding, time::Timestamp};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::{Patient, refused};
use crate::{
    config::{PublicUrls, TlsFiles},
    http::tls::Certificates,
    part::Part,
};

const CHECK: &str = "certificate";
const PAIR: &str = "the certificate and its key must be PEM files that belong together";
const OTHERS: u32 = 0o007;

pub(super) fn examine(patient: &Patient) -> Vec<Finding> {
    if let Err(skipped) = patient.need(CHECK, &["http"]) {
        return vec![skipped];
    }
    let config = patient.config();
    let Some(files) = &config.listen.tls else { return Vec::new() };
    // Why it can't be loaded is said by the configuration's own check.
    let Ok(certificates) = Certificates::load(files.clone()) else { return Vec::new() };
    let mut findings = vec![end(&certificates, patient.now())];
    match chain(files) {
        Ok(chain) => findings.extend(names(&chain, &config.install.public, patient.now())),
        Err(error) => findings.push(refused(CHECK, &error, PAIR)),
    }
    findings.extend(mode(&files.key));
    findings
}

fn end(certificates: &Certificates, now: Timestamp) -> Finding {
    let health = certificates.health(now);
    let hint = "renew it: the daemon takes new files by itself within seconds";
    match health.state {
        HealthState::Down => Finding::problem(CHECK, health.detail, hint),
        HealthState::Degraded | HealthState::Unknown => Finding::warning(CHECK, health.detail, hint),
        HealthState::Ok => Finding::ok(CHECK, health.detail),
    }
}

fn chain(files: &TlsFiles) -> Result<Vec<CertificateDer<'static>>, rustls_pki_types::pem::Error> {
    CertificateDer::pem_file_iter(&files.certificate)?.collect()
}

/// For which names it is good, and whether this machine trusts it under them.
fn names(chain: &[CertificateDer<'static>], public: &PublicUrls, now: Timestamp) -> Vec<Finding> {
    let Some((first, others)) = chain.split_first() else { return Vec::new() };
    let Ok((_, parsed)) = X509Certificate::from_der(first) else {
        return vec![Finding::problem(CHECK, "the first certificate of the file can't be read", PAIR)];
    };
    let mut findings = Vec::new();
    let begin =
        Timestamp::from_seconds(u64::try_from(parsed.validity().not_before.timestamp()).unwrap_or_default());
    if begin > now {
        let what = format!("it is not valid before {begin}");
        findings.push(Finding::problem(CHECK, what, "see whether this machine's clock is right, or wait"));
    }
    let names = alternative_names(&parsed);
    if names.is_empty() {
        let hint = "clients look at alternative names only: have it issued with the names of this host";
        findings.push(Finding::problem(CHECK, "it names no host (no subject alternative name)", hint));
        return findings;
    }
    findings.push(Finding::ok(CHECK, format!("it is for {}", names.join(", "))));
    let presented = Presented { first, others, is_self_signed: parsed.issuer() == parsed.subject() };
    let hosts = hosts(public);
    findings.extend(hosts.iter().filter_map(|host| presented.is_for(host)));
    let trusted_as = hosts.first().or(names.first()).map(String::as_str).unwrap_or_default();
    findings.extend(presented.is_trusted(trusted_as, now));
    findings
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
        _ => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
    }
}

/// The hosts by which workstations are told to reach us in https.
fn hosts(public: &PublicUrls) -> Vec<String> {
    let urls = [&public.auth, &public.gateway, &public.install].into_iter().flatten();
    let mut hosts: Vec<String> = urls
        .filter(|url| url.starts_with("https://"))
        .filter_map(|url| Some(url.parse::<http::Uri>().ok()?.host()?.trim_matches(['[', ']']).to_owned()))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// What clients are shown.
struct Presented<'a> {
    first: &'a CertificateDer<'static>,
    others: &'a [CertificateDer<'static>],
    is_self_signed: bool,
}

impl Presented<'_> {
    /// A host that workstations are told to use, and that it does not name.
    fn is_for(&self, host: &str) -> Option<Finding> {
        let parsed = ParsedCertificate::try_from(self.first).ok()?;
        let name = ServerName::try_from(host).ok()?;
        verify_server_name(&parsed, &name).err()?;
        let what = format!("workstations are told to use `{host}`, which it is not for");
        Some(Finding::problem(CHECK, what, "have it issued for that name, or correct `public_url`"))
    }

    fn is_trusted(&self, host: &str, now: Timestamp) -> Option<Finding> {
        // A wildcard stands for some name below it.
        let refused = self.verify(&host.replacen('*', "any", 1), now).err();
        let is_unknown = |error: &rustls::Error| {
            matches!(error, rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer))
        };
        let workstations =
            "if workstations don't know its authority, let `NODE_EXTRA_CA_CERTS` name it there";
        match refused {
            None => Some(Finding::ok(CHECK, "this machine trusts its authority")),
            Some(_) if self.is_self_signed => Some(Finding::warning(
                CHECK,
                "it is signed by itself, so nobody trusts it unasked",
                workstations,
            )),
            Some(error) if is_unknown(&error) && self.others.is_empty() => {
                let what =
                    "this machine does not know who issued it, and the file has no intermediate certificate";
                Some(Finding::warning(
                    CHECK,
                    what,
                    "put the chain behind it into the same file, without the root",
                ))
            }
            Some(error) if is_unknown(&error) => Some(Finding::warning(
                CHECK,
                "this machine does not know the authority at the end of its chain",
                workstations,
            )),
            Some(_) => None,
        }
    }

    fn verify(&self, host: &str, now: Timestamp) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let verifier = verifier
            .map_err(|_| rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer))?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| rustls::Error::InvalidCertificate(rustls::CertificateError::NotValidForName))?;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
        verifier.verify_server_cert(self.first, self.others, &name, &[], at).map(drop)
    }
}

fn mode(key: &Path) -> Option<Finding> {
    let mode = fs::metadata(key).ok()?.permissions().mode();
    (mode & OTHERS != 0).then(|| {
        let what = format!("everybody on this machine may read its key `{}`", key.display());
        Finding::problem(CHECK, what, format!("`chmod o= {}`", key.display()))
    })
}
