//! The two servers, before the same file.

use std::{fs, io, net::SocketAddr, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use shared::platform::Platform;
use tempfile::TempDir;

use crate::{
    SIZE, VERSION, load,
    mirror::{Mirror, binary},
    program::{Program, free_address},
};

/// How long the daemon may take to verify what it serves.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Servers {
    pub sallyport: Program,
    pub nginx: Program,
    _folder: TempDir,
}

impl Servers {
    pub async fn start(mirror: &Mirror) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (ours, theirs) = (free_address()?, free_address()?);
        let sallyport = Program::start(&mut daemon(folder.path(), mirror, ours)?, ours).await?;
        let nginx = Program::start(&mut nginx(folder.path(), mirror, theirs)?, theirs).await?;
        let servers = Self { sallyport, nginx, _folder: folder };
        let (address, path) = servers.sallyport_url();
        let serving = async {
            while load::download(address, &path).await.is_none_or(|bytes| bytes < SIZE) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, serving).await.context("the daemon does not serve the binary")?;
        Ok(servers)
    }

    pub fn sallyport_url(&self) -> (SocketAddr, String) {
        (self.sallyport.address, format!("/{}", binary(VERSION, Platform::LinuxX64)))
    }

    pub fn nginx_url(&self) -> (SocketAddr, String) {
        (self.nginx.address, format!("/{}", binary(VERSION, Platform::LinuxX64)))
    }
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
fn nginx(folder: &Path, mirror: &Mirror, listen: SocketAddr) -> io::Result<Command> {
    let file = folder.join("nginx.conf");
    let (root, place) = (mirror.path("").display().to_string(), folder.display().to_string());
    let config = format!(
        "daemon off; user root; pid {place}/nginx.pid; worker_processes auto; worker_rlimit_nofile 65536;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{ listen {listen} backlog=4096; root {root}; }}
}}
"
    );
    fs::write(&file, config)?;
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&file).arg("-p").arg(folder).arg("-e").arg(folder.join("nginx.log"));
    Ok(command)
}
