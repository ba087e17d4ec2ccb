//! The two servers, before the same file.

use std::{fs, io, net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use sallyportd::config::TlsFiles;
use shared::platform::Platform;
use tempfile::TempDir;

use crate::{
    VERSION,
    certificate::{self, Files},
    load::{self, Target},
    mirror::{Mirror, binary},
    program::{Program, free_address},
};

/// How long the daemon may take to verify what it serves.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Servers {
    pub sallyport: Program,
    pub nginx: Program,
    bytes: usize,
    tls: Option<Arc<ClientConfig>>,
    _folder: TempDir,
}

impl Servers {
    /// Each reader will read so many bytes of the binary.
    pub async fn start(mirror: &Mirror, bytes: usize, with_tls: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let files = with_tls.then(|| certificate::files("localhost"));
        let paths = files.as_ref().map(Files::paths);
        let (ours, theirs) = (free_address()?, free_address()?);
        let mut daemon = daemon(folder.path(), mirror, ours)?;
        if let Some(TlsFiles { certificate, key }) = &paths {
            daemon.env("SALLYPORT_TLS_CERTIFICATE", certificate).env("SALLYPORT_TLS_KEY", key);
        }
        let sallyport = Program::start(&mut daemon, ours).await?;
        let mut nginx = nginx(folder.path(), mirror, &listens(theirs, paths.as_ref()))?;
        let nginx = Program::start(&mut nginx, theirs).await?;
        let tls = paths.as_ref().map(trust).transpose()?;
        let servers = Self { sallyport, nginx, bytes, tls, _folder: folder };
        let target = servers.ours();
        let serving = async {
            while load::download(&target).await.is_none_or(|read| read < bytes) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, serving).await.context("the daemon does not serve the binary")?;
        Ok(servers)
    }

    pub fn ours(&self) -> Target {
        self.target(&self.sallyport)
    }

    pub fn theirs(&self) -> Target {
        self.target(&self.nginx)
    }

    fn target(&self, program: &Program) -> Target {
        let path = format!("/{}", binary(VERSION, Platform::LinuxX64));
        Target { address: program.address, path, bytes: self.bytes, tls: self.tls.clone() }
    }
}

/// Trusts this certificate and nothing else.
fn trust(files: &TlsFiles) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.certificate)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Where nginx listens, and how.
fn listens(address: SocketAddr, tls: Option<&TlsFiles>) -> String {
    let Some(TlsFiles { certificate, key }) = tls else { return format!("listen {address} backlog=4096;") };
    let (certificate, key) = (certificate.display(), key.display());
    format!(
        "listen {address} ssl backlog=4096; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {certificate}; \
         ssl_certificate_key {key};"
    )
}

fn daemon(folder: &Path, mirror: &Mirror, listen: SocketAddr) -> io::Result<Command> {
    let config = folder.join("sallyport.toml");
    let key = mirror.path("signer.key").display().to_string();
    fs::write(&config, format!("[install]\nkey = '{key}'\n"))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
    command
        .arg("run")
        .arg("--config")
        .arg(config)
        .args(["--log-level", "warn"])
        .current_dir(folder)
        .env_clear();
    // Nobody signs in: none of this is ever asked for anything.
    command.env("INTERNAL_JWT_SECRET", "a signing key for benchmarks of 32 bytes or more");
    command.env("ENTRA_TENANT_ID", "6c4e3f2a-0000-4000-8000-000000000001");
    command.env("ENTRA_CLIENT_ID", "6c4e3f2a-0000-4000-8000-000000000002");
    command.env("ENTRA_AUTHORITY", "http://127.0.0.1:9").env("AUTH_PORT", "0").env("GATEWAY_PORT", "0");
    command.env("AWS_ACCESS_KEY_ID", "none").env("AWS_SECRET_ACCESS_KEY", "none");
    command.env("INSTALL_PORT", listen.port().to_string());
    command.env("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR", mirror.path(""));
    command.env("SALLYPORT_STATE_DIR", folder.join("state")).env("SALLYPORT_RUNTIME_DIR", folder.join("run"));
    Ok(command)
}

/// nginx as one serves files with it.
fn nginx(folder: &Path, mirror: &Mirror, listens: &str) -> io::Result<Command> {
    let file = folder.join("nginx.conf");
    let (root, place) = (mirror.path("").display().to_string(), folder.display().to_string());
    let config = format!(
        "daemon off; user root; pid {place}/nginx.pid; worker_processes auto; worker_rlimit_nofile 65536;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{ {listens} root {root}; }}
}}
"
    );
    fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(folder).arg("-e").arg(folder.join("nginx.log"));
    Ok(command)
}
