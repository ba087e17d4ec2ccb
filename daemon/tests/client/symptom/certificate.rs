//! A company's own certificate authority.

use std::{fs, path::PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
    generate_simple_self_signed,
};
use sallyportd::config::TlsFiles;
use tempfile::TempDir;
use tokio::process::Command;

/// Where Debian keeps authorities of the machine's owner.
const SYSTEM: &str = "/usr/local/share/ca-certificates";

/// It signs certificates for a host, each in files of its own.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    folder: TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let (mut draft, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
        draft.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        draft.distinguished_name.push(DnType::CommonName, "Company CA");
        let certificate = draft.self_signed(&key).unwrap().pem();
        let authority =
            Self { issuer: Issuer::new(draft, key), certificate, folder: tempfile::tempdir().unwrap() };
        fs::write(authority.file(), &authority.certificate).unwrap();
        authority
    }

    /// Its own certificate.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate for a host, and nothing else.
    pub(super) fn leaf(&self, host: &str) -> TlsFiles {
        self.sign(&CertificateParams::new([host.to_owned()]).unwrap(), "")
    }

    /// The same, with the authority's own behind it.
    pub(super) fn chain(&self, host: &str) -> TlsFiles {
        self.sign(&CertificateParams::new([host.to_owned()]).unwrap(), &self.certificate)
    }

    /// One that ended long ago.
    pub(super) fn expired(&self, host: &str) -> TlsFiles {
        let mut draft = CertificateParams::new([host.to_owned()]).unwrap();
        (draft.not_before, draft.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
        self.sign(&draft, "")
    }

    /// One that no authority has signed.
    pub(super) fn self_signed(&self, host: &str) -> TlsFiles {
        let made = generate_simple_self_signed([host.to_owned()]).unwrap();
        self.write(&made.cert.pem(), &made.signing_key)
    }

    /// Adds it to the authorities that this machine trusts, as Debian wants it.
    pub(super) async fn add_to_the_system(&self) {
        fs::create_dir_all(SYSTEM).unwrap();
        fs::copy(self.file(), format!("{SYSTEM}/company.crt")).unwrap();
        let done = Command::new("update-ca-certificates").output().await.unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    fn sign(&self, draft: &CertificateParams, behind: &str) -> TlsFiles {
        let key = KeyPair::generate().unwrap();
        let certificate = draft.signed_by(&key, &self.issuer).unwrap().pem();
        self.write(&format!("{certificate}{behind}"), &key)
    }

    fn write(&self, chain: &str, key: &KeyPair) -> TlsFiles {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let files = TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") };
        fs::write(&files.certificate, chain).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}
