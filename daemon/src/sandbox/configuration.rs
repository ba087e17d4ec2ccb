//! The daemon's configuration in a sandbox: read from variables like any other, and none of this machine's.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use uuid::Uuid;

use super::{bedrock::SimulatedBedrock, entra::SimulatedEntra};
use crate::config::{Given, InUse, Problems, Reading};

/// The ports of the auth server, the gateway and the install server when nothing is configured.
pub(super) const DEFAULT_PORTS: [(&str, u16); 3] =
    [("AUTH_PORT", 8001), ("GATEWAY_PORT", 8002), ("INSTALL_PORT", 8080)];

/// Where figures are shown when nothing is configured.
const METRICS_PORT: u16 = 9464;

/// Where the daemon of a sandbox listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    Free,
    /// Those that it has by default, as far as they are free.
    DefaultIfFree,
}

const CREDENTIALS: &str = "aws-credentials";
/// The configuration of the daemon: for `--config`, and for `--env-file`.
pub(super) const FILES: [&str; 2] = ["sallyport.toml", "env"];

/// What is around the daemon.
pub(super) struct Surroundings<'a> {
    pub(super) folder: &'a Path,
    pub(super) ports: Ports,
    pub(super) entra: &'a SimulatedEntra,
    pub(super) bedrock: &'a SimulatedBedrock,
}

impl Surroundings<'_> {
    /// Lays out the folder and reads the configuration.
    pub(super) fn configuration(&self) -> io::Result<(Given, Result<InUse, Problems>)> {
        for folder in ["state", "run", "artifacts"] {
            DirBuilder::new().mode(0o700).create(self.folder.join(folder))?;
        }
        // Files of our own, so that those of this machine are not looked for; and other commands can be given them.
        let [file, env_file] = FILES.map(|name| self.folder.join(name));
        fs::write(&file, self.file())?;
        write_secret(&env_file, &self.variables())?;
        write_secret(&self.folder.join(CREDENTIALS), &self.credentials())?;
        let given = Given {
            config: Some(file),
            env_file: Some(env_file),
            directory: self.folder.to_owned(),
            ..Given::default()
        };
        let in_use = Reading::of(&given).into_use();
        Ok((given, in_use))
    }

    /// What has no variable. Whoever stops a sandbox does not want to wait for a stream that was asked to stall.
    fn file(&self) -> String {
        let credentials = toml::Value::String(self.folder.join(CREDENTIALS).display().to_string());
        format!("[http]\ndrain_timeout = '2s'\n[bedrock]\ncredentials_file = {credentials}\n")
    }

    /// The credentials that the simulated Bedrock knows, as an AWS credentials file.
    fn credentials(&self) -> String {
        let known = self.bedrock.credentials();
        let (id, secret) = (known.access_key_id, known.secret_access_key.expose());
        format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
    }

    fn variables(&self) -> String {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let ports = DEFAULT_PORTS.map(|(name, port)| (name, self.port(port).to_string()));
        let variables = [
            ("INTERNAL_JWT_SECRET", secret),
            ("ENTRA_TENANT_ID", self.entra.tenant_id().to_owned()),
            ("ENTRA_CLIENT_ID", self.entra.client_id().to_owned()),
            ("ENTRA_AUTHORITY", self.entra.authority()),
            ("BEDROCK_REGION", self.bedrock.region().to_owned()),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", self.bedrock.endpoint()),
            ("CLAUDE_CODE_INSTALL_ARTIFACTS_DIR", path("artifacts")),
            ("SALLYPORT_STATE_DIR", path("state")),
            ("SALLYPORT_RUNTIME_DIR", path("run")),
        ];
        let metrics = ("SALLYPORT_METRICS_LISTEN", format!("127.0.0.1:{}", self.port(METRICS_PORT)));
        let variables = variables.into_iter().chain(ports).chain([metrics]);
        variables.map(|(name, value)| format!("{name}='{value}'\n")).collect::<Vec<_>>().concat()
    }

    fn port(&self, default: u16) -> u16 {
        let is_free = || TcpListener::bind((Ipv4Addr::LOCALHOST, default)).is_ok();
        if self.ports == Ports::DefaultIfFree && is_free() { default } else { 0 }
    }
}

fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
