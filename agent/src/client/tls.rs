//! TLS: whom the agent trusts.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::ClientError;
use crate::config::Setting;

/// The system's authorities (or those of `SSL_CERT_FILE`) and the company's own. They are read only if they are needed.
pub(super) fn config(is_needed: bool, own: Option<&Path>) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    if is_needed {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for authority in own.map(authorities).transpose()?.unwrap_or_default() {
            roots.add(authority).map_err(|error| ClientError::Setup(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ClientError::Setup(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    certificates.map_err(|error| {
        ClientError::Setup(format!("`{}` (`{}`): {error}", path.display(), Setting::Authorities))
    })
}
