//! TLS for our listeners: rustls, with certificates that are read again when their files change.

mod validity;

use std::{
    fmt::Write as _,
    fs, io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use shared::api::admin::reload::Change;
use shared::time::Timestamp;
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::validity::PlainHttp;
use crate::{
    config::{Config, Problem, Problems, TlsFiles},
    reload::{Prepared, Reload},
};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The key that names the file, and what a report calls its content.
const KEY: &str = "http.tls.certificate";
const FINGERPRINT: &str = "http.tls.certificate (SHA-256)";

/// Why a certificate can't be used.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("`{}` can't be read: {error}", path.display())]
    File { path: PathBuf, error: rustls_pki_types::pem::Error },
    #[error("the certificate and the key don't work together: {0}")]
    Pair(#[from] rustls::Error),
}

/// The certificate that new connections get.
#[derive(Debug)]
pub struct Certificates {
    current: ArcSwap<Loaded>,
}

/// Where a certificate was read, and what was read.
#[derive(Debug)]
struct Loaded {
    files: TlsFiles,
    server: Arc<ServerConfig>,
    /// SHA-256 of the certificate, as browsers and `openssl x509 -fingerprint` tell it, without colons.
    fingerprint: String,
    /// When it ends.
    until: Option<Timestamp>,
}

impl Certificates {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        Ok(Self { current: ArcSwap::from_pointee(Loaded::read(files)?) })
    }

    /// Reads the files again. What does not work changes nothing.
    pub fn reload(&self) -> Result<(), TlsError> {
        let files = self.current.load().files.clone();
        self.current.store(Arc::new(Loaded::read(files)?));
        Ok(())
    }

    /// Reads the files again and says in the log what came of it.
    pub fn renew(&self) {
        self.report(self.reload());
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load().server.clone())
    }

    /// Follows the files until `stop`.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut known = self.changed_at();
        while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            let seen = self.changed_at();
            if seen.is_ok() && seen.as_ref().ok() != known.as_ref().ok() {
                known = seen;
                self.renew();
            }
        }
    }

    fn report(&self, reloaded: Result<(), TlsError>) {
        let current = self.current.load();
        let certificate = current.files.certificate.display();
        match reloaded {
            Ok(()) => info!(%certificate, "certificate reloaded"),
            Err(error) => warn!(%certificate, %error, "certificate not reloaded, the old one stays in use"),
        }
    }

    fn changed_at(&self) -> io::Result<[SystemTime; 2]> {
        let at = |path| fs::metadata(path)?.modified();
        let TlsFiles { certificate, key } = &self.current.load().files;
        Ok([at(certificate)?, at(key)?])
    }
}

impl Reload for Certificates {
    /// Without files the certificate stays: whether TLS is spoken is decided when the daemon starts.
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems> {
        let Some(files) = config.listen.tls.clone() else { return Ok(Prepared::new(|| {})) };
        let new = Loaded::read(files).map_err(|error| Problems(vec![problem(&error)]))?;
        let old = self.current.load().fingerprint.clone();
        let change =
            Change { key: FINGERPRINT.to_owned(), old: Some(old), new: Some(new.fingerprint.clone()) };
        let changes = if change.old == change.new { Vec::new() } else { vec![change] };
        Ok(Prepared { changes, replace: Box::new(move || self.current.store(Arc::new(new))) })
    }
}

fn problem(error: &TlsError) -> Problem {
    let hint = "the certificate and its key must be PEM files that belong together".to_owned();
    Problem { origin: None, key: Some(KEY.to_owned()), message: error.to_string(), hint }
}

impl Loaded {
    fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let certificate_error = |error| TlsError::File { path: files.certificate.clone(), error };
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(certificate_error)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| TlsError::File { path: files.key.clone(), error })?;
        let fingerprint = chain.first().map(fingerprint).unwrap_or_default();
        let until = chain.first().and_then(validity::end);
        Ok(Self { server: Arc::new(server(chain, key)?), files, fingerprint, until })
    }
}

fn server(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = digest::digest(&digest::SHA256, certificate);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::{fs::File, path::Path};

    use super::*;
    use crate::task::Tasks;

    fn write(files: &TlsFiles, minute: u64) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_mins(minute);
        for (path, text) in
            [(&files.certificate, made.cert.pem()), (&files.key, made.signing_key.serialize_pem())]
        {
            fs::write(path, text).unwrap();
            File::options().append(true).open(path).unwrap().set_modified(modified).unwrap();
        }
    }

    fn files(folder: &Path) -> TlsFiles {
        TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") }
    }

    #[tokio::test(start_paused = true)]
    async fn changed_files_are_followed_and_broken_ones_are_not() {
        let (folder, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
        let files = files(folder.path());
        write(&files, 1);
        let certificates = Arc::new(Certificates::load(files.clone()).unwrap());
        let (followed, stop) = (certificates.clone(), tasks.stopping());
        tasks.spawn("certificate", async move { followed.follow(stop).await });
        let current = || Arc::as_ptr(&certificates.current.load_full());
        let look = || tokio::time::sleep(LOOK_EVERY * 2);

        let first = current();
        look().await;
        assert_eq!(current(), first);
        write(&files, 2);
        look().await;
        let second = current();
        assert_ne!(second, first);
        fs::write(&files.key, "no key").unwrap();
        look().await;
        assert_eq!(current(), second);
        assert!(tasks.stop(LOOK_EVERY).await);
    }

    #[test]
    fn a_certificate_and_a_strangers_key_are_refused() {
        let (our_folder, their_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (ours, theirs) = (files(our_folder.path()), files(their_folder.path()));
        write(&ours, 1);
        write(&theirs, 1);
        let mixed = TlsFiles { key: theirs.key, ..ours };
        assert!(matches!(Certificates::load(mixed), Err(TlsError::Pair(_))));
    }
}
