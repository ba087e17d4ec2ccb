//! The daemon in a container, as tight as `docker-compose.yml` runs it. The container is its own test's, and so are the
//! network and the ports.

use std::{
    env, fs,
    net::SocketAddr,
    path::Path,
    process::{self, Output},
    time::Duration,
};

use sallyportd::sandbox::Sandbox;
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command, time::timeout};

pub const AUTH: &str = "http://127.0.0.1:8001";
pub const GATEWAY: &str = "http://127.0.0.1:8002";
const SECRET: &str = "a-secret-that-only-this-test-knows-of";
const NEVER: Duration = Duration::from_mins(1);
/// As little as this machine may allow.
const RIGHTS: [&str; 8] = [
    "--read-only",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--ulimit=nofile=1024:1024",
    "--ulimit=nproc=1024:1024",
    "--tmpfs=/var/run/sallyport",
    "--pull=never",
    "--network=host",
];

/// A container, and the volume that outlives it.
pub struct Container {
    name: String,
    secrets: TempDir,
    variables: Vec<String>,
}

impl Container {
    /// Starts one that relies on the simulations of `sandbox`.
    pub async fn start(sandbox: &Sandbox) -> Self {
        let secrets = tempfile::tempdir().unwrap();
        fs::write(secrets.path().join("INTERNAL_JWT_SECRET"), SECRET).unwrap();
        let container = Self {
            name: format!("sallyport-test-{}", process::id()),
            secrets,
            variables: variables(sandbox),
        };
        container.run().await;
        container
    }

    /// Runs the image with the volume as it is.
    pub async fn run(&self) {
        let image = env::var("SALLYPORT_TEST_IMAGE").expect("SALLYPORT_TEST_IMAGE names an image");
        let mut command = podman(&["run", "--detach", "--rm=false", "--name", &self.name]);
        command.args(RIGHTS).args(["--volume", &format!("{}:/var/lib/sallyport", self.name)]);
        command.args(["--volume", &format!("{}:/run/secrets:ro", self.secrets.path().display())]);
        for variable in &self.variables {
            command.args(["--env", variable]);
        }
        succeeded(&command.arg(image).output().await.unwrap());
        self.becomes_ready().await;
    }

    /// Waits until its own health check says that it is ready.
    async fn becomes_ready(&self) {
        let ready = async {
            while !self.health_check().await.status.success() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let is_ready = timeout(NEVER, ready).await.is_ok();
        let log = podman(&["logs", &self.name]).output().await.unwrap();
        assert!(is_ready, "it is not ready: {}", String::from_utf8_lossy(&log.stderr));
    }

    pub async fn health_check(&self) -> Output {
        podman(&["healthcheck", "run", &self.name]).output().await.unwrap()
    }

    /// Runs a program of the image in it.
    pub async fn exec(&self, arguments: &[&str]) -> String {
        succeeded(&podman(&["exec", &self.name]).args(arguments).output().await.unwrap())
    }

    /// One thing that the engine knows of it.
    pub async fn inspect(&self, format: &str) -> String {
        let output = podman(&["inspect", "--format", format, &self.name]).output().await.unwrap();
        succeeded(&output).trim().to_owned()
    }

    /// A file that the kernel keeps about its only process.
    pub async fn process(&self, file: &str) -> String {
        let id = self.inspect("{{.State.Pid}}").await;
        fs::read_to_string(Path::new("/proc").join(id).join(file)).unwrap()
    }

    /// Tells it to stop, and waits for its end: its exit code.
    pub async fn stop(&self) -> String {
        succeeded(&podman(&["stop", "--time", "75", &self.name]).output().await.unwrap());
        self.inspect("{{.State.ExitCode}}").await
    }

    /// Waits until nobody listens any more.
    pub async fn closes(&self) {
        let gateway: SocketAddr = GATEWAY.trim_start_matches("http://").parse().unwrap();
        let closed = async { while TcpStream::connect(gateway).await.is_ok() {} };
        timeout(NEVER, closed).await.expect("it goes on listening");
    }

    /// Takes the container away. The volume stays.
    pub async fn remove(&self) {
        succeeded(&podman(&["rm", "--force", &self.name]).output().await.unwrap());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        for arguments in [["rm", "--force", &self.name], ["volume", "rm", &self.name]] {
            let _ = podman(&arguments).as_std_mut().output();
        }
    }
}

fn variables(sandbox: &Sandbox) -> Vec<String> {
    let credentials = sandbox.bedrock.credentials();
    [
        ("CREDENTIALS_DIRECTORY", "/run/secrets"),
        ("ENTRA_TENANT_ID", sandbox.entra.tenant_id()),
        ("ENTRA_CLIENT_ID", sandbox.entra.client_id()),
        ("ENTRA_AUTHORITY", &sandbox.entra.authority()),
        ("BEDROCK_REGION", sandbox.bedrock.region()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &sandbox.bedrock.endpoint()),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose()),
    ]
    .map(|(name, value)| format!("{name}={value}"))
    .to_vec()
}

fn podman(arguments: &[&str]) -> Command {
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/podman"));
    command.args(arguments);
    command
}

/// What a command has printed.
fn succeeded(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}
