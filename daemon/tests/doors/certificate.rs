//! Certificates that tests trust.

use std::fs;

use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd, generate_simple_self_signed};
use sallyportd::config::TlsFiles;
use tempfile::TempDir;

/// A certificate and its key, in files.
pub(crate) struct Files {
    folder: TempDir,
}

/// Makes a certificate for a host.
pub(crate) fn files(host: &str) -> Files {
    let files = Files { folder: tempfile::tempdir().unwrap() };
    files.replace(host);
    files
}

impl Files {
    pub(crate) fn paths(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.folder.path().join("chain.pem"),
            key: self.folder.path().join("key.pem"),
        }
    }

    /// The certificate as it is now.
    pub(crate) fn certificate(&self) -> String {
        fs::read_to_string(self.paths().certificate).unwrap()
    }

    /// Writes a new certificate in place of the one that is there, and returns it.
    pub(crate) fn replace(&self, host: &str) -> String {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([host.to_owned()]).unwrap();
        self.write(&cert.pem(), &signing_key.serialize_pem())
    }

    /// Writes a certificate that ended long ago.
    pub(crate) fn expire(&self) {
        let mut draft = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (draft.not_before, draft.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
        let key = KeyPair::generate().unwrap();
        self.write(&draft.self_signed(&key).unwrap().pem(), &key.serialize_pem());
    }

    fn write(&self, certificate: &str, key: &str) -> String {
        let paths = self.paths();
        fs::write(paths.key, key).unwrap();
        fs::write(paths.certificate, certificate).unwrap();
        certificate.to_owned()
    }
}
