//! TLS for our listeners: rustls, with certificates that are read again when their files change.

use std::{
    fs, io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

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
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
}

impl Certificates {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = ArcSwap::new(read(&files)?);
        Ok(Self { files, current })
    }

    /// Reads the files again. What does not work changes nothing.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(read(&self.files)?);
        Ok(())
    }

    /// Reads the files again and says in the log what came of it.
    pub fn renew(&self) {
        self.report(self.reload());
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
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
        let certificate = self.files.certificate.display();
        match reloaded {
            Ok(()) => info!(%certificate, "certificate reloaded"),
            Err(error) => warn!(%certificate, %error, "certificate not reloaded, the old one stays in use"),
        }
    }

    fn changed_at(&self) -> io::Result<[SystemTime; 2]> {
        let at = |path| fs::metadata(path)?.modified();
        Ok([at(&self.files.certificate)?, at(&self.files.key)?])
    }
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificate_error = |error| TlsError::File { path: files.certificate.clone(), error };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(certificate_error)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::File { path: files.key.clone(), error })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
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
