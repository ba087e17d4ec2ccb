//! `sallyportd` as a process, between simulations that it does not know.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    net::TcpListener,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use sallyportd::{
    clock::Clock,
    sandbox::{
        bedrock::{Options, SimulatedBedrock},
        entra::{SimulatedEntra, User},
    },
    task::Tasks,
};
use serde_json::json;
use shared::api::auth::TokenAnswer;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

/// Nothing here takes so long, unless it would take for ever.
pub(crate) const NEVER: Duration = Duration::from_mins(1);

pub(crate) struct World {
    pub(crate) entra: SimulatedEntra,
    pub(crate) bedrock: SimulatedBedrock,
    pub(crate) variables: BTreeMap<&'static str, String>,
    tasks: Tasks,
    folder: TempDir,
}

/// A process, and everything it has written.
pub(crate) struct Daemon {
    child: Child,
    written: watch::Receiver<String>,
    _reading: Tasks,
}

impl World {
    pub(crate) async fn new() -> Self {
        let tasks = Tasks::default();
        let entra = SimulatedEntra::start(&tasks, Clock::System).await.unwrap();
        let bedrock = SimulatedBedrock::start(&tasks, Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let variables = variables(&entra, &bedrock, folder.path());
        Self { entra, bedrock, variables, tasks, folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets every user into the folder.
    pub(crate) fn open_to_everybody(&self) {
        fs::set_permissions(self.folder.path(), Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs a command to its end.
    pub(crate) async fn output(&self, arguments: &[&str]) -> Output {
        timeout(NEVER, self.command(arguments).output()).await.expect("the command does not end").unwrap()
    }

    /// Starts the daemon and waits until it is ready.
    pub(crate) async fn start(&self) -> Daemon {
        self.start_with(&["run"]).await
    }

    pub(crate) async fn start_with(&self, arguments: &[&str]) -> Daemon {
        Daemon::of(self.command(arguments)).await
    }

    /// Starts the daemon as systemd does, with a socket of this name that listens already.
    pub(crate) async fn start_on(&self, socket: &TcpListener, name: &str, arguments: &[&str]) -> Daemon {
        let program = env!("CARGO_BIN_EXE_sallyportd");
        let mut command = Command::new("/bin/sh");
        let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@""#;
        command.args(["-c", script, program]).args(arguments);
        command.env_clear().envs(&self.variables).env("LISTEN_FDNAMES", name).current_dir(self.folder.path());
        command
            .stdin(OwnedFd::from(socket.try_clone().unwrap()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Daemon::of(command).await
    }

    pub(crate) async fn stop(self) {
        self.tasks.stop(NEVER).await;
    }

    /// Nothing but environment variables, and what a test has written into the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sallyportd"));
        command.args(arguments).env_clear().envs(&self.variables).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Daemon {
    async fn of(mut command: Command) -> Self {
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let (sender, written) = watch::channel(String::new());
        let reading = Tasks::default();
        reading.spawn("stdout", read(child.stdout.take().unwrap(), sender.clone()));
        reading.spawn("stderr", read(child.stderr.take().unwrap(), sender));
        let daemon = Self { child, written, _reading: reading };
        daemon.until("ready").await;
        daemon
    }

    /// Waits for the end of the process that was started, whatever its children do.
    pub(crate) async fn main_ended(&mut self) -> Option<i32> {
        timeout(NEVER, self.child.wait()).await.expect("the daemon does not end").unwrap().code()
    }

    /// Base URL of a service.
    pub(crate) fn url(&self, service: &str) -> String {
        let written = self.written.borrow();
        let marks = [format!("service={service} url="), format!("\"service\":\"{service}\",\"url\":\"")];
        let after = marks.iter().find_map(|mark| written.split(mark.as_str()).nth(1)).unwrap();
        after.split(['\n', '"']).next().unwrap().to_owned()
    }

    /// Waits until it has written something.
    pub(crate) async fn until(&self, words: &str) {
        let mut written = self.written.clone();
        let waiting = timeout(NEVER, written.wait_for(|written| written.contains(words))).await;
        let found = waiting.is_ok_and(|found| found.is_ok());
        assert!(found, "the daemon never wrote `{words}` but:\n{}", *self.written.borrow());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Waits for its end: its exit code, and everything it has written.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let status = timeout(NEVER, self.child.wait()).await.expect("the daemon does not end").unwrap();
        // The channel closes when both of its pipes have.
        let _ = timeout(NEVER, self.written.wait_for(|_| false)).await;
        (status.code(), self.written.borrow().clone())
    }

    /// Signs a user in.
    pub(crate) async fn sign_in(&self, client: &Client, world: &World) -> TokenAnswer {
        let body = json!({ "id_token": world.entra.id_token(User::ADA) });
        let request = client.post(format!("{}/auth/verify", self.url("auth"))).json(&body);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

/// A client that trusts nothing but plain HTTP and these certificates.
pub(crate) fn client(certificates: &[&str]) -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let roots = certificates.iter().map(|pem| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap());
    Client::builder().no_proxy().timeout(NEVER).tls_certs_only(roots).build().unwrap()
}

fn variables(
    entra: &SimulatedEntra,
    bedrock: &SimulatedBedrock,
    folder: &Path,
) -> BTreeMap<&'static str, String> {
    let credentials = bedrock.credentials();
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    BTreeMap::from([
        ("INTERNAL_JWT_SECRET", "canary-secret-of-thirty-two-bytes-and-more".to_owned()),
        ("ENTRA_TENANT_ID", entra.tenant_id().to_owned()),
        ("ENTRA_CLIENT_ID", entra.client_id().to_owned()),
        ("ENTRA_AUTHORITY", entra.authority()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.endpoint()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose().clone()),
        ("BEDROCK_REGION", bedrock.region().to_owned()),
        ("AUTH_PORT", "0".to_owned()),
        ("GATEWAY_PORT", "0".to_owned()),
        ("INSTALL_PORT", "0".to_owned()),
        ("SALLYPORT_METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ("SALLYPORT_STATE_DIR", path("state")),
        ("SALLYPORT_RUNTIME_DIR", path("run")),
    ])
}

async fn read(pipe: impl AsyncRead + Unpin, into: watch::Sender<String>) {
    let mut lines = BufReader::new(pipe).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        into.send_modify(|written| {
            written.push_str(&line);
            written.push('\n');
        });
    }
}
