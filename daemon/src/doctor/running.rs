//! The daemon that runs: whether there is one, and what it says of itself.

use std::{
    fs,
    future::pending,
    io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use shared::{
    api::admin::{HealthState, PartHealth, Status},
    finding::Finding,
    time::span,
};
use tokio::{net::UnixStream, time::timeout};

use crate::config::Config;

const CHECK: &str = "daemon";
const PATIENCE: Duration = Duration::from_secs(5);
/// Far more than a status has.
const LARGEST: usize = 1 << 20;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What came of asking at the admin socket.
#[derive(Debug)]
pub(super) struct Running {
    socket: PathBuf,
    answer: Result<Status, Silence>,
}

/// Why there is no answer.
#[derive(Debug)]
enum Silence {
    /// There is no socket.
    Nobody,
    /// There is a socket, and nobody behind it.
    Dead,
    NoSocket,
    Slow,
    Io(io::Error),
    Http(String),
}

pub(super) async fn ask(config: &Config) -> Running {
    let socket = config.admin.socket.clone();
    let answer = timeout(PATIENCE, status(&socket)).await.unwrap_or(Err(Silence::Slow));
    Running { socket, answer }
}

async fn status(socket: &Path) -> Result<Status, Silence> {
    let found = fs::symlink_metadata(socket).map_err(silence)?;
    if !found.file_type().is_socket() {
        return Err(Silence::NoSocket);
    }
    ask_status(UnixStream::connect(socket).await.map_err(silence)?).await
}

async fn ask_status(stream: UnixStream) -> Result<Status, Silence> {
    let http = |error: hyper::Error| Silence::Http(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(http)?;
    let asking = async {
        let request = Request::get("/status").header(header::HOST, "sallyport").body(Empty::<Bytes>::new());
        let request = request.map_err(|error| Silence::Http(error.to_string()))?;
        let answer = sender.send_request(request).await.map_err(http)?;
        let code = answer.status();
        if !code.is_success() {
            return Err(Silence::Http(format!("it answers {}", code.as_u16())));
        }
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| Silence::Http(error.to_string()))?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| Silence::Http(error.to_string()))
    };
    // What ends the connection too early ends the request as well.
    let driving = async {
        let _ = connection.await;
        pending().await
    };
    tokio::select! {
        answer = asking => answer,
        silence = driving => silence,
    }
}

fn silence(error: io::Error) -> Silence {
    match error.kind() {
        io::ErrorKind::NotFound => Silence::Nobody,
        io::ErrorKind::ConnectionRefused => Silence::Dead,
        _ => Silence::Io(error),
    }
}

impl Running {
    /// What the daemon says of itself, if one runs.
    pub(super) fn status(&self) -> Option<&Status> {
        self.answer.as_ref().ok()
    }

    /// The user that it runs as.
    pub(super) fn user(&self) -> Option<u32> {
        let process = format!("/proc/{}", self.status()?.process.id);
        Some(fs::metadata(process).ok()?.uid())
    }

    pub(super) fn tell(&self) -> Vec<Finding> {
        match &self.answer {
            Ok(status) => self.life(status),
            Err(silence) => vec![self.silence(silence)],
        }
    }

    fn silence(&self, silence: &Silence) -> Finding {
        let socket = self.socket.display();
        match silence {
            Silence::Nobody => Finding::ok(CHECK, format!("none runs: there is no `{socket}`")),
            Silence::Dead => {
                let hint = "the next start replaces it; the log says why the last one died";
                Finding::warning(CHECK, format!("none runs: `{socket}` is what a dead one left"), hint)
            }
            Silence::NoSocket => {
                let hint = "move it away, or choose another `SALLYPORT_RUNTIME_DIR`";
                Finding::problem(CHECK, format!("`{socket}` is not a socket"), hint)
            }
            Silence::Slow => {
                let what = format!("nobody answers at `{socket}` within {} s", PATIENCE.as_secs());
                let hint = "the daemon hangs or can't start: see its log (`journalctl -u sallyportd`)";
                Finding::problem(CHECK, what, hint)
            }
            Silence::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let hint = "run doctor as root, or as a member of the socket's group";
                Finding::warning(CHECK, format!("it can't be asked at `{socket}`: permission denied"), hint)
            }
            Silence::Io(error) => {
                let what = format!("it can't be asked at `{socket}`: {error}");
                Finding::problem(CHECK, what, "look at the socket and its folder")
            }
            Silence::Http(error) => {
                let what = format!("what listens at `{socket}` does not say how it is: {error}");
                let hint = "`[admin] readers` says who may ask; another program may listen there";
                Finding::warning(CHECK, what, hint)
            }
        }
    }

    fn life(&self, status: &Status) -> Vec<Finding> {
        let Status { version, process, .. } = status;
        // No time at all would be written as `0d`.
        let up = span::write(Duration::from_secs(status.uptime_seconds.max(1)));
        let socket = self.socket.display();
        let what = format!("version {version} runs for {up} as process {}, at `{socket}`", process.id);
        let mut findings = vec![Finding::ok(CHECK, what)];
        if version != VERSION {
            let what = format!("version {version} runs, and {VERSION} is installed");
            findings.push(Finding::warning(CHECK, what, "restart it: `systemctl restart sallyportd`"));
        }
        if !status.ready {
            let hint = "it stops, or its store can't be reached: see below, and its log";
            findings.push(Finding::problem(CHECK, "the running daemon takes no requests", hint));
        }
        if status.usage_lost > 0 {
            let what = format!("the running daemon has lost {} records of usage", status.usage_lost);
            findings.push(Finding::warning(CHECK, what, "its log says why"));
        }
        findings.extend(status.health.iter().filter_map(part));
        findings
    }
}

/// What the daemon says of something that it relies on, if that is not well.
fn part(part: &PartHealth) -> Option<Finding> {
    let what = format!("the running daemon says of its {}: {}", part.part, part.detail);
    let hint = "see what is said of it below, and the daemon's log";
    match part.state {
        HealthState::Ok | HealthState::Unknown => None,
        HealthState::Degraded => Some(Finding::warning(CHECK, what, hint)),
        HealthState::Down => Some(Finding::problem(CHECK, what, hint)),
    }
}
