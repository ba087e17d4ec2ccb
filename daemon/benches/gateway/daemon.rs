//! A daemon with a state of its own, between the simulations of the benchmark.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use sallyportd::sandbox::{
    entra::{SimulatedEntra, User},
    sign_in::{self, SignIn},
};

use crate::program::{self, Program};

const KEY: &str = "a signing key for benchmarks of 32 bytes or more";
/// A configuration for daemons that run side by side: their figures have one port by default.
pub const BARE: &str = "[metrics]\nlisten = '127.0.0.1:0'\n";
/// Sign-ins on their way at the same time.
const SIGN_INS: usize = 32;

/// A running daemon.
pub struct Daemon {
    pub program: Program,
    pub auth: SocketAddr,
    pub socket: PathBuf,
}

/// What a daemon is started with.
pub struct Start<'a> {
    pub binary: &'a Path,
    pub entra: &'a SimulatedEntra,
    pub upstream: SocketAddr,
    /// Its folder: the store is in `state`.
    pub folder: &'a Path,
    /// `sallyport.toml`.
    pub configuration: &'a str,
}

impl Start<'_> {
    pub async fn start(self) -> Result<Daemon> {
        let (auth, door) = (program::free_address()?, program::free_address()?);
        let file = self.folder.join("sallyport.toml");
        fs::write(&file, self.configuration)?;
        let mut command = Command::new(self.binary);
        command
            .env_clear()
            .current_dir(self.folder)
            .args(["run", "--log-level", "error", "--config"])
            .arg(&file)
            .env("INTERNAL_JWT_SECRET", KEY)
            .env("ENTRA_TENANT_ID", self.entra.tenant_id())
            .env("ENTRA_CLIENT_ID", self.entra.client_id())
            .env("ENTRA_AUTHORITY", self.entra.authority())
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", format!("http://{}", self.upstream))
            .env("AWS_ACCESS_KEY_ID", "AKIDBENCH")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .env("AUTH_PORT", auth.port().to_string())
            .env("GATEWAY_PORT", door.port().to_string())
            .env("INSTALL_PORT", "0")
            .env("SALLYPORT_STATE_DIR", self.folder.join("state"))
            .env("SALLYPORT_RUNTIME_DIR", self.folder.join("run"));
        let program = Program::start(&mut command, door).await?;
        Ok(Daemon { program, auth, socket: self.folder.join("run/admin.sock") })
    }
}

impl Daemon {
    /// Opens sessions of a user, and returns an access token of each.
    pub async fn sign_in(&self, entra: &SimulatedEntra, user: &User, sessions: usize) -> Result<Vec<String>> {
        let (authority, auth) = (entra.authority(), format!("http://{}", self.auth));
        let sign_in =
            SignIn { entra: &authority, client_id: entra.client_id(), auth: &auth, user: user.name };
        let client = sign_in::client(None)?;
        let opening = (0..sessions).map(|_| sign_in.run(&client));
        let tokens = stream::iter(opening).buffer_unordered(SIGN_INS);
        Ok(tokens.map_ok(|answer| answer.access_token.expose().clone()).try_collect().await?)
    }
}
